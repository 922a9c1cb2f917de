"""SWAP against a plain count of distinct columns of the signs of the reference network's ReLU outputs."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from untrained_helpers import SMALL, SPECIAL_CELLS, alone, make_trial, reference_network, some_cells, some_images

from tfnas.networks.skeleton import Skeleton, count_parameters
from tfnas.proxies import swap
from tfnas.proxies.swap import FAMILY, evaluate, patterns_and_size, record_patterns, size_factor
from tfnas.spaces.nats_tss import Cell, enumerate_cells

FEW = np.array([count_parameters(cell, SMALL) for cell in enumerate_cells()])


def slow(cell: Cell, seed: int, images: torch.Tensor) -> int:
    """The definition: signs of all four-dimensional ReLU outputs, distinct columns counted by sorting."""
    network = reference_network(cell, seed, "normal")
    signs = []
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda module, inputs, output: signs.append(torch.sign(output).flatten(1)))
    with torch.no_grad():
        network(images.double())
    return len(torch.unique(torch.cat(signs, 1).T, dim=0))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_patterns_by_hand(layout):
    # Two networks of two channels, 1 x 2 pixels, three images. Network 0 shows patterns 100, 011, 100, 000; network 1
    # shows 111 four times.
    first = [[[1, 0], [2, 0]], [[0, 1], [0, 0]], [[-1, 1], [0, -3]]]
    activations = torch.zeros(3, 4, 1, 2)
    activations[:, :2, 0] = torch.tensor(first, dtype=torch.float32)
    activations[:, 2:] = 5
    seen = torch.zeros(3, 8, dtype=torch.bool)
    record_patterns(seen, activations.contiguous(memory_format=layout), torch.tensor([0, 2]))
    # The first image is the lowest bit.
    assert seen[0].nonzero().flatten().tolist() == [0b000, 0b001, 0b110]
    assert not seen[1].any()
    assert seen[2].nonzero().flatten().tolist() == [0b111]


def test_values_equal_the_definition_up_to_rounding_near_zero():
    cells, images = some_cells(12), some_images(16)
    values, reasons = evaluate(make_trial(cells, images, FAMILY))["swap"]
    assert reasons == [""] * len(cells)
    for number, cell in enumerate(cells):
        # A ReLU input within rounding of zero may fall on the other side in float32.
        assert values[number].item() == pytest.approx(slow(cell, number, images), rel=2e-3, abs=2)


def test_values_equal_the_definition_exactly_in_float64(monkeypatch):
    cells, images = some_cells(8, seed=2), some_images(16).double()
    trial = make_trial(cells, images, FAMILY)
    build = trial.networks
    monkeypatch.setattr(trial, "networks", lambda *args, **options: build(*args, dtype=torch.float64, **options))
    values = swap.distinct_patterns(trial)
    assert values.tolist() == [slow(cell, number, images) for number, cell in enumerate(cells)]


def test_only_the_first_sixteen_images_count_and_fewer_may_do():
    cells, images = some_cells(4), some_images(24)
    whole = evaluate(make_trial(cells, images, FAMILY))["swap"][0]
    assert torch.equal(whole, evaluate(make_trial(cells, images[:16], FAMILY))["swap"][0])
    assert (evaluate(make_trial(cells, images[:3], FAMILY))["swap"][0] <= 8).all()


def test_a_zero_network_shows_few_patterns():
    # Without any path the last ReLUs rectify zero; only the first residual ReLUs would see a signal, and do not.
    assert evaluate(make_trial(SPECIAL_CELLS[:1], some_images(16), FAMILY))["swap"][0].item() == 1


def test_regularised_is_swap_times_the_size_factor():
    mean, variance = FEW.mean() / 1e3, FEW.var() / 1e6
    cells = some_cells(4)
    results = evaluate(make_trial(cells, some_images(16), FAMILY))
    for cell, raw, weighted in zip(cells, results["swap"][0], results["swap_regularised"][0], strict=True):
        factor = math.exp(-((count_parameters(cell, SMALL) / 1e3 - mean) ** 2) / variance)
        assert size_factor(cell, SMALL) == pytest.approx(factor)
        assert weighted.item() == pytest.approx(raw.item() * factor)


def test_size_factor_of_a_cell_does_not_depend_on_the_unit():
    # An exponent of minus (distance in standard deviations) squared.
    cell = Cell(("nor_conv_3x3",) * 6)
    score = (count_parameters(cell, SMALL) - FEW.mean()) / FEW.std()
    assert size_factor(cell, SMALL) == pytest.approx(math.exp(-(score**2)))


def test_cells_with_one_key_have_one_size():
    sizes: dict = {}
    for cell in enumerate_cells():
        sizes.setdefault(patterns_and_size(cell), set()).add(count_parameters(cell, Skeleton()))
    assert all(len(found) == 1 for found in sizes.values())
    assert 5785 < len(sizes) < 15625


def test_values_do_not_depend_on_company_or_order():
    cells, images = some_cells(6, seed=1), some_images(16)
    together = evaluate(make_trial(cells, images, FAMILY))
    for name, values in alone(FAMILY, cells, images).items():
        torch.testing.assert_close(together[name][0], values, rtol=2e-3, atol=2)


def test_cuda_equals_cpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    cells, images = some_cells(6), some_images(16)
    cpu = evaluate(make_trial(cells, images, FAMILY))
    cuda = evaluate(make_trial(cells, images.cuda(), FAMILY))
    for name, (values, _) in cpu.items():
        torch.testing.assert_close(cuda[name][0], values, rtol=2e-3, atol=2)
