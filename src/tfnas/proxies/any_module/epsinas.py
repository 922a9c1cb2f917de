"""epsinas of one network of any kind, see :mod:`tfnas.proxies.epsinas`."""

import torch
from torch import Tensor

from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.epsinas import WEIGHTS, dispersion
from tfnas.proxies.registry import Results


def evaluate(trial: ModuleTrial) -> Results:
    """Return the raw value and the reason for one network: every ``weight`` is filled, every ``bias`` is zero.

    Parameters of other names, such as the class token of a transformer, keep what they are drawn as.
    """
    network, images = trial.network().double(), trial.images.double()

    def passed(value: float) -> Tensor:
        for module in network.modules():
            for name, filling in (("weight", value), ("bias", 0.0)):
                tensor = getattr(module, name, None)
                if isinstance(tensor, torch.nn.Parameter):
                    tensor.fill_(filling)
        return network(images).flatten(1).mean(1)[None]

    with torch.no_grad():
        small, large = (passed(value) for value in WEIGHTS)
    return {"epsinas": dispersion((small, large))}
