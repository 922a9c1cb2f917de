"""Statistics of runs, pairs and rankings; every function states its n, ddof, interval method, tie and NaN policy.

Ties are handled as usual (mid-ranks in Spearman's coefficient, tau-b in Kendall's). Intervals are two-sided, 95 %
unless told otherwise.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tfnas.analysis.influence import grouped_variance, of_kendall, of_rank_correlation
from tfnas.errors import SearchError
from tfnas.scoring.missing import lowest_where_missing

RESAMPLES = 5000
"""Bootstrap resamples of an interval."""

BLOCK = 2**17
"""Runs drawn at once by a bootstrap: so many fit into the cache of a processor, and the draws are the same."""

LEVEL = 0.95
"""Coverage of every interval."""

INTERVAL = (
    f"{LEVEL:.0%} percentile bootstrap interval of the mean, {RESAMPLES} resamples, seeded; with several scorings no "
    "narrower than the t interval of their means"
)
"""What the facts beside a table say of the intervals of means over runs."""

FIRST = 1000
"""Places of an order that :func:`ndcg` looks at, as in the source."""

ANYTHING = (-math.inf, math.inf)
"""Bounds of a quantity that has none."""

PERCENT = (0.0, 100.0)
"""Bounds of an accuracy."""

POWER = 0.8
"""Probability with which a difference is to be detected."""

EXACT_SIGNS = 13
"""Up to so many differences that are not zero, all their signs are tried, as ``scipy.stats.wilcoxon`` does of all."""

EXACT_RUNS = 50
"""Up to so many differences without ties and zeros the distribution of the signed ranks is exact."""

FEWEST_GROUPS = 4
"""Fewer groups of pairs than this give a correlation no interval."""

VANISHING = 1e-9
"""Residuals smaller than this share of what was regressed are rounding."""


@dataclass(frozen=True)
class Summary:
    """What n runs gave.

    Attributes:
        n: number of finite values.
        mean: arithmetic mean.
        std: standard deviation with ddof = 1.
        median: median.
        low: lower end of the interval of the mean.
        high: upper end.
        scorings: number of score tables that the runs read, 1 where they read none.
        std_scorings: standard deviation (ddof = 1) of the means of the runs of each table, NaN for a single one.
    """

    n: int
    mean: float
    std: float
    median: float
    low: float
    high: float
    scorings: int = 1
    std_scorings: float = math.nan

    @property
    def columns(self) -> dict[str, float]:
        """The values as columns of a summary, the interval as ``ci_low`` and ``ci_high``."""
        return {{"low": "ci_low", "high": "ci_high"}.get(name, name): value for name, value in vars(self).items()}


@dataclass(frozen=True)
class Correlation:
    """A rank correlation with its interval.

    Attributes:
        value: the coefficient, -1 to 1; NaN where it is undefined (fewer than two pairs, or one side constant).
        low: lower end of the interval; NaN where there are too few pairs for one.
        high: upper end.
        n: number of pairs.
    """

    value: float
    low: float
    high: float
    n: int

    def columns(self, name: str) -> dict[str, float]:
        """Return coefficient and interval as columns of a summary."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}


