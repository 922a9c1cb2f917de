"""Each search does what its description says, step by step."""

from __future__ import annotations

import numpy as np
import pytest
from search_helpers import score_table, truth_table

from tfnas.errors import ConfigError, SearchError
from tfnas.scoring.table import ScoreTable
from tfnas.search.base import EARLY, SCORE, Look, SearchSpace, Trace
from tfnas.search.registry import get_algorithm
from tfnas.search.runner import Scores, run_search
from tfnas.seeds import child_rng
from tfnas.spaces.nats_tss import SPACE_SIZE
from tfnas.truth.benchmark import Benchmark

SPACE = SearchSpace(np.arange(SPACE_SIZE))


@pytest.fixture(scope="module")
def benchmark():
    return Benchmark(truth_table(), "made-up")


@pytest.fixture(scope="module")
def scores():
    table = ScoreTable(score_table())
    return {"made_up": Scores(table, "made_up", np.arange(SPACE_SIZE))}


def run(name, benchmark, scores, run=0, budget=None, space=None, **parameters):
    algorithm = get_algorithm(name)
    parameters = algorithm.settings({"algorithm": name, **parameters}, "label")
    return run_search(algorithm, parameters, child_rng(1, algorithm.stream, run), benchmark, scores, budget, space)


def test_the_space_draws_uniformly_with_replacement_and_fewer_draws_are_the_first_of_more():
    few, many = (SPACE.draw(np.random.default_rng(5), number) for number in (10, 15000))
    assert many[:10] == few
    one_by_one = np.random.default_rng(5)
    assert [SPACE.draw(one_by_one, 1)[0] for _ in range(10)] == few
    assert len(set(many)) < 15000
    counts = np.bincount(SPACE.of.digits(many).ravel(), minlength=5)
    assert abs(counts / counts.sum() - 0.2).max() < 0.01


def test_mutations_are_neighbours_with_the_benchmarks_edge_probabilities():
    rng = np.random.default_rng(0)
    code = 7777
    changed = np.zeros(6)
    for _ in range(3000):
        difference = SPACE.of.digits([SPACE.mutate(code, rng)])[0] != SPACE.of.digits([code])[0]
        assert difference.sum() == 1
        changed += difference
    np.testing.assert_allclose(changed / 3000, [1 / 3, 1 / 6, 1 / 6, 1 / 9, 1 / 9, 1 / 9], atol=0.03)


def test_an_incomplete_space_keeps_to_its_cells():
    near = [7777, *SPACE.of.neighbours(7777)[:4]]
    space = SearchSpace(np.array(sorted(near)))
    rng = np.random.default_rng(0)
    assert set(space.draw(rng, 5)) <= set(near)
    assert {space.mutate(7777, rng) for _ in range(100)} == set(near) - {7777}
    lonely = SearchSpace(np.array([0, 15624]))
    assert lonely.mutate(0, rng) in (0, 15624)
    with pytest.raises(SearchError, match=r"^A sample of 6 cells is larger than the search space, which has 5 cells"):
        space.draw(rng, 6)


def test_a_random_cell_is_one_free_draw(benchmark, scores):
    trace = run("random_cell", benchmark, scores)
    assert trace.codes == [trace.chosen]
    assert trace.spent == 0


def test_proxy_search_takes_the_best_score_of_its_draws_and_sums_the_seconds(benchmark, scores):
    trace = run("proxy_search", benchmark, scores, proxy="made_up", sample=50)
    assert len(trace.codes) == 50
    assert scores["made_up"].values[trace.chosen] == max(scores["made_up"].values[trace.codes])
    assert trace.chosen == trace.codes[int(np.argmax(trace.values))]
    assert (trace.scoring_seconds, trace.training_seconds) == (pytest.approx(12.5), 0)
    np.testing.assert_allclose(trace.seconds, 0.25 * np.arange(1, 51))


