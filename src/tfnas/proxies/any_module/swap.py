"""SWAP of one network of any kind, see :mod:`tfnas.proxies.swap`."""

import torch

from tfnas.networks.module import watching
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.registry import Results
from tfnas.proxies.swap import IMAGES, record_patterns
from tfnas.proxies.trial import require_finite


def evaluate(trial: ModuleTrial) -> Results:
    """Return the raw value of one network; the regularised form needs the sizes of a whole space."""
    network, images = trial.network("normal"), trial.images[:IMAGES]
    seen = torch.zeros(1, 2 ** len(images), dtype=torch.bool, device=trial.device)
    alone = torch.zeros(1, dtype=torch.long, device=trial.device)
    with torch.no_grad(), watching(network, lambda values: record_patterns(seen, values, alone)):
        require_finite(network(images), "the logits")
    return {"swap": (seen.sum(1).double().cpu(), [""])}
