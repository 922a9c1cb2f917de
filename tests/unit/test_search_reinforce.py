"""REINFORCE: policy, baseline and Adam against torch, the loop against one written out, and the published row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from search_helpers import NATS_DATASETS, SHARED_COLUMNS, truth_table

from tfnas.errors import ConfigError
from tfnas.search.base import EARLY, Look, SearchSpace
from tfnas.search.registry import get_algorithm
from tfnas.search.reinforce import Baseline, Policy, Reinforce
from tfnas.search.runner import run_search
from tfnas.seeds import child_rng
from tfnas.spaces.nats_tss import SPACE_SIZE
from tfnas.truth.benchmark import Benchmark

SPACE = SearchSpace(np.arange(SPACE_SIZE))


@pytest.fixture(scope="module")
def benchmark():
    return Benchmark(truth_table(), "made-up")


def run(benchmark, number=0, budget=100.0, space=None, **parameters):
    algorithm = get_algorithm("reinforce")
    parameters = algorithm.settings(parameters, "label")
    return run_search(algorithm, parameters, child_rng(1, "reinforce", number), benchmark, {}, budget, space)


def test_the_baseline_is_corrected_for_its_start_and_includes_the_newest_reward():
    baseline = Baseline(0.9)
    assert baseline.update(10) == pytest.approx(10)
    assert baseline.update(20) == pytest.approx((0.9 * 0.1 * 10 + 0.1 * 20) / 0.19)
    assert Baseline(0).update(7) == 7


def test_the_policy_begins_almost_uniform_and_draws_from_its_probabilities():
    rng = np.random.default_rng(0)
    policy = Policy(rng, SPACE.of.radices, 0.1)
    assert 0.0003 < policy.logits.std() < 0.003
    assert abs(policy.probabilities - 0.2).max() < 0.001
    policy = Policy(rng, SPACE.of.radices, 0.1)
    policy.logits[:] = np.log([[0.1, 0.2, 0.3, 0.4, 0.0001]] * 6)
    drawn = np.array([policy.draw(rng) for _ in range(4000)])
    shares = np.array([np.bincount(column, minlength=5) for column in drawn.T]) / 4000
    np.testing.assert_allclose(shares, policy.probabilities, atol=4 * (0.25 / 4000) ** 0.5)


def test_learning_is_a_step_of_adam_on_the_policy_gradient_as_torch_takes_it():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    policy = Policy(rng, SPACE.of.radices, 0.03)
    logits = torch.tensor(policy.logits.copy(), requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.03)
    for _ in range(40):
        digits, advantage = rng.integers(5, size=6), float(rng.normal(scale=20))
        policy.learn(digits.tolist(), advantage)
        chances = torch.distributions.Categorical(torch.softmax(logits, dim=-1)).log_prob(torch.tensor(digits))
        optimiser.zero_grad()
        (-chances * advantage).sum().backward()
        optimiser.step()
        np.testing.assert_allclose(policy.logits, logits.detach().numpy(), atol=1e-9)


def test_the_first_reward_changes_nothing_and_a_better_one_makes_its_cell_likelier():
    search = Reinforce(SPACE, np.random.default_rng(0), learning_rate=0.1)
    code = search.ask().codes[0]
    before = search.policy.logits.copy()
    search.tell(Look(EARLY, [code]), [50.0])
    np.testing.assert_array_equal(search.policy.logits, before)
    better = int(SPACE.of.codes(np.array([3, 3, 3, 3, 3, 3])))
    before = search.policy.probabilities[:, 3].copy()
    search.tell(Look(EARLY, [better]), [90.0])
    assert (search.policy.probabilities[:, 3] > before).all()


def test_the_search_is_the_textbook_loop(benchmark):
    """The loop of reinforce.py, written out with gradients by hand and the same random numbers."""
    rng = child_rng(1, "reinforce", 3)
    logits = 1e-3 * rng.standard_normal((6, 5))
    first, second = np.zeros((6, 5)), np.zeros((6, 5))
    numerator = denominator = spent = 0.0
    history = []
    while spent < 200:
        chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        digits = [
            int(np.searchsorted(row.cumsum(), u, side="right")) for row, u in zip(chances, rng.random(6), strict=True)
        ]
        code = int(SPACE.of.codes(np.array(digits)))
        reward = benchmark.query(code)
        spent += benchmark.cost(code)
        history.append((reward, code))
        numerator, denominator = 0.9 * numerator + 0.1 * reward, 0.9 * denominator + 0.1
        gradient = (reward - numerator / denominator) * (chances - np.eye(5)[digits])
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        step = len(history)
        logits = logits - 0.2 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)

    trace = run(benchmark, number=3, budget=200, learning_rate=0.2)
    assert trace.codes == [code for _, code in history]
    assert trace.chosen == max(history, key=lambda member: member[0])[1]
    assert trace.codes == run(benchmark, number=3, budget=200, learning_rate=0.2).codes


def test_it_learns_where_an_operation_helps(benchmark):
    trace = run(benchmark, budget=600, learning_rate=0.1)
    convolutions = (SPACE.of.digits(trace.codes) == 3).sum(axis=1)
    assert convolutions[-50:].mean() > 5  # 1.2 among uniform draws, at most 6


def test_in_an_incomplete_space_it_keeps_to_its_cells(benchmark):
    for codes in (np.arange(0, SPACE_SIZE, 2), np.array([7, 9])):
        trace = run(benchmark, space=SearchSpace(codes))
        assert set(trace.codes) <= set(codes.tolist())


@pytest.mark.parametrize(("name", "value"), [("learning_rate", 0), ("learning_rate", -1), ("momentum", 1)])
def test_wrong_settings_are_refused(benchmark, name, value):
    with pytest.raises(ConfigError, match=f"^search.use.label.{name} of 'reinforce' is {value}: it should be "):
        run(benchmark, **{name: value})


def test_the_published_row_at_12000_seconds(shared_data):
    """NASWOT (Mellor et al. 2021), Table 2, 500 runs on CIFAR-10, reward of one random training each.

    The rate behind that row is not stated. Ours, 0.01, falls short of it by 0.1 to 0.35 of its standard deviations, and
    0.05 exceeds it by 0.05 to 0.2; 0.5, which the script's own documentation names, misses it by almost two.
    """
    published = {"cifar10": (93.85, 0.37), "cifar100": (71.71, 1.09), "ImageNet16-120": (45.24, 1.18)}
    tables = {
        dataset: pd.read_parquet(shared_data / "nats-tss" / f"{dataset}.parquet").rename(columns=SHARED_COLUMNS)
        for dataset in NATS_DATASETS
    }
    real = Benchmark(tables["cifar10"], "cifar10")
    missed = {}
    for rate in (0.01, 0.05, 0.5):
        chosen = [run(real, number, 12000.0, learning_rate=rate).chosen for number in range(300)]
        for dataset, (mean, std) in published.items():
            codes = tables[dataset]["arch"].map(SPACE.of.parse).to_numpy()
            accuracy = np.empty(SPACE_SIZE)
            accuracy[codes] = tables[dataset]["test_accuracy"]
            missed[rate, dataset] = (accuracy[chosen].mean() - mean) / std
    for dataset in published:
        assert -0.6 < missed[0.01, dataset] < 0.1
        assert -0.1 < missed[0.05, dataset] < 0.45
        assert missed[0.5, dataset] < -1
