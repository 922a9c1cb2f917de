"""Zen score of one network of any kind, see :mod:`tfnas.proxies.zen`."""

import torch

from tfnas.networks.module import BATCH_NORMS, feature_maps
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.registry import Results
from tfnas.proxies.zen import NO_CHANGE, NUDGE


def evaluate(trial: ModuleTrial) -> Results:
    """Return raw values and reasons for one network."""
    network = trial.network("normal")
    images = trial.gaussian("zen input", *trial.images.shape)
    nudged = images + NUDGE * trial.gaussian("zen nudge", *trial.images.shape)
    with torch.no_grad():
        first, second = (feature_maps(network, x) for x in (images, nudged))
    assert first is not None
    assert second is not None
    change = (first - second).abs().flatten(1).sum(1).double().mean()
    norms = [module for module in network.modules() if isinstance(module, BATCH_NORMS)]
    scale = sum(float(norm.running_var.double().mean().log()) / 2 for norm in norms if norm.running_var is not None)
    if not change > 0:
        return {"zen": (torch.tensor([torch.nan], dtype=torch.float64), [NO_CHANGE.reason])}
    return {"zen": (change.log().cpu()[None] + scale, [""])}
