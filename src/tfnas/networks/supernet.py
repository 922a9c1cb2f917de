r"""The supernet of TE-NAS: cells whose edges hold several operations at once.

An edge with the k active operations :math:`o_1, \dots, o_k` maps x to

.. math::  \frac{1}{k} \sum_j o_j(x)

which is a softmax over equal architecture weights in which operations that are ruled out are not executed at all:
they have neither ReLUs nor gradients. With one operation on each edge it is the reference network of that cell.

Source: Chen, Gong, Wang 2021, "Neural Architecture Search on ImageNet in Four GPU Hours" (ICLR; arXiv 2102.11535), code
``lib/models/cell_searchs/search_cells.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tfnas.cells import CONVOLUTIONS, EDGES, NODES, Cell
from tfnas.networks.reference import CellBlock, Network, initial_state, make_operation
from tfnas.networks.skeleton import Skeleton


class MixedEdge(nn.ModuleDict):
    """The mean of several operations, by their names."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C, H, W)."""
        return sum(operation(x) * (1 / len(self)) for operation in self.values())


class MixedCell(nn.Module):
    """A cell of mixed edges: each node is the sum of its incoming edges, the output is node 3."""

    def __init__(self, active: Sequence[Sequence[str]], channels: int):
        super().__init__()
        self.layers = nn.ModuleList(
            MixedEdge({name: make_operation(name, channels) for name in names}) for names in active
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C, H, W)."""
        nodes = [x]
        for node in range(1, NODES):
            into = [layer(nodes[s]) for (s, t), layer in zip(EDGES, self.layers, strict=True) if t == node]
            nodes.append(sum(into[1:], into[0]))
        return nodes[-1]


class Supernet(Network):
    """Mixed cells in the macro skeleton.

    Args:
        active: names of the operations of each edge, in the order of :data:`tfnas.cells.EDGES`.
        skeleton: channels, depth, classes and image shape.
    """

    def __init__(self, active: Sequence[Sequence[str]], skeleton: Skeleton):
        super().__init__(Cell(tuple(names[0] for names in active)), skeleton)
        for number, (block, shape) in enumerate(zip(self.cells, skeleton.blocks(), strict=True)):
            if isinstance(block, CellBlock):
                self.cells[number] = MixedCell(active, shape.channels)


def supernet_state(skeleton: Skeleton, generator: torch.Generator) -> dict[str, Tensor]:
    """Draw weights of the supernet with every operation on every edge, PyTorch's default initialisation.

    Smaller supernets use the part of it that they need, so that those of a round share their weights.

    Args:
        skeleton: channels, depth, classes and image shape.
        generator: a CPU generator, which alone decides the weights.

    Returns:
        Tensors under the names of :class:`Supernet`'s state dict (``num_batches_tracked`` left out).
    """
    state: dict[str, Tensor] = {}
    for operation in CONVOLUTIONS:
        drawn = initial_state(Cell((operation,) * len(EDGES)), skeleton, generator)
        for name, value in drawn.items():
            block, layers, rest = name.partition(".layers.")
            edge, _, inner = rest.partition(".")
            state[f"{block}.layers.{edge}.{operation}.{inner}" if layers else name] = value
    return state
