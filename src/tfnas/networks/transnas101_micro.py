"""The networks of TransNAS-Bench-101's micro level, see :mod:`tfnas.spaces.transnas101_micro`.

Source: the networks of the benchmark's authors. One difference has no influence on values: where they write zeros of
another shape, here the input is multiplied by zero, so that gradients find their way.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tfnas.networks.reference import ReluConvNorm
from tfnas.networks.shape import Shape
from tfnas.networks.transnas101_macro import Network
from tfnas.spaces.nats_tss import EDGES, NODES
from tfnas.spaces.transnas101_macro import Block
from tfnas.spaces.transnas101_micro import KERNELS, MODULES


class Zeros(nn.Module):
    """The operation ``none``: zeros of the shape that any other operation would give.

    Args:
        copies: channels of the output, as a multiple of those of the input.
        stride: 1 or 2.
    """

    def __init__(self, copies: int, stride: int):
        super().__init__()
        self.copies, self.stride = copies, stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to zeros (B, copies * C, H / stride, W / stride)."""
        return (x[:, :, :: self.stride, :: self.stride] * 0.0).repeat(1, self.copies, 1, 1)


class FactorizedReduce(nn.Module):
    """A skip connection to half the resolution: ReLU, then two 1x1 convolutions of stride 2, one pixel apart."""

    def __init__(self, channels_in: int, channels: int):
        super().__init__()
        self.relu = nn.ReLU()
        self.convs = nn.ModuleList(nn.Conv2d(channels_in, channels // 2, 1, 2, bias=False) for _ in range(2))
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels_in, H, W) to (B, channels, H / 2, W / 2)."""
        x = self.relu(x)
        shifted = nn.functional.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        return self.bn(torch.cat([self.convs[0](x), self.convs[1](shifted)], dim=1))


def operation(digit: int, channels_in: int, channels: int, stride: int) -> nn.Module:
    """Return the module of an edge, which maps (B, channels_in, H, W) to (B, channels, H / stride, W / stride)."""
    if digit == 0:
        return Zeros(channels // channels_in, stride)
    if digit == 1:
        return nn.Identity() if stride == 1 and channels_in == channels else FactorizedReduce(channels_in, channels)
    return ReluConvNorm(channels_in, channels, KERNELS[digit], stride)


class MicroCell(nn.Module):
    """A cell: each node is the sum of its incoming edges, the output is node 3.

    Args:
        digits: the operation of each edge.
        block: channels and stride; edges from node 0 change the shape.
    """

    def __init__(self, digits: Sequence[int], block: Block):
        super().__init__()
        self.edges = nn.ModuleList(
            operation(digit, block.channels, block.channels, 1)
            if source
            else operation(digit, block.channels_in, block.channels, block.stride)
            for (source, _), digit in zip(EDGES, digits, strict=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels_in, H, W) to (B, channels, H / stride, W / stride)."""
        nodes = [x]
        for node in range(1, NODES):
            edges = [(edge, source) for (source, target), edge in zip(EDGES, self.edges, strict=True) if target == node]
            terms = [edge(nodes[source]) for edge, source in edges]
            nodes.append(sum(terms[1:], terms[0]))
        return nodes[-1]


def network(digits: Sequence[int], shape: Shape) -> Network:
    """Return the network of the six digits of a cell, see :meth:`tfnas.spaces.base.Space.network`."""
    return Network(lambda block: MicroCell(digits, block), MODULES, shape)
