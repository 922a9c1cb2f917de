"""RoBoT, step by step on made-up tables, and its published rows on the real ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from search_helpers import NATS_DATASETS, nats_truth, score_table, truth_table

from tfnas.errors import ConfigError
from tfnas.scoring.table import ScoreTable
from tfnas.search import robot
from tfnas.search.base import EARLY, SCORE, SearchSpace
from tfnas.search.block import Block
from tfnas.search.gaussian_process import BayesianOptimiser, upper_confidence_bound
from tfnas.search.registry import get_algorithm
from tfnas.search.robot import scaled
from tfnas.search.runner import Inputs, Scores, run_block, run_search
from tfnas.seeds import child_rng
from tfnas.spaces.nats_tss import SPACE_SIZE
from tfnas.truth.benchmark import Benchmark

PUBLISHED = ("grad_norm", "snip", "grasp", "fisher", "synflow", "jacob_cov")


@pytest.fixture(scope="module")
def benchmark():
    return Benchmark(truth_table(), "made-up")


@pytest.fixture(scope="module")
def scores():
    rng = np.random.default_rng(3)
    useful = np.array(score_table()["score"])
    tables = {
        "useful": useful + rng.normal(size=SPACE_SIZE),
        "noise": rng.normal(size=SPACE_SIZE) * 50,
        "against": -3 * useful + rng.normal(size=SPACE_SIZE),
    }
    return {name: Scores(ScoreTable(score_table(v, name)), name, np.arange(SPACE_SIZE)) for name, v in tables.items()}


def run(benchmark, scores, number=0, space=None, proxies=("useful", "noise", "against"), **parameters):
    algorithm = get_algorithm("robot")
    parameters = algorithm.settings({"algorithm": "robot", "proxies": list(proxies), **parameters}, "label")
    return run_search(algorithm, parameters, child_rng(1, "robot", number), benchmark, scores, None, space)


class Fixed:
    """In place of the Gaussian process: weights that the test gives."""

    weights: tuple = ()

    def __init__(self, *args):
        self.rest = [np.array(weights, dtype=float) for weights in self.weights]
        self.heard = []

    def suggest(self):
        return self.rest.pop(0)

    def observe(self, point, value):
        self.heard.append(value)


def queried(trace):
    return [code for kind, code in zip(trace.kinds, trace.codes, strict=True) if kind == EARLY]


def test_scores_are_scaled_to_0_and_1():
    np.testing.assert_allclose(scaled(np.array([3.0, -1.0, 1.0])), [1.0, 0.0, 0.5])
    np.testing.assert_array_equal(scaled(np.array([7.0, 7.0])), [0.0, 0.0])


def test_the_defaults_are_the_published_ones():
    algorithm = get_algorithm("robot")
    assert algorithm.settings({}, "label") == {"proxies": list(PUBLISHED), "queries": 20}
    assert not algorithm.needs_budget
    assert algorithm.needs_early


def test_the_procedure_written_out(benchmark, scores):
    """Exploration and exploitation with plain loops and the same random numbers."""
    for number in range(3):
        rng = child_rng(1, "robot", number)
        names = ("useful", "noise", "against")
        raw = {name: scores[name].values for name in names}
        unit = {name: (v - v.min()) / (v.max() - v.min()) for name, v in raw.items()}
        optimiser = BayesianOptimiser(-np.ones(3), np.ones(3), upper_confidence_bound, rng)
        looked, best, best_weights = [], -1.0, None
        for _ in range(20):
            weights = optimiser.suggest()
            total = sum(weight * unit[name] for weight, name in zip(weights, names, strict=True))
            code = int(np.argmax(total))
            if code not in looked:
                looked.append(code)
            if benchmark.query(code) >= best:
                best, best_weights = benchmark.query(code), weights
            optimiser.observe(weights, benchmark.query(code))
        total = sum(weight * unit[name] for weight, name in zip(best_weights, names, strict=True))
        for code in sorted(range(SPACE_SIZE), key=lambda code: -total[code]):
            if len(looked) < 20 and code not in looked:
                looked.append(code)
        trace = run(benchmark, scores, number)
        assert queried(trace) == looked
        assert trace.chosen == max(looked, key=benchmark.query)


def test_all_scores_are_paid_and_twenty_different_cells_are_trained(benchmark, scores):
    for number in range(3):
        trace = run(benchmark, scores, number)
        cells = queried(trace)
        assert len(cells) == len(set(cells)) == 20
        assert trace.kinds.count(SCORE) == 3 * SPACE_SIZE
        assert trace.scoring_seconds == pytest.approx(0.25 * 3 * SPACE_SIZE)
        assert trace.training_seconds == pytest.approx(sum(benchmark.cost(code) for code in cells))
        assert run(benchmark, scores, number).codes == trace.codes


def test_a_cell_that_comes_up_again_is_paid_once_and_told_again(benchmark, scores, monkeypatch):
    made = []
    monkeypatch.setattr(Fixed, "weights", [(1.0, 0, 0), (0.5, 0, 0), (0, 1.0, 0), (1.0, 0, 0)])
    monkeypatch.setattr(robot, "BayesianOptimiser", lambda *args: made.append(Fixed()) or made[-1])
    trace = run(benchmark, scores, queries=4)
    best, other = int(np.argmax(scores["useful"].values)), int(np.argmax(scores["noise"].values))
    assert queried(trace)[:2] == [best, other]
    assert made[0].heard == [benchmark.query(code) for code in (best, best, other, best)]
    assert len(queried(trace)) == 4


def test_exploitation_follows_the_latest_of_the_best_weights(scores, monkeypatch):
    flat = Benchmark(truth_table().assign(early_valid_accuracy=50.0), "made-up")
    monkeypatch.setattr(Fixed, "weights", [(1, 0, 0), (0, 0, 1), (0, 1, 0)])
    monkeypatch.setattr(robot, "BayesianOptimiser", Fixed)
    names = ("useful", "noise", "against")
    trace = run(flat, scores, queries=3)  # three different cells: nothing is left for exploitation
    assert queried(trace) == [int(np.argmax(scores[name].values)) for name in ("useful", "against", "noise")]
    monkeypatch.setattr(Fixed, "weights", [(1, 0, 0), (1, 0, 0), (0, 0, 1), (0, 1, 0)])
    trace = run(flat, scores, queries=4)
    second = int(np.argsort(-scores["noise"].values, kind="stable")[1])
    assert queried(trace) == [*(int(np.argmax(scores[name].values)) for name in (names[0], names[2], names[1])), second]


def test_with_one_proxy_the_best_the_worst_and_the_ranking_are_looked_at(benchmark, scores):
    trace = run(benchmark, scores, proxies=("useful",))
    order = np.argsort(-scores["useful"].values, kind="stable")
    assert set(queried(trace)) == {*order[:19].tolist(), int(order[-1])}


def test_useful_proxies_lead_to_better_cells_than_noise(benchmark, scores):
    def mean(*proxies):
        return np.mean([benchmark.validation(run(benchmark, scores, n, proxies=proxies).chosen) for n in range(5)])

    assert mean("useful", "noise", "against") > mean("noise") + 3


def test_missing_scores_add_nothing(benchmark):
    values = np.array(score_table()["score"])
    values[values == 6] = np.nan
    values[0] = -1
    table = {"gaps": Scores(ScoreTable(score_table(values, "gaps")), "gaps", np.arange(SPACE_SIZE))}
    trace = run(benchmark, table, proxies=("gaps",), queries=1)
    assert np.isfinite(trace.values).all()
    np.testing.assert_array_equal(scaled(table["gaps"].values)[np.isnan(values)], 0)


def test_an_incomplete_space_is_kept(benchmark, scores):
    codes = np.sort(np.random.default_rng(0).choice(SPACE_SIZE, size=40, replace=False))
    trace = run(benchmark, scores, space=SearchSpace(codes))
    assert set(trace.codes) <= set(codes.tolist())
    assert len(queried(trace)) == 20
    with pytest.raises(
        ConfigError, match=r"^robot cannot look at 41 different cells: the search space has 40; lower 'queries'.$"
    ):
        run(benchmark, scores, space=SearchSpace(codes), queries=41)


TWO_CELLS = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|",
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_1x1~1|nor_conv_3x3~2|",
)
"""The cell that the ten published runs end at, and the one with the best early accuracy of all on CIFAR-10."""


@pytest.mark.parametrize("dataset", NATS_DATASETS)
def test_with_our_own_scores_most_runs_end_at_the_published_cell_or_at_the_one_before_it(
    shared_data, shipped_scores, tmp_path, dataset
):
    """He et al. 2024, Table 2: scores of each dataset, accuracies of CIFAR-10 for all three; one cell in ten runs.

    Of the two cells the second has the better early accuracy, so a run that looks at both chooses it. What the rest
    does, and what the means are, stands in docs/searches.md.
    """
    path = shipped_scores(dataset)
    truth = nats_truth(shared_data, tmp_path)
    output = tmp_path / "runs.parquet"
    settings = {"algorithm": "robot", "accuracies_of": "cifar10"}
    run_block(Block("label", settings, 0, 49, 2026, "nats-tss"), dataset, Inputs(truth, [path]), output)
    table = pd.read_parquet(output).set_index("dataset")
    assert tuple(table.index.unique()) == NATS_DATASETS
    found = table.loc[dataset]
    ends = found["arch"].value_counts().reindex(TWO_CELLS, fill_value=0)
    assert ends.sum() >= 38
    early = pd.read_parquet(truth["cifar10"]).set_index("arch")["early_valid_accuracy"]
    assert early.idxmax() == TWO_CELLS[1]
    best = {"cifar10": 94.36, "cifar100": 73.51, "ImageNet16-120": 46.34}[dataset]
    assert found.loc[found["arch"] == TWO_CELLS[0], "test_accuracy"].round(2).isin([best]).all()
