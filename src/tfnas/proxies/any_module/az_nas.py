"""AZ-NAS of one network of any kind, see :mod:`tfnas.proxies.az_nas`."""

import torch
from torch import Tensor

from tfnas.networks.module import run_stages, stages_of
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.az_nas import (
    BATCH,
    CONSTANT,
    IDENTITY,
    SPECTRAL,
    covariance,
    eigenvalues,
    explained,
    propagated_signs,
    spectral_entropy,
    trainability,
)
from tfnas.proxies.registry import Results


def evaluate(trial: ModuleTrial) -> Results:
    """Return raw values and reasons of the wanted proxies for one network."""
    network = trial.network("kaiming_fan_in").requires_grad_(False)
    images = trial.gaussian("az_nas", BATCH, *trial.images.shape[1:])
    spectral, gradients = not trial.wanted.isdisjoint(SPECTRAL), "az_trainability" in trial.wanted
    covariances: list[Tensor] = []
    products: list[tuple[Tensor, Tensor]] = []

    def leave(stage: int, entered: Tensor | None, features: Tensor) -> None:
        if spectral:
            covariances.append(covariance(features.detach(), 1))
        if gradients and entered is not None:
            products.append(propagated_signs(trial, stage, entered, features))

    run_stages(network, stages_of(network, trial.stages), images, leave, differentiable=gradients)
    results: Results = {}
    if spectral:
        entropies = torch.stack([spectral_entropy(values) for values in eigenvalues(covariances)]).cpu()
        results["az_expressivity"] = explained(entropies.sum(0), CONSTANT.reason)
        results["az_progressivity"] = explained(entropies.diff(dim=0).amin(0), CONSTANT.reason)
    if gradients:
        found = trainability([product for product, _ in products], [same for _, same in products])
        results["az_trainability"] = explained(found.cpu(), IDENTITY.reason)
    return results
