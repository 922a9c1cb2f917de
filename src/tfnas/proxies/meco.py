r"""MeCo: the smallest eigenvalue of the correlations between channels, summed over all feature maps of a network.

One Gaussian image of 64 x 64 pixels (with the channels of the dataset) passes the untrained network. For every module
k, containers included, the output of shape (C, H, W) is read as a matrix of C rows and HW columns, R_k of shape (C, C)
is the Pearson correlation of its rows (undefined entries, of constant rows, are 0), and

.. math::  score = \sum_k \lambda_{\min}(R_k)

Larger is better. No labels, no real images, no gradients. PyTorch's default initialisation, training mode, so that
normalisation uses the statistics of this one image; one draw. The image is the same for every cell, and its size does
not depend on the dataset.

Source: Jiang, Wang, Bie 2023, "MeCo" (NeurIPS), and the measure in the authors' code. (A script beside it, for this
space, applies the same measure to one training image of 32 x 32 pixels instead; that form is not offered.)

Which modules. The measure hooks every module that runs, so a feature counts once per container that returns it. The
module tree here is that of the benchmark's network:

====================================================  =======
feature                                               counts
====================================================  =======
convolution (raw output)                              1
normalised output of a ReLU-convolution-normalisation 3 (normalisation, sequence, edge or residual branch)
normalised output of the stem                         2 (normalisation, stem)
each ReLU                                             1 (the last one 2: ReLU, sequence)
``skip_connect`` edge                                 1 (the value of its source node)
``avg_pool_3x3`` edge                                 2 (pooling, edge)
cell or residual block                                1
shortcut of a residual block                          1 its pooling, 2 its convolution (convolution, sequence)
normalisation before the last ReLU                    1
====================================================  =======

``none`` edges, global pooling and the classifier give constant rows or rows of one value: eigenvalue 0. The root is
left out; in the authors' code it, too, adds 0. Convolutions on dead branches count, so the score depends on every edge
and every cell is scored by itself.

Where this differs from the authors' code: their network (that of zero-cost-nas) wraps the stem and each stage in one
more container, which counts five features once more; R is symmetric, so the symmetric eigenvalue solver is used
instead of the general one, whose real parts it equals up to rounding; correlations are taken in float64.
Normalisation does not change the correlations of a convolution's output: the two share one matrix here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfnas.proxies.registry import Family, Proxy
from tfnas.proxies.zen import unpruned
from tfnas.spaces.nats_tss import CONVOLUTIONS, EDGES, NODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor
    from torch.nn import Module

    from tfnas.networks.batched import BatchedCell, BatchedNetworks, GroupedConvNorm
    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial

    Add = Callable[[Tensor, Tensor, "Tensor | int"], None]

IMAGE_SIZE = 64
"""Height and width of the Gaussian image in pixels."""

MODULES_OF_EDGE = {"skip_connect": 1, "avg_pool_3x3": 2}
"""How many modules of the benchmark's network return the value of such an edge."""


