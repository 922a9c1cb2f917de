"""The supernet of TE-NAS as one module that runs every operation: what the fast gradients and counts are held to."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from tfnas.networks.reference import CellBlock, Network, make_operation
from tfnas.networks.skeleton import Skeleton
from tfnas.spaces.nats_tss import EDGES, NODES, Cell


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
        active: names of the operations of each edge, in the order of :data:`tfnas.spaces.nats_tss.EDGES`.
        skeleton: channels, depth, classes and image shape.
    """

    def __init__(self, active: Sequence[Sequence[str]], skeleton: Skeleton):
        super().__init__(Cell(tuple(names[0] for names in active)), skeleton)
        for number, (block, shape) in enumerate(zip(self.cells, skeleton.blocks(), strict=True)):
            if isinstance(block, CellBlock):
                self.cells[number] = MixedCell(active, shape.channels)
