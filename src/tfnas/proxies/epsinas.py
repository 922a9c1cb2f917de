r"""epsinas: how differently a network orders its images when all its weights are one small, and then one large number.

Every weight of the network, those of normalisations included, is set to w, and every bias to 0. Let :math:`y_i(w)` be
what the network then gives for image i of B, and let

.. math::  p_i(w) = \frac{y_i(w) - \min_j y_j(w)}{\max_j y_j(w) - \min_j y_j(w)}, \qquad
           score = \frac{\mathrm{mean}_i |p_i(a) - p_i(b)|}{\mathrm{mean}_{i,w} \, p_i(w)}

with a = 1e-7 and b = 1. Values of p that are zero (each network's smallest output) are left out of both means, and an
image that is the smallest of one network is left out of the difference. Shape of p: (B,). Larger is better. No labels,
no gradients, two forward passes of real images in training mode. Nothing is drawn: a score has no spread.

Source: Gracheva 2023, "Neural Architecture Search: Two Constant Shared Weights Initialisations" (arXiv 2302.04406),
and the authors' code for this space (``epsinas_utils.py``), whose weights are those named above and whose mini-batch
has 256 images. It normalises all outputs of a network at once. With equal weights all channels of a layer are equal,
and so are all logits of an image: here their mean stands for them, which differs by rounding alone.

Some cells have no value by the definition. The code computes in float32, where the small network underflows wherever
each path from input to output holds a convolution. (A convolution and its normalisation multiply by some 1e-9, and
there are 15 cells.) Its outputs are then all zero and p is 0 / 0. That is so for 6,399 of the 15,625 cells, and the
published correlations leave them out: the authors' ablation of weights keeps 2,957 of its 5,000 cells. Here everything
is computed in float64, and a network whose outputs lie beyond the range of float32 has no score.

One saving changes no value but by rounding: as all channels of a layer are equal, C of them with weights w give what
one channel with weight C w gives. So networks with one channel in the first stage stand for those of the study.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tfnas.proxies.registry import Failure, Family, Proxy
from tfnas.spaces.nats_tss import EDGES, NODES, Cell

if TYPE_CHECKING:
    from torch import Tensor

    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial

WEIGHTS = (1e-7, 1.0)
"""The two values that all weights of a network have."""

RANGE = (2.0**-149, 2.0**128)
"""The smallest positive number of float32, and the first that is too large for it."""

OUT_OF_RANGE = Failure(
    "outputs beyond single precision",
    "With weights of 1e-7 all outputs are zero in float32, or all are equal: every path from input to output holds a "
    "convolution. In networks without normalisation outputs may be too large instead.",
)
TOO_FEW = Failure("too few images", "Each of two images gives the smallest output of one of the two networks.")


def dispersion(outputs: tuple[Tensor, Tensor]) -> tuple[Tensor, list[str]]:
    """Return the score of each of n networks, and why where it has none.

    Args:
        outputs: of the networks with small and of those with large weights, each of shape (n, B), float64.

    Returns:
        Values, shape (n,), float64 on the CPU, and n reasons.
    """
    import torch

    both = torch.stack(outputs).cpu()
    low, high = both.amin(2, keepdim=True), both.amax(2, keepdim=True)
    largest = both.abs().amax(2)
    held = ((largest >= RANGE[0]) & (largest < RANGE[1]) & (high > low)[..., 0]).all(0)
    normal = (both - low) / (high - low)
    normal = normal.masked_fill(normal == 0, torch.nan)
    values = (normal[0] - normal[1]).abs().nanmean(1) / normal.nanmean((0, 2))
    reasons = [
        "" if value.isfinite() and well else TOO_FEW.reason if well else OUT_OF_RANGE.reason
        for value, well in zip(values, held, strict=True)
    ]
    lacking = torch.tensor([bool(why) for why in reasons])
    return values.masked_fill(lacking, torch.nan), reasons


def evaluate(trial: Trial) -> Results:
    """Return raw values and reasons."""
    import torch

    channels = trial.skeleton.channels
    skeleton = replace(trial.skeleton, channels=1)
    images = trial.input().double()

    def passed(weight: float) -> Tensor:
        def constant(state: dict[str, Tensor]) -> dict[str, Tensor]:
            return {name: filled(name, tensor, weight, channels) for name, tensor in state.items()}

        with torch.no_grad():
            logits = trial.networks(skeleton=skeleton, dtype=torch.float64, change=constant)(images)
        return logits.mean(2)

    small, large = (passed(weight) for weight in WEIGHTS)
    return {"epsinas": dispersion((small, large))}


def filled(name: str, tensor: Tensor, weight: float, channels: int) -> Tensor:
    """Return a tensor of a state dict of one-channel networks that stand for networks of ``channels`` equal channels.

    Args:
        name: in the state dict.
        tensor: as it is drawn.
        weight: of the networks.
        channels: of the first stage.
    """
    import torch

    if "running" in name:
        return tensor
    if name.endswith("bias"):
        return torch.zeros_like(tensor, dtype=torch.float64)
    # The stem reads the image, whose channels are all there; normalisation has one weight for each channel.
    mixes = tensor.ndim > 1 and name != "stem.0.weight"
    return torch.full_like(tensor, weight * (channels if mixes else 1), dtype=torch.float64)


def function_class(cell: Cell) -> str:
    """Return a key that cells share which compute the same where all convolutions of one kind have equal weights.

    It is an expression as the benchmark's (:meth:`tfnas.spaces.nats_tss.Cell.canonical`), but zero terms are left out,
    which convolutions and normalisations without bias pass on as zero, and a skipped sum is taken apart: 4,930 keys.
    """
    expressions = ["in"]
    for target in range(1, NODES):
        terms = []
        for (source, node), operation in zip(EDGES, cell.operations, strict=True):
            if node == target and operation != "none" and expressions[source]:
                read = expressions[source]
                of_sum = f"{operation}({read.replace('|', '+')})"
                terms += read.split("|") if operation == "skip_connect" else [of_sum]
        expressions.append("|".join(sorted(terms)))
    return expressions[-1]


FAMILY = Family(
    proxies=(
        Proxy(
            name="epsinas",
            title="epsinas",
            direction=1,
            formula=r"\mathrm{mean}_i\left|p_i(10^{-7}) - p_i(1)\right| / \mathrm{mean}_{i,w}\, p_i(w)",
            needs=("two forward passes", "real images"),
            requires=("layers",),
            reference=("gracheva2023epsinas", "authors' code"),
            summary="How differently a network orders its images when all weights are 1e-7, and when all are 1.",
            where=r"$p_i(w)$ is the output for image $i$ of the network whose weights are all $w$, scaled to "
            r"$[0, 1]$ over the images; zeros are left out",
            batch="the whole batch",
            published_batch="256",
            failures=(OUT_OF_RANGE, TOO_FEW),
        ),
    ),
    same_score=function_class,
    distinct=4930,
    evaluate=evaluate,
    initialisation="none",
    precision="float64",
    needs=frozenset({"networks"}),
)
