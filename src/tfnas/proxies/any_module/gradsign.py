"""GradSign of one network of any kind, see :mod:`tfnas.proxies.gradsign`."""

import torch
import torch.nn.functional as F

from tfnas.networks.module import normalising_each_image, weights_of
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.gradsign import IMAGES, SINGLE, signs_of
from tfnas.proxies.registry import Results


def evaluate(trial: ModuleTrial) -> Results:
    """Return raw values and reasons of both variants for one network, one image after another."""
    network = trial.network()
    sizes = normalising_each_image(network)
    weights = weights_of(network)
    sums = [torch.zeros(weight.numel(), device=trial.device) for weight in weights]
    for image, label in zip(trial.images[:IMAGES], trial.targets[:IMAGES], strict=True):
        loss = F.cross_entropy(network(image[None]), label[None])
        gradients = torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)
        for total, gradient in zip(sums, gradients, strict=True):
            total += signs_of(gradient.reshape(1, 1, -1))[0, 0]
    if 1 in sizes:
        nothing = torch.full((1,), torch.nan, dtype=torch.float64)
        return {name: (nothing, [SINGLE.reason]) for name in trial.wanted}
    value = torch.stack([total.abs().sum(dtype=torch.float64) for total in sums]).sum().cpu()[None]
    return {"gradsign": (value, [""]), "gradsign_mean": (value / sum(weight.numel() for weight in weights), [""])}
