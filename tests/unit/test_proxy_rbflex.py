"""RBFleX against a plain reading of its definition: one image at a time through the reference network."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from test_every_proxy import float64  # noqa: F401
from torch import nn
from untrained_helpers import SMALL, SPECIAL_CELLS, alone, make_trial, reference_network, some_cells, some_images

from tfnas.proxies import rbflex
from tfnas.proxies.rbflex import FAMILY, IMAGES, SINGULAR, WIDTHS, distances, evaluate, log_determinant
from tfnas.spaces.nats_tss import Cell

LARGER = replace(SMALL, image_size=16)
"""With maps of two pixels a side, pooling makes some constant, and normalisation of one image shows their rounding."""

WIDE = (3e-4, 1e-2)
"""Widths for which the entries of kernels differ, so that a plain determinant has digits."""

pytestmark = pytest.mark.usefixtures("float64")


def slow(cell: Cell, seed: int, images: torch.Tensor, widths=WIDTHS) -> float:
    """The definition, with determinants of whole kernels, whose entries are close to one."""
    network, rows = reference_network(cell, seed, "default", LARGER), ([], [])
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda _, inputs, output: rows[0][-1].append(output.flatten().clone()))
    network.classifier.register_forward_hook(lambda _, inputs, output: rows[1][-1].append(inputs[0].flatten()))
    with torch.no_grad():
        for image in images.double():
            for part in rows:
                part.append([])
            network(image[None])
    score = 0.0
    for part, width in zip(rows, widths, strict=True):
        matrix = torch.stack([torch.cat(row) for row in part]).numpy()
        span = np.ptp(matrix, axis=0)
        matrix = (matrix - matrix.min(0)) / np.where(span > 0, span, 1)
        squares = ((matrix[:, None] - matrix[None]) ** 2).sum(2)
        if np.linalg.matrix_rank(matrix - matrix[:1]) < len(matrix) - 1:
            return math.nan
        score += np.linalg.slogdet(np.exp(-width * squares))[1]
    return len(images) * score


@pytest.mark.parametrize(("widths", "known"), [(WIDTHS, 1e-5), (WIDE, 1e-9)])
def test_values_equal_the_definition(monkeypatch, widths, known):
    """With the published widths the kernel's entries differ from one by 1e-10, so that five digits are known."""
    monkeypatch.setattr(rbflex, "WIDTHS", widths)
    cells, images = some_cells(16), some_images(IMAGES, LARGER)
    values, reasons = evaluate(make_trial(cells, images.double(), FAMILY, LARGER))["rbflex"]
    for number, (cell, value) in enumerate(zip(cells, values.tolist(), strict=True)):
        assert value == pytest.approx(slow(cell, number, images, widths), rel=known, nan_ok=True), cell
        assert (reasons[number] == SINGULAR.reason) == math.isnan(value)


def test_distances_by_hand():
    # Columns of network 0: (0, 1, 1/2), constant; of network 1: (1, 0, 0), (0, 1/3, 1).
    values = torch.tensor([[1.0, 7, 4, -1], [3.0, 7, 2, 0], [2.0, 7, 2, 2]])
    found = distances(values, 2)
    assert found[0].tolist() == [[0, 1, 0.25], [1, 0, 0.25], [0.25, 0.25, 0]]
    assert found[1].flatten().tolist() == pytest.approx([0, 10 / 9, 2, 10 / 9, 0, 4 / 9, 2, 4 / 9, 0])


def test_determinants_are_those_of_the_kernel():
    points = torch.randn(4, 5, generator=torch.Generator().manual_seed(1)).double()
    squares = torch.cdist(points, points).square()[None]
    kernel = torch.exp(-0.3 * squares[0])
    assert log_determinant(squares, 0.3).item() == pytest.approx(torch.logdet(kernel).item(), rel=1e-10)
    points[3] = points[1]
    assert log_determinant(torch.cdist(points, points).square()[None], 0.3).isnan()


def test_the_width_of_the_kernel_adds_a_constant_where_it_is_small():
    points = torch.rand(2, 3, 40, generator=torch.Generator().manual_seed(2)).double()
    squares = torch.cdist(points, points).square()
    gain = log_determinant(squares, 3e-11) - log_determinant(squares, 1e-11)
    assert gain.tolist() == pytest.approx([2 * math.log(3)] * 2, rel=1e-8)


def test_only_the_first_images_count():
    cells, images = some_cells(3)[:3], some_images(IMAGES + 2).double()
    first = evaluate(make_trial(cells, images[:IMAGES], FAMILY))["rbflex"][0]
    assert torch.equal(evaluate(make_trial(cells, images, FAMILY))["rbflex"][0], first)


def test_networks_that_show_nothing_of_their_images_are_singular():
    trial = make_trial(SPECIAL_CELLS[:2], some_images(IMAGES).double(), FAMILY)
    assert evaluate(trial)["rbflex"][1] == [SINGULAR.reason] * 2


def test_values_do_not_depend_on_company_or_order():
    cells, images = some_cells(6, seed=1), some_images(IMAGES).double()
    together = evaluate(make_trial(cells, images, FAMILY))["rbflex"][0]
    torch.testing.assert_close(together, alone(FAMILY, cells, images)["rbflex"], rtol=1e-9, atol=0, equal_nan=True)
