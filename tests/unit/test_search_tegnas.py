"""TEG-NAS by evolution and by reinforcement learning, on made-up scores: no full tables of its proxies exist yet."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata
from search_helpers import score_table, truth_table

from tfnas.errors import ConfigError
from tfnas.scoring.table import ScoreTable
from tfnas.search.base import SCORE, SearchSpace, Trace
from tfnas.search.registry import get_algorithm
from tfnas.search.runner import Scores, run_search
from tfnas.search.tegnas import Tegnas, rank_sums
from tfnas.search.tegnas_reinforce import TegnasReinforce
from tfnas.seeds import child_rng
from tfnas.spaces.nats_tss import SPACE_SIZE, Cell
from tfnas.truth.benchmark import Benchmark

PROXIES = ["ntk_condition_number", "linear_regions", "ntk_regression"]
SPACE = SearchSpace(np.arange(SPACE_SIZE))


@pytest.fixture(scope="module")
def benchmark():
    return Benchmark(truth_table(), "made-up")


@pytest.fixture(scope="module")
def scores():
    """Three proxies that agree but for noise, on different scales, with ties, and with cells that have no score."""
    digits = SPACE.of.digits(np.arange(SPACE_SIZE))
    value = (digits == 3).sum(axis=1) + 0.3 * (digits == 2).sum(axis=1)
    noise = np.random.default_rng(0).normal(size=(3, SPACE_SIZE))
    made = (-np.exp(8 - value - 0.5 * noise[0]), np.round(20 * value + 5 * noise[1]), -5 + value + 0.3 * noise[2])
    dead = (digits < 2).all(axis=1)
    return {
        name: Scores(ScoreTable(score_table(np.where(dead, np.nan, values), name)), name, np.arange(SPACE_SIZE))
        for name, values in zip(PROXIES, made, strict=True)
    }


def run(name, benchmark, scores, run=0, space=None, **parameters):
    algorithm = get_algorithm(name)
    parameters = algorithm.settings({"algorithm": name, **parameters}, "label")
    return run_search(algorithm, parameters, child_rng(1, algorithm.stream, run), benchmark, scores, None, space)


def naive_rank_sums(cells, scores):
    """The published way: the place of each value in the descending list of all values, added over the proxies."""
    ranks = [0] * len(cells)
    for name in PROXIES:
        values = [scores[name].values[cell] for cell in cells]
        descending = sorted(values, reverse=True)
        ranks = [rank + descending.index(value) for rank, value in zip(ranks, values, strict=True)]
    return ranks


def best(cells, scores):
    ranks = naive_rank_sums(cells, scores)
    return cells[ranks.index(min(ranks))]


def test_ranks_are_added_and_equals_share_a_rank():
    values = np.array([[5.0, 1.0, 5.0, 3.0], [-1.0, -2.0, -1.0, -1.0]])
    # First proxy: 0, 3, 0, 2; second: 0, 3, 0, 0.
    assert rank_sums(values).tolist() == [0, 6, 0, 2]


def test_ranks_are_those_of_scipy():
    rng = np.random.default_rng(0)
    for _ in range(20):
        values = rng.integers(0, 12, size=(3, 64)).astype(float)
        expected = (rankdata(-values, method="min", axis=1) - 1).sum(axis=0)
        np.testing.assert_array_equal(rank_sums(values), expected)


@pytest.mark.parametrize(("population", "tournament"), [(20, 5), (20, 20), (7, 1), (1, 1)])
@pytest.mark.parametrize("mutation", ["node_first", "edge"])
def test_evolution_is_the_loop_written_out(benchmark, scores, population, tournament, mutation):
    """One step after the other on a queue, with the same random numbers."""
    rng = child_rng(1, "tegnas", 2)
    queue = SPACE.draw(rng, population)
    keys = rng.random((60, population))
    proposed = list(queue)
    places = list(range(population))  # the drawn numbers are places, of which the oldest member's is taken over
    for step in range(60):
        drawn = np.argsort(keys[step])[:tournament].tolist()
        sample = [queue[places.index(place)] for place in drawn]
        child = SPACE.of.mutate(best(sample, scores), rng, mutation)
        proposed.append(child)
        queue = [*queue[1:], child]
        places = [*places[1:], places[0]]

    settings = {"population": population, "tournament": tournament, "steps": 60, "mutation": mutation}
    trace = run("tegnas", benchmark, scores, 2, **settings)
    algorithm = get_algorithm("tegnas")
    search = algorithm.build(SPACE, child_rng(1, "tegnas", 2), **settings)
    asked = []
    while (look := search.ask()) is not None:
        assert look.kind == SCORE
        if look.proxy == PROXIES[0]:
            asked += look.codes
        search.tell(look, scores[look.proxy].values[look.codes].tolist())
    assert asked == proposed
    assert len(trace.codes) == 3 * len(proposed)
    assert search.choose(Trace()) == trace.chosen == best(queue, scores)


def test_evolution_scores_every_child_and_finds_the_best_cells(benchmark, scores):
    trace = run("tegnas", benchmark, scores)
    assert len(trace.codes) == 3 * (256 + 1000)
    assert trace.scoring_seconds == pytest.approx(0.25 * len(trace.codes))
    assert (SPACE.of.digits([trace.chosen]) == 3).sum() >= 5


def test_no_steps_leave_the_best_of_the_first_population(benchmark, scores):
    trace = run("tegnas", benchmark, scores, steps=0)
    assert len(trace.codes) == 3 * 256
    assert trace.chosen == best(trace.codes[:256], scores)


@pytest.mark.parametrize("name", ["tegnas", "tegnas_reinforce"])
def test_any_number_of_proxies_will_do(benchmark, scores, name):
    for proxies in (["linear_regions"], ["ntk_regression", "linear_regions"]):
        trace = run(name, benchmark, scores, proxies=proxies, steps=50)
        assert np.isfinite(trace.values).all()
        assert len(trace.codes) % len(proxies) == 0


@pytest.mark.parametrize("name", ["tegnas", "tegnas_reinforce"])
def test_runs_repeat_themselves_and_differ_from_one_another(benchmark, scores, name):
    first, again, other = (run(name, benchmark, scores, number, steps=80) for number in (0, 0, 1))
    assert first == again
    assert first.codes != other.codes


@pytest.mark.parametrize("name", ["tegnas", "tegnas_reinforce"])
def test_an_incomplete_space_is_kept_to(benchmark, scores, name):
    space = SearchSpace(np.array([0, 600, 601, 625, 7777, 15624]))
    settings = {"population": 4, "tournament": 2} if name == "tegnas" else {}
    trace = run(name, benchmark, scores, space=space, steps=60, **settings)
    assert set(trace.codes) <= set(space.codes.tolist())
    assert len(set(trace.codes)) > 2


def test_settings_that_cannot_be_are_refused(benchmark, scores):
    with pytest.raises(ConfigError, match=r"^A population of 256 is larger than the search space, which has 3 cells"):
        run("tegnas", benchmark, scores, space=SearchSpace(np.arange(3)))
    with pytest.raises(ConfigError, match=r"^TEG-NAS cannot draw a tournament of 64 from a population of 10: lower"):
        run("tegnas", benchmark, scores, population=10)
    for name, value, message in (("learning_rate", 0, "greater than 0"), ("momentum", 1, "less than 1")):
        with pytest.raises(ConfigError, match=f"{name} of 'tegnas_reinforce' is {value}: it should be {message}"):
            run("tegnas_reinforce", benchmark, scores, **{name: value})


def test_the_policy_learns_as_torch_does():
    """Policy gradient with a moving baseline and Adam, against automatic differentiation."""
    torch = pytest.importorskip("torch")
    search = TegnasReinforce(SPACE, np.random.default_rng(3), proxies=["a"], learning_rate=0.1, momentum=0.8)
    logits = torch.tensor(search.policy.logits.copy(), requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.1)
    rng = np.random.default_rng(4)
    rewards = []
    for _ in range(30):
        look = search.ask()
        search.tell(look, [float(rng.normal())])
        rewards.append(search.reward())
        weights = 0.8 ** np.arange(len(rewards) - 1, -1, -1)
        advantage = rewards[-1] - weights @ rewards / weights.sum()
        drawn = torch.distributions.Categorical(torch.softmax(logits, dim=1))
        loss = (-drawn.log_prob(torch.from_numpy(SPACE.of.digits(look.codes)[0])) * advantage).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        np.testing.assert_allclose(search.policy.logits, logits.detach().numpy(), rtol=0, atol=1e-6)
    assert np.abs(search.policy.logits).max() > 0.1


def test_the_reward_is_the_change_in_units_of_the_recent_range():
    search = TegnasReinforce(SPACE, np.random.default_rng(0), proxies=["a", "b"], window=3)
    rewards = []
    seen = {"a": [1.0, 3.0, 2.0, 2.5], "b": [0.0, 0.0, 5.0, -5.0]}
    for step in range(4):
        for proxy in ("a", "b"):
            look = search.ask()
            assert (look.proxy, look.codes) == (proxy, [search.codes[step]])
            search.tell(look, [seen[proxy][step]])
        rewards.append(search.reward())
    # Changes over ranges: first step none; then 2/2 + 0; -1/2 + 5/5; 0.5/1 over (3, 2, 2.5) and -10/10 over (0, 5, -5).
    assert rewards == pytest.approx([0, 1, 0.5, -0.5], abs=1e-5)


def test_reinforcement_takes_the_best_rank_sum_of_its_history(benchmark, scores):
    for number in range(3):
        trace = run("tegnas_reinforce", benchmark, scores, number, steps=120)
        assert len(trace.codes) == 360
        assert trace.chosen == best(trace.codes[::3], scores)


def test_reinforcement_learns_to_draw_better_cells(benchmark, scores):
    first, last = [], []
    for number in range(5):
        codes = run("tegnas_reinforce", benchmark, scores, number).codes[::3]
        assert len(codes) == 500
        value = (SPACE.of.digits(codes) == 3).sum(axis=1)
        first.append(value[:100].mean())
        last.append(value[-100:].mean())
    assert np.mean(last) > np.mean(first) + 1


def test_cells_without_a_score_have_the_worst_value(benchmark, scores):
    dead = Cell(("none",) * 6).code
    for name in PROXIES:
        assert scores[name].values[dead] == scores[name].values.min()
    members = [dead, Cell(("nor_conv_1x1",) * 6).code, Cell(("nor_conv_3x3",) * 6).code]
    search = Tegnas(SearchSpace(np.array(sorted(members))), np.random.default_rng(0), population=3, tournament=3)
    search.members = members
    search.scores = np.array([scores[name].values[members] for name in PROXIES])
    assert rank_sums(search.scores).tolist() == [6, 3, 0]
