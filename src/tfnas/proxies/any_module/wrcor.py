"""WRCor of one network of any kind, see :mod:`tfnas.proxies.wrcor`: its blocks are the stages of the network."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tfnas.networks.module import replacing_relu_inputs, stages_of
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.registry import Results
from tfnas.proxies.wrcor import IMAGES, correlations, log_determinants


def evaluate(trial: ModuleTrial) -> Results:
    """Return the raw value and the reason for one network; what follows the last stage counts as one stage more."""
    network, images = trial.network(), trial.images[:IMAGES]
    stage = 0
    read: list[tuple[Tensor, int]] = []

    def enter(number: int) -> Any:
        def hook(*_: Any) -> None:
            nonlocal stage
            stage = number

        return hook

    def own_input(values: Tensor) -> Tensor:
        own = values.clone()  # ReLUs that read the same values are told apart
        if not own.requires_grad:
            own.requires_grad_()
        read.append((own, stage))
        return own

    stages = stages_of(network, trial.stages)
    hooks = [first.register_forward_pre_hook(enter(number)) for number, (first, _) in enumerate(stages)]
    hooks.append(stages[-1][1].register_forward_hook(enter(len(stages))))
    with torch.enable_grad(), replacing_relu_inputs(own_input):
        loss = F.cross_entropy(network(images), trial.targets[:IMAGES])
    for hook in hooks:
        hook.remove()
    inputs = [values for values, _ in read]
    gradients = torch.autograd.grad(loss, inputs, allow_unused=True, materialize_grads=True)
    kernel = torch.zeros(1, len(images), len(images), dtype=torch.float64, device=trial.device)
    for (values, number), gradient in zip(read, gradients, strict=True):
        kernel += 2.0**number * (correlations(values, 1) + correlations(gradient, 1))
    return {"wrcor": log_determinants(kernel)}
