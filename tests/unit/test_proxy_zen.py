"""The Zen score against the definition on the reference network, which runs and normalises dead branches too."""

import math

import pytest
import torch
from torch import nn
from untrained_helpers import SMALL, SPECIAL_CELLS, alone, make_trial, reference_network, some_cells, some_images

from tfnas.proxies.zen import FAMILY, NUDGE, evaluate, log_scale, unpruned
from tfnas.spaces.nats_tss import Cell


def slow(cell: Cell, seed: int, trial) -> float:
    """The definition, as public code computes it, in float64."""
    network = reference_network(cell, seed, "normal")
    features = []
    network.lastact.register_forward_hook(lambda module, inputs, output: features.append(output))
    shape = trial.images.shape
    x, noise = (trial.gaussian(name, *shape).double() for name in ("zen input", "zen nudge"))
    with torch.no_grad():
        network(x)
        network(x + NUDGE * noise)
    change = (features[0] - features[1]).abs().sum((1, 2, 3)).mean()
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    return (change.log() + sum(norm.running_var.mean().sqrt().log() for norm in norms)).item()


def test_scale_by_hand():
    networks = make_trial(SPECIAL_CELLS[:1], some_images(2), FAMILY).networks()
    # Stem and last normalisation, and two in each of two residual blocks.
    networks.running_var.fill_(math.e**2)
    networks.stem.running_var.fill_(math.e**4)
    assert log_scale(networks).item() == pytest.approx(1 + 2)


def test_unpruned_networks_hold_every_convolution():
    cell = SPECIAL_CELLS[1]
    trial = make_trial([cell], some_images(2), FAMILY)
    assert len(unpruned(trial).networks().convolutions()) == len(trial.networks().convolutions()) + 3
    assert str(unpruned(trial).cells[0]) == str(cell)


def test_values_equal_the_definition_within_float32():
    cells = some_cells(12)
    trial = make_trial(cells, some_images(6), FAMILY)
    values, reasons = evaluate(trial)["zen"]
    assert values.dtype == torch.float64
    for number, cell in enumerate(cells):
        if cell.is_connected:
            assert values[number].item() == pytest.approx(slow(cell, number, trial), abs=1e-3)
            assert reasons[number] == ""
        else:
            assert math.isnan(values[number])
            assert reasons[number] == "the features do not depend on the input"


def test_a_dead_convolution_changes_the_score():
    dead = SPECIAL_CELLS[3]
    pruned = Cell.parse("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
    first, second = (evaluate(make_trial([cell], some_images(6), FAMILY))["zen"][0].item() for cell in (dead, pruned))
    assert abs(first - second) > 0.1


def test_values_do_not_depend_on_company_or_order():
    cells = some_cells(6, seed=1)
    together = evaluate(make_trial(cells, some_images(6), FAMILY))["zen"][0]
    separate = alone(FAMILY, cells, some_images(6))["zen"]
    torch.testing.assert_close(together, separate, rtol=0, atol=1e-3, equal_nan=True)


def test_only_the_shape_of_the_mini_batch_matters():
    cells = some_cells(2)
    one, other = (evaluate(make_trial(cells, x, FAMILY))["zen"][0] for x in (some_images(6), some_images(6) * 0 + 7))
    assert torch.equal(one.nan_to_num(), other.nan_to_num())


def test_cuda_equals_cpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    cells = some_cells(6)
    cpu = evaluate(make_trial(cells, some_images(6), FAMILY, SMALL))["zen"][0]
    cuda = evaluate(make_trial(cells, some_images(6).cuda(), FAMILY, SMALL))["zen"][0]
    torch.testing.assert_close(cuda, cpu, rtol=0, atol=1e-3, equal_nan=True)
