"""Proxies the straightforward way: one network, one proxy at a time, plain PyTorch modules and hooks.

This is what the speed of the library is measured against (``benchmarks/speed.py``). It is written from the published
definitions and works the way public implementations do: every proxy copies the network and runs passes of its own,
layers are visited in a Python loop, kernels and correlations are summed and solved by numpy. Nothing in it is slower
than need be for that way of working, and nothing of the library's engine is used but the plain network
(:class:`tfnas.networks.reference.Network`).

Every function takes an untrained network with batch normalisation, images of shape (B, C, H, W), float32, and labels
of shape (B,), int64, all on one device, and returns the raw value, NaN where it is undefined. The loss is the mean
cross-entropy, networks are in training mode, and "layers" are convolutions and linear layers, normalisation and biases
left out.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tfnas.networks.reference import ReluConvNorm

LAYERS = (nn.Conv2d, nn.Linear)

EPSILON = 1e-5
"""Keeps the logarithms of jacob_cov and epe_nas finite."""


def fresh_copy(network: nn.Module) -> nn.Module:
    """Return a copy in training mode, so that no proxy sees what another one left behind."""
    return copy.deepcopy(network).train()


def layers(network: nn.Module) -> list[nn.Module]:
    """Return all convolutions and linear layers, in the order of their definition."""
    return [module for module in network.modules() if isinstance(module, LAYERS)]


def replace(network: nn.Module, kinds: type | tuple[type, ...], make: Callable[[nn.Module], nn.Module]) -> None:
    """Put ``make(module)`` in the place of every module of these kinds."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, kinds):
                setattr(parent, name, make(child))


def differentiate(network: nn.Module, images: Tensor, labels: Tensor) -> None:
    """Leave the gradients of the loss in the parameters of a network."""
    F.cross_entropy(network(images), labels).backward()


