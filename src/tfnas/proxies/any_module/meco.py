"""MeCo of one network of any kind, see :mod:`tfnas.proxies.meco`."""

import torch
from torch import Tensor, nn

from tfnas.networks.module import watching
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.meco import IMAGE_SIZE, correlations
from tfnas.proxies.registry import Results


def evaluate(trial: ModuleTrial) -> Results:
    """Return the raw value of one network: every module that runs counts, the network itself left out."""
    network = trial.network()
    smallest: list[Tensor] = []

    def output(module: nn.Module, _: tuple, values: object) -> None:
        if module is not network and isinstance(values, torch.Tensor) and values.ndim > 2:
            smallest.append(torch.linalg.eigvalsh(correlations(values.flatten(2)[..., None], 1)[0])[0])

    image = trial.gaussian("meco input", 1, trial.images.shape[1], IMAGE_SIZE, IMAGE_SIZE)
    with torch.no_grad(), watching(network, output=output):
        network(image)
    return {"meco": (torch.stack(smallest).sum().cpu()[None], [""])}
