"""Linear regions against hooks on modules of the reference network, counted with a Python set."""

import pytest
import torch
from per_sample_helpers import APART, CELLS, SKELETON, make_trial, on_cuda
from torch import nn

from tfnas.networks.reference import CellBlock, initial_state
from tfnas.proxies.linear_regions import (
    THIN,
    codes,
    count_distinct,
    draw_crops,
    evaluate,
    normalised,
    operation_matrices,
)
from tfnas.proxies.registry import get_family
from tfnas.scoring.chunk import Draws, score_cells
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import Cell

NAME = "linear_regions"


def slow_count(cell, seed, crops):
    """Patterns of all ReLU modules of one cell of one channel and the last normalisation and ReLU, as strings."""
    network = nn.Sequential(CellBlock(cell, 1), nn.BatchNorm2d(1), nn.ReLU()).double().train()
    state = initial_state(cell, THIN, torch.Generator().manual_seed(seed))
    own = {name.replace("cells.0.", "0."): value for name, value in state.items() if name.startswith("cells.0.")}
    assert not network.load_state_dict(own, strict=False).unexpected_keys
    seen = []
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda module, given, output: seen.append(output.flatten(1).sign()))
    patterns = set()
    for batch in crops:
        seen.clear()
        network(batch.view(-1, 1, 3, 3))
        patterns |= {tuple(row) for row in torch.cat(seen, 1).int().tolist()}
    return len(patterns)


@pytest.fixture(scope="module")
def trial():
    return make_trial([*CELLS, APART], [NAME], batch=20)


def test_values_equal_the_definition(trial):
    values, reasons = evaluate(trial)[NAME]
    crops = draw_crops(trial.images, child_seed(trial.noise_seed, "linear regions"))
    expected = [slow_count(cell, seed, crops) for cell, seed in zip(trial.cells, trial.seeds, strict=True)]
    assert values.tolist() == expected
    assert reasons == [""] * trial.count
    assert len(set(expected)) > 3


def test_crops_are_distinct_and_from_the_images():
    images = torch.arange(2 * 3 * 8 * 8.0).view(2, 3, 8, 8)
    crops = draw_crops(images, seed=0)
    # 2 images, 3 channels, 6 x 6 places: all of them, once each, and each a block of neighbours.
    assert crops.shape == (3, 72, 9)
    assert len({tuple(crop) for crop in crops.flatten(0, 1).tolist()}) == 216
    offsets = crops - crops[:, :, :1]
    assert (offsets == torch.tensor([0, 1, 2, 8, 9, 10, 16, 17, 18], dtype=torch.float64)).all()
    assert torch.equal(draw_crops(images, seed=0), crops)
    assert not torch.equal(draw_crops(images, seed=1), crops)


def test_there_are_3000_crops_where_images_allow():
    assert draw_crops(torch.randn(20, 3, 16, 16), seed=0).shape == (3, 1000, 9)


def test_a_skip_by_hand():
    # Nothing but the last ReLU: pixels above the mean of the batch, here 4 and 5.
    cell = Cell.parse("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
    state = initial_state(cell, THIN, torch.Generator().manual_seed(0))
    crops = torch.arange(9.0).double().repeat(1, 2, 1)
    crops[0, 1] += 2
    found = codes([cell], operation_matrices([cell], [state]), crops)
    expected = [sum(2**pixel for pixel in range(9) if pixel + shift > 5) << 27 for shift in (0, 2)]
    assert found.tolist() == [expected]
    assert count_distinct(found).tolist() == [2]


def test_a_cell_of_zeros_has_one_region():
    nothing = Cell.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")
    crops = torch.randn(3, 10, 9, dtype=torch.float64)
    found = codes([nothing], operation_matrices([nothing], [{}]), crops)
    assert count_distinct(found).tolist() == [1]


def test_distinct_numbers_of_rows():
    assert count_distinct(torch.tensor([[3, 1, 3, 2], [2**35, 2**35, 2**35 + 1, 0], [5, 5, 5, 5]])).tolist() == [
        3,
        3,
        1,
    ]


def test_normalisation_is_that_of_pytorch():
    x = torch.randn(1, 2, 7, 9, dtype=torch.float64)
    for batch, expected in zip(x[0], normalised(x)[0], strict=True):
        torch.testing.assert_close(nn.BatchNorm2d(1).double()(batch.view(7, 1, 3, 3)).view(7, 9), expected)


def test_values_do_not_depend_on_order_or_company(trial):
    data = (trial.images, trial.labels, SKELETON, Draws(2, 3))
    alone = score_cells(get_family(NAME), CELLS, *data, together=1)
    grouped = score_cells(get_family(NAME), CELLS[::-1], *data, together=5)
    assert {row[:4] for row in alone} == {row[:4] for row in grouped}


def test_cuda_equals_cpu(trial):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    assert torch.equal(evaluate(on_cuda(trial))[NAME][0], evaluate(trial)[NAME][0])
