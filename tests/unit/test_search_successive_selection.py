"""Successive selection: who is scored, who is kept, who wins; on made-up tables and on the real ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from search_helpers import nats_truth, score_table, truth_table

from tfnas.errors import ConfigError
from tfnas.scoring.table import ScoreTable
from tfnas.search.base import EARLY, SCORE, SearchSpace
from tfnas.search.block import Block
from tfnas.search.registry import get_algorithm
from tfnas.search.runner import Inputs, Scores, run_block, run_search
from tfnas.seeds import child_rng
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE
from tfnas.truth.benchmark import Benchmark


@pytest.fixture(scope="module")
def benchmark():
    return Benchmark(truth_table(), "made-up")


@pytest.fixture(scope="module")
def scores():
    return {"made_up": Scores(ScoreTable(score_table()), "made_up", np.arange(SPACE_SIZE))}


def run(benchmark, scores, number=0, space=None, name="successive_selection", **parameters):
    algorithm = get_algorithm(name)
    parameters = algorithm.settings({"algorithm": name, "proxy": "made_up", **parameters}, "label")
    return run_search(algorithm, parameters, child_rng(1, algorithm.stream, number), benchmark, scores, None, space)


def queried(trace):
    return [code for kind, code in zip(trace.kinds, trace.codes, strict=True) if kind == EARLY]


def test_the_best_scored_are_trained_and_the_best_trained_wins(benchmark, scores):
    for number in range(3):
        trace = run(benchmark, scores, number, sample=200, keep=7)
        assert trace.kinds == [SCORE] * 200 + [EARLY] * 7
        order = np.argsort(-scores["made_up"].values[trace.codes[:200]], kind="stable")
        assert queried(trace) == [trace.codes[place] for place in order[:7]]
        assert trace.chosen == max(queried(trace), key=benchmark.query)
        assert trace.scoring_seconds == pytest.approx(50)
        assert trace.training_seconds == pytest.approx(sum(benchmark.cost(code) for code in queried(trace)))


def test_it_needs_no_budget_and_draws_what_other_searches_draw(benchmark, scores):
    assert not get_algorithm("successive_selection").needs_budget
    trace = run(benchmark, scores)
    assert len(trace.codes) == 2032
    assert trace.codes[:2000] == run(benchmark, scores, name="proxy_search", sample=2000).codes
    assert trace.codes == run(benchmark, scores).codes


def test_a_cell_drawn_twice_is_kept_once(benchmark, scores):
    space = SearchSpace(np.array([7, 70, 700, 7000]))
    trace = run(benchmark, scores, space=space, sample=4, keep=4)
    drawn = trace.codes[:4]
    assert len(set(drawn)) < 4
    assert sorted(queried(trace)) == sorted(set(drawn))


def test_without_a_sample_every_cell_is_scored_once(benchmark, scores):
    codes = np.sort(np.random.default_rng(0).choice(SPACE_SIZE, size=50, replace=False))
    trace = run(benchmark, scores, space=SearchSpace(codes), sample=0, keep=50)
    assert trace.codes[:50] == codes.tolist()
    assert sorted(queried(trace)) == codes.tolist()


def test_keeping_more_than_there_are_is_refused(benchmark, scores):
    for parameters, space in (({"sample": 10}, None), ({"sample": 0}, SearchSpace(np.arange(10)))):
        with pytest.raises(
            ConfigError, match=r"^successive_selection cannot keep the best 11 of 10 scored cells: lower 'keep'.$"
        ):
            run(benchmark, scores, space=space, keep=11, **parameters)


def test_the_real_ground_truth(shared_data, shipped_scores, tmp_path):
    """Keep the 20 best of all cells by naswot; the chosen cell is found again by sorting two tables."""
    path = shipped_scores("cifar10")
    truth = nats_truth(shared_data, tmp_path)
    output = tmp_path / "runs.parquet"
    settings = {"algorithm": "successive_selection", "proxy": "naswot", "sample": 0, "keep": 20}
    run_block(Block("label", settings, 0, 0, 2026, "nats-tss"), "cifar10", Inputs(truth, [path]), output)
    table = pd.read_parquet(truth["cifar10"]).set_index("arch").loc[list(SPACE.strings)]
    table["naswot"] = ScoreTable.read(path).scores("naswot")
    best = table.sort_values("naswot", ascending=False, kind="stable").head(20)
    row = pd.read_parquet(output).set_index("dataset").loc["cifar10"]
    assert row["arch"] == best["early_valid_accuracy"].idxmax()
    assert row["training_seconds"] == pytest.approx((best["early_seconds"] + best["valid_seconds"]).sum())
    assert row["test_accuracy"] > 92
