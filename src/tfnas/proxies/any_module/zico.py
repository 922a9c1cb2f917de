"""ZiCo of one network of any kind, see :mod:`tfnas.proxies.zico`."""

import torch
import torch.nn.functional as F

from tfnas.networks.module import weights_of
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.registry import Results
from tfnas.proxies.zico import layer_term


def evaluate(trial: ModuleTrial) -> Results:
    """Return raw values and reasons for one network."""
    network, half = trial.network(), len(trial.images) // 2
    weights = weights_of(network)
    first, second = (
        torch.autograd.grad(
            F.cross_entropy(network(images), labels), weights, allow_unused=True, materialize_grads=True
        )
        for images, labels in zip(
            trial.images[: 2 * half].split(half), trial.targets[: 2 * half].split(half), strict=True
        )
    )
    values = {name: torch.zeros((), dtype=torch.float64, device=trial.device) for name in sorted(trial.wanted)}
    for one, other in zip(first, second, strict=True):
        for name in values:
            later = one + other if name == "zico_published" else other
            values[name] += layer_term(one.reshape(1, -1), later.reshape(1, -1))[0]
    return {name: (value.cpu()[None], [""]) for name, value in values.items()}
