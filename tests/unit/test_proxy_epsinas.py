"""epsinas against a plain reading of its definition on reference networks whose weights are all filled by hand."""

import math
import warnings

import numpy as np
import pytest
import torch
from test_every_proxy import float64  # noqa: F401
from untrained_helpers import SMALL, alone, make_trial, some_cells, some_images

from tfnas.networks.reference import Network
from tfnas.proxies.epsinas import FAMILY, OUT_OF_RANGE, TOO_FEW, dispersion, evaluate, function_class
from tfnas.spaces.nats_tss import EDGES, Cell, enumerate_cells

ALL = tuple(enumerate_cells())


def slow(cell: Cell, images: torch.Tensor, skeleton=SMALL, dtype=torch.float64) -> float:
    """The definition, one network of all channels at a time, NaN where float32 loses all outputs."""
    normalised = []
    for weight in (1e-7, 1.0):
        network = Network(cell, skeleton).to(dtype).train()
        for name, parameter in network.named_parameters():
            torch.nn.init.constant_(parameter, 0.0 if name.endswith("bias") else weight)
        with torch.no_grad():
            outputs = network(images.to(dtype))[:, 0].numpy()
        if abs(outputs).max() < np.finfo(np.float32).smallest_subnormal:
            return math.nan
        with np.errstate(invalid="ignore"):
            scaled = (outputs - outputs.min()) / (outputs.max() - outputs.min())
        normalised.append(np.where(scaled == 0, np.nan, scaled))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(np.nanmean(abs(normalised[0] - normalised[1])) / np.nanmean(normalised))


def has_a_path_without_convolutions(cell: Cell) -> bool:
    reached = {0}
    for (source, target), operation in zip(EDGES, cell.operations, strict=True):
        if source in reached and operation in ("skip_connect", "avg_pool_3x3"):
            reached.add(target)
    return 3 in reached


def test_values_equal_the_definition():
    cells, images = some_cells(24), some_images(6)
    values, reasons = evaluate(make_trial(cells, images, FAMILY))["epsinas"]
    for cell, value, reason in zip(cells, values.tolist(), reasons, strict=True):
        assert value == pytest.approx(slow(cell, images), rel=1e-9, nan_ok=True), cell
        assert (reason == OUT_OF_RANGE.reason) == math.isnan(value)
    assert 5 < sum(map(math.isfinite, values.tolist())) < len(cells)


def test_values_of_float32_networks_are_those_of_the_definition_up_to_rounding():
    """The authors' code is float32: where it has a value it has this one, and where it has none there is none."""
    for cell in some_cells(12, seed=3):
        images = some_images(6)
        found = evaluate(make_trial([cell], images, FAMILY))["epsinas"][0].item()
        assert found == pytest.approx(slow(cell, images, dtype=torch.float32), rel=1e-3, nan_ok=True), cell


def test_a_cell_has_a_value_where_a_path_passes_no_convolution():
    cells = some_cells(60, seed=5)
    values = evaluate(make_trial(cells, some_images(4), FAMILY))["epsinas"][0]
    assert values.isfinite().tolist() == [has_a_path_without_convolutions(cell) for cell in cells]


def test_so_many_cells_of_the_space_have_a_value():
    assert sum(map(has_a_path_without_convolutions, ALL)) == 15625 - 6399


def test_dispersion_by_hand():
    # p is (nan, 1/4, 1) and (1/2, nan, 1): one difference, 0, of image 2; four values, of mean 11/16.
    small, large = torch.tensor([[0.0, 1.0, 4.0]]).double(), torch.tensor([[2.0, 1.0, 3.0]]).double()
    assert dispersion((small, large))[0].item() == 0
    # p is (nan, 1/4, 1, 1/2) and (nan, 1/2, 1, 0.75): differences 1/4, 0, 1/4 and a mean of 4 / 6.
    small, large = torch.tensor([[0.0, 1.0, 4.0, 2.0]]).double(), torch.tensor([[1.0, 3.0, 5.0, 4.0]]).double()
    assert dispersion((small, large))[0].item() == pytest.approx((0.5 / 3) / (4 / 6))


def test_what_has_no_value_says_why():
    one, other = torch.tensor([[1.0, 2.0, 3.0]]).double(), torch.ones(1, 3).double()
    for pair in ((one * 1e-46, one), (one, other), (one, one * 1e39)):
        values, reasons = dispersion(pair)
        assert values.isnan().all()
        assert reasons == [OUT_OF_RANGE.reason]
    values, reasons = dispersion((one[:, :2], one[:, :2].flip(1)))
    assert values.isnan().all()
    assert reasons == [TOO_FEW.reason]


def test_there_are_4930_functions_of_equal_weights():
    keys = {}
    for cell in ALL:
        keys.setdefault(function_class(cell), []).append(cell)
    assert len(keys) == FAMILY.distinct == 4930
    assert keys[""] == [cell for cell in ALL if not cell.is_connected]
    rng = np.random.default_rng(1)
    several = [cells for key, cells in keys.items() if len(cells) > 3 and has_a_path_without_convolutions(cells[0])]
    for place in rng.choice(len(several), 12, replace=False):
        values = evaluate(make_trial(several[place][:6], some_images(5), FAMILY))["epsinas"][0]
        assert values.tolist() == pytest.approx([values[0].item()] * len(values), rel=1e-9)


def test_values_do_not_depend_on_company_or_on_seeds():
    cells, images = some_cells(6, seed=1), some_images(5)
    together = evaluate(make_trial(cells, images, FAMILY, first_seed=100))["epsinas"][0]
    torch.testing.assert_close(together, alone(FAMILY, cells, images)["epsinas"], rtol=1e-9, atol=0, equal_nan=True)
