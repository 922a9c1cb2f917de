"""The trace of a run: what it puts together, its incumbents, and its duplicates by class."""

from __future__ import annotations

import numpy as np
import pytest

from tfnas.search.base import DRAW, EARLY, SCORE, Trace
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE


def test_a_trace_reads_as_it_was_written():
    trace = Trace()
    trace.extend(DRAW, [7], [np.nan], None)
    trace.extend(SCORE, np.array([3, 4]), np.array([1.0, 2.0]), np.array([0.5, np.nan]), "made_up")
    trace.add(EARLY, 4, 60.0, 10.0)
    trace.extend(EARLY, [], [], [])
    assert trace.kinds == [DRAW, SCORE, SCORE, EARLY]
    assert trace.codes == [7, 3, 4, 4]
    assert trace.values[1:] == [1.0, 2.0, 60.0]
    assert trace.seconds == [0.0, 0.5, 0.5, 10.5], "seconds that nobody knows do not stop the clock"
    assert (len(trace), trace.spent, trace.training_seconds) == (4, 10.5, 10.0)
    assert np.isnan(trace.scoring_seconds)
    assert trace.scored == {"made_up": 2}
    assert (trace.has(EARLY), Trace().has(EARLY)) == (True, False)


def test_the_clock_is_the_same_look_by_look_and_at_once():
    costs = np.random.default_rng(0).uniform(size=50)
    at_once, one_by_one = Trace(), Trace()
    at_once.extend(SCORE, list(range(50)), costs.tolist(), costs, "made_up")
    for code, cost in enumerate(costs.tolist()):
        one_by_one.extend(SCORE, [code], [cost], [cost], "made_up")
    assert at_once == one_by_one
    assert at_once.spent == one_by_one.spent
    one_by_one.add(EARLY, 1, 1.0, 1.0)
    assert at_once != one_by_one
    assert at_once != "a trace"


def test_the_incumbent_rises_and_the_first_of_equals_stays():
    trace = Trace()
    for code, value, cost in ((5, 50.0, 1.0), (6, 40.0, 2.0), (7, 60.0, 4.0), (8, 60.0, 8.0), (9, 61.0, 16.0)):
        trace.extend(SCORE, [code], [99.0], [100.0], "made_up")
        trace.add(EARLY, code, value, cost)
    seconds, looks, codes = trace.improvements(EARLY)
    assert codes.tolist() == [5, 7, 9]
    assert looks.tolist() == [1, 3, 5], "scores are no looks at accuracies"
    assert seconds.tolist() == [101.0, 307.0, 531.0]
    assert trace.best(EARLY) == 9
    assert all(part.size == 0 for part in Trace().improvements(EARLY))


def test_duplicates_are_counted_by_class_and_by_way_of_looking():
    classes = SPACE.classes
    shared, count = np.unique(classes, return_counts=True)
    one, twin = np.flatnonzero(classes == shared[count == 2][0]).tolist()
    other = int(shared[-1])
    trace = Trace()
    trace.extend(SCORE, [one, twin, other], [1.0] * 3, [0.0] * 3, "first")
    assert trace.duplicates(SPACE) == pytest.approx(1 / 3)
    trace.extend(SCORE, [one], [1.0], [0.0], "second")
    trace.add(EARLY, twin, 1.0, 1.0)
    assert trace.duplicates(SPACE) == pytest.approx(1 / 5), "another proxy, and training, are no duplicates"
    trace.add(EARLY, one, 1.0, 1.0)
    assert trace.duplicates(SPACE) == pytest.approx(2 / 6)
    whole = Trace()
    whole.extend(SCORE, np.arange(SPACE_SIZE), np.zeros(SPACE_SIZE), None, "first")
    assert whole.duplicates(SPACE) == pytest.approx(1 - 6466 / 15625)
    assert np.isnan(Trace().duplicates(SPACE))
