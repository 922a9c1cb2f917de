"""tfnas on made-up scores, where every step can be checked from the trace, and on the real ground truth."""

from __future__ import annotations

import numpy as np
import pytest
from search_helpers import NATS_DATASETS, score_table, truth_table

from tfnas.errors import ConfigError
from tfnas.scoring.table import ScoreTable
from tfnas.search.base import EARLY, SCORE, SearchSpace
from tfnas.search.registry import get_algorithm
from tfnas.search.runner import Scores, run_search
from tfnas.seeds import child_rng
from tfnas.spaces.nats_tss import EDGES, SPACE, SPACE_SIZE, Cell
from tfnas.truth.benchmark import Benchmark

PROXIES = ["smooth", "rough"]


@pytest.fixture(scope="module")
def benchmark():
    return Benchmark(truth_table(), "made-up")


@pytest.fixture(scope="module")
def scores():
    rng = np.random.default_rng(7)
    tables = {
        "smooth": np.array(score_table()["score"], dtype=float) * 100,
        "rough": np.where(rng.random(SPACE_SIZE) < 0.1, np.nan, -rng.uniform(1, 1000, size=SPACE_SIZE)),
    }
    return {name: Scores(ScoreTable(score_table(v, name)), name, np.arange(SPACE_SIZE)) for name, v in tables.items()}


def run(name, benchmark, scores, number=0, space=None, **parameters):
    algorithm = get_algorithm(name)
    parameters = algorithm.settings({"algorithm": name, "proxies": PROXIES, **parameters}, "label")
    return run_search(algorithm, parameters, child_rng(1, name, number), benchmark, scores, None, space)


def scored(trace):
    """The cells in the order of their first score."""
    return list(dict.fromkeys(c for kind, c in zip(trace.kinds, trace.codes, strict=True) if kind == SCORE))


def slow_sums(scores, codes):
    """FreeREA's score of some cells, written out: each proxy over its largest magnitude among them."""
    totals = [0.0] * len(codes)
    for proxy in PROXIES:
        values = [scores[proxy].values[code] for code in codes]
        largest = max(abs(value) for value in values) + 1e-9
        totals = [total + value / largest for total, value in zip(totals, values, strict=True)]
    return totals


def neighbours(code):
    return set(SPACE.neighbours(code))


def could_be_child(code, elite):
    """Whether a cell is a one-edge mutation of a member, or takes each edge from one of two members."""
    if any(code in neighbours(member) for member in elite):
        return True
    operations = Cell.from_code(code).operations
    cells = [Cell.from_code(member).operations for member in elite]
    return any(
        all(operations[edge] in (one[edge], other[edge]) for edge in range(len(EDGES)))
        for one in cells
        for other in cells
    )


def test_every_cell_is_scored_once_by_every_proxy(benchmark, scores):
    trace = run("tfnas", benchmark, scores)
    assert trace.scored == dict.fromkeys(PROXIES, len(scored(trace)))
    assert len(trace) == 2 * len(scored(trace))
    assert set(trace.kinds) == {SCORE}
    assert trace.training_seconds == 0


@pytest.mark.parametrize("number", range(3))
def test_generations_are_children_of_the_elite_of_all_cells_so_far(benchmark, scores, number):
    space = SearchSpace(np.arange(SPACE_SIZE))
    codes = scored(run("tfnas", benchmark, scores, number, initial=20, cells=60, elite=4, children=5))
    first = list(dict.fromkeys(space.draw(child_rng(1, "tfnas", number), 20)))
    assert codes[: len(first)] == first
    known = len(first)
    while known < 60:
        sums = slow_sums(scores, codes[:known])
        elite = [codes[place] for place in sorted(range(known), key=lambda place: -sums[place])[:4]]
        generation = codes[known : known + 5]
        assert all(could_be_child(code, elite) for code in generation)
        known += 5


@pytest.mark.parametrize("number", range(5))
def test_it_ends_where_no_neighbour_is_better(benchmark, scores, number):
    trace = run("tfnas", benchmark, scores, number, initial=10, cells=10)
    codes = scored(trace)
    sums = dict(zip(codes, slow_sums(scores, codes), strict=True))
    assert trace.chosen == max(codes, key=sums.__getitem__)
    assert neighbours(trace.chosen) <= set(codes)


