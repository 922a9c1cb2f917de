"""ZiCo against its definition on the reference network, one network at a time, in float64."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from untrained_helpers import SMALL, reference_network, some_cells, some_images

from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.registry import get_family
from tfnas.proxies.trial import Trial
from tfnas.proxies.zico import layer_term
from tfnas.scoring.chunk import Draws, score_cells

FAMILY = get_family("zico")
NAMES = ("zico", "zico_published")
CELLS = some_cells(8, seed=2)
LABELS = torch.tensor([0, 1, 2, 3, 4, 1, 2, 0])


def make_trial(cells, images, labels=LABELS, skeleton=SMALL) -> Trial:
    return Trial(cells, list(range(len(cells))), skeleton, images, labels.to(images.device), frozenset(NAMES))


def slow_zico(network: nn.Module, batches, reset: bool = True) -> float:
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    gradients = []
    network.zero_grad(set_to_none=False)
    for images, labels in batches:
        if reset:
            network.zero_grad(set_to_none=False)
        F.cross_entropy(network(images), labels).backward()
        zeros = [torch.zeros_like(layer.weight) if layer.weight.grad is None else layer.weight.grad for layer in layers]
        gradients.append([gradient.flatten().numpy().copy() for gradient in zeros])
    score = 0.0
    for pair in zip(*gradients, strict=True):
        spread = np.std(pair, axis=0)
        used = spread != 0
        total = np.sum(np.mean(np.abs(pair), axis=0)[used] / spread[used])
        score += np.log(total) if total else 0.0
    return score


@pytest.mark.parametrize("count", [8, 7])
def test_zico_equals_the_definition(count):
    images, labels = some_images(count).double(), LABELS[:count]
    results = FAMILY.evaluate(make_trial(CELLS, images, labels))
    half = count // 2
    batches = [(images[:half], labels[:half]), (images[half : 2 * half], labels[half : 2 * half])]
    for name, reset in zip(NAMES, (True, False), strict=True):
        values, reasons = results[name]
        for number, cell in enumerate(CELLS):
            slow = slow_zico(reference_network(cell, number, "default"), batches, reset)
            assert values[number].item() == pytest.approx(slow, rel=1e-7)
            assert (slow == 0) == (not cell.is_connected)
        assert reasons == [""] * len(CELLS)
    assert not torch.equal(results["zico"][0], results["zico_published"][0])


def test_terms_of_layers_by_hand():
    first = torch.tensor([[1.0, 2.0, 0.0, 1.0], [0.0, 1.0, 3.0, 0.0]])
    second = torch.tensor([[3.0, 2.0, 0.0, -4.0], [0.0, 1.0, 3.0, 0.0]])
    # (1 + 3) / 2 and (1 + 4) / 5; what does not differ is left out, and with it the whole second layer.
    assert layer_term(first, second).tolist() == pytest.approx([math.log(3), 0.0])


def test_zico_depends_on_labels_and_is_symmetric_in_the_halves():
    images = some_images(8).double()
    value = FAMILY.evaluate(make_trial(CELLS, images))["zico"][0]
    swapped = FAMILY.evaluate(make_trial(CELLS, images.roll(4, 0), LABELS.roll(4)))["zico"][0]
    torch.testing.assert_close(value, swapped, rtol=1e-7, atol=1e-9)
    other = FAMILY.evaluate(make_trial(CELLS, images, LABELS.flip(0)))["zico"][0]
    assert ((value != other) == torch.tensor([cell.is_connected for cell in CELLS])).all()


def test_float32_agrees_with_float64():
    # Sums are dominated by weights whose two gradients nearly agree, where rounding is largest.
    skeleton = Skeleton(4, 1, 5, 3, 16)
    images, labels = some_images(16, skeleton), torch.arange(16) % 5
    single = FAMILY.evaluate(make_trial(CELLS, images, labels, skeleton))["zico"][0]
    double = FAMILY.evaluate(make_trial(CELLS, images.double(), labels, skeleton))["zico"][0]
    torch.testing.assert_close(single, double, rtol=1e-2, atol=1e-3)


def test_values_do_not_depend_on_order_or_company():
    images = some_images(8).double()
    alone = score_cells(FAMILY, CELLS, images, LABELS, SMALL, Draws(2, 3), together=1)
    grouped = score_cells(FAMILY, CELLS[::-1], images, LABELS, SMALL, Draws(2, 3), together=7)
    two = {row[:3]: row[3] for row in grouped}
    assert all(two[row[:3]] == pytest.approx(row[3], rel=1e-7) for row in alone)


def test_cuda_equals_cpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    images = some_images(8).double()
    cpu = FAMILY.evaluate(make_trial(CELLS, images))["zico"][0]
    cuda = FAMILY.evaluate(make_trial(CELLS, images.cuda()))["zico"][0]
    torch.testing.assert_close(cuda, cpu, rtol=1e-6, atol=1e-9)
