"""NASWOT of one network of any kind, see :mod:`tfnas.proxies.naswot`."""

import torch
from torch import Tensor, nn

from tfnas.networks.module import watching
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.naswot import code_kernel, log_determinant
from tfnas.proxies.registry import Results
from tfnas.proxies.trial import require_finite


def evaluate(trial: ModuleTrial) -> Results:
    """Return raw values and reasons of both variants for one network; containers are known by their names."""
    batch = len(trial.images)
    names = ("naswot", "naswot_published")
    totals = {name: torch.zeros(batch, batch, dtype=torch.float64, device=trial.device) for name in names}

    def relu(values: Tensor) -> None:
        totals["naswot"].add_(code_kernel(values > 0, 1)[0])

    def output(module: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> None:
        if "relu" in type(module).__name__.lower():
            totals["naswot_published"].add_(code_kernel(inputs[0] > 0, 1)[0])

    network = trial.network()
    with torch.no_grad(), watching(network, relu, output=output):
        require_finite(network(trial.images), "the logits")
    found = {name: log_determinant(totals[name].cpu()) for name in names if name in trial.wanted}
    return {name: (torch.tensor([value], dtype=torch.float64), [why]) for name, (value, why) in found.items()}