def correlations(features: Tensor, count: int) -> Tensor:
    """Return the correlations between the channels of each of n networks, 0 where a channel is constant.

    Args:
        features: of one image, shape (1, n*C, H, W), in any memory format.
        count: n.

    Returns:
        Shape (n, C, C), float64.
    """
    rows = features.reshape(count, features.shape[1] // count, -1).double()
    rows = rows - rows.mean(2, keepdim=True)
    covariance = rows @ rows.transpose(1, 2)
    deviation = covariance.diagonal(dim1=1, dim2=2).sqrt()
    constant = deviation == 0
    correlation = covariance / deviation[:, :, None] / deviation[:, None, :]
    return correlation.masked_fill(constant[:, :, None] | constant[:, None, :], 0.0)


def visit_features(networks: BatchedNetworks, image: Tensor, add: Add) -> None:
    """Run G networks on one image and report the output of every module that may have a non-zero eigenvalue.

    Args:
        networks: G networks that hold every convolution and observe every ReLU.
        image: shape (1, channels, H, W).
        add: called with features (1, n*C, H, W), the numbers of their n networks, and how often each counts.
    """
    import torch
    import torch.nn.functional as F

    from tfnas.networks.batched import BatchedCell, BatchedResidual, batch_norm

    everyone = torch.arange(networks.count, device=image.device)
    blocks = list(networks.blocks)
    normalised: dict[Module, Tensor] = {}

    def after_convolution(layer: GroupedConvNorm, _: tuple, output: Tensor) -> None:
        normalised[layer] = output

    def after_cell(block: BatchedCell, inputs: tuple, _: Tensor) -> None:
        add_other_edges(block, inputs[0], normalised, add)
        normalised.clear()

    def after_stage(stage: int, features: Tensor) -> None:
        if stage > 0:
            add(features, everyone, 1)
        if stage < len(blocks) and isinstance(blocks[stage], BatchedResidual):
            add(F.avg_pool2d(features, 2, stride=2), everyone, 1)
        if stage == len(blocks):
            add(batch_norm(networks, features.clone()), everyone, 1)

    for layer in networks.convolutions():
        # Normalisation changes no correlation: the raw output counts for the normalised one, too.
        times = 3 if layer is networks.stem else 2 if layer.norm is None else 4
        layer.watch = lambda raw, members=layer.members, times=times: add(raw, members, times)
        layer.register_forward_hook(after_convolution)
    for block in blocks:
        if isinstance(block, BatchedCell):
            block.overwrite = False
            block.register_forward_hook(after_cell)
    with torch.no_grad():
        networks(image, observe=add, visit=after_stage)


def add_other_edges(block: BatchedCell, x: Tensor, normalised: dict[Module, Tensor], add: Add) -> None:
    """Report what the ``skip_connect`` and ``avg_pool_3x3`` edges of one cell give.

    Args:
        block: the cells of G networks at one place.
        x: their input, shape (1, G*C, H, W).
        normalised: output of each convolution of the block.
        add: as for :func:`visit_features`.
    """
    import torch

    from tfnas.networks.batched import average_pool, gather, scatter

    arrived: list[list[tuple[Tensor, Tensor]]] = [[] for _ in range(NODES)]
    for source in range(NODES - 1):
        value = x if source == 0 else scatter(x, arrived[source], block.count)
        leaving = [(edge, target) for edge, (start, target) in enumerate(EDGES) if start == source]
        features = {"skip_connect": value}
        if any("avg_pool_3x3" in block.members[edge] for edge, _ in leaving):
            features["avg_pool_3x3"] = average_pool(value)
        for operation, feature in features.items():
            networks = [number for edge, _ in leaving for number in block.members[edge].get(operation, [])]
            edges = torch.tensor(networks, dtype=torch.long, device=x.device).bincount(minlength=block.count)
            index = edges.nonzero()[:, 0]
            if len(index):
                (part,) = gather(feature, [index], block.count)
                add(part, index, MODULES_OF_EDGE[operation] * edges[index])
        for edge, target in leaving:
            for operation, numbers in block.members[edge].items():
                index = torch.tensor(numbers, device=x.device)
                if operation in CONVOLUTIONS:
                    part = normalised[block.convolutions[f"{edge}-{operation}"]]
                else:
                    (part,) = gather(features[operation], [index], block.count)
                arrived[target].append((part, index))


def evaluate(trial: Trial) -> Results:
    """Return raw values; none is undefined."""
    import torch

    networks = unpruned(trial).networks(every_relu=True)
    image = trial.gaussian("meco input", 1, trial.skeleton.image_channels, IMAGE_SIZE, IMAGE_SIZE)
    matrices: dict[int, list[tuple[Tensor, Tensor, Tensor]]] = {}

    def add(features: Tensor, members: Tensor, times: Tensor | int) -> None:
        matrix = correlations(features, len(members))
        weights = torch.as_tensor(times, device=trial.device).expand(len(members))
        matrices.setdefault(matrix.shape[1], []).append((matrix, members, weights))

    visit_features(networks, image.contiguous(memory_format=trial.memory_format), add)
    total = torch.zeros(trial.count, dtype=torch.float64, device=trial.device)
    for group in matrices.values():
        matrix, members, weights = (torch.cat(parts) for parts in zip(*group, strict=True))
        total.index_add_(0, members, weights * torch.linalg.eigvalsh(matrix)[:, 0])
    return {"meco": (total.cpu(), [""] * trial.count)}


FAMILY = Family(
    proxies=(
        Proxy(
            name="meco",
            title="MeCo",
            direction=1,
            formula=r"\sum_k \lambda_{\min}(R_k)",
            needs=("one forward pass", "one Gaussian image"),
            requires=("maps", "any size"),
            reference=("jiang2023meco", "authors' code"),
            summary="Smallest eigenvalue of the correlations between channels, summed over the outputs of all modules.",
            where=r"$\lambda_{\min}$ is the smallest eigenvalue and $R_k$ the matrix of correlations between the "
            r"channels of what module $k$ returns",
            batch="1, Gaussian",
            published_batch="1, Gaussian",
        ),
    ),
    needs=frozenset({"cell"}),
    same_score=str,
    distinct=15625,
    evaluate=evaluate,
    shown=(1, IMAGE_SIZE),
)
