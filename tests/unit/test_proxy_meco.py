"""MeCo against forward hooks on every module of the reference network and the general eigenvalue solver."""

import warnings

import pytest
import torch
from torch import nn
from untrained_helpers import SMALL, alone, make_trial, reference_network, some_cells, some_images

from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.meco import FAMILY, correlations, evaluate
from tfnas.spaces.nats_tss import Cell

GREY = Skeleton(channels=3, cells_per_stage=2, classes=4, image_channels=1, image_size=8)


def slow(cell: Cell, seed: int, image: torch.Tensor, skeleton: Skeleton = SMALL) -> float:
    """The definition, one module at a time; a pooling edge is two modules in the benchmark's network."""
    network = reference_network(cell, seed, "default", skeleton)
    total = 0.0

    def hook(module, _, output):
        nonlocal total
        features = output[0].reshape(output.shape[1], -1)
        correlation = torch.corrcoef(features).nan_to_num(0.0, 0.0, 0.0)
        smallest = torch.linalg.eigvals(correlation).real.min().item()
        total += smallest * (2 if isinstance(module, nn.AvgPool2d) and module.kernel_size == 3 else 1)

    for name, module in network.named_modules():
        if name:
            module.register_forward_hook(hook)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # One value per row has no variance.
        network(image.double())
    return total


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_correlations_by_hand(layout):
    # Network 0: perfectly opposed channels. Network 1: the second channel is constant.
    features = torch.tensor([[1.0, 2.0, 3.0, 6.0], [-2.0, -4.0, -6.0, -12.0], [0.0, 1.0, 0.0, 1.0], [4.0] * 4])
    features = features.view(1, 4, 2, 2).contiguous(memory_format=layout)
    expected = torch.tensor([[[1.0, -1.0], [-1.0, 1.0]], [[1.0, 0.0], [0.0, 0.0]]], dtype=torch.float64)
    torch.testing.assert_close(correlations(features, 2), expected)
    assert torch.linalg.eigvalsh(correlations(features, 2))[:, 0].tolist() == pytest.approx([0.0, 0.0], abs=1e-12)


@pytest.mark.parametrize("skeleton", [SMALL, GREY])
def test_values_equal_the_definition_within_float32(skeleton):
    cells = some_cells(12)
    trial = make_trial(cells, some_images(2, skeleton), FAMILY, skeleton)
    values, reasons = evaluate(trial)["meco"]
    assert values.dtype == torch.float64
    assert reasons == [""] * len(cells)
    image = trial.gaussian("meco input", 1, skeleton.image_channels, 64, 64)
    for number, cell in enumerate(cells):
        assert values[number].item() == pytest.approx(slow(cell, number, image, skeleton), rel=1e-5)


def test_values_do_not_depend_on_company_order_or_mini_batch():
    cells = some_cells(6, seed=1)
    together = evaluate(make_trial(cells, some_images(2), FAMILY))["meco"][0]
    torch.testing.assert_close(together, alone(FAMILY, cells, some_images(5))["meco"], rtol=1e-5, atol=0)


def test_a_pooling_edge_counts_twice_and_a_skip_once():
    # Neither edge reaches the output: what they add is their own eigenvalues alone.
    base, skip, pool = (
        Cell.parse(f"|{operation}~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|")
        for operation in ("none", "skip_connect", "avg_pool_3x3")
    )
    image = some_images(2)
    values = [evaluate(make_trial([cell], image, FAMILY))["meco"][0].item() for cell in (base, skip, pool)]
    assert values[1] > values[0] < values[2]
    assert values[1] != values[2]


def test_cuda_equals_cpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    cells = some_cells(6)
    cpu = evaluate(make_trial(cells, some_images(2), FAMILY))["meco"][0]
    cuda = evaluate(make_trial(cells, some_images(2).cuda(), FAMILY))["meco"][0]
    torch.testing.assert_close(cuda, cpu, rtol=1e-4, atol=0)
