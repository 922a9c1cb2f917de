"""Statistics of runs and of rankings; every function states its n, ddof, interval method, tie and NaN policy.

Ties are handled as usual (mid-ranks in Spearman's coefficient, tau-b in Kendall's). Intervals are two-sided, 95 %
unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tfnas.errors import SearchError
from tfnas.score_table import lowest_where_missing

RESAMPLES = 5000
"""Bootstrap resamples of an interval."""

LEVEL = 0.95
"""Coverage of every interval."""


@dataclass(frozen=True)
class Summary:
    """What n runs gave.

    Attributes:
        n: number of finite values.
        mean: arithmetic mean.
        std: standard deviation with ddof = 1.
        median: median.
        low: lower end of the bootstrap interval of the mean.
        high: upper end.
    """

    n: int
    mean: float
    std: float
    median: float
    low: float
    high: float


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


def summarise(
    values: np.ndarray, rng: np.random.Generator, resamples: int = RESAMPLES, level: float = LEVEL
) -> Summary:
    """Summarise the results of runs.

    Args:
        values: one value per run, shape (runs,). Values that are not finite are left out, and ``n`` says how many stay.
        rng: source of the bootstrap's randomness.
        resamples: number of bootstrap resamples.
        level: coverage of the interval.

    Returns:
        n, mean, standard deviation (ddof = 1), median, and the bootstrap interval of the mean.

    Raises:
        SearchError: fewer than 2 finite values.
    """
    values = np.asarray(values, dtype=np.float64)
    values = values[np.isfinite(values)]
    if values.size < 2:
        raise SearchError(
            f"{values.size} run{'' if values.size == 1 else 's'} cannot be summarised: a standard deviation needs at "
            "least 2, raise search.runs."
        )
    low, high = bootstrap_interval(values, rng, resamples=resamples, level=level)
    return Summary(
        n=values.size,
        mean=float(values.mean()),
        std=float(values.std(ddof=1)),
        median=float(np.median(values)),
        low=low,
        high=high,
    )


def bootstrap_interval(
    values: np.ndarray,
    rng: np.random.Generator,
    statistic: Callable[..., np.ndarray] = np.mean,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a statistic.

    Runs are drawn with replacement, n out of n; the interval reaches from the ``(1 - level) / 2`` to the
    ``(1 + level) / 2`` quantile of the statistic over the resamples (linear interpolation).

    Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", section 13.3.

    Args:
        values: finite values, shape (n,).
        rng: source of randomness.
        statistic: a function of an array and ``axis``, such as ``np.mean`` or ``np.median``.
        resamples: number of resamples.
        level: coverage.
    """
    values = np.asarray(values, dtype=np.float64)
    drawn = values[rng.integers(values.size, size=(resamples, values.size))]
    low, high = np.quantile(statistic(drawn, axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def spearman(x: np.ndarray, y: np.ndarray, level: float = LEVEL) -> Correlation:
    """Spearman's rank correlation: Pearson's correlation of mid-ranks (ties share their mean rank).

    The interval is Fisher's z with the variance of Bonett and Wright:
    ``tanh(atanh(r) -+ q * sqrt((1 + r^2 / 2) / (n - 3)))`` with q the normal quantile; it needs at least 4 pairs.

    Source: Bonett and Wright 2000, "Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations", Psychometrika 65.

    Args:
        x: finite values, shape (n,).
        y: finite values, shape (n,).
        level: coverage of the interval.
    """
    from scipy.stats import rankdata

    x, y = _paired(x, y)
    if x.size < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Correlation(np.nan, np.nan, np.nan, x.size)
    value = float(np.clip(np.corrcoef(rankdata(x), rankdata(y))[0, 1], -1.0, 1.0))
    variance = (1 + value**2 / 2) / (x.size - 3) if x.size > 3 else np.nan
    return Correlation(value, *_fisher_interval(value, variance, level), x.size)


def kendall(x: np.ndarray, y: np.ndarray, level: float = LEVEL) -> Correlation:
    """Kendall's tau-b: concordant minus discordant pairs over ``sqrt((pairs - ties in x) * (pairs - ties in y))``.

    The interval is Fisher's z with the variance of Fieller, Hartley and Pearson: ``tanh(atanh(tau) -+ q *
    sqrt(0.437 / (n - 4)))``; it needs at least 5 pairs and was derived for bivariate normal data, as approximation for
    ``|tau| < 0.8``.

    Source: Kendall 1945, "The treatment of ties in ranking problems", Biometrika 33; Fieller, Hartley, Pearson 1957,
    "Tests for rank correlation coefficients. I", Biometrika 44.

    Args:
        x: finite values, shape (n,).
        y: finite values, shape (n,).
        level: coverage of the interval.
    """
    from scipy.stats import kendalltau

    x, y = _paired(x, y)
    if x.size < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Correlation(np.nan, np.nan, np.nan, x.size)
    value = float(kendalltau(x, y, variant="b", method="asymptotic").statistic)
    variance = 0.437 / (x.size - 4) if x.size > 4 else np.nan
    return Correlation(value, *_fisher_interval(value, variance, level), x.size)


def rank_with_missing(scores: np.ndarray, accuracies: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Prepare scores and accuracies for a rank correlation under the project's NaN policy.

    Cells without a finite accuracy are left out. Of those that stay, scores that are not finite become the lowest
    finite score (:func:`tfnas.score_table.lowest_where_missing`): a proxy that fails on a cell ranks it last, tied with
    the worst, and cannot gain by failing.

    Args:
        scores: shape (n,), larger is better.
        accuracies: shape (n,).

    Returns:
        Scores (m,), accuracies (m,), and how many of the m scores were not finite.
    """
    scores, accuracies = np.asarray(scores, dtype=np.float64), np.asarray(accuracies, dtype=np.float64)
    known = np.isfinite(accuracies)
    scores, accuracies = scores[known], accuracies[known]
    return lowest_where_missing(scores), accuracies, int((~np.isfinite(scores)).sum())


def _paired(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"a correlation needs two vectors of equal length, not shapes {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("a correlation needs finite values: apply rank_with_missing first")
    return x, y


def _fisher_interval(value: float, variance: float, level: float) -> tuple[float, float]:
    """Interval of a correlation on the scale of atanh, where it is nearly normal; a perfect correlation is its own."""
    from scipy.stats import norm

    if np.isnan(variance):
        return np.nan, np.nan
    if abs(value) >= 1:
        return value, value
    half = norm.ppf((1 + level) / 2) * np.sqrt(variance)
    return float(np.tanh(np.arctanh(value) - half)), float(np.tanh(np.arctanh(value) + half))
