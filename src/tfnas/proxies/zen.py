r"""Zen score: how far the features of an untrained network move when its input is nudged, on an absolute scale.

With x and e standard normal of the shape of a mini-batch and f the feature maps after the last ReLU, before pooling,

.. math::  score = \ln \Delta + \sum_{m} \ln \sqrt{\overline{v_m}}, \qquad
           \Delta = \frac{1}{B} \sum_{n=1}^{B} \sum_{chw} \left| f(x) - f(x + 0.01\, e) \right|_{n,chw}

where m runs over the batch normalisations of the network and :math:`\overline{v_m}` is the mean over channels of the
running variance after both forward passes (momentum 0.1, unbiased batch variances v1 and v2, so v = 0.9 (0.9 + 0.1 v1)
+ 0.1 v2). The second term puts back the scale that normalisation takes away. Larger is better. No images, no labels,
no gradients.

Settings: weights from N(0, 1), biases 0, training mode, Gaussian inputs of the batch size and shape of the study's
mini-batch, the same for all cells; one draw. The original averages 32 draws and looks at other networks; taking f after
the last normalisation and ReLU is the form in which NASLib and AZ-NAS re-ran it on this space.

Source: Lin et al. 2021, "Zen-NAS: A Zero-Shot NAS for High-Performance Image Recognition" (ICCV; arXiv 2102.01063);
formula and settings as in AZ-NAS's version of the authors' code.

That code sums over every ``BatchNorm2d`` of the network. Convolutions on dead branches are run and so change their
running variance: they count, as each of them does in the public code. The score therefore depends on every edge, and
every cell is scored by itself. It is undefined for a cell without a path from input to output, whose features are
all zero.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tfnas.proxies.registry import Failure, Family, Proxy
from tfnas.spaces.nats_tss import NODES, Cell

if TYPE_CHECKING:
    from torch import Tensor

    from tfnas.networks.batched import BatchedNetworks
    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial

NUDGE = 0.01
"""Size of the change of the input."""

NO_CHANGE = Failure("the features do not depend on the input", "No path from input to output: the logarithm of zero.")


class UnprunedCell(Cell):
    """A cell all of whose nodes count as useful, so that the engine runs convolutions on dead branches too."""

    @property
    def useful_nodes(self) -> frozenset[int]:
        """All nodes."""
        return frozenset(range(NODES))


def unpruned(trial: Trial) -> Trial:
    """Return the same trial with networks that hold every convolution, also those that cannot reach the output."""
    return replace(trial, cells=[UnprunedCell(cell.operations) for cell in trial.cells])


def final_features(networks: BatchedNetworks, images: Tensor) -> Tensor:
    """Return what the last ReLU gives for G networks, shape (B, G*C, H, W), and update running statistics."""
    import torch

    features: list[Tensor] = []

    def keep(stage: int, values: Tensor) -> None:
        if stage == len(networks.blocks) + 1:
            features.append(values)

    # The engine's shortcut without gradients leaves running statistics alone; no parameter asks for a gradient here.
    with torch.enable_grad():
        networks(images, visit=keep)
    return features[0]


def log_scale(networks: BatchedNetworks) -> Tensor:
    """Return the sum of ln sqrt(mean running variance) over all normalisations of each network, shape (G,)."""
    import torch

    total = torch.zeros(networks.count, dtype=torch.float64, device=networks.running_var.device)
    everyone = torch.arange(networks.count, device=total.device)
    variances = [(layer.running_var, layer.members) for layer in networks.convolutions() if layer.norm is not None]
    for variance, members in [*variances, (networks.running_var, everyone)]:
        total[members] += variance.double().reshape(len(members), -1).mean(1).log() / 2
    return total


def evaluate(trial: Trial) -> Results:
    """Return raw values and reasons."""
    import torch

    networks = unpruned(trial).networks("normal").requires_grad_(False)
    images = trial.gaussian("zen input", *trial.images.shape)
    nudged = images + NUDGE * trial.gaussian("zen nudge", *trial.images.shape)
    first, second = (
        final_features(networks, x.contiguous(memory_format=trial.memory_format)) for x in (images, nudged)
    )
    change = (first - second).abs_().reshape(len(images), trial.count, -1).sum(2).double().mean(0)
    values = torch.where(change > 0, change.log() + log_scale(networks), torch.nan).cpu()
    reasons = [NO_CHANGE.reason if still else "" for still in (change == 0).tolist()]
    return {"zen": (values, reasons)}


FAMILY = Family(
    proxies=(
        Proxy(
            name="zen",
            title="Zen",
            direction=1,
            formula=r"\ln \Delta + \sum_m \ln \sqrt{\overline{v_m}}",
            needs=("two forward passes", "Gaussian input"),
            requires=("normalisation", "maps"),
            reference=("lin2021zennas", "authors' code, as run by AZ-NAS"),
            summary="Change of the last features for a small change of a Gaussian input, on an absolute scale.",
            where=r"$\Delta$ is the summed absolute change of the last features, mean over images, and "
            r"$\overline{v_m}$ the running variance of batch normalisation $m$, mean over channels",
            batch="as many as the batch has, Gaussian",
            published_batch="64, Gaussian",
            failures=(NO_CHANGE,),
        ),
    ),
    needs=frozenset({"cell"}),
    same_score=str,
    distinct=15625,
    evaluate=evaluate,
    initialisation="normal",
)
