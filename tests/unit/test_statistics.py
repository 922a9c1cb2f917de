"""Statistics against scipy and hand-computed cases, with ties and NaN."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.stats

from tfnas.analysis import statistics
from tfnas.analysis.statistics import (
    LEVEL,
    RESAMPLES,
    Summary,
    bootstrap_interval,
    difference_of_means,
    kendall,
    ndcg,
    partial_spearman,
    rank_shift,
    rank_with_missing,
    spearman,
    spearman_matrix,
    summarise,
)
from tfnas.errors import SearchError


@pytest.fixture(params=range(4))
def tied(request):
    """Correlated integers: many ties on both sides."""
    rng = np.random.default_rng(request.param)
    x = rng.integers(0, 12, size=200)
    return x.astype(float), (x + rng.integers(-6, 7, size=200)).astype(float)


def test_spearman_is_scipys_with_ties(tied):
    assert spearman(*tied).value == pytest.approx(scipy.stats.spearmanr(*tied).statistic, abs=1e-12)


def test_kendall_counts_pairs_as_tau_b_does(tied):
    x, y = tied
    concordance, x_tied, y_tied, pairs = 0, 0, 0, 0
    for i, j in itertools.combinations(range(len(x)), 2):
        concordance += int(np.sign(x[i] - x[j]) * np.sign(y[i] - y[j]))
        x_tied += x[i] == x[j]
        y_tied += y[i] == y[j]
        pairs += 1
    tau_b = concordance / np.sqrt((pairs - x_tied) * (pairs - y_tied))
    assert kendall(x, y).value == pytest.approx(tau_b, abs=1e-12)
    assert kendall(x, y).value == pytest.approx(scipy.stats.kendalltau(x, y).statistic, abs=1e-12)


def test_small_cases_by_hand():
    # Ranks 1 2 3 4 against 1 3 2 4: squared differences sum to 2, rho = 1 - 6 * 2 / (4 * 15); one of six pairs differs.
    assert spearman([1, 2, 3, 4], [10, 30, 20, 40]).value == pytest.approx(0.8)
    assert kendall([1, 2, 3, 4], [10, 30, 20, 40]).value == pytest.approx(4 / 6)
    # One tie in x: five comparable pairs in x, six in y, five concordant.
    assert kendall([1, 1, 2, 3], [1, 2, 3, 4]).value == pytest.approx(5 / np.sqrt(5 * 6))


def test_intervals_are_fisher_z_with_the_stated_variances(tied, monkeypatch):
    x, y = tied
    rho, tau, q = spearman(x, y), kendall(x, y), 1.959963984540054
    half = q * np.sqrt((1 + rho.value**2 / 2) / 197)
    assert rho.low == pytest.approx(np.tanh(np.arctanh(rho.value) - half))
    assert rho.high == pytest.approx(np.tanh(np.arctanh(rho.value) + half))
    half = q * np.sqrt(0.437 / 196)
    assert tau.low == pytest.approx(np.tanh(np.arctanh(tau.value) - half))
    assert tau.high == pytest.approx(np.tanh(np.arctanh(tau.value) + half))
    assert rho.n == tau.n == 200
    monkeypatch.setattr(statistics, "LEVEL", 0.5)
    assert spearman(x, y).high < rho.high


def test_intervals_cover_the_true_coefficient_about_as_often_as_they_say():
    """Bivariate normal with Pearson 0.6: rho = 6 / pi asin(0.3), tau = 2 / pi asin(0.6)."""
    rng = np.random.default_rng(3)
    true_rho, true_tau = 6 / np.pi * np.arcsin(0.3), 2 / np.pi * np.arcsin(0.6)
    hits = np.zeros(2)
    for _ in range(400):
        x, noise = rng.normal(size=(2, 80))
        y = 0.6 * x + 0.8 * noise
        rho, tau = spearman(x, y), kendall(x, y)
        hits += [rho.low < true_rho < rho.high, tau.low < true_tau < tau.high]
    assert (hits / 400 > 0.92).all()
    assert (hits / 400 < 0.98).all()


def test_undefined_correlations_are_nan_and_perfect_ones_are_points():
    for correlate in (spearman, kendall):
        assert np.isnan(correlate([1, 1, 1, 1], [1, 2, 3, 4]).value)
        assert np.isnan(correlate([1.0], [2.0]).value)
        perfect = correlate(np.arange(10), np.arange(10) ** 3)
        assert (perfect.value, perfect.low, perfect.high) == pytest.approx((1, 1, 1))
        assert correlate([1, 2], [2, 1]).value == pytest.approx(-1)
        few = correlate([1, 2, 3], [1, 3, 2])
        assert np.isfinite(few.value)
        assert np.isnan(few.low)


def test_partial_correlations_are_those_of_the_inverse_of_scipys_matrix(tied):
    x, y = tied
    controls = np.random.default_rng(9).integers(0, 5, size=(200, 2)) + np.round(x[:, None] / 4)
    inverse = np.linalg.inv(scipy.stats.spearmanr(np.column_stack([x, y, controls])).statistic)
    partial = partial_spearman(x, y, controls)
    assert partial.value == pytest.approx(-inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1]), abs=1e-12)
    assert partial.n == 200
    half = 1.959963984540054 * np.sqrt((1 + partial.value**2 / 2) / 195)
    assert partial.low == pytest.approx(np.tanh(np.arctanh(partial.value) - half))
    assert partial.high == pytest.approx(np.tanh(np.arctanh(partial.value) + half))


def test_a_partial_correlation_by_hand():
    # Spearman 0.8 (x, y), 0.4 (x, z), 0.2 (y, z): (0.8 - 0.4 * 0.2) / sqrt((1 - 0.16) (1 - 0.04)).
    x, y, z = [1, 2, 3, 4], [1, 3, 2, 4], [3, 1, 2, 4]
    pairs = [spearman(x, y).value, spearman(x, z).value, spearman(y, z).value]
    assert pairs == pytest.approx([0.8, 0.4, 0.2])
    partial = partial_spearman(x, y, np.array(z)[:, None])
    assert partial.value == pytest.approx(0.72 / np.sqrt(0.84 * 0.96))
    assert np.isnan(partial.low), "n - k - 3 is 0"
    assert partial_spearman(x, y, np.empty((4, 0))).value == pytest.approx(0.8)
    assert partial_spearman(x, y, np.ones((4, 1))).value == pytest.approx(0.8)


def test_what_the_controls_already_say_has_no_partial_correlation(tied):
    x, y = tied
    noise = np.random.default_rng(0).normal(size=200)
    controls = np.column_stack([np.exp(x), noise])
    assert np.isnan(partial_spearman(x, y, controls).value)
    assert np.isnan(partial_spearman(y, x, controls).value)
    assert np.isnan(partial_spearman(np.ones(200), y, controls).value)
    twice = np.column_stack([noise, -noise])  # controls that say the same
    assert partial_spearman(x, y, twice).value == pytest.approx(partial_spearman(x, y, twice[:, :1]).value)
    with pytest.raises(ValueError, match=r"the controls of 200 pairs must be finite and of shape \(200, k\)"):
        partial_spearman(x, y, noise)
    with pytest.raises(ValueError, match="must be finite"):
        partial_spearman(x, y, np.full((200, 1), np.nan))


def test_partial_intervals_cover_the_true_coefficient_about_as_often_as_they_say():
    """x and y share z alone: given z nothing is left of their correlation, which is near 0.5 without it."""
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(400):
        z, other, e, f = rng.normal(size=(4, 40))
        partial = partial_spearman(z + e, z + f, np.column_stack([z, other]))
        hits += partial.low < 0 < partial.high
    assert 0.91 < hits / 400 < 0.98


def test_a_matrix_holds_the_correlations_of_every_pair(tied):
    values = np.stack([*tied, np.full(200, 3.0), -tied[0]])
    matrix = spearman_matrix(values)
    varying = [0, 1, 3]
    expected = scipy.stats.spearmanr(values[varying].T).statistic
    np.testing.assert_allclose(matrix[np.ix_(varying, varying)], expected, atol=1e-12)
    assert np.isnan(matrix[2]).all()
    assert np.isnan(matrix[:, 2]).all()
    np.testing.assert_array_equal(np.diag(matrix)[varying], 1)
    assert matrix[0, 3] == pytest.approx(-1)
    np.testing.assert_array_equal(spearman_matrix(values[:1]), [[1]])
    assert np.isnan(spearman_matrix(values[2:3])).all()


def test_shifts_of_ranks_by_hand():
    assert rank_shift([1, 2, 3, 4], [10, 20, 30, 40]) == 0
    # Ranks 1 2 3 4 against 2 1 4 3: one rank each, a quarter of 4.
    assert rank_shift([1, 2, 3, 4], [2, 1, 4, 3]) == pytest.approx(25)
    # Ties share their mean rank: 1 2 3 4 against 1.5 1.5 3 4.
    assert rank_shift([1, 2, 3, 4], [0, 0, 3, 4]) == pytest.approx(100 * 1 / 16)
    assert rank_shift(np.arange(100), -np.arange(100)) == pytest.approx(50)
    x, y = np.random.default_rng(0).normal(size=(2, 4000))
    assert rank_shift(x, y) == pytest.approx(100 / 3, abs=1)
    assert np.isnan(rank_shift([], []))


def test_ndcg_by_hand():
    # Gains 7, 3, 1, 0 stand for the accuracies 3, 2, 1, 0.
    accuracies = np.array([1.0, 3, 0, 2])
    ideal = 7 + 3 / np.log2(3) + 1 / 2
    assert ndcg(accuracies, accuracies) == pytest.approx(1)
    assert ndcg(np.array([4, 3, 2, 1.0]), accuracies) == pytest.approx((1 + 7 / np.log2(3) + 3 / np.log2(5)) / ideal)
    assert ndcg(np.array([4, 3, 2, 1.0]), accuracies, first=1) == pytest.approx(1 / 7)
    assert np.isnan(ndcg(np.ones(4), accuracies))
    assert np.isnan(ndcg(accuracies, np.full(4, 90.0)))
    assert np.isnan(ndcg(np.ones(1), np.ones(1)))


def test_ndcg_of_equal_scores_is_the_mean_over_their_orders():
    rng = np.random.default_rng(1)
    accuracies, scores = rng.uniform(85, 95, 6), np.array([2, 1, 1, 1, 0, 0.0])

    def plain(order, first):
        discount = 1 / np.log2(2 + np.arange(first))
        best = np.sort(accuracies)[::-1][:first]
        return ((2 ** accuracies[order][:first] - 1) * discount).sum() / ((2**best - 1) * discount).sum()

    for first in (2, 3, 6):
        orders = [
            [0, *middle, *last]
            for middle in itertools.permutations((1, 2, 3))
            for last in itertools.permutations((4, 5))
        ]
        expected = np.mean([plain(np.array(order), first) for order in orders])
        assert ndcg(scores, accuracies, first) == pytest.approx(expected)


def test_unprepared_vectors_are_refused():
    with pytest.raises(ValueError, match="rank_with_missing first"):
        spearman([1, np.nan], [1, 2])
    with pytest.raises(ValueError, match="equal length"):
        kendall([1, 2, 3], [1, 2])


def test_scores_that_are_missing_rank_last_and_are_counted():
    scores = np.array([3.0, np.nan, 1.0, -np.inf, 2.0, np.nan])
    accuracies = np.array([90.0, 10.0, 70.0, 20.0, 80.0, np.nan])
    x, y, missing = rank_with_missing(scores, accuracies)
    np.testing.assert_array_equal(x, [3, 1, 1, 1, 2])
    np.testing.assert_array_equal(y, [90, 10, 70, 20, 80])
    assert missing == 2
    assert spearman(x, y).value == pytest.approx(scipy.stats.spearmanr([3, 1, 1, 1, 2], y).statistic)
    x, _, missing = rank_with_missing(np.full(4, np.nan), np.arange(4))
    assert missing == 4
    assert np.isnan(kendall(x, np.arange(4)).value)


def test_a_summary_by_hand():
    values = np.array([1.0, 2.0, 4.0, np.nan, 9.0])
    summary = summarise(values, np.random.default_rng(0))
    assert (summary.n, summary.mean, summary.median) == (4, 4.0, 3.0)
    assert summary.std == pytest.approx(np.sqrt((9 + 4 + 0 + 25) / 3))
    assert summary.low < summary.mean < summary.high


def test_equal_runs_have_no_spread_at_all():
    for count in (3, 100, 500):
        values = np.full(count, 70.89)  # the mean of which is off by rounding
        summary = summarise(values, np.random.default_rng(0))
        assert summary == Summary(count, 70.89, 0.0, 70.89, 70.89, 70.89)


def test_the_bootstrap_is_scipys_percentile_bootstrap():
    values = np.random.default_rng(1).gamma(2.0, size=300)
    for statistic in (np.mean, np.median):
        ours = bootstrap_interval(values, np.random.default_rng(2), statistic)
        theirs = scipy.stats.bootstrap(
            (values,), statistic, n_resamples=5000, method="percentile", rng=np.random.default_rng(3)
        ).confidence_interval
        np.testing.assert_allclose(ours, theirs, atol=0.02)
    low, high = bootstrap_interval(values, np.random.default_rng(2))
    half = 1.96 * values.std(ddof=1) / np.sqrt(300)
    np.testing.assert_allclose([low, high], [values.mean() - half, values.mean() + half], atol=0.02)


def test_the_bootstrap_is_seeded_and_narrows_with_its_level(monkeypatch):
    values = np.random.default_rng(1).normal(size=50)
    first = bootstrap_interval(values, np.random.default_rng(5))
    assert bootstrap_interval(values, np.random.default_rng(5)) == first
    monkeypatch.setattr(statistics, "LEVEL", 0.5)
    low, high = bootstrap_interval(values, np.random.default_rng(5))
    assert first[0] < low < high < first[1]


@pytest.mark.parametrize("n", [2, 37, 500])
def test_runs_are_drawn_in_blocks_as_if_at_once(n):
    values = np.random.default_rng(1).normal(size=n)
    drawn = values[np.random.default_rng(2).integers(n, size=(RESAMPLES, n))]
    expected = tuple(np.quantile(drawn.mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    assert bootstrap_interval(values, np.random.default_rng(2)) == expected


@pytest.mark.parametrize(("values", "count"), [([], "0 runs"), ([1.0], "1 run"), ([1.0, np.nan], "1 run")])
def test_fewer_than_two_runs_cannot_be_summarised(values, count):
    with pytest.raises(SearchError) as error:
        summarise(np.array(values), np.random.default_rng(0))
    assert str(error.value) == (
        f"{count} cannot be summarised: a standard deviation needs at least 2, raise search.runs."
    )


def test_the_interval_of_a_difference_of_independent_means_by_hand():
    assert difference_of_means((5, 2, 9), (3, 3, 3)) == (2, -1, 6), "a mean without width adds nothing"
    assert difference_of_means((5, 2, 9), (3, 0, 7)) == (2, 2 - 5, 2 + 5), "3 and 4 to either side, turned round"
    value, low, high = difference_of_means((3, 0, 7), (5, 2, 9))
    assert (value, low, high) == (-2, -7, 3)


def test_the_interval_of_a_difference_covers_what_it_says():
    rng = np.random.default_rng(0)
    held, trials = 0, 4000
    for mean, other in zip(rng.normal(1, 1, trials), rng.normal(3, 0.5, trials), strict=True):
        _, low, high = difference_of_means((mean, mean - 1.96, mean + 1.96), (other, other - 0.98, other + 0.98))
        held += low <= -2 <= high
    assert held / trials == pytest.approx(0.95, abs=0.01)
