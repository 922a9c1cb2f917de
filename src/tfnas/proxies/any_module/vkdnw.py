"""VKDNW of one network of any kind, see :mod:`tfnas.proxies.vkdnw`."""

import torch
from torch import Tensor

from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.registry import Results
from tfnas.proxies.vkdnw import (
    BATCH,
    ENTRIES,
    PAPER,
    PUBLISHED,
    TENSORS,
    chosen_entries,
    covariance_factor,
    entropies,
    fisher,
)


def evaluate(trial: ModuleTrial) -> Results:
    """Return raw values and reasons of the wanted proxies for one network, one image and one class at a time."""
    network = trial.network("kaiming_fan_in").eval()
    images = trial.gaussian("vkdnw", BATCH, *trial.images.shape[1:])
    parameters = list(network.parameters())
    looked_at = parameters[:TENSORS]
    places = [torch.tensor(chosen_entries(tensor.numel(), ENTRIES), device=trial.device) for tensor in looked_at]

    def row(logit: Tensor) -> Tensor:
        found = torch.autograd.grad(logit, looked_at, retain_graph=True, allow_unused=True, materialize_grads=True)
        return torch.cat([gradient.flatten()[place].double() for gradient, place in zip(found, places, strict=True)])

    passes = [network(image[None])[0] for image in images]
    jacobian = torch.stack([torch.stack([row(logit) for logit in logits]) for logits in passes])[None]
    factor = covariance_factor(torch.stack([logits.detach() for logits in passes]))[None]
    results: Results = {}
    for (entropy, single), root in ((PAPER, factor.transpose(-1, -2)), (PUBLISHED, factor)):
        values, reasons = entropies(fisher(jacobian, root), [jacobian.shape[-1]])
        results |= {entropy: (values, reasons), single: (values + len(parameters), reasons)}
    return results
