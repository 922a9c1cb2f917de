"""SWAP's journal form of one network of any kind, see :mod:`tfnas.proxies.swap_universal`."""

import torch
from torch import Tensor

from tfnas.networks.module import watching
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.registry import Results
from tfnas.proxies.swap import IMAGES
from tfnas.proxies.swap_universal import sign_patterns
from tfnas.proxies.trial import require_finite


def evaluate(trial: ModuleTrial) -> Results:
    """Return the raw value of one network."""
    network, images = trial.network("normal"), trial.images[:IMAGES]
    seen: list[Tensor] = []
    with torch.no_grad(), watching(network, activated=lambda values: seen.append(sign_patterns(values))):
        require_finite(network(images), "the logits")
    count = len(torch.cat(seen).unique())
    return {"swap_universal": (torch.tensor([count], dtype=torch.float64), [""])}
