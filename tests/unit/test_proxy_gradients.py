"""Gradient proxies against their definitions on the reference network, one network at a time, in float64."""

import gc
import math
import weakref

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from untrained_helpers import SMALL, reference_network, some_cells, some_images

from tfnas.networks.second_order import TwiceDifferentiable
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.gradients import channel_saliencies, class_scores, jacobian_scores, row_correlations, weight_sums
from tfnas.proxies.registry import get_family
from tfnas.proxies.trial import Trial
from tfnas.scoring.chunk import Draws, score_cells
from tfnas.spaces.nats_tss import Cell, enumerate_cells

FAMILY = get_family("gradients")
NAMES = [proxy.name for proxy in FAMILY.proxies]
CELLS = some_cells(7, seed=4)
LABELS = torch.tensor([0, 1, 2, 0, 1, 0, 4, 4, 0])
LARGE = Cell.parse("|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|")


def make_trial(cells, images, wanted=NAMES, labels=LABELS, skeleton=SMALL, first_seed=0) -> Trial:
    seeds = list(range(first_seed, first_seed + len(cells)))
    return Trial(cells, seeds, skeleton, images, labels.to(images.device), frozenset(wanted))


def layers_of(network: nn.Module) -> list[nn.Module]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]


def loss_and_outputs(network, images, labels):
    """The loss and the output of every convolution and of the classifier."""
    outputs = {}
    hooks = [layer.register_forward_hook(lambda m, i, o: outputs.update({m: o})) for layer in layers_of(network)]
    loss = F.cross_entropy(network(images), labels)
    for hook in hooks:
        hook.remove()
    return loss, outputs


def slow_second_derivative(network, images, labels) -> tuple[list, list]:
    """For every layer its gradient, and its part of -W (H g), by differentiating <g, stopgrad(g)> as published."""
    weights = [layer.weight for layer in layers_of(network)]
    loss = F.cross_entropy(network(images), labels)
    options = {"allow_unused": True, "materialize_grads": True}
    gradients = torch.autograd.grad(loss, weights, create_graph=True, **options)
    squares = sum((gradient * gradient.detach()).sum() for gradient in gradients)
    products = torch.autograd.grad(squares, weights, **options)
    parts = [-float((weight.detach() * product).sum()) for weight, product in zip(weights, products, strict=True)]
    return [gradient.detach() for gradient in gradients], parts


def slow_snip(network, images, labels) -> float:
    """The gradient with respect to masks of ones."""
    names = [f"{name}.weight" for name, layer in network.named_modules() if layer in layers_of(network)]
    parameters = dict(network.named_parameters())
    masks = {name: torch.ones_like(parameters[name], requires_grad=True) for name in names}
    masked = {name: parameters[name].detach() * mask for name, mask in masks.items()}
    loss = F.cross_entropy(torch.func.functional_call(network, masked, (images,)), labels)
    gradients = torch.autograd.grad(loss, list(masks.values()), allow_unused=True, materialize_grads=True)
    return float(sum(gradient.abs().sum() for gradient in gradients))


def slow_fisher(network, images, labels) -> float:
    loss, outputs = loss_and_outputs(network, images, labels)
    deltas = torch.autograd.grad(loss, list(outputs.values()), allow_unused=True, materialize_grads=True)
    total = 0.0
    for (layer, output), delta in zip(outputs.items(), deltas, strict=True):
        for channel in range(output.shape[1]):
            squares = [float((output[n, channel] * delta[n, channel]).sum().detach()) ** 2 for n in range(len(images))]
            total += layer.weight[channel].numel() * 0.5 * np.mean(squares)
    return total


def slow_jacobian(network, images) -> np.ndarray:
    images = images.clone().requires_grad_()
    (jacobian,) = torch.autograd.grad(network(images).sum(), images)
    return jacobian.flatten(1).numpy()


def slow_jacob_cov(jacobian: np.ndarray) -> float:
    with np.errstate(invalid="ignore"):
        correlations = np.corrcoef(jacobian)
    if np.isnan(correlations).any():
        return math.nan
    values = np.maximum(np.linalg.eigvals(correlations).real, 0) + 1e-5
    return -np.sum(np.log(values) + 1 / values)


