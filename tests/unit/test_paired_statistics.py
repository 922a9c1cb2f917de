"""Statistics of pairs of searches against scipy, enumeration and cases worked by hand; ties, zeros and few runs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import scipy.stats

from tfnas.analysis.statistics import (
    EXACT_SIGNS,
    bootstrap_counts,
    bootstrap_interval,
    critical_difference,
    detectable_effect,
    holm,
    interval_of_mean,
    probability_of_winning,
    runs_needed,
    signed_rank,
)


def test_the_interval_from_counts_is_the_percentile_bootstrap():
    values = np.random.default_rng(1).gamma(2.0, size=200)
    counts = bootstrap_counts(200, np.random.default_rng(2))
    assert counts.shape == (5000, 200)
    assert (counts.sum(axis=1) == 200).all()
    np.testing.assert_allclose(
        interval_of_mean(values, counts), bootstrap_interval(values, np.random.default_rng(3)), atol=0.02
    )
    assert interval_of_mean(np.zeros(200), counts) == (0.0, 0.0)


def test_paired_intervals_cover_the_true_difference_and_are_narrower_than_unpaired_ones():
    rng = np.random.default_rng(0)
    covered, paired, unpaired = 0, [], []
    for _ in range(400):
        luck = rng.normal(0, 2, 60)
        first, second = 1 + luck + rng.normal(0, 0.5, 60), luck + rng.normal(0, 0.5, 60)
        low, high = interval_of_mean(first - second, bootstrap_counts(60, rng, resamples=800))
        covered += low <= 1 <= high
        paired.append(high - low)
        welch = scipy.stats.ttest_ind(first, second, equal_var=False).confidence_interval()
        unpaired.append(welch.high - welch.low)
    assert covered / 400 == pytest.approx(0.95, abs=0.035)
    assert np.mean(paired) < 0.5 * np.mean(unpaired)


def test_ties_count_half():
    assert probability_of_winning(np.array([1.0, 0.0, 0.0, -2.0, 3.0])) == 0.6
    assert probability_of_winning(np.zeros(3)) == 0.5


def pratt(differences):
    """The sum of the ranks of positive differences, zeros ranked and left out."""
    ranks = scipy.stats.rankdata(np.abs(differences))
    return ranks[np.asarray(differences) > 0].sum()


def test_with_few_runs_the_signed_rank_test_counts_all_signs():
    differences = np.array([1.5, -0.5, 2.0, 0.0, 2.0, 0.5, 3.0, -0.5, 4.0])
    everything = [pratt(np.abs(differences) * signs) for signs in product((1, -1), repeat=9)]
    found = pratt(differences)
    one_sided = min(np.mean(np.array(everything) >= found), np.mean(np.array(everything) <= found))
    assert signed_rank(differences).p == pytest.approx(2 * one_sided)


@pytest.mark.parametrize("other", [2, 4, 5, 13])
def test_few_differences_among_many_ties_are_counted_too(other):
    # The normal approximation would say 0.0455 for four, 0.025 for five.
    differences = np.zeros(500)
    differences[:other] = np.arange(1.0, other + 1) ** 2
    assert signed_rank(differences).p == 2 / 2**other
    differences[0] = -1.0  # of the smallest rank: only all signs alike are more extreme
    assert signed_rank(differences).p == pytest.approx(min(1, 4 / 2**other))
    assert signed_rank(differences[: other + 3]).p == pytest.approx(
        scipy.stats.wilcoxon(differences[: other + 3], zero_method="pratt").pvalue if other < 11 else 4 / 2**other
    )


def test_without_ties_the_signed_rank_test_is_exact():
    differences = np.array([0.1, -0.3, 0.7, 1.1, 1.6, -0.2, 2.2])
    assert signed_rank(differences).p == scipy.stats.wilcoxon(differences, method="exact").pvalue
    assert signed_rank(differences).effect == pytest.approx((1 + 4 + 5 + 6 + 7 - 3 - 2) / 28)


def test_with_many_runs_the_variance_is_corrected_for_ties_and_zeros():
    rng = np.random.default_rng(4)
    differences = rng.integers(-2, 4, 80).astype(float)
    ranks, zeros = scipy.stats.rankdata(np.abs(differences)), int((differences == 0).sum())
    signed = ranks[differences != 0]
    mean = signed.sum() / 2
    deviation = np.sqrt((signed**2).sum() / 4)  # each sign is a fair coin, the ranks stay
    expected = 2 * scipy.stats.norm.sf(abs(pratt(differences) - mean) / deviation)
    assert zeros > 5
    assert signed_rank(differences).p == pytest.approx(expected)


@pytest.mark.parametrize("n", [14, 40, 50, 51, 500])
@pytest.mark.parametrize("decimals", [0, 1, 12])
def test_the_p_value_is_that_of_scipy_to_the_last_digit(n, decimals):
    differences = np.round(np.random.default_rng(n).normal(0.4, 1.0, n), decimals)
    assert np.count_nonzero(differences) > EXACT_SIGNS or n == 14
    if np.count_nonzero(differences) > EXACT_SIGNS:
        assert signed_rank(differences).p == scipy.stats.wilcoxon(differences, zero_method="pratt").pvalue


def test_the_effect_size_by_hand():
    # |d| = 1 2 2 0: the zero has rank 1, then 2 and twice 3.5; 3.5 + 3.5 - 2 of 10.
    assert signed_rank(np.array([-1.0, 2.0, 2.0, 0.0])).effect == pytest.approx(0.5)
    assert signed_rank(np.array([3.0, 1.0, 2.0])).effect == 1
    turned = signed_rank(np.array([1.0, -2.0, -2.0, 0.0]))
    assert turned.effect == pytest.approx(-0.5)
    assert turned.p == signed_rank(np.array([-1.0, 2.0, 2.0, 0.0])).p


def test_searches_that_always_tie_are_not_told_apart():
    test = signed_rank(np.zeros(20))
    assert (test.p, test.effect) == (1.0, 0.0)


def test_holm_by_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.6, 0.5]), [1.0, 1.0])
    np.testing.assert_allclose(holm([0.02]), [0.02])
    assert holm([]).size == 0


@pytest.mark.parametrize("function", [holm, signed_rank, probability_of_winning])
@pytest.mark.parametrize("missing", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(function, missing):
    with pytest.raises(ValueError, match=r"(p-values|paired differences) must be finite: leave out the runs"):
        function(np.array([0.1, missing, 0.2]))


@pytest.mark.parametrize(("effect", "runs"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_runs_needed_are_those_of_the_tables_of_power(effect, runs):
    # Two-sided paired t-test, 5 %, power 80 %: Cohen's small, medium and large effect (G*Power 3.1).
    assert runs_needed([1.0], effect).tolist() == [runs]
    assert runs_needed([5.0, 1e-12], 5.0 * effect).tolist() == [runs, 2]


@pytest.mark.parametrize("n", [2, 5, 30])
def test_the_detectable_difference_is_detected_four_times_in_five(n):
    effect = detectable_effect(n) / np.sqrt(n)
    drawn = np.random.default_rng(n).normal(effect, 1, (20000, n))
    test = scipy.stats.ttest_1samp(drawn, 0, axis=1)
    assert ((test.pvalue < 0.05) & (test.statistic > 0)).mean() == pytest.approx(0.8, abs=0.01)


def test_runs_needed_just_suffice():
    stds = (0.3, 1.0, 11.4)
    for std, runs in zip(stds, runs_needed(stds, 0.1).tolist(), strict=True):
        assert detectable_effect(runs) * std / np.sqrt(runs) <= 0.1
        assert detectable_effect(runs - 1) * std / np.sqrt(runs - 1) > 0.1
    assert runs_needed([0.0], 0.1).tolist() == [2]


def test_the_critical_difference_is_demsars():
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    for competitors, quantile in ((2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)):
        blocks = competitors * (competitors + 1) / 6
        assert critical_difference(competitors, blocks) == pytest.approx(quantile, abs=0.001)
