"""SynFlow of one network of any kind, see :mod:`tfnas.proxies.synflow`."""

from collections.abc import Callable

import torch
from torch import Tensor

from tfnas.networks.module import weights_of, without_normalisation
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.registry import Results
from tfnas.proxies.synflow import explained, logarithm


def evaluate(trial: ModuleTrial) -> Results:
    """Return raw values and reasons of both forms for one network."""
    values = flow_of_module(trial, "default", lambda weight, gradient: (weight * gradient).abs())
    return {"synflow": explained(values), "synflow_log": logarithm(values)}


def flow_of_module(trial: ModuleTrial, initialisation: str, term: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Return what :func:`flow` does for one network of any kind, shape (1,): in float64, which needs no scaling."""
    network = without_normalisation(trial.network(initialisation)).double()
    for parameter in network.parameters():
        parameter.detach().abs_()
    weights = weights_of(network)
    ones = torch.ones(1, *trial.images.shape[1:], dtype=torch.float64, device=trial.device)
    total = network(ones).sum()
    gradients = torch.autograd.grad(total, weights, allow_unused=True, materialize_grads=True)
    terms = [term(weight.detach(), gradient).sum() for weight, gradient in zip(weights, gradients, strict=True)]
    return torch.stack(terms).sum().nan_to_num(nan=torch.inf).cpu()[None]