def summarise(
    values: np.ndarray,
    rng: np.random.Generator,
    scorings: np.ndarray | None = None,
    bounds: tuple[float, float] = ANYTHING,
) -> Summary:
    """Summarise the results of runs.

    Args:
        values: one value per run, shape (runs,). Values that are not finite are left out, and ``n`` says how many stay.
        rng: source of the bootstrap's randomness.
        scorings: number of the score table that each run read, shape (runs,); None where all runs read the same or
            none.
        bounds: what no value can lie beyond, such as 0 and 100 percent.

    Returns:
        n, mean, standard deviation (ddof = 1), median, and the interval of the mean: the bootstrap's over runs; with
        several score tables widened to that of :func:`nested_interval`, never narrowed, but cut at the bounds.

    Raises:
        SearchError: fewer than 2 finite values.
    """
    values = np.asarray(values, dtype=np.float64)
    known = np.isfinite(values)
    scorings = np.zeros(known.sum()) if scorings is None else np.asarray(scorings)[known]
    values = values[known]
    if values.size < 2:
        raise SearchError(
            f"{values.size} run{'' if values.size == 1 else 's'} cannot be summarised: a standard deviation needs at "
            "least 2, raise search.runs."
        )
    if np.ptp(values) == 0:  # a mean of equal numbers may be off by rounding, and with it everything else
        same, count = float(values[0]), np.unique(scorings).size
        return Summary(values.size, same, 0.0, same, same, same, count, 0.0 if count > 1 else math.nan)
    between = group_means(values, scorings)
    low, high = bootstrap_interval(values, rng)
    if between.size > 1:
        low, high = cut(widened((low, high), nested_interval(values, scorings)), bounds)
    return Summary(
        n=values.size,
        mean=float(values.mean()),
        std=float(values.std(ddof=1)),
        median=float(np.median(values)),
        low=low,
        high=high,
        scorings=between.size,
        std_scorings=float(between.std(ddof=1)) if between.size > 1 else math.nan,
    )


