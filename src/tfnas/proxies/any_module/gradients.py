"""Proxies from gradients of one network of any kind, see :mod:`tfnas.proxies.gradients`."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfnas.networks.module import LAYERS, watching, weights_of
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.gradients import FROM_INPUT, FROM_LOSS, channel_saliencies, defined, from_jacobian, weight_sums
from tfnas.proxies.registry import Results


def evaluate(trial: ModuleTrial) -> Results:
    """Return raw values and reasons of the wanted proxies for one network."""
    network = trial.network()
    results: Results = {}
    if "l2_norm" in trial.wanted:
        norms = [weight.detach().double().norm() for weight in weights_of(network)]
        results["l2_norm"] = defined(torch.stack(norms).sum().cpu()[None])
    if trial.wanted.isdisjoint(FROM_LOSS + FROM_INPUT):
        return results
    outputs: list[tuple[nn.Module, Tensor]] = []

    def output(layer: nn.Module, _: tuple, values: Tensor) -> Tensor | None:
        if not isinstance(layer, LAYERS):
            return None
        outputs.append((layer, values))
        return values.clone()  # the layer's own output stays as it is, whatever is done to this one

    images = trial.images.clone().requires_grad_()
    with watching(network, output=output):
        logits = network(images.clone())
    if not trial.wanted.isdisjoint(FROM_INPUT):
        (jacobian,) = torch.autograd.grad(
            logits.sum(), images, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        results |= from_jacobian(jacobian.flatten(1)[None], trial, logits.shape[1])
    if not trial.wanted.isdisjoint(FROM_LOSS):
        results |= _from_loss_of_module(network, outputs, logits, trial)
    return results


def _from_loss_of_module(
    network: nn.Module, outputs: Sequence[tuple[Any, Tensor]], logits: Tensor, trial: ModuleTrial
) -> Results:
    """Return what the loss gives; ``outputs`` are those of all layers, each time that one ran."""
    weights = weights_of(network)
    options: Any = {"allow_unused": True, "materialize_grads": True}
    gradients = torch.autograd.grad(
        F.cross_entropy(logits, trial.targets),
        [*weights, *(values for _, values in outputs)],
        create_graph="grasp" in trial.wanted,
        **options,
    )
    gradients, deltas = gradients[: len(weights)], [delta.detach() for delta in gradients[len(weights) :]]
    sums = dict.fromkeys(FROM_LOSS, torch.zeros((), dtype=torch.float64, device=trial.device))
    for weight, gradient in zip(weights, gradients, strict=True):
        for name, value in zip(FROM_LOSS, weight_sums(weight, gradient.detach(), 1), strict=False):
            sums[name] = sums[name] + value[0]
    for (layer, values), delta in zip(outputs, deltas, strict=True):
        channel = -1 if isinstance(layer, torch.nn.Linear) else 1
        a, d = (part.detach().movedim(channel, 1) for part in (values, delta))
        saliencies = channel_saliencies(*(part.reshape(*part.shape[:2], -1, 1) for part in (a, d)))
        sums["fisher"] = sums["fisher"] + saliencies.sum() * (layer.weight.numel() // len(saliencies))
    if "grasp" in trial.wanted:
        squares = torch.stack([(gradient * gradient.detach()).sum() for gradient in gradients]).sum()
        products = torch.autograd.grad(squares, weights, **options)
        parts = [-(w.detach().double() * p.double()).sum() for w, p in zip(weights, products, strict=True)]
        sums["grasp"] = torch.stack(parts).sum()
    return {name: defined(sums[name].cpu()[None]) for name in FROM_LOSS if name in trial.wanted}