def test_it_keeps_to_its_space(benchmark, scores):
    codes = np.sort(np.random.default_rng(3).choice(SPACE_SIZE, 400, replace=False))
    for number in range(5):
        trace = run("tfnas", benchmark, scores, number, SearchSpace(codes), initial=10, cells=40)
        assert set(scored(trace)) <= set(codes.tolist())
        assert neighbours(trace.chosen) & set(codes.tolist()) <= set(scored(trace))


def test_a_space_without_a_further_cell_ends_the_search(benchmark, scores):
    codes = np.array([5, 900, 12000])
    trace = run("tfnas", benchmark, scores, 0, SearchSpace(codes), initial=3, cells=100)
    assert set(scored(trace)) <= set(codes.tolist())


@pytest.mark.parametrize("trust", [0, 0.5, 3])
def test_queries_are_the_best_by_score_and_the_choice_weighs_both(benchmark, scores, trust):
    trace = run("tfnas_queries", benchmark, scores, queries=6, trust=trust)
    codes = scored(trace)
    sums = dict(zip(codes, slow_sums(scores, codes), strict=True))
    looked, accuracies, _ = trace.looks(EARLY)
    assert looked.tolist() == sorted(codes, key=lambda code: -sums[code])[:6]
    assert trace.training_seconds == pytest.approx(sum(benchmark.cost(int(code)) for code in looked))
    own = np.array([sums[code] for code in looked.tolist()])
    merit = (accuracies - accuracies.mean()) / accuracies.std() + trust * (own - own.mean()) / own.std()
    assert trace.chosen == looked[merit.argmax()]


def test_equal_accuracies_leave_the_choice_to_the_scores(scores):
    truth = truth_table()
    trace = run("tfnas_queries", Benchmark(truth.assign(early_valid_accuracy=50.0), "flat"), scores, queries=4)
    assert trace.chosen == trace.looks(EARLY)[0][0]


def test_more_queries_than_scored_cells_look_at_all_of_them(benchmark, scores):
    codes = np.array([5, 900, 12000])
    trace = run("tfnas_queries", benchmark, scores, 0, SearchSpace(codes), initial=3, cells=3, queries=10)
    assert set(trace.looks(EARLY)[0].tolist()) == set(scored(trace))


def test_a_beginning_that_does_not_fit_is_refused(benchmark, scores):
    with pytest.raises(ConfigError, match=r"tfnas begins with 30 cells, more than the 10 .* lower 'initial'"):
        run("tfnas", benchmark, scores, cells=10)
    with pytest.raises(ConfigError, match=r"tfnas begins with 30 cells, more than the 3 "):
        run("tfnas", benchmark, scores, 0, SearchSpace(np.array([1, 2, 3])))


def test_groups_and_budget():
    free, queries = get_algorithm("tfnas"), get_algorithm("tfnas_queries")
    assert (free.group, free.needs_early) == ("training-free", False)
    assert (queries.group, queries.needs_early, queries.needs_budget) == ("hybrid", True, False)


@pytest.mark.parametrize("dataset", NATS_DATASETS)
@pytest.mark.parametrize(
    "settings",
    [
        {"algorithm": "tfnas", "proxies": ["naswot", "logsynflow", "skip"]},
        {"algorithm": "tfnas", "proxies": ["flops", "skip"]},
        {"algorithm": "tfnas_queries", "proxies": ["naswot", "logsynflow"]},
    ],
    ids=["training-free", "counts alone", "ten queries, no skip term"],
)
def test_it_ties_the_best_published_searches_in_every_run(nats_accuracies, settings, dataset):
    published = {"cifar10": 94.36, "cifar100": 73.51, "ImageNet16-120": 46.34}[dataset]  # RoBoT, FreeREA
    assert nats_accuracies(dataset, settings, 30).to_numpy() == pytest.approx(published, abs=0.01)
