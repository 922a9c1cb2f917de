"""Pareto fronts of two objectives, a value (larger is better) and a cost (smaller is better), and their quality.

A point dominates another if it is no worse in both objectives and better in one. Points with a NaN dominate nothing and
belong to no front. Values and costs of n points have shape (n,).
"""

import numpy as np


def pareto_front(values: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Return the places of the points that no other dominates, in order of cost, shape (m,).

    Of points that are equal in both objectives the first is kept: on a front both objectives rise strictly.

    Example:
        >>> pareto_front(np.array([5.0, 7.0, 6.0, 7.0]), np.array([1.0, 3.0, 2.0, 4.0])).tolist()
        [0, 2, 1]
    """
    values, costs = np.asarray(values, dtype=np.float64), np.asarray(costs, dtype=np.float64)
    places = np.flatnonzero(~np.isnan(values + costs))
    places = places[np.lexsort((-values[places], costs[places]))]
    best = np.maximum.accumulate(np.concatenate([[-np.inf], values[places]]))
    return places[values[places] > best[:-1]]


def front_ranks(values: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Return the number of the front of each finite point, shape (n,): 0 for points that no other dominates, and so on.

    Front r is what no point dominates when the fronts before it are gone (non-dominated sorting). Points that are equal
    in both objectives share a front.

    Source: Deb, Pratap, Agarwal, Meyarivan 2002, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II" (IEEE
    Transactions on Evolutionary Computation 6), section III A; here by a sweep in order of cost, which is possible for
    two objectives: fronts are filled in that order, and a point belongs to the first front whose last point does not
    dominate it.
    """
    ranks = np.empty(len(values), dtype=np.int64)
    last: list[tuple[float, float]] = []  # largest value of each front so far, falling from one to the next; its cost
    for place in np.lexsort((-values, costs)).tolist():
        value, cost = float(values[place]), float(costs[place])
        rank = next((rank for rank, end in enumerate(last) if value > end[0] or (value, cost) == end), len(last))
        ranks[place] = rank
        last[rank : rank + 1] = [(value, cost)]
    return ranks


def crowding_distances(values: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Return the crowding distance of each point of one front of finite points, shape (n,); infinite for its ends.

    For each objective the distance between the neighbours on either side, divided by the range of the front; an
    objective without a range adds nothing.

    Source: Deb et al. 2002, section III B.
    """
    distances = np.zeros(len(values))
    for objective in (values, costs):
        order = np.argsort(objective, kind="stable")
        sorted_ = objective[order]
        width = sorted_[-1] - sorted_[0]
        distances[order[[0, -1]]] = np.inf
        if width > 0:
            distances[order[1:-1]] += (sorted_[2:] - sorted_[:-2]) / width
    return distances


def hypervolume(values: np.ndarray, costs: np.ndarray, value_floor: float, cost_ceiling: float) -> float:
    r"""Return the area that a set of points dominates, up to a reference point.

    .. math::
        \lambda \Big( \bigcup_i [c_i, c_0] \times [v_0, v_i] \Big)

    with costs c_i, values v_i and the reference point (c_0, v_0), ``cost_ceiling`` and ``value_floor``. Points beyond
    the reference add nothing.

    Source: Zitzler and Thiele 1998, "Multiobjective Optimization Using Evolutionary Algorithms" (PPSN V).

    Returns:
        The area, in units of value times cost; 0 without a point.

    Example:
        >>> hypervolume(np.array([1.0, 3.0]), np.array([1.0, 2.0]), 0.0, 4.0)
        7.0
    """
    places = pareto_front(values, costs)
    values, costs = np.asarray(values, dtype=np.float64)[places], np.asarray(costs, dtype=np.float64)[places]
    heights = np.maximum(values - value_floor, 0.0)
    widths = np.diff(np.minimum(np.append(costs, cost_ceiling), cost_ceiling))
    return float((heights * widths).sum())
