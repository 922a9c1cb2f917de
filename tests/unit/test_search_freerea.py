"""FreeREA and its baseline: each step by hand, whole runs against a slow loop, and the published numbers."""

from __future__ import annotations

import numpy as np
import pytest
from search_helpers import NATS_DATASETS, score_table, truth_table

from tfnas.errors import ConfigError
from tfnas.scoring.table import ScoreTable
from tfnas.search import freerea
from tfnas.search.base import Look, SearchSpace, Trace
from tfnas.search.freerea import FreeRea, FreeReaMinus
from tfnas.search.registry import get_algorithm
from tfnas.search.runner import Scores, run_search
from tfnas.seeds import child_rng
from tfnas.spaces.nats_tss import SPACE_SIZE, Cell
from tfnas.truth.benchmark import Benchmark

SPACE = SearchSpace(np.arange(SPACE_SIZE))
RUNS = 100


@pytest.fixture(scope="module")
def benchmark():
    return Benchmark(truth_table(), "made-up")


@pytest.fixture(scope="module")
def scores():
    """Three made-up proxies over all cells, on different scales, one of them mostly zero, with many ties."""
    digits = SPACE.of.digits(np.arange(SPACE_SIZE))
    noise = np.random.default_rng(0).normal(size=(2, SPACE_SIZE))
    made = {
        "naswot": 500 + 40 * np.isin(digits, (2, 3)).sum(axis=1) + np.round(5 * noise[0]),
        "logsynflow": 1e6 * (digits == 3).sum(axis=1) ** 2 + 1e5 * np.round(noise[1], 1),
        "skip": np.where(digits[:, 3] == 1, 2.0, 0.0) / np.maximum((digits == 1).sum(axis=1), 1),
    }
    return {
        name: Scores(ScoreTable(score_table(values, name)), name, np.arange(SPACE_SIZE))
        for name, values in made.items()
    }


def run(name, benchmark, scores, run=0, space=None, **parameters):
    algorithm = get_algorithm(name)
    parameters = algorithm.settings({"algorithm": name, **parameters}, "label")
    return run_search(algorithm, parameters, child_rng(1, algorithm.stream, run), benchmark, scores, None, space)


def search(**parameters):
    """A search whose proxies are 'a' and 'b', to be moved into a state by hand."""
    made = FreeRea(SPACE, np.random.default_rng(0), proxies=["a", "b"], population=3, tournament=2, cells=10)
    for name, value in parameters.items():
        setattr(made, name, value)
    return made


def naive_sums(cells, names, scores):
    """The score of each cell by the maxima of these cells, one term after the other."""
    sums = []
    for cell in cells:
        total = 0.0
        for name in names:
            largest = max(abs(scores[name].values[other]) for other in cells)
            total += scores[name].values[cell] / (largest + 1e-9)
        sums.append(total)
    return sums


def best_first(cells, names, scores):
    sums = naive_sums(cells, names, scores)
    return [cells[place] for place in sorted(range(len(cells)), key=lambda place: -sums[place])]


def test_the_maximum_is_taken_inside_the_set_that_is_ranked():
    made = search(history={1: [10.0, 1.0], 2: [6.0, 2.0], 3: [0.0, 8.0]})
    # Among 1 and 2: 1 + 0.5 against 0.6 + 1; cell 3 changes the scale of b: 1.125, 0.85, 1.
    assert made.ranked([1, 2]) == [2, 1]
    assert made.ranked([1, 2, 3]) == [1, 3, 2]


def test_a_proxy_that_is_zero_throughout_adds_nothing_and_signs_count():
    made = search(history={1: [0.0, -4.0], 2: [0.0, -2.0], 3: [0.0, 1.0]})
    assert made.ranked([1, 2, 3]) == [3, 2, 1]
    made.history = {1: [0.0, 0.0], 2: [0.0, 0.0]}
    assert made.ranked([2, 1]) == [2, 1]


