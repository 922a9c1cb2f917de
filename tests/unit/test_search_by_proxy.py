"""Searches that only read scores: evolution on a proxy, and the best score of the whole space."""

from __future__ import annotations

import numpy as np
import pytest
from search_helpers import NATS_DATASETS, score_table, truth_table

from tfnas.errors import ConfigError
from tfnas.scoring.table import ScoreTable
from tfnas.search.base import SCORE, Look, SearchSpace
from tfnas.search.plain_evolution import PlainEvolution
from tfnas.search.registry import get_algorithm
from tfnas.search.runner import Scores, run_search
from tfnas.seeds import child_rng
from tfnas.spaces.nats_tss import SPACE_SIZE
from tfnas.truth.benchmark import Benchmark

EVERY = np.arange(SPACE_SIZE)
SPACE = SearchSpace(EVERY)


@pytest.fixture(scope="module")
def benchmark():
    return Benchmark(truth_table(), "made-up")


def scored(values=None):
    return {"made_up": Scores(ScoreTable(score_table(values)), "made_up", EVERY)}


def run(name, benchmark, scores, number=0, space=None, proxy="made_up", **parameters):
    algorithm = get_algorithm(name)
    parameters = algorithm.settings({"proxy": proxy, **parameters}, "label")
    return run_search(algorithm, parameters, child_rng(1, name, number), benchmark, scores, None, space)


@pytest.fixture(scope="module")
def noisy():
    """Scores without ties that rise with 3x3 convolutions."""
    values = (SPACE.of.digits(EVERY) == 3).sum(axis=1) + np.random.default_rng(5).uniform(0, 0.9, size=SPACE_SIZE)
    return scored(values)


def test_evolution_scores_as_many_cells_as_told_and_the_best_ever_wins(benchmark, noisy):
    for evaluations in (10, 11, 300):
        trace = run("plain_evolution", benchmark, noisy, evaluations=evaluations)
        assert len(trace.codes) == evaluations
        assert set(trace.kinds) == {SCORE}
        assert trace.chosen == trace.codes[int(np.argmax(trace.values))]
        assert (trace.scoring_seconds, trace.training_seconds) == (pytest.approx(0.25 * evaluations), 0)


def test_the_first_population_is_drawn_uniformly_and_a_run_is_reproducible(benchmark, noisy):
    trace = run("plain_evolution", benchmark, noisy, number=2, population=20)
    assert trace.codes[:20] == SPACE.draw(child_rng(1, "plain_evolution", 2), 20)
    assert trace.codes == run("plain_evolution", benchmark, noisy, number=2, population=20).codes
    assert trace.codes != run("plain_evolution", benchmark, noisy, number=3, population=20).codes


def test_with_age_the_parent_is_one_of_the_youngest_and_the_best_of_its_tournament(benchmark, noisy):
    value = noisy["made_up"].values
    for tournament in (1, 500):
        codes = run("plain_evolution", benchmark, noisy, evaluations=200, population=5, tournament=tournament).codes
        for place in range(5, 200):
            alive = codes[place - 5 : place]
            parents = alive if tournament == 1 else [max(alive, key=value.__getitem__)]
            assert any(codes[place] in SPACE.of.neighbours(parent) for parent in parents)


def test_with_score_the_worst_member_dies_and_no_cell_lives_twice(benchmark, noisy):
    value = noisy["made_up"].values
    codes = run(
        "plain_evolution", benchmark, noisy, survival="score", evaluations=200, population=5, tournament=500
    ).codes
    alive = set(codes[:5])
    for code in codes[5:]:
        assert code in SPACE.of.neighbours(max(alive, key=value.__getitem__))
        alive = set(sorted(alive | {code}, key=value.__getitem__)[-5:])


def test_the_oldest_of_equals_dies_and_copies_are_not_added():
    search = PlainEvolution(SPACE, np.random.default_rng(0), proxy="made_up", survival="score", population=3)
    search.tell(Look(SCORE, [1, 2, 1]), [5.0, 5.0, 5.0])
    assert list(search.members) == [(5.0, 1), (5.0, 2)]
    search.tell(Look(SCORE, [3]), [5.0])
    search.tell(Look(SCORE, [4]), [5.0])
    assert list(search.members) == [(5.0, 2), (5.0, 3), (5.0, 4)]
    search.tell(Look(SCORE, [9]), [1.0])
    assert list(search.members) == [(5.0, 2), (5.0, 3), (5.0, 4)]