def test_cells_without_a_score_come_last(benchmark):
    values = np.full(SPACE_SIZE, np.nan)
    values[: SPACE_SIZE // 2] = -np.arange(SPACE_SIZE // 2) - 1.0
    scores = {"made_up": Scores(ScoreTable(score_table(values)), "made_up", np.arange(SPACE_SIZE))}
    for number in range(5):
        trace = run("proxy_search", benchmark, scores, run=number, proxy="made_up", sample=20)
        assert trace.chosen == min(trace.codes)
        assert np.isfinite(trace.values).all()


def test_unknown_scoring_seconds_stay_unknown_and_cost_no_budget(benchmark):
    scores = {"made_up": Scores(ScoreTable(score_table(seconds=np.nan)), "made_up", np.arange(SPACE_SIZE))}
    trace = run("area", benchmark, scores, budget=50, proxy="made_up")
    assert np.isnan(trace.scoring_seconds)
    assert trace.spent == pytest.approx(trace.training_seconds)
    assert trace.spent >= 50


def test_proxy_search_oracle_and_random_search_draw_the_same_cells(benchmark, scores):
    for number in range(3):
        proxy = run("proxy_search", benchmark, scores, run=number, proxy="made_up", sample=30)
        oracle = run("oracle", benchmark, scores, run=number, sample=30)
        fewer = run("oracle", benchmark, scores, run=number, sample=10)
        random_search = run("random_search", benchmark, scores, run=number, budget=30)
        single = run("random_cell", benchmark, scores, run=number)
        assert proxy.codes == oracle.codes
        assert fewer.codes == oracle.codes[:10]
        assert random_search.codes[:10] == fewer.codes
        assert single.codes == oracle.codes[:1]


def test_the_oracle_takes_the_best_validation_accuracy_for_free(benchmark, scores):
    trace = run("oracle", benchmark, scores, sample=40)
    assert trace.chosen == max(trace.codes, key=benchmark.validation)
    assert trace.spent == 0


def test_the_oracle_of_the_space_looks_at_every_cell_for_free(benchmark, scores):
    trace = run("oracle_space", benchmark, scores)
    assert trace.codes == list(range(SPACE_SIZE))
    assert trace.chosen == max(range(SPACE_SIZE), key=benchmark.validation)
    assert trace.spent == 0
    few = run("oracle_space", benchmark, scores, space=SearchSpace(np.array([3, 700, 9000])))
    assert few.chosen == max([3, 700, 9000], key=benchmark.validation)


@pytest.mark.parametrize("name", ["random_search", "regularised_evolution", "area"])
def test_the_last_query_overshoots_the_budget_or_is_left_out(name, benchmark, scores):
    parameters = {"proxy": "made_up"} if name == "area" else {}
    for number in range(10):
        after = run(name, benchmark, scores, run=number, budget=60, **parameters)
        before = run(name, benchmark, scores, run=number, budget=60, overshoot=False, **parameters)
        assert after.seconds[-2] < 60 <= after.seconds[-1]
        assert before.seconds[-1] <= 60
        assert after.codes[: len(before.codes)] == before.codes
        queried = [code for kind, code in zip(after.kinds, after.codes, strict=True) if kind == EARLY]
        assert after.training_seconds == pytest.approx(sum(benchmark.cost(code) for code in queried))
        assert after.chosen == max(queried, key=benchmark.query)


def test_a_budget_that_is_met_exactly_ends_both_conventions(benchmark, scores):
    table = truth_table().assign(early_seconds=1.5, valid_seconds=0.5)
    exact = Benchmark(table, "made-up")
    for overshoot in (True, False):
        trace = run("random_search", exact, scores, budget=10, overshoot=overshoot)
        assert len(trace.codes) == 5


def test_evolution_is_the_textbook_loop(benchmark, scores):
    """The loop of NATS-Bench's regularized_ea.py, written out, with the same random numbers."""
    rng = child_rng(1, "regularised_evolution", 4)
    population, history, spent = [], [], 0.0

    def look(code):
        nonlocal spent
        member = (benchmark.query(code), code)
        population.append(member)
        history.append(member)
        spent += benchmark.cost(code)

    while len(population) < 10:
        look(SPACE.draw(rng, 1)[0])
    while spent < 300:
        sample = [population[place] for place in rng.integers(10, size=3)]
        parent = max(sample, key=lambda member: member[0])
        look(SPACE.of.mutate(parent[1], rng))
        population.pop(0)

    trace = run("regularised_evolution", benchmark, scores, run=4, budget=300)
    assert trace.codes == [code for _, code in history]
    assert trace.chosen == max(history, key=lambda member: member[0])[1]
    assert trace.training_seconds == pytest.approx(spent)


def test_evolution_beats_random_search_where_mutations_help(benchmark, scores):
    def mean(name):
        return np.mean(
            [benchmark.validation(run(name, benchmark, scores, run=r, budget=200).chosen) for r in range(20)]
        )

    assert mean("regularised_evolution") > mean("random_search")


def test_area_draws_different_members_when_told_as_in_its_algorithm_2(benchmark, scores):
    """A tournament of the whole population, without replacement, always has the best member as parent."""
    settings = {"proxy": "made_up", "population": 6, "tournament": 6, "sample": 12}
    misses = {True: 0, False: 0}
    for number in range(5):
        for replacement in misses:
            trace = run("area", benchmark, scores, run=number, budget=100, replacement=replacement, **settings)
            codes, values, _ = trace.looks(EARLY)
            for place in range(6, len(codes)):
                window = range(place - 6, place)
                best = codes[max(window, key=lambda index: (values[index], -index))]
                changed = np.count_nonzero(SPACE.of.digits([best])[0] != SPACE.of.digits([codes[place]])[0])
                misses[replacement] += changed != 1
    assert misses[False] == 0
    assert misses[True] > 0
    with pytest.raises(ConfigError, match=r"^A tournament of 7 different members needs a population of at least 7"):
        run("area", benchmark, scores, budget=10, replacement=False, **(settings | {"tournament": 7}))


def test_area_with_replacement_stays_what_it_was(benchmark, scores):
    plain = run("area", benchmark, scores, budget=60, proxy="made_up")
    assert run("area", benchmark, scores, budget=60, proxy="made_up", replacement=True) == plain


def test_area_begins_with_the_best_scored_cells_in_their_order(benchmark, scores):
    trace = run("area", benchmark, scores, budget=100, proxy="made_up", sample=20, population=10)
    assert trace.kinds[:31] == [SCORE] * 20 + [EARLY] * 11
    assert trace.scoring_seconds == pytest.approx(5)
    drawn, values = trace.codes[:20], trace.values[:20]
    expected = [drawn[place] for place in np.argsort(-np.array(values), kind="stable")[:10]]
    assert trace.codes[20:30] == expected
    assert trace.seconds[-1] == pytest.approx(trace.scoring_seconds + trace.training_seconds)
    assert trace.seconds[-2] < 100 <= trace.seconds[-1]


def test_settings_that_cannot_be_are_refused(benchmark, scores):
    with pytest.raises(ConfigError, match=r"^area keeps the best 10 of 5 scored cells: raise 'sample' to at least"):
        run("area", benchmark, scores, budget=10, proxy="made_up", sample=5)
    with pytest.raises(ConfigError, match=r"^A population of 4 is larger than the search space, which has 3 cells"):
        run("regularised_evolution", benchmark, scores, budget=10, population=4, space=SearchSpace(np.arange(3)))
    message = r"^A sample of 15626 cells is larger than the search space, which has 15625 cells: lower the sample.$"
    with pytest.raises(SearchError, match=message):
        run("proxy_search", benchmark, scores, proxy="made_up", sample=15626)
    with pytest.raises(SearchError, match=message):
        run("oracle", benchmark, scores, sample=15626)


def test_a_budget_spent_on_scoring_alone_is_explained(benchmark, scores):
    with pytest.raises(
        SearchError, match=r"^Search 'area' spent its budget of 4 s on 'made-up' before it could look at one"
    ):
        run("area", benchmark, scores, budget=4, proxy="made_up")


def test_searches_get_no_look_they_are_not_registered_for(benchmark, scores, monkeypatch):
    algorithm = get_algorithm("random_search")
    monkeypatch.setattr(algorithm.build, "ask", lambda self: Look("validation", [0]))
    with pytest.raises(SearchError, match="asked for a look of kind 'validation', but is registered for early only"):
        run("random_search", benchmark, scores, budget=10)


def test_a_search_object_holds_neither_benchmark_nor_accuracies_it_did_not_ask_for():
    for name, extra in (("random_search", {}), ("regularised_evolution", {}), ("area", {"proxy": "made_up"})):
        search = get_algorithm(name).build(SPACE, np.random.default_rng(0), **extra)
        assert not any(isinstance(value, Benchmark) for value in vars(search).values())


def test_a_trace_without_a_look_has_nothing_best():
    with pytest.raises(SearchError, match=r"^The search has not looked at any cell"):
        Trace().best(EARLY)