def slow_epe(jacobian: np.ndarray, labels: np.ndarray, classes: int) -> float:
    scores = {}
    for label in sorted(set(labels.tolist())):
        rows = jacobian[labels == label]
        with np.errstate(invalid="ignore"):
            correlations = np.corrcoef(rows)
        score = np.log(np.abs(correlations) + 1e-5).sum()
        if classes > 100:
            if correlations.ndim == 0:
                continue
            score /= len(correlations)
        scores[label] = score
    if classes <= 100:
        return sum(abs(score) for score in scores.values())
    if not scores:
        return math.nan
    return sum(abs(one - other) for one in scores.values() for other in scores.values()) / len(scores)


@pytest.mark.parametrize(
    ("skeleton", "labels"),
    [(SMALL, LABELS), (Skeleton(2, 1, 120, 1, 12), torch.tensor([7, 119, 7, 3, 3, 3, 0, 119, 64]))],
)
def test_all_proxies_equal_their_definitions(skeleton, labels):
    images = some_images(len(labels), skeleton).double()
    results = FAMILY.evaluate(make_trial(CELLS, images, labels=labels, skeleton=skeleton))
    assert results.keys() == set(NAMES)
    for number, cell in enumerate(CELLS):
        network = reference_network(cell, number, "default", skeleton)
        gradients, grasp = slow_second_derivative(network, images, labels)
        weights = [layer.weight.detach() for layer in layers_of(network)]
        jacobian = slow_jacobian(network, images)
        slow = {
            "grad_norm": sum(float(gradient.norm()) for gradient in gradients),
            "snip": slow_snip(network, images, labels),
            "plain": sum(float((w * g).sum()) for w, g in zip(weights, gradients, strict=True)),
            "fisher": slow_fisher(network, images, labels),
            "grasp": sum(grasp),
            "l2_norm": sum(float(weight.norm()) for weight in weights),
            "jacob_cov": slow_jacob_cov(jacobian),
            "epe_nas": slow_epe(jacobian, labels.numpy(), skeleton.classes),
        }
        for name, value in slow.items():
            # Weights are drawn in float32; norms are taken of the very same numbers.
            assert results[name][0][number].item() == pytest.approx(value, rel=1e-8, abs=1e-12, nan_ok=True), name
            assert results[name][1][number] == ("constant Jacobian row" if math.isnan(value) else "")


def test_only_disconnected_cells_are_undefined_or_without_gradient():
    results = FAMILY.evaluate(make_trial(CELLS, some_images(len(LABELS))))
    apart = torch.tensor([not cell.is_connected for cell in CELLS])
    assert apart.any()
    for name in ("jacob_cov", "epe_nas"):
        assert torch.equal(results[name][0].isnan(), apart)
    for name in ("grad_norm", "snip", "plain", "grasp"):
        assert torch.equal(results[name][0] == 0, apart)
    # The classifier's bias alone gives logits, and so a saliency, to a network without signal.
    assert (results["fisher"][0] > 0).all()