def test_equal_scores_keep_the_given_order():
    made = search(history={code: [1.0, 1.0] for code in (7, 5, 6)})
    assert made.ranked([7, 5, 6]) == [7, 5, 6]


def test_the_oldest_dies_before_the_worst_are_dropped():
    history = {code: [float(code), 1.0] for code in range(1, 7)}
    made = search(history=history, members={6: 0, 5: 2, 1: 1, 2: 2, 3: 2}, unborn=[3])
    made.survive()  # 6 is the best, but the oldest; 1 is the worst of the others
    assert made.members == {5: 2, 2: 2, 3: 2}
    assert (made.unborn, made.generation) == ([], 1)


def test_age_alone_decides_when_one_is_too_many():
    history = {code: [float(code), 1.0] for code in range(1, 5)}
    made = search(history=history, members={4: 0, 1: 1, 2: 1, 3: 1})
    made.survive()
    assert made.members == {1: 1, 2: 1, 3: 1}


def test_nobody_dies_of_age_when_all_are_equally_old():
    history = {code: [float(code), 1.0] for code in range(1, 6)}
    made = search(history=history, members=dict.fromkeys((5, 4, 1, 2, 3), 4))
    made.survive()
    assert made.members == {5: 4, 4: 4, 3: 4}


def test_equally_old_members_die_with_equal_probability():
    deaths = {1: 0, 2: 0}
    for seed in range(400):
        made = search(history={code: [1.0, 1.0] for code in range(1, 5)}, members={1: 0, 2: 0, 3: 1, 4: 1})
        made.rng = np.random.default_rng(seed)
        made.survive()
        (dead,) = {1, 2} - set(made.members)
        deaths[dead] += 1
    assert abs(deaths[1] - 200) < 60  # standard deviation 10


def test_three_children_of_the_two_best_of_the_tournament():
    parents = [Cell(("nor_conv_3x3",) * 6).code, Cell(("skip_connect",) * 6).code]
    history = {0: [1.0, 1.0], parents[0]: [3.0, 3.0], parents[1]: [2.0, 2.0]}
    for seed in range(20):
        made = search(history=dict(history), members=dict.fromkeys(history, 0), tournament=3)
        made.rng = np.random.default_rng(seed)
        new = made.breed()
        changed = [(SPACE.of.digits([child]) != SPACE.of.digits(parents)).sum(axis=1).tolist() for child in new]
        assert [row[0] for row in changed[:1]] == [1]
        assert changed[1][1] == 1
        if len(new) == 3:
            assert sum(changed[2]) == 6  # each edge is that of one parent
        assert made.unborn == new
        assert all(made.members[child] == 1 for child in new)


def test_a_known_child_grows_young_and_a_dead_one_comes_back_unscored(monkeypatch):
    made = search(history={1: [1.0, 1.0], 2: [2.0, 2.0], 3: [3.0, 3.0]}, members={1: 0, 2: 0}, generation=4)
    children = iter([2, 3])
    monkeypatch.setattr(SearchSpace, "mutate", lambda *_: next(children))
    monkeypatch.setattr(type(SPACE.of), "crossover", lambda self, mother, father, rng: mother)
    assert made.breed() == []
    assert made.members == {1: 0, 2: 5, 3: 5}
    assert made.unborn == []


def test_new_cells_enter_no_tournament_before_they_survive(monkeypatch):
    made = search(history={1: [1.0, 1.0], 2: [2.0, 2.0], 3: [9.0, 9.0]}, members={1: 0, 2: 0, 3: 1}, unborn=[3])
    monkeypatch.setattr(SearchSpace, "mutate", lambda self, code, rng, node_first: code)
    for _ in range(20):
        made.breed()
        assert made.members[3] == 1


