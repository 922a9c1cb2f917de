"""The networks of NATS-Bench's size space, see :mod:`tfnas.spaces.nats_sss`.

Stem (3x3 convolution, normalised), three cells with a residual block of stride 2 before the second and the third, batch
normalisation, ReLU, global average pooling and a linear layer. Source: the network of the benchmark's authors.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from tfnas.errors import ConfigError
from tfnas.networks.reference import ReluConvNorm, ResidualBlock
from tfnas.networks.shape import Shape
from tfnas.spaces.nats_sss import CELL, Block, blocks
from tfnas.spaces.nats_tss import EDGES, NODES


def operation(name: str, channels_in: int, channels: int) -> nn.Module:
    """Return the module of an edge, which maps (B, channels_in, H, W) to (B, channels, H, W)."""
    if name == "nor_conv_3x3":
        return ReluConvNorm(channels_in, channels, 3)
    if channels_in == channels:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(channels_in, channels, 1, bias=False), nn.BatchNorm2d(channels))


class CellBlock(nn.Module):
    """The cell: each node is the sum of its incoming edges, the output is node 3; edges from node 0 change channels."""

    def __init__(self, block: Block):
        super().__init__()
        self.layers = nn.ModuleList(
            operation(name, block.channels if source else block.channels_in, block.channels)
            for (source, _), name in zip(EDGES, CELL.operations, strict=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels_in, H, W) to (B, channels, H, W)."""
        nodes = [x]
        for node in range(1, NODES):
            edges = [
                (layer, source) for (source, target), layer in zip(EDGES, self.layers, strict=True) if target == node
            ]
            terms = [layer(nodes[source]) for layer, source in edges]
            nodes.append(sum(terms[1:], terms[0]))
        return nodes[-1]


class Network(nn.Module):
    """A network of the space.

    Args:
        digits: its five digits.
        shape: image channels, image size and classes.
    """

    def __init__(self, digits: Sequence[int], shape: Shape):
        super().__init__()
        if shape.image_size % 4:
            raise ConfigError(f"Images of {shape.image_size} pixels do not halve twice: use a size divisible by four.")
        planned = list(blocks(list(digits)))
        width = planned[0].channels_in
        convolution = nn.Conv2d(shape.image_channels, width, 3, padding=1, bias=False)
        self.stem = nn.Sequential(convolution, nn.BatchNorm2d(width))
        self.cells = nn.ModuleList(
            ResidualBlock(block.channels_in, block.channels) if block.residual else CellBlock(block)
            for block in planned
        )
        self.lastact = nn.Sequential(nn.BatchNorm2d(planned[-1].channels), nn.ReLU())
        self.classifier = nn.Linear(planned[-1].channels, shape.classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, image_channels, H, W) to logits (B, classes)."""
        x = self.stem(images)
        for block in self.cells:
            x = block(x)
        return self.classifier(self.lastact(x).mean((2, 3)))


def network(digits: Sequence[int], shape: Shape) -> Network:
    """Return the network of five digits, see :meth:`tfnas.spaces.base.Space.network`."""
    return Network(digits, shape)
