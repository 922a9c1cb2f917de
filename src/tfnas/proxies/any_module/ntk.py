"""The tangent kernel of one network of any kind, see :mod:`tfnas.proxies.ntk`."""

import torch
from torch import Tensor, nn

from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.ntk import CONDITION_IMAGES, REGRESSION_IMAGES, centred_targets, condition_number, regression_error
from tfnas.proxies.registry import Results


def evaluate(trial: ModuleTrial) -> Results:
    """Return raw values and reasons for one network: its thin form where it has one, else the network itself."""
    network = trial.network(thin=True)
    found = {}
    if "ntk_condition_number" in trial.wanted:
        rows = rows_of_module(network, trial.images[:CONDITION_IMAGES])
        found["ntk_condition_number"] = condition_number(rows @ rows.T)
    if "ntk_regression" in trial.wanted:
        half = min(REGRESSION_IMAGES, len(trial.images) // 2)
        x, y = (rows_of_module(network, part, inner=True) for part in trial.images[: 2 * half].split(half))
        with torch.no_grad():
            classes = network(trial.images[:2]).shape[1]
        targets = [centred_targets(part, classes) for part in trial.targets[: 2 * half].split(half)]
        found["ntk_regression"] = regression_error((x @ x.T).cpu(), (y @ x.T).cpu(), *targets)
    return {name: (torch.tensor([value], dtype=torch.float64), [why]) for name, (value, why) in found.items()}


def rows_of_module(network: nn.Module, images: Tensor, inner: bool = False) -> Tensor:
    """Return the gradients of each image's sum of logits, shape (B, values), float64.

    Args:
        network: in training mode.
        images: one mini-batch, shape (B, channels, H, W).
        inner: of the weights of cells alone, whose names contain "cell", where there are any.
    """
    weights = {name: weight for name, weight in network.named_parameters() if "weight" in name.rpartition(".")[2]}
    cells = [weight for name, weight in weights.items() if "cell" in name]
    kept = cells if inner and cells else list(weights.values())
    rows = []
    for one in network(images).sum(1):
        gradients = torch.autograd.grad(one, kept, retain_graph=True, allow_unused=True, materialize_grads=True)
        rows.append(torch.cat([gradient.flatten() for gradient in gradients]).double())
    return torch.stack(rows)
