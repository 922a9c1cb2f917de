"""The tangent kernel of HNAS of one network of any kind, see :mod:`tfnas.proxies.ntk_trace`."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from tfnas.networks.module import LAYERS, watching
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.ntk_trace import IMAGES, condition_number
from tfnas.proxies.registry import Results


def evaluate(trial: ModuleTrial) -> Results:
    """Return raw values and reasons for one network, layer by layer."""
    network, images, labels = trial.network(), trial.images[:IMAGES], trial.targets[:IMAGES]
    calls: list[tuple[nn.Module, Tensor, Tensor]] = []

    def output(layer: nn.Module, inputs: tuple[Tensor, ...], values: Tensor) -> Tensor | None:
        if not isinstance(layer, LAYERS):
            return None
        calls.append((layer, inputs[0].detach().clone(), values))
        return values.clone()  # the layer's own output stays as it is, whatever is done to this one

    with watching(network, output=output):
        logits = network(images)
    total = logits.gather(1, labels[:, None]).sum()
    deltas = torch.autograd.grad(total, [values for *_, values in calls], allow_unused=True, materialize_grads=True)
    theta = torch.zeros(len(images), len(images), dtype=torch.float64, device=trial.device)
    for layer in dict.fromkeys(layer for layer, *_ in calls):
        own = [(x, delta) for (other, x, _), delta in zip(calls, deltas, strict=True) if other is layer]
        rows = torch.stack([sum_of_shares(layer, own, number) for number in range(len(images))]).double()
        theta += rows @ rows.T
    results: Results = {}
    if "hnas_condition_number" in trial.wanted:
        value, why = condition_number(theta.cpu())
        results["hnas_condition_number"] = torch.tensor([value], dtype=torch.float64), [why]
    if "ntk_trace" in trial.wanted:
        results["ntk_trace"] = (theta.trace() / len(images)).sqrt().cpu()[None], [""]
    return results


def sum_of_shares(layer: Any, calls: Sequence[tuple[Tensor, Tensor]], number: int) -> Tensor:
    """Return what one image adds to the gradient of a layer's weight, and of a linear layer's bias, flattened.

    Args:
        layer: a convolution or a linear layer.
        calls: its input and the gradient of its output, each time that it ran.
        number: of the image.
    """
    inputs = [x[number : number + 1] for x, _ in calls]
    gradients = [delta[number : number + 1] for _, delta in calls]
    parameters = [layer.weight]
    if isinstance(layer, torch.nn.Linear) and layer.bias is not None:
        parameters.append(layer.bias)
    forward = type(layer).forward  # without hooks
    with torch.enable_grad():
        outputs = [forward(layer, x) for x in inputs]
    shares = torch.autograd.grad(outputs, parameters, gradients)
    return torch.cat([share.flatten() for share in shares])
