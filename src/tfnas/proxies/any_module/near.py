"""NEAR of one network of any kind, see :mod:`tfnas.proxies.near`."""

import torch
from torch import Tensor, nn

from tfnas.networks.module import LAYERS, NORMS, watching
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.near import IMAGES, MODULES, block_of_rows, block_places, effective_rank
from tfnas.proxies.registry import Results


def evaluate(trial: ModuleTrial) -> Results:
    """Return the raw value of one network."""
    network = trial.network()
    places = iter(block_places(trial.seed, MODULES).to(trial.device))
    ranks: list[Tensor] = []

    def add(values: Tensor) -> None:
        if values.ndim == 3:  # tokens of shape (B, N, C)
            values = values.transpose(1, 2)[..., None]
        step = values.shape[1] if values.ndim == 2 else values.shape[3]
        maps = values.reshape(*values.shape[:2], 1, 1) if values.ndim == 2 else values
        ranks.append(effective_rank(block_of_rows(maps, next(places)[None], step))[0])

    def output(module: nn.Module, _: tuple, values: Tensor) -> None:
        if isinstance(module, LAYERS + NORMS):
            add(values)

    with torch.no_grad(), watching(network, rectified=add, output=output):
        network(trial.images[:IMAGES])
    return {"near": (torch.stack(ranks).sum().cpu()[None], [""])}