def flops(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Multiply-accumulates of one image in millions, counted by hooks; the classifier counts its biases too."""
    network = fresh_copy(network).eval()
    total = 0

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += output[0].numel() * layer.weight[0].numel()
        if layer.bias is not None:
            total += output[0].numel()

    for layer in layers(network):
        layer.register_forward_hook(count)
    with torch.no_grad():
        network(images[:1])
    return total / 1e6


def params(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Trainable scalars."""
    return float(sum(parameter.numel() for parameter in network.parameters()))


def l2_norm(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum of the layers' norms ``|W|``."""
    return sum(layer.weight.detach().norm().item() for layer in layers(fresh_copy(network)))


def grad_norm(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum of the layers' norms ``|dL/dW|``."""
    network = fresh_copy(network)
    differentiate(network, images, labels)
    return sum(layer.weight.grad.norm().item() for layer in layers(network))


def plain(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum of ``W * dL/dW``, with signs."""
    network = fresh_copy(network)
    differentiate(network, images, labels)
    return sum((layer.weight.detach() * layer.weight.grad).sum().item() for layer in layers(network))


class Mask(nn.Module):
    """A multiplicative mask of ones on the weight of a layer."""

    def __init__(self, weight: Tensor):
        super().__init__()
        self.mask = nn.Parameter(torch.ones_like(weight))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the masked weight."""
        return weight * self.mask


def snip(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum of ``|dL/dm|`` at a mask m = 1 on the weights, which themselves need no gradient."""
    network = fresh_copy(network)
    masked = layers(network)
    for layer in masked:
        layer.weight.requires_grad_(False)
        parametrize.register_parametrization(layer, "weight", Mask(layer.weight))
    differentiate(network, images, labels)
    return sum(layer.parametrizations.weight[0].mask.grad.abs().sum().item() for layer in masked)


def grasp(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum of ``-W * Hg``: gradient g in one pass, then the gradient of ``<g, dL/dW>`` with g held fixed in another."""
    network = fresh_copy(network)
    weights = [layer.weight for layer in layers(network)]
    fixed = torch.autograd.grad(F.cross_entropy(network(images), labels), weights)
    gradients = torch.autograd.grad(F.cross_entropy(network(images), labels), weights, create_graph=True)
    sum((one * other).sum() for one, other in zip(fixed, gradients, strict=True)).backward()
    return sum((-weight.detach() * weight.grad).sum().item() for weight in weights)


def fisher(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum over weights of ``0.5 mean_n (sum_hw a dL/da)^2`` of their output channel, a being the layer's output.

    An identity behind every layer carries the hooks that see a and dL/da.
    """
    network = fresh_copy(network)
    watched = layers(network)
    identities = {layer: nn.Identity() for layer in watched}
    replace(network, LAYERS, lambda layer: nn.Sequential(layer, identities[layer]))
    outputs: dict[nn.Module, Tensor] = {}
    channel: dict[nn.Module, Tensor] = {}

    def keep(identity: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        outputs[identity] = output.detach()

    def multiply(identity: nn.Module, inputs: tuple[Tensor, ...], gradients: tuple[Tensor, ...]) -> None:
        product = outputs[identity] * gradients[0]
        per_image = product.sum((2, 3)) if product.dim() == 4 else product
        channel[identity] = 0.5 * per_image.pow(2).mean(0)

    for identity in identities.values():
        identity.register_forward_hook(keep)
        identity.register_full_backward_hook(multiply)
    differentiate(network, images, labels)
    total = 0.0
    for layer in watched:
        values = channel[identities[layer]].abs()
        total += values.view(-1, *[1] * (layer.weight.dim() - 1)).expand_as(layer.weight).sum().item()
    return total


def synflow(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum of ``|W * dR/dW|``, R being the sum of the logits of an image of ones.

    In float64, with absolute weights and without normalisation.
    """
    network = fresh_copy(network).double()
    replace(network, nn.BatchNorm2d, lambda layer: nn.Identity())
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.abs_()
    ones = torch.ones(1, *images.shape[1:], dtype=torch.float64, device=images.device)
    network(ones).sum().backward()
    return sum((layer.weight.detach() * layer.weight.grad).abs().sum().item() for layer in layers(network))


def input_jacobian(network: nn.Module, images: Tensor) -> np.ndarray:
    """Return the gradient of the summed logits with respect to every image, shape (B, C*H*W)."""
    images = images.clone().requires_grad_(True)
    logits = fresh_copy(network)(images)
    logits.backward(torch.ones_like(logits))
    return images.grad.flatten(1).cpu().numpy()


def jacob_cov(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """``-sum log(v + 1e-5) + 1 / (v + 1e-5)`` over the eigenvalues v of the correlations between input gradients."""
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations = np.corrcoef(input_jacobian(network, images))
    if not np.isfinite(correlations).all():
        return math.nan
    values, _ = np.linalg.eig(correlations)
    if np.iscomplexobj(values):
        return math.nan
    return float(-np.sum(np.log(values + EPSILON) + 1 / (values + EPSILON)))


def epe_nas(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Correlations between the input gradients within each class, ``s_c = sum log(|C_c| + 1e-5)``.

    The value is ``sum |s_c|``, or, for more than 100 classes of logits, the sum of ``|s_c - s_d|`` over all pairs of
    classes divided by the number of classes seen, each s_c being divided by the size of its class first. A class with
    one image has the correlation 1; beyond 100 classes it is left out.
    """
    rows = input_jacobian(network, images)
    many = network.classifier.out_features > 100
    scores = []
    for label in np.unique(labels.cpu().numpy()):
        members = rows[labels.cpu().numpy() == label]
        if many and len(members) == 1:
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            correlations = np.corrcoef(members)
        score = np.sum(np.log(np.abs(correlations) + EPSILON))
        scores.append(score / len(members) if many else score)
    if not scores:
        return math.nan
    if not many:
        return float(sum(abs(score) for score in scores))
    return float(sum(abs(one - other) for one in scores for other in scores) / len(scores))


def naswot(network: nn.Module, images: Tensor, labels: Tensor, kinds: type | tuple[type, ...] = nn.ReLU) -> float:
    """``ln |det K|``, K being summed over the codes C of every ReLU as ``C C^T + (1 - C)(1 - C)^T``.

    As in the authors' code: a forward pass and a backward pass of ones, and in a second forward pass every ReLU that
    the backward pass has reached adds two products, in float32, to a kernel that numpy holds. Modules of ``kinds``
    are watched, each by the sign of its input; with ReLUs alone a module counts once.
    """
    network = fresh_copy(network)
    relus = [module for module in network.modules() if isinstance(module, kinds)]
    reached: set[nn.Module] = set()
    kernel = np.zeros((len(images), len(images)))

    def mark(relu: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        output.register_hook(lambda gradient: reached.add(relu))

    def add(relu: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal kernel
        if relu in reached:
            codes = (inputs[0] > 0).flatten(1).float()
            kernel = kernel + (codes @ codes.T).cpu().numpy() + ((1 - codes) @ (1 - codes).T).cpu().numpy()

    marks = [relu.register_forward_hook(mark) for relu in relus]
    logits = network(images)
    logits.backward(torch.ones_like(logits))
    for handle in marks:
        handle.remove()
    for relu in relus:
        relu.register_forward_hook(add)
    network(images.clone())
    return float(np.linalg.slogdet(kernel)[1])


def naswot_published(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """NASWOT just as the authors' code: it watches every module whose class is called ReLU-something.

    That is every ReLU and the container of each ReLU, convolution and normalisation, so that all but the last ReLU
    count, and cost, twice.
    """
    return naswot(network, images, labels, (nn.ReLU, ReluConvNorm))


def zen(
    network: nn.Module, images: Tensor, labels: Tensor, noise: tuple[Tensor, Tensor] | None = None, step: float = 0.01
) -> float:
    """``ln mean_n sum |f(x) - f(x + step e)|`` plus ``ln sqrt(mean running variance)`` of every normalisation.

    f are the features before global pooling, x and e Gaussian noise of the images' shape (``noise``, if given). The
    weights of the network should have been drawn from N(0, 1).
    """
    network = fresh_copy(network)
    x, e = noise or (torch.randn_like(images), torch.randn_like(images))
    features: list[Tensor] = []
    network.lastact.register_forward_hook(lambda module, inputs, output: features.append(output))
    with torch.no_grad():
        network(x)
        network(x + step * e)
    change = (features[0] - features[1]).abs().sum((1, 2, 3)).mean().log().item()
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    return change + sum(norm.running_var.mean().sqrt().log().item() for norm in norms)


REFERENCE: dict[str, Callable[[nn.Module, Tensor, Tensor], float]] = {
    function.__name__: function
    for function in (
        flops,
        params,
        grad_norm,
        snip,
        grasp,
        fisher,
        plain,
        l2_norm,
        synflow,
        jacob_cov,
        epe_nas,
        naswot,
        naswot_published,
        zen,
    )
}
"""The proxies by name."""