@pytest.mark.parametrize("proxies", [["naswot", "logsynflow", "skip"], ["naswot", "logsynflow"], ["skip"]])
@pytest.mark.parametrize("mutation", ["edge", "node_first"])
def test_a_run_is_the_loop_written_out(benchmark, scores, proxies, mutation):
    """FreeREA with lists and loops, and the same random numbers."""
    for number in range(2):
        rng = child_rng(1, "freerea", number)
        population = [[code, 0] for code in dict.fromkeys(SPACE.draw(rng, 30))]
        history = [code for code, _ in population]
        newborn, generation = [], 0
        while generation == 0 or len(history) < 90:
            while len(population) <= 30:
                adults = [code for code, _ in population if code not in newborn]
                sample = [adults[place] for place in rng.choice(len(adults), 8, replace=False)]
                first, second = best_first(sample, proxies, scores)[:2]
                children = [SPACE.of.mutate(code, rng, mutation) for code in (first, second)]
                children.append(SPACE.of.crossover(first, second, rng))
                for child in children:
                    for member in population:
                        if member[0] == child:
                            member[1] = generation + 1
                            break
                    else:
                        population.append([child, generation + 1])
                    if child not in history:
                        history.append(child)
                        newborn.append(child)
            ages = [age for _, age in population]
            if len(set(ages)) > 1:
                oldest = [member for member in population if member[1] == min(ages)]
                population.remove(oldest[int(rng.integers(len(oldest)))])
            order = best_first([code for code, _ in population], proxies, scores)
            population = [member for member in population if member[0] in order[:30]]
            newborn, generation = [], generation + 1

        trace = run(
            "freerea", benchmark, scores, number, proxies=proxies, population=30, tournament=8, cells=90,
            mutation=mutation,
        )  # fmt: skip
        assert list(dict.fromkeys(trace.codes)) == history
        assert len(trace.codes) == len(proxies) * len(history)
        assert trace.chosen == best_first(history, proxies, scores)[0]


def test_the_baseline_is_the_loop_written_out(benchmark, scores):
    names = ["naswot", "logsynflow", "skip"]
    rng = child_rng(1, "freerea_minus", 3)
    population = SPACE.draw(rng, 30)
    history = list(dict.fromkeys(population))
    while len(history) < 80:
        sample = [population[place] for place in rng.integers(30, size=5)]
        child = SPACE.of.mutate(best_first(sample, names, scores)[0], rng, "edge")
        population = [*population[1:], child]
        if child not in history:
            history.append(child)
    trace = run("freerea_minus", benchmark, scores, 3, population=30, cells=80)
    assert list(dict.fromkeys(trace.codes)) == history
    assert trace.chosen == best_first(history, names, scores)[0]


@pytest.mark.parametrize("name", ["freerea", "freerea_minus"])
def test_every_distinct_cell_is_scored_once_with_every_proxy(benchmark, scores, name):
    for number in range(5):
        trace = run(name, benchmark, scores, number)
        cells = len(set(trace.codes))
        assert 230 <= cells < 233
        assert len(trace.codes) == 3 * cells
        assert np.bincount(trace.codes).max() == 3
        assert trace.scoring_seconds == pytest.approx(0.25 * len(trace.codes))
        assert trace.training_seconds == 0


def test_runs_repeat_themselves_and_differ_from_one_another(benchmark, scores):
    for name in ("freerea", "freerea_minus"):
        first, again, other = (run(name, benchmark, scores, number) for number in (0, 0, 1))
        assert first == again
        assert first.codes != other.codes


def test_the_ablation_begins_with_the_same_cells(benchmark, scores):
    three = run("freerea", benchmark, scores)
    two = run("freerea", benchmark, scores, proxies=["naswot", "logsynflow"])
    assert three.codes[:90] == two.codes[:90]


def test_evolution_finds_better_cells_than_its_first_draws(benchmark, scores):
    proxies = ["naswot", "logsynflow"]
    for number in range(5):
        trace = run("freerea", benchmark, scores, number, proxies=proxies)
        assert best_first([trace.chosen, *trace.codes[:100]], proxies, scores)[0] == trace.chosen
        assert trace.chosen not in trace.codes[:100]


