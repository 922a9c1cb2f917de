r"""NEAR: the effective ranks of what the layers of an untrained network give, summed.

For a matrix with singular values s_k, the effective rank is

.. math::  erank(A) = \exp\left(-\sum_k p_k \ln p_k\right), \qquad p_k = \frac{s_k}{\sum_j s_j}

(0 for a zero matrix), and the score is the sum of the effective ranks of the outputs of all layers, before and after
their activation functions. Larger is better. No labels, no gradients; real images.

Which layers and which matrix, as in the authors' package: every module that has weights (convolutions, normalisations,
the classifier) and every ReLU gives one matrix. Feature maps of shape (B, C, H, W) are read as B W H rows of C values,
pixels in column order (the package swaps channels and width). Of these, C consecutive rows are taken, beginning with
a random column of an image; a square matrix of shape (C, C) remains. The classifier's matrix is (K, K) for K classes,
its rows the logits of K consecutive images beginning with a multiple of K; all images if there are fewer than K.
The place of each block is drawn anew for each module, network and repeat.

Settings: the first 16 images of the study's mini-batch (they decide the batch statistics and what blocks may be drawn
from), PyTorch's default initialisation, training mode, one draw. The paper averages 32 draws; raise
``scoring.repeats`` for that. Batch size and mode of its runs on this space could not be found, so this is NEAR **as
defined here**.

Source: Husistein, Reiher, Eckhoff 2025, "NEAR: A Training-Free Pre-Estimator of Machine Learning Model Performance"
(ICLR; arXiv 2408.08776), and the authors' package. Where this differs from the package: places are drawn only where
a whole block fits (the package may cut the last block short, and never draws the last places), and singular values
are computed in float64, from symmetric eigenvalue problems. The paper's formula sums over pre- and post-activations;
the package, and this, sums over the modules named above, which counts a convolution and its normalisation separately.

Convolutions on dead branches count, so the score depends on every edge and every cell is scored by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfnas.networks.skeleton import STAGES
from tfnas.proxies.registry import Family, Proxy
from tfnas.proxies.zen import unpruned
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import EDGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from tfnas.networks.batched import BatchedNetworks, GroupedConvNorm
    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial

IMAGES = 16
"""How many images are looked at."""


MODULES = 10_000
"""At most so many modules a network of any kind may have that give a block."""


def effective_rank(matrices: Tensor) -> Tensor:
    """Return the effective rank of each of n matrices, float64; 0 for a zero matrix.

    Singular values are the square roots of the eigenvalues of A A^T. Those below about 1e-7 of the largest, which
    are lost in the rounding of float32 activations, count as zero.

    Args:
        matrices: shape (n, rows, columns) with no more rows than columns.
    """
    import torch

    matrices = matrices.double()
    values = torch.linalg.eigvalsh(matrices @ matrices.transpose(1, 2))
    largest = values[:, -1:]
    lost = values.shape[1] * torch.finfo(values.dtype).eps * largest
    values = torch.where(values > lost, values, 0.0).sqrt()
    entropy = torch.special.entr(values / values.sum(1, keepdim=True)).sum(1)
    return torch.where(largest[:, 0] > 0, entropy.exp(), 0.0)


def block_of_rows(features: Tensor, places: Tensor, step: int) -> Tensor:
    """Return C consecutive rows of the features of each of n networks, read as a matrix of C columns.

    Args:
        features: shape (B, n*C, H, W), in any memory format; rows run over images, then columns, then pixels of a
            column.
        places: where to begin, as a share in [0, 1) of the places that are multiples of ``step`` and leave room for C
            rows, shape (n,).
        step: rows between two places.

    Returns:
        Shape (n, C, C), or (n, rows, C) if there are fewer than C rows.
    """
    import torch

    by_network = features.unflatten(1, (len(places), -1))
    batch, count, channels, height, width = by_network.shape
    rows = batch * width * height
    choices = max(rows - channels, 0) // step + 1
    first = (places * choices).long() * step
    row = first[:, None] + torch.arange(min(channels, rows), device=features.device)
    image, pixel = row // (width * height), row % (width * height)
    network = torch.arange(count, device=features.device)[:, None]
    return by_network[image, network, :, pixel % height, pixel // height]


def visit_layers(networks: BatchedNetworks, images: Tensor, add: Callable[[Tensor, Tensor, int], None]) -> None:
    """Run G networks and report the output of every module that has weights or is a ReLU, once per module.

    Args:
        networks: G networks that hold every convolution and observe every ReLU.
        images: shape (B, channels, H, W).
        add: called with features (B, n*C, H, W), the numbers of their n networks, and the rows between two places.
            What a network gets to see does not depend on the networks beside it, nor does the order.
    """
    import torch

    from tfnas.networks.batched import batch_norm, gather

    everyone = torch.arange(networks.count, device=images.device)

    def after_convolution(layer: GroupedConvNorm, _: tuple, output: Tensor) -> None:
        if layer.norm is not None:
            add(output, layer.members, output.shape[3])

    def after_relu(activations: Tensor, members: Tensor, copies: Tensor) -> None:
        for number in range(int(copies.max())):
            index = (copies > number).nonzero()[:, 0]
            (part,) = gather(activations, [index], len(members))
            add(part, members[index], part.shape[3])

    def after_stage(stage: int, features: Tensor) -> None:
        if stage == len(networks.blocks):
            add(batch_norm(networks, features.clone()), everyone, features.shape[3])

    for layer in networks.convolutions():
        layer.watch = lambda raw, members=layer.members: add(raw, members, raw.shape[3])
        layer.register_forward_hook(after_convolution)
    with torch.no_grad():
        logits = networks(images, observe=after_relu, visit=after_stage)
    classes = logits.shape[2]
    add(logits.transpose(0, 1).reshape(len(images), -1, 1, 1), everyone, classes)


def evaluate(trial: Trial) -> Results:
    """Return raw values; none is undefined."""
    import torch

    networks = unpruned(trial).networks(every_relu=True)
    # Two of the stem, three of the head, seven of each residual block, three of each convolution edge.
    modules = 2 + 3 + 2 * 7 + 3 * len(EDGES) * STAGES * trial.skeleton.cells_per_stage
    places = torch.stack([block_places(seed, modules) for seed in trial.seeds]).to(trial.device)
    used = torch.zeros(trial.count, dtype=torch.long, device=trial.device)
    blocks: dict[tuple[int, ...], list[tuple[Tensor, Tensor]]] = {}

    def add(features: Tensor, members: Tensor, step: int) -> None:
        block = block_of_rows(features, places[members, used[members]], step)
        used[members] += 1
        blocks.setdefault(block.shape[1:], []).append((block, members))

    visit_layers(networks, trial.input(IMAGES), add)
    total = torch.zeros(trial.count, dtype=torch.float64, device=trial.device)
    for group in blocks.values():
        matrices, members = (torch.cat(parts) for parts in zip(*group, strict=True))
        total.index_add_(0, members, effective_rank(matrices))
    return {"near": (total.cpu(), [""] * trial.count)}


def block_places(seed: int, modules: int) -> Tensor:
    """Return where the block of each module of a network begins, as shares in [0, 1), shape (modules,), float64.

    Args:
        seed: seed of the network's weights.
        modules: how many modules a network may have that give a block.
    """
    import torch

    generator = torch.Generator().manual_seed(child_seed(seed, "near", "places"))
    return torch.rand(modules, generator=generator, dtype=torch.float64)


FAMILY = Family(
    proxies=(
        Proxy(
            name="near",
            title="NEAR (as defined here)",
            direction=1,
            formula=r"\sum_l \mathrm{erank}(A_l), \quad \mathrm{erank}(A) = \exp\left(-\sum_k p_k \ln p_k\right)",
            needs=("one forward pass", "16 real images"),
            requires=("layers",),
            reference=("husistein2025near", "authors' package"),
            summary="Effective ranks of square blocks of the outputs of all convolutions, normalisations and ReLUs.",
            where=r"$A_l$ is a square block of the output of module $l$, one row for each pixel, and $p_k$ are its "
            r"singular values divided by their sum",
            batch=f"the first {IMAGES}",
            published_batch="not stated",
        ),
    ),
    needs=frozenset({"cell"}),
    same_score=str,
    distinct=15625,
    evaluate=evaluate,
    shown=(IMAGES, 0),
)
