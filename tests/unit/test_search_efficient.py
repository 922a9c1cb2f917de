"""Searches that weigh a cost: the three rewards by hand, the generations of NSGA-II, both on made-up costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from search_helpers import costs_of, nats_truth, score_table, truth_table, write

from tfnas.errors import ConfigError, SearchError, UnknownNameError
from tfnas.scoring.table import ScoreTable
from tfnas.search.base import EARLY, SCORE, Look, SearchSpace, Trace
from tfnas.search.block import Block
from tfnas.search.efficient_search import EfficientSearch
from tfnas.search.nsga2 import Nsga2
from tfnas.search.pareto import pareto_front
from tfnas.search.registry import get_algorithm
from tfnas.search.runner import Inputs, Scores, run_block, run_search
from tfnas.seeds import child_rng
from tfnas.spaces.nats_tss import SPACE_SIZE
from tfnas.spaces.registry import get_space
from tfnas.truth.benchmark import Benchmark
from tfnas.truth.latencies import convert

ALL = np.arange(SPACE_SIZE)
CONVOLUTIONS = (get_space().digits(ALL) == 3).sum(axis=1)
PARAMS = CONVOLUTIONS * 100.0 + 100 + ALL / SPACE_SIZE
COSTS = costs_of(params=PARAMS, phone=1.0 + CONVOLUTIONS)
SPACE = SearchSpace(ALL, COSTS)


@pytest.fixture(scope="module")
def benchmark():
    return Benchmark(truth_table(), "one")


@pytest.fixture(scope="module")
def scores():
    """The score is the number of 3x3 convolutions, as the cost is."""
    return {"made_up": Scores(ScoreTable(score_table()), "made_up", ALL)}


def run(name, benchmark, scores, seed=0, space=SPACE, budget=None, **settings):
    algorithm = get_algorithm(name)
    settings = algorithm.settings({"proxy": "made_up"} | settings if algorithm.needs_scores else settings, "label")
    return run_search(algorithm, settings, child_rng(seed, name), benchmark, scores, budget, space)


def told(**settings):
    """An efficient search that has seen the scores 5, 7, 7 and 9 of cells that cost 1, 2, 4 and 8 times the target."""
    costs = np.full(SPACE_SIZE, np.nan)
    codes = np.array([10, 20, 30, 40])
    costs[codes] = [50.0, 100.0, 200.0, 400.0]
    space = SearchSpace(codes, costs_of(flops=costs))
    settings |= {"proxy": "p", "cost": "flops", "target": 50, "evaluations": 4, "population": 4}
    search = EfficientSearch(space, np.random.default_rng(0), **settings)
    search.ask()
    search.tell(Look(SCORE, [20, 10, 40, 30]), [7.0, 5.0, 9.0, 7.0])
    search.tell(Look(SCORE, [10]), [5.0])  # seen before: does not count again
    return search


@pytest.mark.parametrize(
    ("settings", "rewards", "best"),
    [
        # Relative ranks of 5, 7, 7, 9: 1/4, 2.5/4, 2.5/4, 1.
        ({"reward": "hard"}, [0.25, 0, 0, 0], 10),
        ({"reward": "product", "exponent": 0}, [0.25, 0.625, 0.625, 1], 40),
        ({"reward": "product", "exponent": -1}, [0.25, 0.3125, 0.15625, 0.125], 20),
        ({"reward": "difference", "weight": 0.5}, [0.125, 0.3125 - 0.5, 0.3125 - 1.5, 0.5 - 3.5], 10),
        ({"reward": "difference", "weight": 0.9}, [0.225, 0.5625 - 0.1, 0.5625 - 0.3, 0.9 - 0.7], 20),
    ],
)
def test_the_rewards_by_hand(settings, rewards, best):
    search = told(**settings)
    found = [search.reward_of(score, code) for score, code in zip((5, 7, 7, 9), (10, 20, 30, 40), strict=True)]
    np.testing.assert_allclose(found, rewards, atol=1e-12)
    assert search.choose(Trace()) == best


def test_of_equal_rewards_the_cheaper_cell_wins_and_then_the_earlier():
    assert told(reward="difference", weight=1.0).choose(Trace()) == 40
    search = told(reward="product", exponent=0)
    search.history = {30: 7.0, 20: 7.0}
    assert search.choose(Trace()) == 20
    search = told(reward="hard")
    search.history = {30: 7.0, 40: 9.0}
    assert search.choose(Trace()) == 30, "nothing meets the limit: the cheapest is nearest"


def test_the_default_exponent_is_that_of_mnasnet():
    search = told()
    assert search.reward_of(9, 40) == pytest.approx(8**-0.07)


@pytest.mark.parametrize("seed", range(3))
def test_a_hard_limit_is_met_and_used_up(benchmark, scores, seed):
    trace = run("efficient_search", benchmark, scores, seed, cost="phone", target=4, reward="hard")
    assert CONVOLUTIONS[trace.chosen] == 3


def test_a_product_trades_and_a_difference_obeys_its_weight(benchmark, scores):
    found = {
        exponent: CONVOLUTIONS[
            run("efficient_search", benchmark, scores, cost="phone", target=4, exponent=exponent).chosen
        ]
        for exponent in (0, -9)
    }
    assert found[0] > found[-9]
    for weight, convolutions in ((1.0, 5), (0.0, 0)):
        settings = {"cost": "phone", "target": 4, "reward": "difference", "weight": weight}
        chosen = CONVOLUTIONS[run("efficient_search", benchmark, scores, **settings).chosen]
        assert chosen >= convolutions if weight else chosen == 0


def test_a_hard_target_that_no_cell_meets_says_the_nearest(benchmark, scores):
    with pytest.raises(SearchError) as error:
        run("efficient_search", benchmark, scores, cost="phone", target=0.5, reward="hard")
    assert str(error.value) == (
        "efficient_search has the hard target of 0.5 ms (phone), which none of 15625 cells meets: raise it to 1 or "
        "more."
    )
    run("efficient_search", benchmark, scores, cost="phone", target=0.5)


@pytest.mark.parametrize("name", ["efficient_search", "nsga2", "nsga2_accuracy"])
def test_an_unknown_device_lists_those_that_exist(benchmark, scores, name):
    target = {"target": 1} if name == "efficient_search" else {}
    with pytest.raises(
        UnknownNameError, match=r"^Unknown device 'fone' in a search that weighs it: choose one of phone.$"
    ):
        run(name, benchmark, scores, cost="fone", budget=20, **target)


def test_populations_that_cannot_be_are_refused(benchmark, scores):
    small = SearchSpace(ALL[:30], COSTS)
    for name in ("efficient_search", "nsga2", "nsga2_accuracy"):
        target = {"target": 1} if name == "efficient_search" else {}
        with pytest.raises(
            ConfigError, match=r"^A population of 40 is larger than the search space, which has 30 cells"
        ):
            run(name, benchmark, scores, cost="phone", space=small, population=40, budget=20, **target)
    for name in ("efficient_search", "nsga2"):
        target = {"target": 1} if name == "efficient_search" else {}
        with pytest.raises(
            ConfigError, match=rf"^{name} scores 9 cells in all, fewer than its population of 10: raise"
        ):
            run(name, benchmark, scores, cost="phone", evaluations=9, population=10, **target)


@pytest.mark.parametrize("seed", range(3))
def test_nsga2_finds_the_front_of_an_easy_space(benchmark, scores, seed):
    """Score and cost both are the 3x3 convolutions, so every cell is on the front, with one place for each number.

    Of the last number, 6, there is one cell of 15,625, which nothing but luck finds.
    """
    trace = run("nsga2", benchmark, scores, seed, cost="phone")
    assert len(trace) == 1000
    assert CONVOLUTIONS[trace.front].tolist()[:6] == list(range(6))
    assert trace.chosen == trace.front[-1]


def test_the_front_is_that_of_all_cells_looked_at(benchmark, scores):
    trace = run("nsga2", benchmark, scores, cost="params", evaluations=130)
    codes, values, _ = trace.looks(SCORE)
    assert codes.size == 130
    np.testing.assert_array_equal(trace.front, codes[pareto_front(values, COSTS.of("params", codes))])
    assert values[codes == trace.chosen][0] == values.max()
    assert len(set(codes[:50].tolist())) == 50, "the first population is drawn without replacement"


def test_children_are_new_and_inside_the_space(benchmark, scores):
    codes = ALL[CONVOLUTIONS == 2]
    trace = run("nsga2", benchmark, scores, space=SearchSpace(codes, COSTS), cost="params", evaluations=400)
    seen, _, _ = trace.looks(SCORE)
    assert set(seen.tolist()) <= set(codes.tolist())
    tiny = SearchSpace(ALL[:12], COSTS)  # nothing new is left after the first population
    trace = run("nsga2", benchmark, scores, space=tiny, cost="params", evaluations=30, population=12)
    assert len(trace) == 30
    search = Nsga2(SPACE, np.random.default_rng(0), proxy="made_up", cost="params")
    first = search.ask()
    search.tell(first, scores["made_up"].values[first.codes])
    children = search.ask().codes
    assert len(set(children)) == 50
    assert not set(children) & set(search.members.tolist())


def test_survivors_are_the_first_fronts():
    search = Nsga2(SPACE, np.random.default_rng(0), proxy="made_up", cost="phone", population=4)
    search.ask()
    by_convolutions = {number: ALL[number == CONVOLUTIONS].tolist() for number in range(7)}
    one, two = by_convolutions[1][:2], by_convolutions[2][:2]
    search.tell(Look(SCORE, [*one, *two]), [5.0, 1.0, 6.0, 5.5])
    assert set(search.members.tolist()) == {*one, *two}
    three = by_convolutions[3][:2]
    search.tell(Look(SCORE, three), [9.0, 0.5])
    # fronts: (1: 5, 2: 6, 3: 9), then (1: 1, 2: 5.5), then (3: 0.5); of the second front both ends are equally far off
    assert set(search.members.tolist()) == {one[0], two[0], three[0], one[1]}
    assert search.ranks.tolist() == [0, 0, 0, 1]


def test_without_crossover_a_child_without_mutation_is_its_mother(monkeypatch):
    search = Nsga2(SPACE, np.random.default_rng(0), proxy="made_up", cost="phone", population=50, crossover=0.0)
    first = search.ask()
    search.tell(first, np.arange(50.0))
    brood = search._brood()
    changed = (SPACE.of.digits(brood)[:, None, :] != SPACE.of.digits(search.members)).sum(axis=2).min(axis=1)
    assert changed.mean() < 1.5, "one edge of six changes on average"
    assert (changed == 0).any()


def test_nsga2_on_early_accuracies_spends_its_budget(benchmark):
    trace = run("nsga2_accuracy", benchmark, {}, cost="phone", budget=100)
    assert 100 <= trace.spent < 103
    codes, values, _ = trace.looks(EARLY)
    np.testing.assert_array_equal(trace.front, codes[pareto_front(values, COSTS.of("phone", codes))])
    trace = run("nsga2_accuracy", benchmark, {}, cost="phone", budget=10)
    assert len(trace) < 20, "the budget ends within the first population"
    assert trace.chosen in trace.front


def test_a_block_of_runs_keeps_the_fronts(tmp_path):
    truth = {name: write(truth_table(), tmp_path / f"{name}.csv") for name in ("one", "two")}
    scores = write(score_table(), tmp_path / "s.csv")
    phone = pd.DataFrame({"arch": SPACE.of.strings, "phone": 1.0 + CONVOLUTIONS})
    convert(write(phone, tmp_path / "phone.csv"), "one", {}, tmp_path / "phone.parquet")
    settings = {"algorithm": "nsga2", "proxy": "made_up", "cost": "phone", "evaluations": 200}
    output = tmp_path / "o.parquet"
    run_block(
        Block("x", settings, 0, 2, 1, "s"),
        "one",
        Inputs(truth, [scores], latency_path=tmp_path / "phone.parquet"),
        output,
    )
    table = pd.read_parquet(output)
    assert len(table) == 6
    one, two = (table[table["dataset"] == name]["front"].tolist() for name in ("one", "two"))
    assert one == two
    for front, arch in zip(one, table["arch"], strict=False):
        codes = [SPACE.of.parse(cell) for cell in front.split()]
        assert front.split()[-1] == arch
        assert (np.diff(CONVOLUTIONS[codes]) > 0).all()
    run_block(Block("y", {"algorithm": "random_cell"}, 0, 2, 1, "s"), "one", Inputs(truth), output)
    assert "front" not in pd.read_parquet(output)


def test_a_hard_latency_on_real_devices(shared_data, tmp_path):
    """On the real table a hard limit of 20 ms on a Raspberry Pi is met, and a looser one gives a better score."""
    truth = nats_truth(shared_data, tmp_path)
    latency = tmp_path / "latency.parquet"
    convert(shared_data / "nats-tss" / "hardware-latency.parquet", "cifar10", {"raspi4": "raspi4_ms"}, latency)
    table = pd.read_parquet(truth["cifar10"]).set_index("arch")
    scores = write(score_table(table["flops"].reindex(list(SPACE.of.strings)).to_numpy()), tmp_path / "s.csv")
    flops = {}
    for target in (20, 40):
        settings = {"algorithm": "efficient_search", "proxy": "made_up", "cost": "raspi4", "reward": "hard"}
        output = tmp_path / "o.parquet"
        run_block(
            Block("x", settings | {"target": target}, 0, 9, 1, "s"),
            "cifar10",
            Inputs(truth, [scores], latency_path=latency),
            output,
        )
        chosen = pd.read_parquet(output).query("dataset == 'cifar10'")["arch"]
        assert (pd.read_parquet(latency).set_index("arch").loc[chosen, "raspi4"] <= target).all()
        flops[target] = table.loc[chosen, "flops"].mean()
    assert flops[40] > flops[20]