def test_normalised_convolutions_add_the_square_of_their_gradient_to_grasp():
    # Euler: the loss does not change when such a weight is scaled (but for epsilon), so <W, H g> = -|g|^2 of the layer.
    labels = LABELS[:6]
    images = some_images(6).double() * 3
    network = reference_network(LARGE, 0, "default")
    gradients, parts = slow_second_derivative(network, images, labels)
    names = [name for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    expected = 0.0
    for name, gradient, part in zip(names, gradients, parts, strict=True):
        invariant = "downsample" not in name and "classifier" not in name
        if invariant:
            assert part == pytest.approx(float(gradient.square().sum()), rel=2e-2)
        expected += float(gradient.square().sum()) if invariant else part
    found = FAMILY.evaluate(make_trial([LARGE], images, ["grasp"], labels))["grasp"][0].item()
    assert found == pytest.approx(expected, rel=2e-2)
    assert abs(expected) > 0.1


def test_a_proxy_has_the_same_value_whichever_others_are_wanted():
    images = some_images(len(LABELS)).double()
    cells = CELLS[:3]
    together = FAMILY.evaluate(make_trial(cells, images))
    for name in NAMES:
        trial = make_trial(cells, images, [name])
        results = FAMILY.evaluate(trial)
        assert results.keys() == {name}
        torch.testing.assert_close(results[name][0], together[name][0], rtol=1e-10, atol=1e-12, equal_nan=True)
        assert results[name][0].dtype == torch.float64
        assert not results[name][0].requires_grad


def test_values_do_not_depend_on_order_or_company():
    # In float64: on images as small as these one ReLU that rounding switches would show.
    images = some_images(len(LABELS)).double()
    alone = score_cells(FAMILY, CELLS, images, LABELS, SMALL, Draws(2, 3), together=1)
    grouped = score_cells(FAMILY, CELLS[::-1], images, LABELS, SMALL, Draws(2, 3), together=7)
    one, two = ({row[:3]: row[3] for row in rows} for rows in (alone, grouped))
    assert one.keys() == two.keys()
    for key, value in one.items():
        assert two[key] == pytest.approx(value, rel=1e-8, abs=1e-10, nan_ok=True), key


def test_float32_agrees_with_float64():
    skeleton = Skeleton(4, 1, 5, 3, 16)
    images, labels = some_images(16, skeleton), torch.arange(16) % 5
    single = FAMILY.evaluate(make_trial(CELLS, images, labels=labels, skeleton=skeleton))
    double = FAMILY.evaluate(make_trial(CELLS, images.double(), labels=labels, skeleton=skeleton))
    for name in NAMES:
        torch.testing.assert_close(single[name][0], double[name][0], rtol=1e-3, atol=1e-5, equal_nan=True)


def test_nothing_keeps_the_graph_alive(monkeypatch):
    # A reference cycle would keep gigabytes until the next collection.
    trial = make_trial([LARGE], some_images(len(LABELS)))
    build, held = trial.networks, []

    def networks(**options):
        built = build(**options)
        held.append(weakref.ref(built.stem))
        return built

    monkeypatch.setattr(trial, "networks", networks)
    gc.collect()
    gc.disable()
    try:
        FAMILY.evaluate(trial)
        assert [reference() for reference in held] == [None]
    finally:
        gc.enable()


def test_sums_over_weights_by_hand():
    weight = torch.tensor([[[[1.0]], [[-2.0]]], [[[0.0]], [[1.0]]]])
    gradient = torch.tensor([[[[3.0]], [[4.0]]], [[[5.0]], [[-12.0]]]])
    norm, absolute, signed = weight_sums(weight, gradient, 2)
    assert norm.tolist() == [5, 13]
    assert absolute.tolist() == [11, 12]
    assert signed.tolist() == [-5, -12]
    assert [part.item() for part in weight_sums(weight, gradient, 1)] == pytest.approx([194**0.5, 23, -17])


def test_saliency_of_a_channel_by_hand():
    # Two images, one channel of two pixels: sums of a * d are 1*2 + 2*1 = 4 and 3*1 - 1*1 = 2; (16 + 4) / 2 / 2 = 5.
    outputs = torch.tensor([[[[1.0, 2.0]]], [[[3.0, 1.0]]]])
    deltas = torch.tensor([[[[2.0, 1.0]]], [[[1.0, -1.0]]]])
    assert channel_saliencies(outputs, deltas).tolist() == [5.0]


def test_scores_of_correlations_by_hand():
    k = 1e-5
    jacobian = torch.tensor([[[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 2.0, -2.0], [5.0, 3.0, 4.0, 4.0]]])
    correlations = row_correlations(jacobian)
    expected = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]], dtype=torch.float64)
    torch.testing.assert_close(correlations[0], expected)
    values, reasons = jacobian_scores(correlations)
    # Eigenvalues 2, 1, 0.
    by_hand = -sum(math.log(v + k) + 1 / (v + k) for v in (2, 1, 0))
    assert values.item() == pytest.approx(by_hand, rel=1e-9)
    assert reasons == [""]
    labels = torch.tensor([2, 1, 2])
    one = math.log(1 + k)
    assert class_scores(correlations, labels, 10)[0].item() == pytest.approx(5 * one)
    assert class_scores(correlations, torch.tensor([1, 1, 0]), 10)[0].item() == pytest.approx(
        abs(2 * one + 2 * math.log(k)) + one
    )
    # Beyond 100 classes: sums per image, differences between classes with two images or more.
    four = torch.block_diag(expected, expected)[None]
    labels = torch.tensor([7, 7, 7, 9, 9, 3])
    first, second = (5 * one + 4 * math.log(k)) / 3, (2 * one + 2 * math.log(k)) / 2
    found, reasons = class_scores(four, labels, 120)
    assert found.item() == pytest.approx(2 * abs(first - second) / 2)
    assert reasons == [""]