@pytest.mark.parametrize("name", ["freerea", "freerea_minus"])
def test_an_incomplete_space_is_kept_to_and_searched_to_its_end(benchmark, scores, name):
    codes = 600 + np.arange(25)  # two edges are free
    trace = run(name, benchmark, scores, space=SearchSpace(codes), population=10, tournament=4)
    assert set(trace.codes) == set(codes.tolist())
    lonely = SearchSpace(np.array([0, 7777, 15624]))
    trace = run(name, benchmark, scores, space=lonely, population=3, tournament=2, cells=3)
    assert set(trace.codes) <= {0, 7777, 15624}


@pytest.mark.parametrize("made", [FreeRea, FreeReaMinus])
def test_a_search_that_finds_nothing_new_ends(made, monkeypatch):
    monkeypatch.setattr(SearchSpace, "mutate", lambda self, code, *_: code)
    monkeypatch.setattr(type(SPACE.of), "crossover", lambda self, mother, father, rng: mother)
    monkeypatch.setattr(freerea, "STALE_EVENTS", 20)
    finished = made(SPACE, np.random.default_rng(0), proxies=["a"], population=5, tournament=3)
    look = finished.ask()
    finished.tell(look, [float(code) for code in look.codes])
    assert finished.ask() is None
    assert finished.choose(Trace()) == max(look.codes)


def test_looks_are_asked_for_one_proxy_after_the_other():
    made = FreeRea(SPACE, np.random.default_rng(0), proxies=["a", "b"], population=4, tournament=2, cells=10)
    first = made.ask()
    assert isinstance(first, Look)
    assert (first.proxy, len(first.codes)) == ("a", 4)
    made.tell(first, [1.0, 2.0, 3.0, 4.0])
    second = made.ask()
    assert (second.proxy, second.codes) == ("b", first.codes)
    made.tell(second, [1.0, 1.0, 1.0, 1.0])
    assert made.ask().proxy == "a"
    assert made.history[first.codes[1]] == (2.0, 1.0)


def test_settings_that_cannot_be_are_refused(benchmark, scores):
    with pytest.raises(ConfigError, match=r"^A population of 100 is larger than the search space, which has 3 cells"):
        run("freerea", benchmark, scores, space=SearchSpace(np.arange(3)))
    with pytest.raises(ConfigError, match=r"^FreeREA cannot draw a tournament of 25 from a population of 10: lower"):
        run("freerea", benchmark, scores, population=10)
    for name in ("freerea", "freerea_minus"):
        with pytest.raises(ConfigError, match=r"^FreeREA begins with 100 scored cells, more than the 50 after which"):
            run(name, benchmark, scores, cells=50)
    with pytest.raises(ConfigError, match="tournament of 'freerea' is 1: it should be greater than or equal to 2"):
        run("freerea", benchmark, scores, tournament=1)
    assert run("freerea_minus", benchmark, scores, population=3, tournament=4, cells=10)


@pytest.mark.parametrize(
    ("proxies", "expected"),
    # Recomputed on the authors' cached scores, each dataset searched by itself, 100 runs of 210 to 245 cells.
    [(["naswot", "logsynflow", "skip"], (94.35, 73.49, 46.35)), (["naswot", "logsynflow"], (93.75, 71.11, 41.53))],
    ids=["freerea", "without skip"],
)
@pytest.mark.parametrize("dataset", NATS_DATASETS)
def test_the_published_accuracies_with_our_own_scores(nats_accuracies, proxies, expected, dataset):
    accuracies = nats_accuracies(dataset, {"algorithm": "freerea", "proxies": proxies}, RUNS)
    assert accuracies.mean() == pytest.approx(expected[NATS_DATASETS.index(dataset)], abs=0.1)