@pytest.mark.parametrize(
    ("mutation", "shares"), [("node_first", [1 / 3, 1 / 6, 1 / 6, 1 / 9, 1 / 9, 1 / 9]), ("edge", [1 / 6] * 6)]
)
def test_mutations_have_the_edge_probabilities_of_the_benchmark_or_equal_ones(mutation, shares):
    search = PlainEvolution(SPACE, np.random.default_rng(0), proxy="made_up", mutation=mutation)
    parent = SPACE.of.digits([7777])[0]
    children = SPACE.of.digits([search._child(7777) for _ in range(4000)])
    changed = children != parent
    assert (changed.sum(axis=1) == 1).all()
    np.testing.assert_allclose(changed.mean(axis=0), shares, atol=0.03)
    operations = np.bincount(children[changed[:, 0], 0], minlength=5) / changed[:, 0].sum()
    np.testing.assert_allclose(np.delete(operations, parent[0]), 0.25, atol=0.06)


def test_evolution_keeps_to_an_incomplete_space(benchmark, noisy):
    for codes in (np.arange(0, SPACE_SIZE, 3), np.array([0, 15624])):
        space = SearchSpace(codes)
        trace = run("plain_evolution", benchmark, noisy, space=space, evaluations=60, population=2)
        assert set(trace.codes) <= set(codes.tolist())


def test_evolution_finds_better_scores_than_random_draws(benchmark, noisy):
    for survival in ("age", "score"):
        ours = [
            max(run("plain_evolution", benchmark, noisy, r, evaluations=200, survival=survival).values)
            for r in range(20)
        ]
        draws = [max(run("proxy_search", benchmark, noisy, r, sample=200).values) for r in range(20)]
        assert np.mean(ours) > np.mean(draws)


def test_populations_that_cannot_be_are_refused(benchmark, noisy):
    with pytest.raises(ConfigError, match=r"^A population of 10 is larger than the search space, which has 3 cells"):
        run("plain_evolution", benchmark, noisy, space=SearchSpace(np.arange(3)))
    with pytest.raises(ConfigError, match=r"^plain_evolution scores 9 cells in all, fewer than its population of 10: "):
        run("plain_evolution", benchmark, noisy, evaluations=9)


def test_the_argmax_scores_the_whole_space_and_takes_the_best(benchmark, noisy):
    trace = run("proxy_argmax", benchmark, noisy)
    assert len(trace.codes) == SPACE_SIZE
    assert trace.chosen == int(np.argmax(noisy["made_up"].values))
    assert trace.scoring_seconds == pytest.approx(0.25 * SPACE_SIZE)
    part = SearchSpace(np.arange(0, SPACE_SIZE, 7))
    chosen = run("proxy_argmax", benchmark, noisy, space=part).chosen
    assert chosen == max(part.codes.tolist(), key=noisy["made_up"].values.__getitem__)


def test_the_argmax_draws_among_equals_and_ranks_missing_scores_last(benchmark):
    values = np.full(SPACE_SIZE, np.nan)
    values[[5, 700, 9000]] = -2.0
    values[8] = -3.0
    scores = scored(values)
    chosen = [run("proxy_argmax", benchmark, scores, number).chosen for number in range(300)]
    counts = [chosen.count(code) for code in (5, 700, 9000)]
    assert sum(counts) == 300
    assert min(counts) > 70  # 100 expected, standard deviation 8
    assert chosen[:5] == [run("proxy_argmax", benchmark, scores, number).chosen for number in range(5)]


@pytest.mark.parametrize("dataset", NATS_DATASETS)
def test_evolution_reaches_the_highest_naswot_score_of_the_real_space(shipped_scores, benchmark, dataset):
    scores = {"naswot": Scores(ScoreTable.read(shipped_scores(dataset)), "naswot", EVERY)}
    best = run("proxy_argmax", benchmark, scores, proxy="naswot").chosen
    found = [
        run("plain_evolution", benchmark, scores, number, proxy="naswot", survival="score").chosen
        for number in range(20)
    ]
    assert scores["naswot"].values[best] == scores["naswot"].values.max()
    assert found.count(best) >= 10
