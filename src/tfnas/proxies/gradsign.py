r"""GradSign: whether single images want to move a weight in the same direction.

For image n let g_n be the gradient of its cross-entropy with respect to the weights of all convolutions and of the
classifier (no biases, no normalisation). Over all weights p

.. math::  score = \sum_p \left| \sum_{n=1}^{B} \operatorname{sign}(g_{n,p}) \right|

Larger is better. Needs labels; real images; PyTorch's default initialisation; training mode **with batches of one
image**, so that batch normalisation uses the statistics of that image alone.

Source: Zhang and Jia 2022, "GradSign: Model Performance Inference with Theoretical Insights" (ICLR; arXiv 2110.08616),
and the authors' code.

Two variants:

``gradsign``
    The sum, as in the authors' code (``grad_conflict.py`` and ``gradsign.py``).
``gradsign_mean``
    The mean over the weights that the cell's own network holds (dead convolutions included), between 0 and B: a form
    that stands commented out in ``grad_conflict.py``, and in re-runs. Without the number of weights little of the
    ranking is left.

Settings: the first 64 images of the study's batch (the code's default is 128; re-runs use 64), one initialisation.

On maps of 2 x 2 pixels (images of 8 x 8) average pooling gives constants, and normalising one image cancels their
gradients. In floating-point numbers a rounding error is left, whose random sign the published code counts; here what
cancels to less than 100 times the machine's precision is zero, in the normalisation and among the gradients of a layer.

All images pass together: each is normalised by its own statistics, so none of them depends on another, and one
backward pass of the summed losses gives every image its own gradients (:mod:`tfnas.networks.per_sample`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfnas.networks.skeleton import Skeleton, count_parameters
from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.registry import Failure, Family, Proxy
from tfnas.spaces.nats_tss import CONVOLUTIONS, Cell

if TYPE_CHECKING:
    from torch import Tensor

    from tfnas.networks.batched import BatchedNetworks
    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial

IMAGES = 64
"""At most so many images of the batch are used."""

CHUNK = 32
"""Images that pass together."""

SINGLE = Failure(
    "batch normalisation of a single value",
    "Feature maps of one pixel: the statistics of a single image turn every value into zero.",
)


def same_score(cell: Cell) -> tuple:
    """Return a key of equal distributions: also the number of weights enters, dead ones included."""
    return (rectifier_class(cell), *(cell.operations.count(operation) for operation in CONVOLUTIONS))


def count_weights(cell: Cell, skeleton: Skeleton) -> int:
    """Return P, the weights of all convolutions and of the classifier: no biases, no normalisation."""
    normalised = skeleton.channels + skeleton.feature_channels
    for block in skeleton.blocks():
        normalised += block.channels * (cell.convolution_edges if block.kind == "cell" else 2)
    return count_parameters(cell, skeleton) - 2 * normalised - skeleton.classes


def signs_of(rows: Tensor) -> Tensor:
    """Return the signs of the gradients of one layer, shape (B, n, values); those of rounding size count as zero."""
    import torch

    from tfnas.networks.batched import ROUNDING

    sizes = rows.abs()
    rounding = ROUNDING * torch.finfo(rows.dtype).eps * sizes.amax(2, keepdim=True)
    return rows.sign().masked_fill_(sizes <= rounding, 0)


def sign_sums(networks: BatchedNetworks, images: Tensor, labels: Tensor) -> Tensor:
    """Return for each network the sum over its weights of abs(sum of signs), shape (G,), float64.

    Args:
        networks: G networks that normalise each image alone.
        images: shape (B, channels, H, W).
        labels: shape (B,).
    """
    import torch
    import torch.nn.functional as F

    from tfnas.networks.per_sample import sample_gradients
    from tfnas.proxies.trial import require_finite

    totals: list[tuple[Tensor, Tensor]] = []
    for some, targets in zip(images.split(CHUNK), labels.split(CHUNK), strict=True):

        def loss(logits: Tensor, targets: Tensor = targets) -> Tensor:
            require_finite(logits, "the logits")
            return F.cross_entropy(logits.flatten(0, 1), targets.repeat(len(logits)), reduction="sum")

        signs = [(signs_of(rows).sum(0), members) for rows, members in sample_gradients(networks, some, loss)]
        totals = totals or [(torch.zeros_like(sums), members) for sums, members in signs]
        for (total, _), (sums, _) in zip(totals, signs, strict=True):
            total += sums
    result = torch.zeros(networks.count, dtype=torch.float64, device=images.device)
    for total, members in totals:
        result.index_add_(0, members, total.abs().sum(1, dtype=torch.float64))
    return result


def evaluate(trial: Trial) -> Results:
    """Return raw values; NaN where a feature map has one pixel, which one image's statistics turn into zero."""
    import torch

    if list(trial.skeleton.blocks())[-1].size == 1:
        nothing = torch.full((trial.count,), torch.nan, dtype=torch.float64)
        return {name: (nothing, [SINGLE.reason] * trial.count) for name in trial.wanted}
    sums = sign_sums(trial.networks(per_image=True), trial.input(IMAGES), trial.labels[:IMAGES]).cpu()
    weights = torch.tensor([count_weights(cell, trial.skeleton) for cell in trial.cells], dtype=torch.float64)
    reasons = [""] * trial.count
    return {"gradsign": (sums, reasons), "gradsign_mean": (sums / weights, reasons)}


FAMILY = Family(
    proxies=(
        Proxy(
            name="gradsign",
            title="GradSign",
            direction=1,
            formula=r"\sum_p \left| \sum_n \operatorname{sign}\, \frac{\partial L_n}{\partial w_p} \right|",
            needs=("per-sample gradients", "labels", "real images"),
            requires=("layers", "labels"),
            reference=("zhang2022gradsign", "section 3, authors' code"),
            summary="For how many weights, and how clearly, single images agree on the direction of a step.",
            where=r"$L_n$ is the cross-entropy of image $n$ alone and $w_p$ a weight",
            batch=f"the first {IMAGES}, each alone",
            published_batch="64 to 128 batches of one",
            failures=(SINGLE,),
        ),
        Proxy(
            name="gradsign_mean",
            title="GradSign (mean)",
            direction=1,
            formula=r"\frac{1}{P} \sum_{p=1}^{P} \left| \sum_n \operatorname{sign}\,"
            r"\frac{\partial L_n}{\partial w_p} \right|",
            needs=("per-sample gradients", "labels", "real images"),
            requires=("layers", "labels"),
            reference=("zhang2022gradsign", "authors' code on the plain network"),
            summary="GradSign per weight, without the number of weights.",
            where=r"$L_n$ is the cross-entropy of image $n$ alone, $w_p$ a weight and $P$ their number",
            batch=f"the first {IMAGES}, each alone",
            published_batch="64 to 128 batches of one",
            failures=(SINGLE,),
        ),
    ),
    needs=frozenset({"cell"}),
    same_score=same_score,
    distinct=6320,
    evaluate=evaluate,
)
