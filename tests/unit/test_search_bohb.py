"""BOHB: its kernel against the program's, its brackets by hand, its model on small cases, and the published row."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from search_helpers import NATS_DATASETS, SHARED_COLUMNS, truth_table

from tfnas.errors import ConfigError
from tfnas.search.base import SearchSpace
from tfnas.search.bohb import Bohb, Density, best_candidate
from tfnas.search.registry import get_algorithm
from tfnas.search.runner import run_search
from tfnas.seeds import child_rng
from tfnas.spaces.nats_tss import SPACE_SIZE
from tfnas.truth.benchmark import Benchmark

SPACE = SearchSpace(np.arange(SPACE_SIZE))


@pytest.fixture(scope="module")
def benchmark():
    return Benchmark(truth_table(), "made-up")


def run(benchmark, number=0, budget=200.0, space=None, **parameters):
    algorithm = get_algorithm("bohb")
    parameters = algorithm.settings(parameters, "label")
    return run_search(algorithm, parameters, child_rng(1, "bohb", number), benchmark, {}, budget, space)


def naive_density(data, cell, min_bandwidth):
    """The kernel of statsmodels as HpBandSter uses it, number by number."""
    total = 0.0
    for point in data:
        product = 1.0
        for edge in range(6):
            column = [row[edge] for row in data]
            bandwidth = max(1.06 * float(np.std(column)) * len(data) ** -0.1, min_bandwidth)
            levels = len(set(column))
            if point[edge] == cell[edge]:
                product *= 1 - bandwidth
            else:
                product *= bandwidth / (levels - 1) if levels > 1 else math.inf
        total += product
    return total / len(data)


def test_the_kernel_is_that_of_the_program():
    rng = np.random.default_rng(0)
    for data in (rng.integers(5, size=(20, 6)), rng.integers(2, size=(9, 6)), np.full((7, 6), 3)):
        cells = rng.integers(5, size=(30, 6))
        found = Density(data, SPACE.of.radices, 0.3, proper=False).at(cells)
        np.testing.assert_allclose(found, [naive_density(data.tolist(), cell, 0.3) for cell in cells.tolist()])


def test_its_bandwidth_exceeds_one_on_varied_edges_and_is_kept_in_bounds_by_choice():
    data = np.array(list(itertools.product(range(5), repeat=2)))[:, [0, 1, 0, 1, 0, 1]]
    assert (Density(data, SPACE.of.radices, 0.3, proper=False).bandwidth > 1).all()
    np.testing.assert_allclose(Density(data, SPACE.of.radices, 0.3, proper=True).bandwidth, 0.8)
    np.testing.assert_allclose(Density(np.full((7, 6), 2), SPACE.of.radices, 0.3, proper=False).bandwidth, 0.3)


def test_the_proper_kernel_is_a_probability():
    rng = np.random.default_rng(1)
    density = Density(rng.integers(3, size=(9, 6)), SPACE.of.radices, 0.1, proper=True)
    everywhere = density.at(SPACE.of.digits(np.arange(SPACE_SIZE)))
    assert everywhere.min() > 0
    assert everywhere.sum() == pytest.approx(1)


def test_draws_keep_an_operation_unless_the_bandwidth_redraws_it():
    data = np.full((7, 6), 2)
    drawn = Density(data, SPACE.of.radices, 0.3, proper=False).draw(np.random.default_rng(0), 4000)
    assert (drawn == 2).mean() == pytest.approx(0.7 + 0.3 / 5, abs=0.015)
    assert (drawn == 4).mean() == pytest.approx(0.3 / 5, abs=0.01)


@pytest.mark.parametrize(
    ("good", "bad", "best"),
    [
        ([0.1, 0.4, 0.2], [0.1, 0.1, 0.1], 1),
        ([0.1, 0.1], [0.2, 0.2], 0),  # the earlier of equals
        ([0.5, -0.5], [0.1, -0.9], 0),  # negative counts as almost nothing
        ([0.5, math.inf], [0.1, 0.2], 1),  # an operation that no good cell has
        ([0.5, 0.4, math.inf], [0.1, math.inf, 0.2], 1),  # one that no bad cell has: taken at once
        ([math.inf, 0.4], [math.inf, 0.9], 1),  # neither: passed over
        ([math.nan, math.inf], [0.1, math.inf], None),
    ],
)
def test_the_best_candidate_has_the_highest_ratio_of_good_to_bad(good, bad, best):
    assert best_candidate(good, bad) == best


def test_the_brackets_of_three_rungs(benchmark):
    codes = run(benchmark, 3, budget=80).codes

    def best(places, number):
        ranked = sorted(places, key=lambda place: -benchmark.query(codes[place]))
        return [codes[place] for place in sorted(ranked[:number])]

    assert len(set(codes[:9])) == 9
    assert codes[9:12] == best(range(9), 3)
    assert codes[12:13] == best(range(9, 12), 1)
    assert codes[16:17] == best(range(13, 16), 1)
    assert len(set(codes[:9]) | set(codes[13:16]) | set(codes[17:20])) == 15
    assert codes[29:32] == best(range(20, 29), 3)


def test_other_brackets(benchmark):
    looks = {}
    for rungs, eta in ((1, 3), (2, 2), (2, 4)):
        search = Bohb(SPACE, np.random.default_rng(0), rungs=rungs, eta=eta)
        counts = []
        for _ in range(12):
            look = search.ask()
            counts.append([len(seen) for seen in search.looked_at])
            search.tell(look, [benchmark.query(look.codes[0])])
        looks[rungs, eta] = counts
    assert looks[1, 3][-1] == [11]
    assert looks[2, 2][:7] == [[0, 0], [1, 0], [2, 0], [2, 1], [2, 2], [2, 3], [3, 3]]
    assert looks[2, 4][:8] == [[0, 0], [1, 0], [2, 0], [3, 0], [4, 0], [4, 1], [4, 2], [4, 3]]


def test_a_model_needs_seven_good_and_seven_bad_cells_and_lower_rungs_then_learn_no_more():
    search = Bohb(SPACE, np.random.default_rng(0))
    for number in range(14):
        assert search.model_rung == -1
        search.learn(1, float(number), number)
    assert search.model_rung == 1
    search.learn(0, 99.0, 5)
    assert search.looked_at[0] == []
    search.propose()
    good, bad = search.model
    np.testing.assert_array_equal(good.digits, SPACE.of.digits([13, 12, 11, 10, 9, 8, 7]))
    np.testing.assert_array_equal(bad.digits, SPACE.of.digits([6, 5, 4, 3, 2, 1, 0]))
    for number in range(100):
        search.learn(2, float(number), number)
    search.propose()
    assert search.model_rung == 2
    assert (len(search.model[0].digits), len(search.model[1].digits)) == (15, 85)


def test_without_a_model_and_for_the_random_fraction_proposals_are_uniform_draws(benchmark):
    trace = run(benchmark, rungs=1)
    rng = child_rng(1, "bohb", 0)
    assert trace.codes[:14] == [SPACE.draw(rng, 1)[0] for _ in range(14)]
    guided, unguided = (
        np.mean(
            [
                (SPACE.of.digits(run(benchmark, r, rungs=1, kernel="proper", random_fraction=f).codes) == 3).mean()
                for r in range(3)
            ]
        )
        for f in (0.0, 1.0)
    )
    assert unguided == pytest.approx(0.2, abs=0.03)
    assert guided > 0.3


def test_a_narrow_model_proposes_what_good_cells_share():
    search = Bohb(SPACE, np.random.default_rng(0), rungs=1, min_bandwidth=1e-9, kernel="proper")
    for _ in range(7):
        search.learn(0, 90.0, 7777)
        search.learn(0, 10.0, 3)
    assert {search.propose() for _ in range(20)} == {7777}


def test_in_an_incomplete_space_it_keeps_to_its_cells(benchmark):
    for codes in (np.arange(0, SPACE_SIZE, 2), np.array([7, 9, 11])):
        assert set(run(benchmark, space=SearchSpace(codes)).codes) <= set(codes.tolist())


def test_a_run_is_reproducible_and_returns_the_best_of_its_history(benchmark):
    trace = run(benchmark, 5)
    assert trace.codes == run(benchmark, 5).codes
    assert trace.codes != run(benchmark, 6).codes
    assert trace.chosen == max(trace.codes, key=benchmark.query)
    assert trace.seconds[-2] < 200 <= trace.seconds[-1]


@pytest.mark.parametrize(("name", "value"), [("rungs", 0), ("eta", 1), ("min_points", 6), ("random_fraction", 1.5)])
def test_wrong_settings_are_refused(benchmark, name, value):
    with pytest.raises(ConfigError, match=f"^search.use.label.{name} of 'bohb' is {value}: it should be "):
        run(benchmark, **{name: value})


def test_the_published_row_at_12000_seconds(shared_data):
    """NASWOT (Mellor et al. 2021), Table 2: 500 runs on CIFAR-10; two samples of 500, three standard errors."""
    published = {
        "cifar10": ((90.82, 0.53), (93.61, 0.52)),
        "cifar100": ((70.74, 1.29), (70.85, 1.28)),
        "ImageNet16-120": ((44.26, 1.36), (44.42, 1.49)),
    }
    tables = {
        dataset: pd.read_parquet(shared_data / "nats-tss" / f"{dataset}.parquet").rename(columns=SHARED_COLUMNS)
        for dataset in NATS_DATASETS
    }
    real = Benchmark(tables["cifar10"], "cifar10")
    chosen = [run(real, number, 12000.0).chosen for number in range(500)]
    for dataset, rows in published.items():
        codes = tables[dataset]["arch"].map(SPACE.of.parse).to_numpy()
        for column, (mean, std) in zip(("valid_accuracy", "test_accuracy"), rows, strict=True):
            accuracy = np.empty(SPACE_SIZE)
            accuracy[codes] = tables[dataset][column]
            assert accuracy[chosen].mean() == pytest.approx(mean, abs=3 * std * (2 / 500) ** 0.5 + 0.005)
            assert accuracy[chosen].std(ddof=1) == pytest.approx(std, rel=0.25)
