"""Pruning on evaluators made by hand: rounding, ties, which operation goes, and what is left."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from tfnas.search.live.pruning import (
    START,
    TRIED,
    Measured,
    mean_changes,
    prune,
    prune_round,
    removable,
    shared_ranks,
    significant,
    without,
)
from tfnas.spaces.nats_tss import EDGES, OPERATIONS

ONE = (("skip_connect", "nor_conv_3x3"),) + (("skip_connect",),) * 5
"""A supernet with a choice on its first edge alone."""


def measured(kappa_changes, regions_changes, repeats=1):
    """Measurements whose changes are those given: 1000 (1 - change) without, 1000 with the operation."""
    one, other = (
        np.repeat(np.array(part, dtype=float)[:, None], repeats, 1) for part in (kappa_changes, regions_changes)
    )
    full = np.full_like(one, 1000.0)
    return Measured(full, 1000 * (1 - one), full, 1000 * (1 - other))


def test_the_start_has_all_operations_but_none():
    assert START == (tuple(OPERATIONS[1:]),) * len(EDGES)
    assert len(removable(START)) == 24
    assert TRIED == 24 + 18 + 12
    assert without(ONE, 0, "skip_connect")[0] == ("nor_conv_3x3",)
    assert removable(ONE) == [(0, "skip_connect"), (0, "nor_conv_3x3")]


def test_every_change_is_rounded_before_the_mean():
    # 0.0004 rounds to 0 three times; the mean of unrounded changes would round to 0.
    assert mean_changes(np.full((1, 3), 1.0), np.array([[0.9996, 0.9996, 0.9984]])) == [pytest.approx(0.002 / 3)]
    assert mean_changes(np.array([[2.0]]), np.array([[3.0]])) == [-0.5]
    assert mean_changes(np.full((1, 2), 8.0), np.array([[6.0, 10.0]])) == [0.0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, 0.0),
        (0.0124, 0.0124),
        (0.01234, 0.0123),
        (1.235, 1.24),
        (-1.235, -1.24),
        (-12345.0, -12300.0),
        (0.9996, 1),
    ],
)
def test_significant_digits(value, expected):
    assert significant(value) == expected


def authors_round(number, precision=3, eps=1e-8):
    """Rounding to significant digits, step by step as in the authors' description."""
    if number == 0:
        return number
    size = abs(number) + eps
    power = math.floor(math.log10(size)) + 1
    return math.copysign(round(size * 10 ** (-power), precision) * 10**power, number)


def test_significant_digits_of_all_means_of_three_changes():
    for thousandths in range(-9000, 9001):
        value = thousandths / 3000
        assert significant(value) == pytest.approx(authors_round(value), abs=1e-12)


def test_ranks_have_no_gaps_and_equal_changes_share_one():
    ranks, order = shared_ranks([0.3, 0.1, 0.3, 0.2])
    assert (ranks, order) == ([2, 0, 2, 1], [1, 3, 0, 2])
    ranks, order = shared_ranks([0.3, 0.1, 0.3, 0.2], descending=True)
    assert (ranks, order) == ([0, 2, 0, 1], [0, 2, 3, 1])


def test_changes_equal_only_after_rounding_keep_their_order_but_share_no_rank():
    # All three are 1.23 to three digits: the order is that of the list, and each differs from the one before it.
    assert shared_ranks([1.2331, 1.2329, 1.2331]) == ([0, 1, 2], [0, 1, 2])
    assert shared_ranks([1.2331, 1.2329, 1.2331], descending=True) == ([0, 1, 2], [0, 1, 2])


def test_the_smallest_sum_of_ranks_goes_on_each_edge():
    active = (("skip_connect", "nor_conv_3x3"), ("nor_conv_1x1", "avg_pool_3x3")) + (("skip_connect",),) * 4
    # Condition number: ranks 3 0 1 2; regions: ranks 1 0 3 2. Sums: 4 0 | 4 4, of which the better condition number.
    left, record = prune_round(active, measured([-0.5, 0.5, 0.2, 0.1], [0.2, 0.1, 0.4, 0.3]))
    assert left[:2] == (("skip_connect",), ("avg_pool_3x3",))
    assert [(one.kappa_rank, one.regions_rank) for one in record] == [(3, 1), (0, 0), (1, 3), (2, 2)]
    assert [one.dropped for one in record] == [False, True, True, False]
    assert [(one.edge, one.operation) for one in record] == removable(active)


def test_all_equal_drops_the_first_operation():
    left, record = prune_round(ONE, measured([0.0, 0.0], [0.0, 0.0]))
    assert left[0] == ("nor_conv_3x3",)
    assert {(one.kappa_rank, one.regions_rank) for one in record} == {(0, 0)}


def test_of_equal_sums_the_better_condition_number_goes():
    left, _ = prune_round(ONE, measured([0.1, 0.2], [0.1, 0.2]))
    assert left[0] == ("skip_connect",)


def by_preference(asked, worth):
    """An evaluator in whose eyes an operation is worth the more the fewer regions its loss leaves."""

    def evaluate(active, smaller):
        asked.append((active, list(smaller)))
        gone = [
            next((edge, name) for edge, names in enumerate(active) for name in names if name not in other[edge])
            for other in smaller
        ]
        values = [worth[name] + edge / 1000 for edge, name in gone]
        return measured([0.0] * len(gone), values, repeats=3)

    return evaluate


def test_three_rounds_leave_the_best_operation_everywhere():
    asked = []
    worth = {"skip_connect": 0.3, "nor_conv_1x1": 0.1, "nor_conv_3x3": 0.4, "avg_pool_3x3": 0.2}
    cell, record = prune(by_preference(asked, worth))
    assert set(cell.operations) == {"nor_conv_3x3"}
    assert [len(smaller) for _, smaller in asked] == [24, 18, 12]
    assert len(record) == TRIED
    assert sum(one.dropped for one in record) == 18
    assert {one.operation for one in record if one.round == 1 and one.dropped} == {"avg_pool_3x3"}
    assert asked[1][0] == (("skip_connect", "nor_conv_3x3", "avg_pool_3x3"),) * 6


def test_none_is_never_tried():
    asked = []
    prune(by_preference(asked, dict.fromkeys(OPERATIONS, 0.1)))
    assert not any("none" in names for active, smaller in asked for net in (active, *smaller) for names in net)


def test_a_single_path_is_left_as_it_is():
    start = (("skip_connect",),) * 6
    cell, record = prune(lambda *_: pytest.fail("nothing is left to try"), start)
    assert cell.operations == ("skip_connect",) * 6
    assert record == []


def test_pruning_imports_no_torch():
    script = "import sys, tfnas.search.live.pruning, tfnas.search.live.outcomes; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
