r"""Number of linear regions: into how many pieces a tiny network cuts a sample of its inputs.

A network of ReLUs is linear wherever its ReLUs switch alike. With the sign pattern of all ReLU outputs as the code of
an input,

.. math::  R = \sum_i \frac{1}{\#\{j : code_j = code_i\}} = \text{number of distinct codes among the inputs}

Larger is better; R is at most the number of inputs, and saturates where every input has a code of its own. No labels,
no gradients.

Source: Chen, Gong, Wang 2021, "Neural Architecture Search on ImageNet in Four GPU Hours" (ICLR; arXiv 2102.11535),
and the authors' code. The network is one cell with one channel (C = 1, N = 1, depth 1, no stem),
followed by the batch normalisation and ReLU that end every network, in training mode. Inputs are 3000 crops of 3 x 3
pixels of one random channel, in three batches of 1000 with statistics of their own. ReLUs off the output path count.
The code is float32 on a GPU; the paper says 5000 images, the code uses 3000.

Settings: crops are drawn from the study's batch, without replacement and the same for every cell. Where it has fewer
than 3000 (a handful of small grey images), all are used. PyTorch's default initialisation, which is what the
authors' code uses in fact: it asks for a Kaiming initialisation by a name that its initialiser ignores. Batch
normalisation makes the scale of weights irrelevant here. Three draws, as in the code.

Everything is computed in float64, because terms of a node may cancel but for the constant of batch normalisation. On
3 x 3 pixels every operation is a 9 x 9 matrix. Each of the ReLUs at nodes 0, 1, 2 and the end gives 9 bits, and
all convolutions that leave a node rectify the same values: a code has at most 36 bits, so codes are whole numbers and
are counted exactly. A cell whose ReLUs see no signal has R = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.registry import Family, Proxy
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import CONVOLUTIONS, EDGES, NODES, Cell

if TYPE_CHECKING:
    from torch import Tensor

    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial

CROPS = 3000
"""Inputs."""

BATCHES = 3
"""Inputs are normalised in so many batches of equal size."""

SIDE = 3
"""Height and width of a crop in pixels."""

PIXELS = SIDE * SIDE

THIN = Skeleton(channels=1, cells_per_stage=1, classes=1, image_channels=1, image_size=4)
"""Its first cell is the network."""


def draw_crops(images: Tensor, seed: int) -> Tensor:
    """Return random crops of single channels, shape (BATCHES, n, 9), float64; no crop is drawn twice.

    Args:
        images: shape (B, channels, H, W).
        seed: decides which.
    """
    import torch

    batch, channels, height, width = images.shape
    rows, columns = height - SIDE + 1, width - SIDE + 1
    total = batch * channels * rows * columns
    chosen = torch.randperm(total, generator=torch.Generator().manual_seed(seed))[: min(CROPS, total)]
    chosen = chosen[: len(chosen) // BATCHES * BATCHES].to(images.device)
    crops = images.reshape(batch * channels, height, width).unfold(1, SIDE, 1).unfold(2, SIDE, 1)
    place, position = chosen // (rows * columns), chosen % (rows * columns)
    return crops[place, position // columns, position % columns].reshape(BATCHES, -1, PIXELS).double()


def operation_matrices(cells: Sequence[Cell], states: Sequence[dict[str, Tensor]]) -> Tensor:
    """Return every edge's operation as a matrix that maps a row of 9 pixels, shape (edges, G, 9, 9), float64.

    Convolutions come without their ReLU and normalisation.

    Args:
        cells: the G cells.
        states: initial weights of one-channel networks, under the names of the reference network.
    """
    import torch
    import torch.nn.functional as F

    units = torch.eye(PIXELS, dtype=torch.float64).view(PIXELS, 1, SIDE, SIDE)
    averages = F.avg_pool2d(units, 3, stride=1, padding=1, count_include_pad=False)
    constant = {"none": 0 * units, "skip_connect": units, "avg_pool_3x3": averages}

    def matrix(edge: int, operation: str, state: dict[str, Tensor]) -> Tensor:
        if operation in constant:
            return constant[operation]
        kernel = state[f"cells.0.layers.{edge}.op.1.weight"].double()
        return F.conv2d(units, kernel, padding=kernel.shape[-1] // 2)

    return torch.stack(
        [
            torch.stack([matrix(edge, cell.operations[edge], state) for cell, state in zip(cells, states, strict=True)])
            for edge in range(len(EDGES))
        ]
    ).view(len(EDGES), len(cells), PIXELS, PIXELS)


def codes(cells: Sequence[Cell], matrices: Tensor, crops: Tensor) -> Tensor:
    """Return the sign pattern of all ReLUs for each cell and crop as a whole number, shape (G, crops), int64.

    Args:
        cells: the G cells.
        matrices: of :func:`operation_matrices`.
        crops: of :func:`draw_crops`.
    """
    import torch

    convolves = torch.tensor([[o in CONVOLUTIONS for o in cell.operations] for cell in cells], device=crops.device)
    bits = 2.0 ** torch.arange(PIXELS, dtype=crops.dtype, device=crops.device)
    # Crops are columns here: products with small matrices are faster that way.
    columns, matrices = crops.transpose(1, 2).contiguous(), matrices.transpose(2, 3)[:, :, None].contiguous()

    def through(edge: int, x: Tensor, members: Tensor, convolution: bool) -> Tensor:
        x = x.index_select(0, members)
        y = matrices[edge].index_select(0, members) @ (x.relu_() if convolution else x)
        return normalised(y) if convolution else y

    def pattern(x: Tensor) -> Tensor:
        return (bits @ (x > 0).to(bits.dtype)).long().flatten(1)

    nodes: list[Tensor] = [columns.expand(len(cells), *columns.shape)]
    for node in range(1, NODES):
        total = crops.new_zeros(nodes[0].shape)
        for edge, (source, target) in enumerate(EDGES):
            for operations in (CONVOLUTIONS, ("skip_connect", "avg_pool_3x3")):
                members = [number for number, cell in enumerate(cells) if cell.operations[edge] in operations]
                if target == node and members:
                    index = torch.tensor(members, device=crops.device)
                    total.index_add_(0, index, through(edge, nodes[source], index, operations is CONVOLUTIONS))
        nodes.append(total)
    result = pattern(normalised(nodes[-1]))
    for node in range(NODES - 1):
        leaving = [edge for edge, (source, _) in enumerate(EDGES) if source == node]
        rectified = convolves[:, leaving].any(1, keepdim=True)
        result = (result << PIXELS) + rectified * pattern(nodes[node])
    return result


def normalised(x: Tensor) -> Tensor:
    """Normalise one channel by each batch's mean and variance, as at initialisation.

    Args:
        x: shape (G, batches, crops, 9) or (G, batches, 9, crops).
    """
    import torch

    from tfnas.networks.batched import EPSILON

    # A tenth of the time of torch.var_mean.
    centred = x - x.mean((2, 3), keepdim=True)
    variance = torch.linalg.vector_norm(centred, dim=(2, 3), keepdim=True).square() / x[0, 0].numel()
    return centred.mul_(torch.rsqrt(variance + EPSILON))


def count_distinct(values: Tensor) -> Tensor:
    """Return how many distinct numbers each row of an integer matrix (G, n) holds, shape (G,)."""
    import numpy as np
    import torch

    # On a CPU numpy sorts whole numbers several times as fast.
    ordered = values.sort(1).values if values.is_cuda else torch.from_numpy(np.sort(values.numpy(), axis=1))
    return (ordered[:, 1:] != ordered[:, :-1]).sum(1) + 1


def evaluate(trial: Trial) -> Results:
    """Return raw values."""
    import torch

    from tfnas.networks.reference import initial_state

    states = [
        initial_state(cell, THIN, torch.Generator().manual_seed(seed))
        for cell, seed in zip(trial.cells, trial.seeds, strict=True)
    ]
    matrices = operation_matrices(trial.cells, states).to(trial.device)
    crops = draw_crops(trial.images, child_seed(trial.noise_seed, "linear regions"))
    regions = count_distinct(codes(trial.cells, matrices, crops))
    return {"linear_regions": (regions.double().cpu(), [""] * trial.count)}


FAMILY = Family(
    proxies=(
        Proxy(
            name="linear_regions",
            title="Linear regions",
            direction=1,
            formula=r"\#\{\text{distinct ReLU sign patterns of 3000 crops}\}",
            needs=("one forward pass", "crops of real images"),
            requires=("cell",),
            reference=("chen2021tenas", "authors' code"),
            summary="Into how many linear pieces a one-channel cell cuts a sample of 3 x 3 crops.",
            batch=f"{CROPS} crops",
            published_batch="3000 crops",
        ),
    ),
    needs=frozenset({"cell"}),
    same_score=rectifier_class,
    distinct=5785,
    evaluate=evaluate,
    precision="float64",
    draws=3,
)
