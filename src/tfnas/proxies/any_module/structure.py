"""Parameters and FLOPs of one network of any kind, see :mod:`tfnas.proxies.structure`."""

import torch
from torch import Tensor, nn

from tfnas.networks.module import LAYERS, watching
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.registry import Results


def evaluate(trial: ModuleTrial) -> Results:
    """Return parameters and FLOPs of one network; what is counted in cells has no value."""
    params, flops = (trial.counts and trial.counts()) or _counted(trial.network(), trial.images)
    found = {"params": params, "flops": flops / 1e6}
    return {
        name: (torch.tensor([count], dtype=torch.float64), [""])
        for name, count in found.items()
        if name in trial.wanted
    }


def _counted(network: nn.Module, images: Tensor) -> tuple[int, int]:
    return count_of_parameters(network), count_of_flops(network, images)


def count_of_parameters(network: nn.Module) -> int:
    """Return the number of trainable scalars of a network of any kind."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_of_flops(network: nn.Module, images: Tensor) -> int:
    """Return the multiply-accumulates of one image in a network of any kind.

    Convolutions count kernel x input channels of a group x output values (transposed ones: input values), linear
    layers their weights and biases for each row; normalisation, activations, pooling, sums and the products of
    attention count nothing.
    """
    totals: list[int] = []

    def output(layer: nn.Module, inputs: tuple[Tensor, ...], values: Tensor) -> None:
        if not isinstance(layer, LAYERS):
            return
        weight = layer.weight
        if isinstance(layer, torch.nn.Linear):
            rows = values.numel() // values.shape[-1]
            totals.append(rows * (weight.numel() + (layer.bias is not None) * len(weight)))
        elif type(layer).__name__.startswith("ConvTranspose"):
            totals.append(inputs[0].numel() * weight[0].numel())
        else:
            totals.append(values.numel() * weight[0].numel())

    images = images[:2]
    with torch.no_grad(), watching(network, output=output):
        network(images)
    return sum(totals) // len(images)