def test_a_constant_row_is_a_reason_and_harms_no_other_network():
    jacobian = torch.randn(3, 4, 9, generator=torch.Generator().manual_seed(1))
    jacobian[1, 2] = 0.1
    correlations = row_correlations(jacobian)
    for scores in (jacobian_scores, lambda r: class_scores(r, torch.tensor([0, 1, 0, 3]), 5)):
        values, reasons = scores(correlations)
        assert values.isnan().tolist() == [False, True, False]
        assert reasons == ["", "constant Jacobian row", ""]
    # The row's class has one image: with many classes it is left out.
    values, reasons = class_scores(correlations, torch.tensor([0, 0, 101, 101]), 102)
    assert values.isnan().tolist() == [False, True, False]
    values, reasons = class_scores(correlations, torch.tensor([0, 1, 101, 0]), 102)
    assert not values.isnan().any()


def test_many_classes_with_one_image_each_are_undefined():
    images = some_images(4, Skeleton(2, 1, 120, 1, 8))
    trial = make_trial(CELLS[:2], images, ["epe_nas"], torch.tensor([5, 7, 100, 0]), Skeleton(2, 1, 120, 1, 8))
    values, reasons = FAMILY.evaluate(trial)["epe_nas"]
    assert values.isnan().all()
    assert reasons == ["no class has two images"] * 2


def test_more_images_than_pixels_stay_finite():
    # The correlation matrix has exact zeros among its eigenvalues; rounding must not make them negative.
    jacobian = torch.randn(2, 30, 6, generator=torch.Generator().manual_seed(1))
    values, reasons = jacobian_scores(row_correlations(jacobian))
    assert reasons == ["", ""]
    for value, rows in zip(values, jacobian, strict=True):
        assert value.item() == pytest.approx(slow_jacob_cov(rows.numpy()), rel=1e-6)


@pytest.mark.parametrize("groups", [1, 3])
def test_second_derivatives_equal_the_library(groups):
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()

    x, first, scale = draw(4, 6, 5, 5), draw(9, 6 // groups, 3, 3), draw(9)
    second, target = draw(9, 9 // groups, 1, 1), draw(4, 9, 3, 3)

    def outputs():
        y = F.conv2d(x, first, stride=2, padding=1, groups=groups)
        z = F.relu(F.batch_norm(y, None, None, scale, torch.zeros_like(scale), training=True))
        return y, F.conv2d(z, second, groups=groups)

    def derivatives(y, z):
        loss = (z.tanh() * target.detach()).sum()
        deltas = torch.autograd.grad(loss, [y, z], create_graph=True)
        products = sum((delta * output.square()).sum() for delta, output in zip(deltas, (y, z), strict=True))
        return *deltas, *torch.autograd.grad(products, [x, first, second])

    with TwiceDifferentiable():
        ours = derivatives(*outputs())
    for found, expected in zip(ours, derivatives(*outputs()), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_normalisation_with_running_statistics_is_refused():
    with TwiceDifferentiable(), pytest.raises(ValueError, match="batch statistics"):
        F.batch_norm(torch.ones(2, 1, 2, 2), torch.zeros(1), torch.ones(1), training=False)


def test_seconds_of_a_pass_are_charged_to_those_that_need_it():
    trial = make_trial(CELLS[:2], some_images(len(LABELS)))
    FAMILY.evaluate(trial)
    seconds = trial.seconds(sum(trial.only.values()))
    assert seconds["grasp"] > seconds["snip"] == seconds["plain"] > seconds["l2_norm"] > 0
    assert seconds["jacob_cov"] == seconds["epe_nas"]


def test_classes_of_equal_scores_tell_dead_convolutions_apart():
    assert len({FAMILY.same_score(cell) for cell in enumerate_cells()}) == 6320
    one = Cell.parse("|nor_conv_1x1~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
    other = Cell.parse("|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
    assert FAMILY.same_score(one) != FAMILY.same_score(other)


def test_cuda_equals_cpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    images = some_images(len(LABELS)).double()
    cpu = FAMILY.evaluate(make_trial(CELLS, images))
    cuda = FAMILY.evaluate(make_trial(CELLS, images.cuda()))
    for name in NAMES:
        torch.testing.assert_close(cuda[name][0], cpu[name][0], rtol=1e-6, atol=1e-9, equal_nan=True)
