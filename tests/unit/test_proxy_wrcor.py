"""WRCor against a plain loop over the ReLU modules of the reference network with numpy's correlations."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from test_every_proxy import float64  # noqa: F401
from torch import nn
from untrained_helpers import SMALL, SPECIAL_CELLS, alone, make_trial, reference_network, some_cells, some_images

from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.wrcor import FAMILY, IMAGES, SINGULAR, correlations, evaluate, log_determinants

pytestmark = pytest.mark.usefixtures("float64")

LABELS = torch.tensor([0, 3, 1, 1, 4, 2])


def own_relus(module: nn.Module, number: int, read: list) -> None:
    """Let every ReLU of a module read a copy of its input, and remember it with the number of the block."""
    for relu in module.modules():
        if isinstance(relu, nn.ReLU):

            def forward(x, number=number):
                own = x.clone()
                own.retain_grad()
                read.append((own, number))
                return F.relu(own)

            relu.forward = forward


def slow(cell, seed: int, images: torch.Tensor, labels: torch.Tensor, skeleton: Skeleton = SMALL) -> float:
    """The definition."""
    network, read = reference_network(cell, seed, "default", skeleton), []
    for number, part in enumerate([*network.cells, network.lastact], start=1):
        own_relus(part, number, read)
    F.cross_entropy(network(images.double()), labels).backward()
    kernel = np.zeros((len(images), len(images)))
    for values, number in read:
        gradient = torch.zeros_like(values) if values.grad is None else values.grad
        for response in (values.detach(), gradient):
            with np.errstate(all="ignore"):
                matrix = np.corrcoef(response.flatten(1).numpy())
            if not np.isnan(matrix).any():
                kernel += 2.0**number * abs(matrix)
    return float(np.linalg.slogdet(kernel)[1]) if np.linalg.matrix_rank(kernel) == len(kernel) else math.nan


def trial_of(cells, images, **options):
    trial = make_trial(cells, images.double(), FAMILY, **options)
    trial.labels = LABELS[: len(images)]
    return trial


def test_values_equal_the_definition():
    cells, images = some_cells(16), some_images(6)
    values, reasons = evaluate(trial_of(cells, images))["wrcor"]
    for number, (cell, value) in enumerate(zip(cells, values.tolist(), strict=True)):
        assert value == pytest.approx(slow(cell, number, images, LABELS), rel=1e-9, nan_ok=True), cell
        assert (reasons[number] == SINGULAR.reason) == math.isnan(value)


def test_correlations_by_hand_and_with_a_constant_row():
    rows = torch.tensor([[1.0, 2, 3, 6], [3.0, 2, 1, -2], [1.0, 1, 5, 5]]).double()
    network = rows[:, :, None, None]
    both = torch.cat([network, torch.cat([network[:2], torch.ones(1, 4, 1, 1)])], 1)
    found = correlations(both, 2)
    np.testing.assert_allclose(found[0].numpy(), abs(np.corrcoef(rows.numpy())), rtol=1e-12)
    assert (found[1] == 0).all()


def test_an_indefinite_matrix_has_a_value_and_a_singular_one_has_none():
    indefinite, singular = torch.tensor([[1.0, 2], [2, 1]]).double(), torch.ones(2, 2).double()
    values, reasons = log_determinants(torch.stack([indefinite, singular, torch.zeros(2, 2).double()]))
    assert values[0].item() == pytest.approx(math.log(3))
    assert values[1:].isnan().all()
    assert reasons == ["", SINGULAR.reason, SINGULAR.reason]


def test_edges_that_read_one_node_have_gradients_of_their_own():
    # Two convolutions of the input, alone or with others beside them, so that all networks share a ReLU.
    cells = [cell for cell in some_cells(40, seed=2) if cell.operations[0] == "nor_conv_3x3"][:3]
    images = some_images(5)
    for number, cell in enumerate(cells):
        value = evaluate(trial_of([cell], images, first_seed=number))["wrcor"][0].item()
        assert value == pytest.approx(slow(cell, number, images, LABELS[:5]), rel=1e-9)


def test_only_the_first_images_count():
    cells, images = some_cells(1)[:1], some_images(IMAGES + 3)
    trial = make_trial(cells, images.double(), FAMILY)
    first = make_trial(cells, images[:IMAGES].double(), FAMILY)
    assert evaluate(trial)["wrcor"][0].item() == pytest.approx(evaluate(first)["wrcor"][0].item(), rel=1e-12)


def test_a_network_without_responses_is_singular():
    assert evaluate(trial_of(SPECIAL_CELLS[:1], some_images(6)))["wrcor"][1] == [SINGULAR.reason]


def test_values_do_not_depend_on_company_or_order():
    cells, images = some_cells(5, seed=1), some_images(6).double()
    together = evaluate(make_trial(cells, images, FAMILY))["wrcor"][0]
    torch.testing.assert_close(together, alone(FAMILY, cells, images)["wrcor"], rtol=1e-9, atol=0, equal_nan=True)
