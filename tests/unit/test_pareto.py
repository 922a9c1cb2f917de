"""Fronts and hypervolumes against cases by hand and the definitions written out."""

from __future__ import annotations

import numpy as np
import pytest

from tfnas.search.pareto import crowding_distances, front_ranks, hypervolume, pareto_front


def dominated_by(values, costs, one, other):
    better = values[other] > values[one] or costs[other] < costs[one]
    return better and values[other] >= values[one] and costs[other] <= costs[one]


def peeled(values, costs):
    """Front numbers by the definition: peel off what nothing left dominates."""
    left, ranks, rank = set(range(len(values))), {}, 0
    while left:
        front = {one for one in left if not any(dominated_by(values, costs, one, other) for other in left)}
        ranks |= dict.fromkeys(front, rank)
        left, rank = left - front, rank + 1
    return [ranks[place] for place in range(len(values))]


def points(seed, size=40, levels=8):
    """Points with many ties."""
    rng = np.random.default_rng(seed)
    return rng.integers(levels, size=size).astype(float), rng.integers(levels, size=size).astype(float)


@pytest.mark.parametrize("seed", range(20))
def test_fronts_follow_the_definition(seed):
    values, costs = points(seed, size=1 + 3 * seed)
    ranks = peeled(values, costs)
    np.testing.assert_array_equal(front_ranks(values, costs), ranks)
    front = pareto_front(values, costs)
    assert (np.diff(costs[front]) > 0).all()
    assert (np.diff(values[front]) > 0).all()
    first = {(values[place], costs[place]) for place in np.flatnonzero(np.array(ranks) == 0)}
    assert {(values[place], costs[place]) for place in front} == first
    assert all(not ((values[:place] == values[place]) & (costs[:place] == costs[place])).any() for place in front)


def test_a_front_without_points_and_with_nan():
    assert pareto_front(np.array([]), np.array([])).size == 0
    assert pareto_front(np.array([np.nan, 1.0, 9.0]), np.array([0.0, 5.0, np.nan])).tolist() == [1]


def test_crowding_by_hand():
    values, costs = np.array([1.0, 2.0, 4.0, 5.0]), np.array([0.0, 1.0, 3.0, 10.0])
    np.testing.assert_allclose(crowding_distances(values, costs), [np.inf, 3 / 4 + 3 / 10, 3 / 4 + 9 / 10, np.inf])
    order = [2, 0, 3, 1]
    np.testing.assert_allclose(
        crowding_distances(values[order], costs[order]), crowding_distances(values, costs)[order]
    )
    assert np.isinf(crowding_distances(np.array([1.0]), np.array([1.0]))).all()
    np.testing.assert_array_equal(crowding_distances(np.ones(3), np.ones(3)), [np.inf, 0, np.inf])


def test_hypervolume_by_hand():
    values, costs = np.array([1.0, 3.0, 2.0, 9.0]), np.array([1.0, 2.0, 3.0, 7.0])
    assert hypervolume(values, costs, 0, 4) == 1 * 1 + 2 * 3  # the third is dominated, the fourth beyond the reference
    assert hypervolume(values, costs, 1, 4) == 2 * 2
    assert hypervolume(values, costs, 0, 8) == 1 * 1 + 5 * 3 + 1 * 9
    assert hypervolume(values, costs, 10, 8) == 0
    assert hypervolume(np.array([]), np.array([]), 0, 1) == 0


@pytest.mark.parametrize("seed", range(5))
def test_hypervolume_is_the_number_of_unit_squares_that_are_dominated(seed):
    values, costs = points(seed)
    floor, ceiling = 1, 6
    squares = sum(
        any(value >= low + 1 and cost <= left for value, cost in zip(values, costs, strict=True))
        for left in range(ceiling)
        for low in range(floor, 8)
    )
    assert hypervolume(values, costs, floor, ceiling) == squares
