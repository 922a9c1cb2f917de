r"""SWAP: how many different activation patterns the neurons of an untrained network show over a few images.

For S images and the V values of all ReLU outputs of one image, let A of shape (S, V) hold the signs (0 or 1) of the
ReLU outputs. Column v is the *sample-wise activation pattern* of neuron v: for which images it is active.

.. math::  swap = \left| \{ A_{\cdot v} : v = 1, \dots, V \} \right|, \qquad
           swap\_regularised = swap \cdot \exp\left(-\frac{(p - \mu)^2}{\sigma}\right)

with p the number of parameters in thousands. At most 2^S patterns exist. Larger is better. No labels, no gradients.

Settings, as in the authors' code: S = 16 real images (the first 16 of the study's mini-batch; all of them if it holds
fewer), weights from N(0, 1), normalisation with batch statistics (training mode), the mean of 32 initialisations. The
images are normalised as in the study, not with the authors' constants.

Source: Peng, Song, Fayek, Ciesielski, Chang 2024, "SWAP-NAS: Sample-Wise Activation Patterns for Ultra-fast NAS"
(ICLR; arXiv 2403.04161), and the authors' code: every ``nn.ReLU`` whose input has four dimensions counts,
on dead branches too. Modules that rectify the same values add no new pattern.

The authors choose mu and sigma per search space and do not release those of this space. The rule here looks at no
accuracy: mu is the mean and sigma the variance of p over all 15,625 cells on the study's skeleton. The exponent then is
minus the squared distance from the mean in standard deviations, whatever the unit of p. Note that sigma divides the
square directly, without a factor 2. As the choice decides the ranking, correlations of ``swap_regularised`` are not
comparable with the published ones.

Counting is exact: 16 bits pack into an integer below 65,536, and a table with one flag for each integer and network
records which patterns occur.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tfnas.networks.skeleton import Skeleton, count_parameters
from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.registry import Family, Proxy
from tfnas.spaces.nats_tss import Cell, enumerate_cells

if TYPE_CHECKING:
    from collections.abc import Hashable

    from torch import Tensor

    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial

IMAGES = 16
"""S, the images whose pattern is looked at."""


def record_patterns(seen: Tensor, activations: Tensor, members: Tensor) -> None:
    """Set the flags of the patterns that the neurons of one ReLU show.

    Args:
        seen: flags, shape (G, 2^S), bool, changed in place.
        activations: ReLU outputs of n networks, shape (S, n*C, H, W), in any memory format.
        members: numbers of the n networks, shape (n,).
    """
    import torch

    active = (activations > 0).float().reshape(len(activations), -1)
    # The order of neurons within a network does not matter. Sums of 16 powers of two are exact in float32.
    powers = 2.0 ** torch.arange(len(activations), device=active.device)
    patterns = (powers @ active).long().reshape(len(members), -1)
    seen.view(-1)[patterns + members[:, None] * seen.shape[1]] = True


def distinct_patterns(trial: Trial) -> Tensor:
    """Return the number of distinct sample-wise activation patterns of each network, shape (G,), float64."""
    import torch

    from tfnas.proxies.trial import require_finite

    networks = trial.networks("normal", every_relu=True)
    images = trial.input(IMAGES)
    seen = torch.zeros(trial.count, 2 ** len(images), dtype=torch.bool, device=trial.device)
    with torch.no_grad():
        logits = networks(images, lambda activations, members, _: record_patterns(seen, activations, members))
    require_finite(logits, "the logits")
    return seen.sum(1).double().cpu()


@cache
def parameter_moments(skeleton: Skeleton) -> tuple[float, float]:
    """Return mean and variance of the number of parameters in thousands over all cells of the space."""
    import numpy as np

    counts = np.array([count_parameters(cell, skeleton) for cell in enumerate_cells()]) / 1e3
    return float(counts.mean()), float(counts.var())


def size_factor(cell: Cell, skeleton: Skeleton) -> float:
    """Return exp(-(p - mu)^2 / sigma) for p the thousands of parameters of a cell's network, dead branches included."""
    import math

    mean, variance = parameter_moments(skeleton)
    return math.exp(-((count_parameters(cell, skeleton) / 1e3 - mean) ** 2) / variance)


def evaluate(trial: Trial) -> Results:
    """Return raw values of both forms; none is undefined."""
    import torch

    values, fine = distinct_patterns(trial), [""] * trial.count
    results = {"swap": (values, fine)}
    if "swap_regularised" in trial.wanted:
        with trial.only_for("swap_regularised"):
            factors = torch.tensor([size_factor(cell, trial.skeleton) for cell in trial.cells], dtype=torch.float64)
        results["swap_regularised"] = (values * factors, fine)
    return results


def patterns_and_size(cell: Cell) -> Hashable:
    """Return a key that equal ReLU patterns in distribution and equal parameter counts share."""
    sizes = tuple(cell.operations.count(operation) for operation in ("nor_conv_1x1", "nor_conv_3x3"))
    return rectifier_class(cell), sizes


FAMILY = Family(
    proxies=(
        Proxy(
            name="swap",
            title="SWAP",
            direction=1,
            formula=r"\left|\{A_{\cdot v}\}_{v=1}^{V}\right|",
            needs=("one forward pass", "16 real images"),
            requires=("relus",),
            reference=("peng2024swap", "authors' code"),
            summary="Number of distinct patterns in which neurons are active over 16 images; mean of 32 draws.",
            where=r"$A_{\cdot v}$ says for which images neuron $v$ of $V$ is active",
            batch=f"the first {IMAGES}",
            published_batch="16",
        ),
        Proxy(
            name="swap_regularised",
            title="SWAP (regularised)",
            direction=1,
            formula=r"\left|\{A_{\cdot v}\}_{v=1}^{V}\right| \exp\left(-(p-\mu)^2/\sigma\right)",
            needs=("one forward pass", "16 real images", "number of parameters"),
            requires=("cell",),
            reference=("peng2024swap", "authors' code"),
            summary="SWAP, weighted by how near the number of parameters is to the mean of the space.",
            where=r"$A_{\cdot v}$ says for which images neuron $v$ of $V$ is active, $p$ is the number of parameters, "
            r"and $\mu$ and $\sigma$ are its mean and variance over the space",
            batch=f"the first {IMAGES}",
            published_batch="16",
        ),
    ),
    needs=frozenset({"cell"}),
    same_score=patterns_and_size,
    distinct=6320,
    evaluate=evaluate,
    initialisation="normal",
    draws=32,
)
