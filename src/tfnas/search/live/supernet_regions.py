"""Linear regions of supernets: one cell of one channel on crops of 3 x 3 pixels, as for single cells.

The network is that of :mod:`tfnas.proxies.linear_regions` with mixed edges: each operation maps rows of 9 pixels by a
matrix, the mean of an edge's operations goes on, and every ReLU that belongs to an operation of the supernet counts.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from tfnas.proxies.linear_regions import PIXELS, count_distinct, normalised, operation_matrices
from tfnas.search.live.pruning import START, Active
from tfnas.spaces.nats_tss import CONVOLUTIONS, EDGES, NODES, Cell


def region_counts(supernets: Sequence[Active], states: Sequence[dict[str, Tensor]], crops: Tensor) -> Tensor:
    """Return the number of distinct ReLU patterns of each supernet on its own crops, shape (G,).

    Args:
        supernets: the operations of each edge of G supernets.
        states: weights of each, of one channel (:func:`tfnas.networks.supernet.supernet_state`).
        crops: shape (G, batches, n, 9), float64; each batch is normalised by its own statistics.
    """
    count, device = len(supernets), crops.device
    weights = torch.zeros(len(START[0]), len(EDGES), count, 1, 1, 1, dtype=torch.float64)
    for number, active in enumerate(supernets):
        for edge, names in enumerate(active):
            for name in names:
                weights[START[0].index(name), edge, number] = 1 / len(names)
    convolves: Any = sum(weights[START[0].index(name)] for name in CONVOLUTIONS) > 0
    weights, convolves = weights.to(device), convolves[..., 0].to(device)
    matrices = {name: _matrices(name, states).to(device) for name in START[0]}
    bits = 2 ** torch.arange(PIXELS, device=device)

    def through(edge: int, x: Tensor, rectified: Tensor) -> Tensor:
        total = torch.zeros_like(x)
        for name, shares in zip(START[0], weights[:, edge], strict=True):
            if name == "skip_connect":
                total += shares * x
            elif name in CONVOLUTIONS:
                y = torch.bmm(rectified.flatten(1, 2), matrices[name][edge]).view_as(x)
                total += shares * normalised(y)
            else:
                total += shares * torch.bmm(x.flatten(1, 2), matrices[name][edge]).view_as(x)
        return total

    def pattern(x: Tensor) -> Tensor:
        return ((x > 0) * bits).sum(-1).flatten(1)

    nodes: list[Any] = [crops]
    rectified: list[Tensor] = []
    for node in range(1, NODES):
        rectified.append(nodes[-1].relu())
        into = [(edge, source) for edge, (source, target) in enumerate(EDGES) if target == node]
        nodes.append(sum(through(edge, nodes[source], rectified[source]) for edge, source in into))
    codes = pattern(normalised(nodes[-1]))
    for node in range(NODES - 1):
        leaving = [edge for edge, (source, _) in enumerate(EDGES) if source == node]
        codes = (codes << PIXELS) + convolves[leaving].any(0).view(count, 1) * pattern(nodes[node])
    return count_distinct(codes)


def _matrices(operation: str, states: Sequence[dict[str, Tensor]]) -> Tensor:
    """Return the matrices of one operation on every edge, shape (edges, G, 9, 9)."""
    cell = Cell((operation,) * len(EDGES))
    own = [{name.replace(f".{operation}.", "."): value for name, value in state.items()} for state in states]
    return operation_matrices([cell] * len(states), own)
