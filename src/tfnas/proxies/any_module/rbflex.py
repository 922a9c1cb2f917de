"""RBFleX of one network of any kind, see :mod:`tfnas.proxies.rbflex`."""

from typing import Any

import torch
from torch import Tensor, nn

from tfnas.networks.module import layers_of, normalising_each_image, watching
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.rbflex import IMAGES, distances, scores
from tfnas.proxies.registry import Results
from tfnas.proxies.trial import require_finite


def evaluate(trial: ModuleTrial) -> Results:
    """Return the raw value and the reason for one network; its last layer is the last one that runs."""
    network, images = trial.network(), trial.images[:IMAGES]
    normalising_each_image(network)
    layers = set(layers_of(network))
    total = torch.zeros(1, len(images), len(images), dtype=torch.float64, device=trial.device)
    last = total

    def rectified(values: Tensor) -> None:
        total.add_(distances(values, 1))

    def output(layer: nn.Module, inputs: tuple[Any, ...], _: Any) -> None:
        nonlocal last
        if layer in layers:
            last = distances(inputs[0], 1)

    with torch.no_grad(), watching(network, rectified=rectified, output=output):
        require_finite(network(images), "the logits")
    return {"rbflex": scores(total, last)}
