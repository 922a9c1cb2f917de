"""Influence functions of rank correlations, against slow loops, the jackknife and a bootstrap over groups."""

from __future__ import annotations

import numpy as np
import pytest

from tfnas.analysis.influence import concordance, grouped_variance, of_kendall, of_rank_correlation
from tfnas.analysis.statistics import kendall, partial_spearman, spearman


def tied(seed=0, n=70):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 9, n).astype(float)
    return x, x + rng.integers(0, 9, n), rng.integers(0, 6, n) + x / 2


def of_spearman(x, y):
    return of_rank_correlation(np.column_stack([x, y]), *np.eye(2))


@pytest.mark.parametrize("seed", range(5))
def test_concordance_is_that_of_a_slow_loop(seed):
    x, y, _ = tied(seed)
    slow = [np.mean(np.sign(a - x) * np.sign(b - y)) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(concordance(x, y), slow, atol=1e-12)


@pytest.mark.parametrize(("coefficient", "influence"), [(spearman, of_spearman), (kendall, of_kendall)])
def test_the_influence_of_a_pair_is_what_leaving_it_out_changes(coefficient, influence):
    x, y, _ = tied()
    whole = coefficient(x, y).value
    left_out = [whole - coefficient(np.delete(x, place), np.delete(y, place)).value for place in range(x.size)]
    found = influence(x, y)
    assert found.mean() == pytest.approx(0, abs=1e-12)
    assert np.corrcoef(left_out, found)[0, 1] > 0.999
    np.testing.assert_allclose(np.std(left_out) * (x.size - 1), found.std(), rtol=0.05)


COEFFICIENTS = {
    "spearman": lambda x, y, z, groups: spearman(x, y, groups=groups),
    "kendall": lambda x, y, z, groups: kendall(x, y, groups=groups),
    "partial": lambda x, y, z, groups: partial_spearman(x, y, np.column_stack([z, z**2]), groups=groups),
}


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_the_interval_is_that_of_a_bootstrap_over_groups(name):
    rng = np.random.default_rng(3)
    sizes = rng.integers(1, 9, 150)
    groups = np.repeat(np.arange(150), sizes)
    shared = rng.normal(size=(3, 150))[:, groups]
    x, z = shared[0], np.round(shared[1] + shared[0], 1)
    y = np.round(x + 2 * shared[2] + 0.3 * rng.normal(size=x.size), 1)
    found = COEFFICIENTS[name](x, y, z, groups)
    members = np.split(np.arange(x.size), np.cumsum(sizes)[:-1])
    drawn = []
    for _ in range(400):
        rows = np.concatenate([members[group] for group in rng.integers(150, size=150)])
        drawn.append(COEFFICIENTS[name](x[rows], y[rows], z[rows], None).value)
    np.testing.assert_allclose([found.low, found.high], np.quantile(drawn, [0.025, 0.975]), atol=0.04)
    plain = COEFFICIENTS[name](x, y, z, None)
    assert found.value == plain.value
    assert found.high - found.low > 1.5 * (plain.high - plain.low), "pairs of one group are not independent"


def test_the_interval_covers_a_known_correlation_as_often_as_it_says():
    rng = np.random.default_rng(5)
    true = 6 / np.pi * np.arcsin(0.6 / 2)
    groups = np.repeat(np.arange(80), 3)
    hits = 0
    for _ in range(400):
        x = rng.normal(size=80)
        y = 0.6 * x + 0.8 * rng.normal(size=80)
        found = spearman(x[groups], y[groups], groups=groups)
        hits += found.low <= true <= found.high
    assert 0.92 <= hits / 400 <= 0.98


def test_copies_of_every_pair_change_nothing():
    x, y, _ = tied()
    alone = spearman(x, y, groups=np.arange(x.size))
    copied = spearman(np.tile(x, 7), np.tile(y, 7), groups=np.tile(np.arange(x.size), 7))
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high))


def test_too_few_groups_have_no_interval_and_a_perfect_correlation_is_its_own():
    x = np.arange(9.0)
    assert np.isnan(spearman(x, x % 4, groups=np.repeat([0, 1, 2], 3)).low)
    assert np.isnan(grouped_variance(x, np.zeros(9))[0])
    perfect = spearman(x, 2 * x, groups=x)
    assert (perfect.low, perfect.high) == (1.0, 1.0)