def group_means(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the mean of the values of each group, in the order of the labels, shape (groups,)."""
    _, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return np.bincount(places, weights=values) / sizes


def nested_interval(values: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    r"""Return the t interval of the mean of runs that are nested in groups, such as score tables.

    Runs of one group share what is random about the group, so that only groups are independent. With G >= 2 groups g,
    a label of shape (n,) for each run, and the mean m of all n values, which are finite, the interval is

    .. math::
        m \mp t_{G - 1} \sqrt{\frac{G}{G - 1}} \; \frac{1}{n} \sqrt{\sum_g \Big( \sum_{i \in g} (v_i - m) \Big)^2}

    For groups of one size that is the t interval of the G group means, which is exact where group effects and runs are
    normal. A bootstrap of two levels needs dozens of groups; with three it is far too narrow.

    Source: Donald and Lang 2007, "Inference with difference-in-differences and other panel data", Review of Economics
    and Statistics 89 (group means, G - 1 degrees of freedom); Cameron and Miller 2015, "A practitioner's guide to
    cluster-robust inference", Journal of Human Resources 50, sections 2 and 6 (the formula, few groups).
    """
    mean = float(values.mean())
    variance, count = grouped_variance(values - mean, groups)
    half = t_quantile((1 + LEVEL) / 2, count - 1) * math.sqrt(variance)
    return mean - half, mean + half


def widened(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Return the smallest interval that holds both: its coverage is at least that of either.

    The variance between three groups is known so badly that it may come out smaller than what runs alone explain.
    """
    return min(one[0], other[0]), max(one[1], other[1])


def difference_of_means(one: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    r"""Return the difference of two means of independent runs, and its interval from those of the two.

    .. math:: [d - \sqrt{(m_1 - l_1)^2 + (u_2 - m_2)^2},\ d + \sqrt{(u_1 - m_1)^2 + (m_2 - l_2)^2}]

    What is taken and returned is a mean and the lower and upper end of its interval, all of one level; ``other`` is
    subtracted. An interval without width adds nothing.

    Source: Zou and Donner 2008, "Construction of confidence limits about effect measures: a general approach",
    Statistics in Medicine 27.
    """
    (mean, low, high), (subtracted, least, most) = one, other
    difference = mean - subtracted
    return (
        difference,
        difference - math.hypot(mean - low, most - subtracted),
        difference + math.hypot(high - mean, subtracted - least),
    )


def cut(interval: tuple[float, float], bounds: tuple[float, float]) -> tuple[float, float]:
    """Return the part of an interval of a mean that lies within what the mean can be; its coverage is the same.

    A t interval of few groups knows nothing of bounds and may reach far beyond 100 percent.
    """
    return max(interval[0], bounds[0]), min(interval[1], bounds[1])


def bootstrap_interval(
    values: np.ndarray, rng: np.random.Generator, statistic: Callable[..., np.ndarray] = np.mean
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a statistic.

    Runs are drawn with replacement, n out of n, :data:`RESAMPLES` times; the interval reaches from the ``(1 - level) /
    2`` to the ``(1 + level) / 2`` quantile of the statistic over the resamples (linear interpolation). Values are
    finite, shape (n,); the statistic is a function of an array and ``axis``, such as ``np.mean`` or ``np.median``.

    Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", section 13.3.
    """
    values = np.asarray(values, dtype=np.float64)
    rows = max(1, BLOCK // values.size)
    statistics = [
        statistic(values.take(rng.integers(values.size, size=(min(rows, RESAMPLES - done), values.size))), axis=1)
        for done in range(0, RESAMPLES, rows)
    ]
    return _middle(np.concatenate(statistics))


def bootstrap_counts(n: int, rng: np.random.Generator, resamples: int = RESAMPLES) -> np.ndarray:
    """Return how often each of n runs stands in each bootstrap resample of n out of n, shape (resamples, n).

    The same counts for several quantities of the same runs make their intervals those of one set of resamples.
    """
    return rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)


def interval_of_mean(values: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a mean from the counts of its resamples.

    The mean of a resample is ``counts @ values / n`` with values that are finite, shape (n,), and the counts of
    :func:`bootstrap_counts`; otherwise as :func:`bootstrap_interval`, its source included. For paired differences this
    is the interval of the difference of two means whose runs are resampled together.
    """
    values = np.asarray(values, dtype=np.float64)
    return _middle(counts @ values / values.size)


def _middle(statistics: np.ndarray) -> tuple[float, float]:
    """Return between which quantiles the middle share :data:`LEVEL` of a statistic lies."""
    low, high = np.quantile(statistics, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def probability_of_winning(differences: np.ndarray) -> float:
    """Return the share of runs whose paired difference is positive, zeros counted half; shape (n,), finite.

    Raises:
        ValueError: a difference is not finite.
    """
    differences = _finite(differences, "paired differences")
    return float(((differences > 0) + 0.5 * (differences == 0)).mean())


class SignedRank(NamedTuple):
    """Wilcoxon's signed-rank test of paired differences."""

    p: float
    """Two-sided p-value, 1 where all differences are zero."""
    effect: float
    """Matched-pairs rank-biserial correlation, -1 to 1, positive where the first of the pair wins."""


def signed_rank(differences: np.ndarray) -> SignedRank:
    """Test whether paired differences are symmetric about zero, and say how far they are from it; shape (n,), n >= 1.

    Absolute differences are ranked, ties by mid-ranks. Zeros are ranked with the others and then belong to neither
    side (Pratt), so that many ties of two searches weaken the evidence. The p-value is exact, over all changes of
    signs, where up to :data:`EXACT_SIGNS` differences are not zero, and up to :data:`EXACT_RUNS` runs without ties and
    zeros; else the normal approximation, its variance corrected for ties and zeros, without continuity correction. It
    is ``scipy.stats.wilcoxon``'s, without the work that is not needed here. The effect is
    ``(W+ - W-) / (n (n + 1) / 2)`` with W+ and W- the sums of ranks of positive and negative differences: Kerby's
    simple difference of favourable and unfavourable evidence, zeros being neither.

    Source: Wilcoxon 1945, "Individual comparisons by ranking methods", Biometrics Bulletin 1; Pratt 1959, "Remarks on
    zeros and ties in the Wilcoxon signed rank procedures", JASA 54; Kerby 2014, "The simple difference formula",
    Comprehensive Psychology 3.

    Raises:
        ValueError: a difference is not finite.
    """
    differences = _finite(differences, "paired differences")
    if not differences.any():
        return SignedRank(1.0, 0.0)
    distinct, places, sizes = np.unique(np.abs(differences), return_inverse=True, return_counts=True)
    # Mid-ranks are multiples of a half, so that sums and comparisons are exact.
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[places]
    signed = np.sign(differences) * ranks
    effect = float(signed.sum() / ranks.sum())
    zeros = int(sizes[0]) if distinct[0] == 0 else 0
    if differences.size - zeros <= EXACT_SIGNS:
        signed = signed[signed != 0]
        signs = 1 - 2 * (np.arange(2**signed.size)[:, None] >> np.arange(signed.size) & 1)
        return SignedRank(float(np.mean(np.abs(signs @ signed) >= abs(signed.sum()))), effect)
    if differences.size <= EXACT_RUNS and not zeros and distinct.size == differences.size:
        from scipy.stats import wilcoxon

        return SignedRank(float(wilcoxon(differences).pvalue), effect)
    return SignedRank(_signed_rank_p(float(ranks[differences > 0].sum()), differences.size, zeros, sizes), effect)


def _signed_rank_p(positive: float, n: int, zeros: int, sizes: np.ndarray) -> float:
    """Return the two-sided p-value of the sum of positive ranks by its normal approximation (Cureton 1967).

    Of n differences ``zeros`` are zero, and ``sizes`` share each absolute value, in ascending order of these.
    """
    from scipy.special import ndtr

    tied = sizes[1 if zeros else 0 :].astype(np.float64)
    mean = n * (n + 1.0) * 0.25 - zeros * (zeros + 1.0) * 0.25
    variance = n * (n + 1.0) * (2.0 * n + 1.0) - zeros * (zeros + 1.0) * (2.0 * zeros + 1.0)
    variance -= (tied**3 - tied).sum() / 2
    return float(2 * ndtr(-abs(positive - mean) / math.sqrt(variance / 24)))


def holm(p_values: np.ndarray | Sequence[float]) -> np.ndarray:
    """Return m p-values adjusted for being one of m: no wrong rejection among all, with at least 1 - level confidence.

    The i-th smallest of m becomes ``max over j <= i of min(1, (m - j + 1) p_j)``; the tests may depend on each other.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6.

    Raises:
        ValueError: a p-value is not finite.
    """
    p_values = _finite(p_values, "p-values")
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.maximum.accumulate(np.minimum(1, p_values[order] * np.arange(p_values.size, 0, -1)))
    return adjusted


@lru_cache(maxsize=4096)
def detectable_effect(n: int) -> float:
    """Return the smallest mean that n runs, at least 2, tell from zero, in units of ``std / sqrt(n)``.

    It is the noncentrality at which a two-sided paired t-test at ``1 - LEVEL`` rejects with probability :data:`POWER`
    (noncentral t, n - 1 degrees of freedom; the far tail, which rejects for the wrong sign, is left out).

    Source: Cohen 1988, "Statistical Power Analysis for the Behavioral Sciences", chapter 2.
    """
    from scipy.optimize import brentq
    from scipy.stats import nct, t

    critical = t.ppf((1 + LEVEL) / 2, n - 1)
    return float(brentq(lambda effect: nct.sf(critical, n - 1, effect) - POWER, 0, _sure(critical)))


def _sure(critical: float | np.ndarray) -> float | np.ndarray:
    """Return an effect that is as good as always detected, given the critical value of the test."""
    return 4 * critical + 4


def runs_needed(stds: np.ndarray | Sequence[float], difference: float) -> np.ndarray:
    """Return the smallest numbers of runs, at least 2, that detect a mean difference (:func:`detectable_effect`).

    Shape (m,), dtype int64, from the standard deviations of the paired differences (ddof = 1), shape (m,). The
    difference to detect is positive, in the same unit.
    """
    from scipy.stats import nct, t

    ratios = np.asarray(stds, dtype=np.float64) / difference
    least = (ratios * (normal_quantile(POWER) + normal_quantile((1 + LEVEL) / 2))) ** 2
    runs = np.maximum(2, np.ceil(least)).astype(np.int64)
    open_ = np.flatnonzero(ratios > 0)
    while open_.size:
        n = runs[open_]
        critical = t.ppf((1 + LEVEL) / 2, n - 1)
        # A larger effect is detected all the more, and too large for the distribution.
        effect = np.minimum(np.sqrt(n) / ratios[open_], _sure(critical))
        open_ = open_[nct.sf(critical, n - 1, effect) < POWER]
        runs[open_] += 1
    return runs


def critical_difference(competitors: int, blocks: int) -> float:
    """Return how far apart two mean ranks must be for Nemenyi's test to tell them apart.

    ``q sqrt(k (k + 1) / (6 N))`` for k competitors ranked in each of N blocks; q is the quantile of the studentised
    range of k with infinitely many degrees of freedom, over the root of 2. It holds for many blocks and is rough for
    few. The confidence is :data:`LEVEL`; k is at least 2, N at least 1.

    Source: Nemenyi 1963, "Distribution-free multiple comparisons"; Demšar 2006, "Statistical comparisons of classifiers
    over multiple data sets", JMLR 7.
    """
    from scipy.stats import studentized_range

    quantile = studentized_range.ppf(LEVEL, competitors, np.inf) / math.sqrt(2)
    return float(quantile * math.sqrt(competitors * (competitors + 1) / (6 * blocks)))


def spearman(x: np.ndarray, y: np.ndarray, groups: np.ndarray | None = None) -> Correlation:
    """Spearman's rank correlation: Pearson's correlation of mid-ranks (ties share their mean rank).

    Without groups the interval is Fisher's z with the variance of Bonett and Wright:
    ``tanh(atanh(r) -+ q * sqrt((1 + r^2 / 2) / (n - 3)))`` with q the normal quantile; it needs at least 4 pairs. With
    groups it is ``tanh(atanh(r) -+ q * s / (1 - r^2))`` with s^2 the variance over G groups of the influence of pairs
    (:mod:`tfnas.analysis.influence`) and q the quantile of t with G - 1 degrees of freedom; it needs at least
    :data:`FEWEST_GROUPS` of them. The interval of a perfect correlation is itself.

    Values are finite, shape (n,). ``groups`` labels the group of each pair, shape (n,), of which only whole groups are
    independent (cells of one functional class); None: every pair is.

    Source: Bonett and Wright 2000, "Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations", Psychometrika 65.
    """
    from scipy.stats import rankdata

    x, y = _paired(x, y)
    if x.size < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Correlation(np.nan, np.nan, np.nan, x.size)
    value = float(np.clip(np.corrcoef(rankdata(x), rankdata(y))[0, 1], -1.0, 1.0))
    variance = (1 + value**2 / 2) / (x.size - 3) if x.size > 3 else np.nan
    influence = None if groups is None else of_rank_correlation(np.column_stack([x, y]), *np.eye(2))
    return _with_interval(value, x.size, variance, influence, groups)


def kendall(x: np.ndarray, y: np.ndarray, groups: np.ndarray | None = None) -> Correlation:
    """Kendall's tau-b: concordant minus discordant pairs over ``sqrt((pairs - ties in x) * (pairs - ties in y))``.

    Without groups the interval is Fisher's z with the variance of Fieller, Hartley and Pearson: ``tanh(atanh(tau) -+ q
    * sqrt(0.437 / (n - 4)))``; it needs at least 5 pairs and was derived for bivariate normal data, as approximation
    for ``|tau| < 0.8``. With groups it is as in :func:`spearman`, which takes the same.

    Source: Kendall 1945, "The treatment of ties in ranking problems", Biometrika 33; Fieller, Hartley, Pearson 1957,
    "Tests for rank correlation coefficients. I", Biometrika 44.
    """
    from scipy.stats import kendalltau

    x, y = _paired(x, y)
    if x.size < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Correlation(np.nan, np.nan, np.nan, x.size)
    value = float(kendalltau(x, y, variant="b").statistic)
    variance = 0.437 / (x.size - 4) if x.size > 4 else np.nan
    return _with_interval(value, x.size, variance, None if groups is None else of_kendall(x, y), groups)


def partial_spearman(
    x: np.ndarray, y: np.ndarray, controls: np.ndarray, groups: np.ndarray | None = None
) -> Correlation:
    """Spearman's partial correlation: what is left of a rank correlation when other quantities are held fixed.

    The mid-ranks of x and of y are regressed, with intercept, on the mid-ranks of the k controls, finite values of
    shape (n, k) (least squares); the coefficient is Pearson's correlation of the residuals. It is NaN where one side
    has no residuals, because the controls already say its ranks. Without groups the interval is that of
    :func:`spearman` with n - k in place of n: ``tanh(atanh(r) -+ q * sqrt((1 + r^2 / 2) / (n - k - 3)))``; with groups
    it is as there.

    Source: Kim 2015, "ppcor: An R package for a fast calculation to semi-partial correlation coefficients" (the
    coefficient); Fisher 1924, "The distribution of the partial correlation coefficient", Metron 3 (n - k); Bonett and
    Wright 2000 (the variance).
    """
    from scipy.stats import rankdata

    x, y = _paired(x, y)
    controls = np.asarray(controls, dtype=np.float64)
    if controls.ndim != 2 or len(controls) != x.size or not np.isfinite(controls).all():
        raise ValueError(f"the controls of {x.size} pairs must be finite and of shape ({x.size}, k)")
    undefined = Correlation(np.nan, np.nan, np.nan, x.size)
    if x.size < 2:
        return undefined
    design = np.column_stack([np.ones(x.size), rankdata(controls, axis=0)])
    ranks = np.column_stack([rankdata(x), rankdata(y)])
    fitted = np.linalg.lstsq(design, ranks, rcond=None)[0]
    residuals = ranks - design @ fitted
    if (np.linalg.norm(residuals, axis=0) <= VANISHING * np.linalg.norm(ranks, axis=0)).any():
        return undefined
    value = float(np.clip(np.corrcoef(residuals.T)[0, 1], -1.0, 1.0))
    left = x.size - controls.shape[1] - 3
    variance, influence = (1 + value**2 / 2) / left if left > 0 else np.nan, None
    if groups is not None:
        influence = of_rank_correlation(np.column_stack([x, y, controls]), *np.vstack([np.eye(2), -fitted[1:]]).T)
    return _with_interval(value, x.size, variance, influence, groups)


def _with_interval(
    value: float, n: int, variance: float, influence: np.ndarray | None, groups: np.ndarray | None
) -> Correlation:
    """Return a correlation with its interval on the scale of atanh, where it is nearly normal.

    Without groups ``variance`` is that on this scale, NaN where it is unknown; with groups it follows from the
    ``influence`` of each pair (see :func:`spearman`).
    """
    known, scale = not np.isnan(variance), 1.0
    quantile = normal_quantile((1 + LEVEL) / 2)
    if influence is not None and groups is not None:
        variance, count = grouped_variance(influence, groups)
        known, scale = count >= FEWEST_GROUPS, 1 - value**2
        quantile = t_quantile((1 + LEVEL) / 2, count - 1)
    if not known:
        return Correlation(value, np.nan, np.nan, n)
    if abs(value) >= 1:
        return Correlation(value, value, value, n)
    half = quantile * np.sqrt(variance) / scale
    return Correlation(value, float(np.tanh(np.arctanh(value) - half)), float(np.tanh(np.arctanh(value) + half)), n)


def spearman_matrix(values: np.ndarray) -> np.ndarray:
    """Return Spearman's rank correlations between all rows, shape (m, m), symmetric, as :func:`spearman` defines them.

    The values are finite, shape (m, n). A row that is constant has NaN with every row, itself included.
    """
    from scipy.stats import rankdata

    values = np.asarray(values, dtype=np.float64)
    varies = np.ptp(values, axis=1) > 0
    matrix = np.full((len(values), len(values)), np.nan)
    if varies.any():
        known = np.atleast_2d(np.corrcoef(rankdata(values[varies], axis=1)))
        np.fill_diagonal(known, 1.0)
        matrix[np.ix_(varies, varies)] = np.clip(known, -1.0, 1.0)
    return matrix


def rank_shift(x: np.ndarray, y: np.ndarray) -> float:
    """Return by how much a rank differs between x and y: the mean of ``|rank in x - rank in y|``, in percent of n.

    Ties share their mean rank. Two independent orders differ by a third of n on average (33.3 percent), opposite ones
    by half of it. Both are finite, shape (n,). It is NaN for no values.
    """
    from scipy.stats import rankdata

    x, y = _paired(x, y)
    return float(100 * np.abs(rankdata(x) - rankdata(y)).mean() / x.size) if x.size else np.nan


def ndcg(scores: np.ndarray, accuracies: np.ndarray, first: int = FIRST) -> float:
    r"""Return the normalised discounted cumulative gain of an order: how good the cells are that stand at its top.

    .. math::
        \frac{1}{Z} \sum_{j=1}^{P} \frac{2^{a_{k_j}} - 1}{\log_2(1 + j)}

    with :math:`a` the accuracies in percent, :math:`k_j` the cell with the j-th largest score, P the places looked at
    and Z the sum for the order of the accuracies themselves. One point of accuracy doubles a gain, so that only cells
    near the best one count. Equal scores share the mean of their gains. Both are finite, shape (n,); of fewer than
    ``first`` cells P is n. The gain is 0 to 1, larger is better; NaN with fewer than 2 cells, or where one side is
    constant.

    Source: Tybl and Neumann 2025 (VKDNW), Table 1; ties: McSherry and Najork 2008.
    """
    from sklearn.metrics import ndcg_score

    scores, accuracies = _paired(scores, accuracies)
    if scores.size < 2 or np.ptp(scores) == 0 or np.ptp(accuracies) == 0:
        return math.nan
    gains = 2.0 ** (accuracies - accuracies.max()) - 2.0 ** -accuracies.max()  # of the best cell about 1
    return float(ndcg_score([gains], [scores], k=first))


def rank_with_missing(scores: np.ndarray, accuracies: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Prepare scores and accuracies for a rank correlation under the project's NaN policy.

    Cells without a finite accuracy are left out. Of those that stay, scores that are not finite become the lowest
    finite score (:mod:`tfnas.scoring.missing`): a proxy that fails on a cell ranks it last, tied with
    the worst, and cannot gain by failing. Of n scores (larger is better) and accuracies m of each are returned, and how
    many of the m scores were not finite.
    """
    scores, accuracies = np.asarray(scores, dtype=np.float64), np.asarray(accuracies, dtype=np.float64)
    known = np.isfinite(accuracies)
    scores, accuracies = scores[known], accuracies[known]
    return lowest_where_missing(scores), accuracies, int((~np.isfinite(scores)).sum())


def known_pairs(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of two accuracies, or of a count and an accuracy, of which both are finite: shape (m,) each.

    A pair without one of them says nothing; only a missing *score* counts as bad (:func:`rank_with_missing`).
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    both = np.isfinite(x) & np.isfinite(y)
    return x[both], y[both]


def accuracy_half_width(accuracy: float, images: int) -> float:
    """Return how far, in points, the accuracy on all images of a kind may be from that on so many test images.

    ``100 q sqrt(p (1 - p) / n)`` with p the accuracy (given in percent), n the test images and q the normal quantile:
    half the interval of a share of independent images.
    """
    share = accuracy / 100
    return float(100 * normal_quantile((1 + LEVEL) / 2) * math.sqrt(share * (1 - share) / images))


@lru_cache(maxsize=4096)
def normal_quantile(share: float) -> float:
    """Return the quantile of the standard normal distribution."""
    from scipy.stats import norm

    return float(norm.ppf(share))


@lru_cache(maxsize=4096)
def t_quantile(share: float, freedom: int) -> float:
    """Return the quantile of Student's t distribution with so many degrees of freedom."""
    from scipy.stats import t

    return float(t.ppf(share, freedom))


def _finite(values: np.ndarray | Sequence[float], what: str) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"{what} must be finite: leave out the runs that have none")
    return values


def _paired(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"a correlation needs two vectors of equal length, not shapes {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("a correlation needs finite values: apply rank_with_missing first")
    return x, y
