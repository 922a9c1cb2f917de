"""Paying once per class of functionally identical cells, and runs that have nothing left to pay for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from search_helpers import score_table, truth_table, write

from tfnas.errors import CellError, ConfigError, TruthError
from tfnas.files import read_facts
from tfnas.search.block import Block
from tfnas.search.random_search import AT_ONCE
from tfnas.search.registry import get_algorithm
from tfnas.search.runner import FREE_LOOKS, Inputs, run_block, run_search
from tfnas.seeds import child_rng
from tfnas.spaces.nats_tss import SPACE, Cell
from tfnas.study.load import load_study
from tfnas.study.study import Study
from tfnas.truth.benchmark import Benchmark


@pytest.fixture
def benchmark():
    return Benchmark(truth_table(), "made-up", pay_once=True)


@pytest.fixture
def twins():
    """Two cells that compute the same function."""
    classes = SPACE.classes
    shared, count = np.unique(classes, return_counts=True)
    return np.flatnonzero(classes == shared[count == 2][0]).tolist()


def test_only_the_first_look_at_a_class_is_charged_and_later_ones_show_the_same(benchmark, twins):
    one, twin = twins
    plain = Benchmark(truth_table(), "made-up")
    assert plain.query(one) != plain.query(twin), "they were trained one by one"
    assert benchmark.cost(twin) == plain.cost(twin)
    seen = benchmark.query(one)
    spent = benchmark.spent_seconds
    assert spent == plain.cost(one)
    assert benchmark.cost(twin) == benchmark.cost(Cell.from_code(one)) == 0
    assert benchmark.query(Cell.from_code(twin)) == benchmark.query(one) == seen
    assert benchmark.spent_seconds == spent


def test_many_cells_at_once_are_paid_as_one_by_one(benchmark, twins):
    one, twin = twins
    codes = np.array([twin, one, twin])
    values = benchmark.query(codes)
    plain = Benchmark(truth_table(), "made-up")
    assert values.tolist() == [plain.query(twin)] * 3
    assert benchmark.spent_seconds == plain.cost(twin)
    np.testing.assert_array_equal(benchmark.cost(np.array([one, 15624])), [0, plain.cost(15624)])


def test_a_fresh_benchmark_has_paid_for_nothing(benchmark, twins):
    benchmark.query(twins[0])
    assert benchmark.fresh().cost(twins[0]) > 0
    assert benchmark.fresh().pay_once


def test_what_is_missing_is_still_missing(twins):
    one, twin = twins
    benchmark = Benchmark(truth_table([one]), "made-up", pay_once=True)
    benchmark.query(one)
    with pytest.raises(TruthError, match="has no early validation accuracy for cell"):
        benchmark.query(twin)
    with pytest.raises(CellError, match="outside the space"):
        benchmark.query(15625)


def test_a_run_that_pays_once_sees_more_cells_and_spends_no_more(benchmark):
    algorithm = get_algorithm("random_search")
    parameters = algorithm.settings({}, "mine")
    once = run_search(algorithm, parameters, child_rng(1), benchmark, {}, 1000)
    plain = Benchmark(truth_table(), "made-up")
    each = run_search(algorithm, parameters, child_rng(1), plain, {}, 1000)
    assert once.codes[: len(each)] == each.codes
    assert len(once) > len(each)
    costs = plain.cost(np.array(once.codes))
    first = ~pd.Series(SPACE.classes[once.codes]).duplicated().to_numpy()
    assert once.training_seconds == pytest.approx(costs[first].sum())
    assert once.training_seconds < 1003


def test_a_run_with_nothing_new_to_propose_ends(twins):
    benchmark = Benchmark(truth_table(twins), "made-up", pay_once=True)
    algorithm = get_algorithm("random_search")
    trace = run_search(algorithm, algorithm.settings({}, "mine"), child_rng(1), benchmark, {}, 1000)
    assert FREE_LOOKS < len(trace) <= FREE_LOOKS + 2 * AT_ONCE  # it ends after a whole look
    assert trace.training_seconds == benchmark.cost(trace.codes[0])
    assert trace.duplicates(SPACE) == pytest.approx(1 - 1 / len(trace))


def test_runs_say_whether_they_paid_once_and_how_many_looks_were_duplicates(tmp_path):
    truth = {"one": write(truth_table(), tmp_path / "truth.csv")}
    scores = write(score_table(), tmp_path / "scores.csv")
    tables = {}
    for pay_once in (False, True):
        output = tmp_path / f"{pay_once}.parquet"
        settings = {"algorithm": "regularised_evolution"}
        run_block(
            Block("mine", settings, 0, 3, 0, "made-up"),
            "one",
            Inputs(truth, [scores]),
            output,
            budget_seconds=300,
            pay_once=pay_once,
        )
        tables[pay_once] = pd.read_parquet(output)
        assert read_facts(output)["pay_once"] is pay_once
    for table in tables.values():
        assert table["duplicates"].between(0.001, 0.999).all()
    assert (tables[True]["cells"] > tables[False]["cells"]).all()


STUDY = """
study: once
datasets: {digits: {truth: {source: trained}}}
search:
  budget_seconds: 10
  use:
    cell: {algorithm: random_cell}
    random: {algorithm: random_search}
"""


def test_the_study_says_who_pays_once():
    config = yaml.safe_load(STUDY)
    assert not Study(load_study(config)).pays_once("random"), "off, as in published numbers"
    config["search"]["pay_once"] = True
    study = Study(load_study(config))
    assert study.pays_once("random")
    assert not study.pays_once("cell")
    config["search"]["pay_once"] = "yes"
    with pytest.raises(ConfigError, match=r"^'search.pay_once' is 'yes' where true or false is needed"):
        load_study(config)
