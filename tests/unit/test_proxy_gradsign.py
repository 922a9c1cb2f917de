"""GradSign against batches of one image, one after another, through the reference network in float64."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from per_sample_helpers import APART, CELLS, SKELETON, make_trial, on_cuda, reference
from torch import nn

from tfnas.networks.batched import BatchedNetworks, batch_norm
from tfnas.networks.reference import Network, initial_state
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.gradsign import count_weights, evaluate, same_score, sign_sums
from tfnas.proxies.registry import get_family
from tfnas.scoring.chunk import Draws, score_cells
from tfnas.spaces.nats_tss import Cell, enumerate_cells

LARGER = replace(SKELETON, image_size=16)
"""On 8 x 8 pixels the last maps are 2 x 2, which average pooling makes constant: see the test of constant maps."""


def slow_score(network, images, labels):
    signs = []
    for image, label in zip(images.double(), labels, strict=True):
        network.zero_grad()
        F.cross_entropy(network(image[None]), label[None]).backward()
        layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
        signs.append(torch.cat([layer.weight.grad.flatten().sign() for layer in layers]))
    return torch.stack(signs).sum(0).abs().mean().item()


@pytest.fixture(scope="module")
def trial():
    return make_trial([*CELLS, APART], ["gradsign"], batch=20, skeleton=LARGER)


@pytest.fixture(scope="module")
def expected(trial):
    return [slow_score(reference(trial, n), trial.images, trial.labels) for n in range(trial.count)]


def test_float64_equals_the_definition(trial, expected):
    networks = trial.networks(per_image=True, dtype=torch.float64)
    sums = sign_sums(networks, trial.images.double(), trial.labels)
    for number, cell in enumerate(trial.cells):
        score = float(sums[number]) / count_weights(cell, LARGER)
        assert score == pytest.approx(expected[number], abs=1e-9)


def test_float32_agrees_with_float64_within_a_thousandth(trial, expected):
    values, reasons = evaluate(trial)["gradsign_mean"]
    assert values.tolist() == pytest.approx(expected, rel=1e-3)
    assert reasons == [""] * trial.count
    assert float(values[-1]) == 0.0
    sums = [mean * count_weights(cell, LARGER) for mean, cell in zip(expected, trial.cells, strict=True)]
    assert evaluate(trial)["gradsign"][0].tolist() == pytest.approx(sums, rel=1e-3)


@pytest.mark.parametrize("skeleton", [SKELETON, Skeleton(4, 2, 10, 3, 16)])
def test_weights_are_counted_as_the_network_holds_them(skeleton):
    for cell in [*CELLS, APART]:
        layers = [m for m in Network(cell, skeleton).modules() if isinstance(m, nn.Conv2d | nn.Linear)]
        assert count_weights(cell, skeleton) == sum(layer.weight.numel() for layer in layers)


def test_images_that_agree_and_images_that_do_not(trial):
    # Twice the same image: every sign is there twice, unless it is zero.
    networks = trial.networks(per_image=True, dtype=torch.float64)
    images, labels = trial.images[:1].double(), trial.labels[:1]
    once = sign_sums(networks, images, labels)
    assert torch.equal(sign_sums(networks, images.repeat(3, 1, 1, 1), labels.repeat(3)), 3 * once)
    # Of two classes, labels 0 and 1 of one image pull every weight in opposite directions.
    skeleton = replace(LARGER, classes=2)
    networks = make_trial(CELLS, ["gradsign"], skeleton=skeleton).networks(per_image=True, dtype=torch.float64)
    opposed = sign_sums(networks, images.repeat(2, 1, 1, 1), torch.tensor([0, 1]))
    assert (opposed < 0.01 * sign_sums(networks, images, labels)).all()


def test_maps_that_are_constant_up_to_rounding_pass_no_gradient():
    # The average over 3 x 3 of 2 x 2 pixels is constant; normalised alone, such a map is zero, and so is the score.
    pooled = Cell.parse("|none~0|+|none~0|none~1|+|avg_pool_3x3~0|none~1|none~2|")
    skeleton = replace(LARGER, image_size=8)
    for dtype in (torch.float32, torch.float64):
        trial = replace(make_trial(CELLS[:1], ["gradsign"], skeleton=skeleton), cells=[pooled])
        networks = trial.networks(per_image=True, dtype=dtype)
        assert sign_sums(networks, trial.images.to(dtype), trial.labels).tolist() == [0.0]


def test_pooled_maps_of_four_pixels_agree_in_both_precisions():
    # What lies above a pooled map has gradients that normalisation cancels: rounding would decide their signs.
    pooled = [
        Cell.parse("|avg_pool_3x3~0|+|avg_pool_3x3~0|none~1|+|avg_pool_3x3~0|nor_conv_3x3~1|skip_connect~2|"),
        Cell.parse("|avg_pool_3x3~0|+|skip_connect~0|avg_pool_3x3~1|+|avg_pool_3x3~0|nor_conv_3x3~1|avg_pool_3x3~2|"),
    ]
    trial = make_trial(CELLS[:1], ["gradsign"], batch=40)
    trial = replace(trial, cells=pooled, seeds=[0, 1])
    values = [
        sign_sums(trial.networks(per_image=True, dtype=dtype), trial.images.to(dtype), trial.labels)
        for dtype in (torch.float32, torch.float64)
    ]
    torch.testing.assert_close(*values, rtol=5e-3, atol=0)


def test_normalisation_of_each_image_is_that_of_pytorch():
    # A scale and a shift of each channel as well, which are 1 and 0 in untrained networks.
    state = initial_state(CELLS[0], LARGER, torch.Generator().manual_seed(0))
    layer = BatchedNetworks([CELLS[0]], LARGER, [state], per_image=True).double().stem
    with torch.no_grad():
        layer.norm_weight.uniform_(0.5, 2)
        layer.norm_bias.uniform_(-1, 1)
    x = torch.randn(4, 3, 5, 5, dtype=torch.float64, requires_grad=True)
    inputs = (x, layer.norm_weight, layer.norm_bias)
    expected = F.instance_norm(x, weight=layer.norm_weight, bias=layer.norm_bias)
    found = batch_norm(layer, x)
    torch.testing.assert_close(found, expected)
    pull = torch.randn_like(x)
    for one, other in zip(*(torch.autograd.grad(y, inputs, pull) for y in (found, expected)), strict=True):
        torch.testing.assert_close(one, other)


def test_feature_maps_of_one_pixel_have_no_score():
    skeleton = Skeleton(channels=3, cells_per_stage=1, classes=4, image_channels=2, image_size=4)
    values, reasons = evaluate(make_trial(CELLS[:2], ["gradsign"], skeleton=skeleton))["gradsign"]
    assert all(math.isnan(value) for value in values)
    assert reasons == ["batch normalisation of a single value"] * 2


def test_dead_convolutions_make_a_class_of_their_own():
    *others, _, last = CELLS[1].operations
    assert same_score(CELLS[1]) != same_score(Cell((*others, "nor_conv_3x3", last)))
    assert same_score(APART) != same_score(Cell(("nor_conv_3x3", *APART.operations[1:])))
    assert len({same_score(cell) for cell in enumerate_cells()}) >= 5785


def test_values_do_not_depend_on_order_or_company(trial):
    data = (trial.images, trial.labels, LARGER, Draws(1, 3))
    alone = score_cells(get_family("gradsign"), CELLS, *data, together=1)
    grouped = score_cells(get_family("gradsign"), CELLS[::-1], *data, together=5)
    one, two = ({row[:3]: row[3] for row in rows} for rows in (alone, grouped))
    assert one.keys() == two.keys()
    assert all(one[key] == pytest.approx(two[key], rel=1e-3) for key in one)


def test_only_64_images_are_used():
    long, cut = (make_trial(CELLS[:1], ["gradsign"], batch=70) for _ in range(2))
    cut.images, cut.labels = cut.images[:64], cut.labels[:64]
    assert torch.equal(evaluate(long)["gradsign"][0], evaluate(cut)["gradsign"][0])


def test_cuda_equals_cpu(trial):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    cpu, cuda = evaluate(trial)["gradsign"], evaluate(on_cuda(trial))["gradsign"]
    torch.testing.assert_close(cuda[0], cpu[0], rtol=2e-3, atol=0)
