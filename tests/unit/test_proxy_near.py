"""NEAR against singular values of blocks cut from the outputs of the reference network's modules."""

import math

import pytest
import torch
from torch import nn
from untrained_helpers import SMALL, alone, make_trial, reference_network, some_cells, some_images

from tfnas.proxies import near
from tfnas.proxies.near import FAMILY, block_of_rows, effective_rank, evaluate
from tfnas.spaces.nats_tss import Cell


def slow(cell: Cell, seed: int, images: torch.Tensor, place: float) -> float:
    """The definition, one module at a time, every block beginning at the same share of the possible places."""
    network = reference_network(cell, seed, "default")
    total = 0.0

    def hook(module, _, output):
        nonlocal total
        matrix = output.detach().clone()
        step = matrix.shape[-1]
        if matrix.dim() == 4:
            matrix = matrix.transpose(1, 3).flatten(0, 2)
        rows, columns = matrix.shape
        starts = [start for start in range(0, rows, step) if start + columns <= rows] or [0]
        start = starts[int(place * len(starts))]
        values = torch.linalg.svdvals(matrix[start : start + columns])
        if values.sum() > 0:
            shares = [share for share in (values / values.sum()).tolist() if share > 0]
            total += math.exp(-sum(share * math.log(share) for share in shares))

    for module in network.modules():
        if hasattr(module, "weight") or isinstance(module, nn.ReLU):
            module.register_forward_hook(hook)
    with torch.no_grad():
        network(images.double())
    return total


def test_effective_rank_by_hand():
    mixed = torch.diag(torch.tensor([2.0, 1.0, 1.0]))
    # Shares 1/2, 1/4, 1/4: entropy 1.5 ln 2.
    ranks = effective_rank(torch.stack([torch.eye(3), torch.zeros(3, 3), torch.ones(3, 3), mixed]))
    assert ranks.tolist() == pytest.approx([3.0, 0.0, 1.0, 2**1.5])


def test_effective_rank_of_a_circulant_matrix_has_a_closed_form():
    # Roy and Vetterli 2007: eigenvalues (1 + r)^2, twice 1 - r^2, (1 - r)^2.
    r = 0.3
    matrix = torch.tensor([[1, r, r * r, r], [r, 1, r, r * r], [r * r, r, 1, r], [r, r * r, r, 1]])
    entropy = -sum(p * math.log(p) for p in ((1 + r) / 2, (1 - r) / 2))
    assert effective_rank(matrix[None]).item() == pytest.approx(math.exp(2 * entropy), rel=1e-6)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_blocks_by_hand(layout):
    # Two networks of two channels, two images of 2 x 3 pixels (height x width), so 12 rows and places 0, 3, 6, 9.
    features = torch.arange(2 * 4 * 2 * 3, dtype=torch.float32).view(2, 4, 2, 3)
    blocks = block_of_rows(features.contiguous(memory_format=layout), torch.tensor([0.0, 0.99]), step=3)
    # Rows run down the columns of an image: pixels (0, 0) and (1, 0) of image 0.
    assert torch.equal(blocks[0], features[0, :2, :, 0].T)
    # Rows 9 and 10: image 1, pixels 3 and 4 in column order: (1, 1) and (0, 2).
    assert torch.equal(blocks[1], torch.stack([features[1, 2:, 1, 1], features[1, 2:, 0, 2]]))


def test_fewer_rows_than_columns_are_all_taken():
    features = torch.rand(3, 2 * 5, 1, 1)
    blocks = block_of_rows(features, torch.tensor([0.9, 0.1]), step=5)
    assert torch.equal(blocks, features[:, :, 0, 0].view(3, 2, 5).transpose(0, 1))


@pytest.mark.parametrize("place", [0.0, 0.37, 0.999])
def test_values_equal_the_definition_within_float32(place, monkeypatch):
    monkeypatch.setattr(near, "block_places", lambda seed, modules: torch.full((modules,), place, dtype=torch.float64))
    cells, images = some_cells(8), some_images(16)
    values, reasons = evaluate(make_trial(cells, images, FAMILY))["near"]
    assert values.dtype == torch.float64
    assert reasons == [""] * len(cells)
    for number, cell in enumerate(cells):
        assert values[number].item() == pytest.approx(slow(cell, number, images, place), rel=1e-4)


def test_every_module_has_a_place_of_its_own(monkeypatch):
    full, seen, original = Cell(("nor_conv_3x3",) * 6), [], near.block_places
    monkeypatch.setattr(near, "block_places", lambda seed, modules: seen.append(modules) or original(seed, modules))
    evaluate(make_trial([full], some_images(16), FAMILY))
    network = reference_network(full, 0, "default")
    modules = [m for m in network.modules() if hasattr(m, "weight") or isinstance(m, nn.ReLU)]
    assert seen == [len(modules)]


def test_values_do_not_depend_on_company_or_order():
    cells, images = some_cells(6, seed=1), some_images(16)
    together = evaluate(make_trial(cells, images, FAMILY))["near"][0]
    torch.testing.assert_close(together, alone(FAMILY, cells, images)["near"], rtol=1e-4, atol=0)


def test_another_seed_takes_other_blocks_and_weights():
    cells, images = some_cells(2), some_images(16)
    first, second = (evaluate(make_trial(cells, images, FAMILY, SMALL, seed))["near"][0] for seed in (0, 50))
    assert not torch.equal(first, second)


def test_cuda_equals_cpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    cells, images = some_cells(6), some_images(16)
    cpu = evaluate(make_trial(cells, images, FAMILY))["near"][0]
    cuda = evaluate(make_trial(cells, images.cuda(), FAMILY))["near"][0]
    torch.testing.assert_close(cuda, cpu, rtol=1e-3, atol=0)
