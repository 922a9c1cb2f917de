"""The networks of TransNAS-Bench-101's macro level, see :mod:`tfnas.spaces.transnas101_macro`, and what both share.

Stem (3x3 convolution of stride 2 to 32 channels, normalised, then ReLU and a second one to 64), modules of two blocks,
global average pooling and a linear layer. A residual block is two ReLU-convolution-normalisations beside its input,
which a normalised 1x1 convolution brings to another shape.

Source: the networks of the benchmark's authors. Their weights are drawn by Kaiming's law (fan-out); here they are
drawn as the study or the proxy says.
"""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from tfnas.networks.reference import ReluConvNorm
from tfnas.networks.shape import Shape
from tfnas.spaces.parts.tally import halved
from tfnas.spaces.transnas101_macro import CHANNELS, Block, blocks, modules


class ResidualBlock(nn.Module):
    """Two ReLU-convolution-normalisations, added to the input."""

    def __init__(self, channels_in: int, channels: int, stride: int):
        super().__init__()
        self.conv_a = ReluConvNorm(channels_in, channels, 3, stride)
        self.conv_b = ReluConvNorm(channels, channels, 3)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels:
            convolution = nn.Conv2d(channels_in, channels, 1, stride, bias=False)
            self.downsample = nn.Sequential(convolution, nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels_in, H, W) to (B, channels, H / stride, W / stride)."""
        return self.downsample(x) + self.conv_b(self.conv_a(x))


class Network(nn.Module):
    """A network of either level.

    Args:
        made: returns the module of a block.
        digits: its modules, 1 to 4 each.
        shape: image channels, image size and classes.
    """

    def __init__(self, made: Callable[[Block], nn.Module], digits: Sequence[int], shape: Shape):
        super().__init__()
        planned = list(blocks(digits, halved(halved(shape.image_size))))
        self.stem = nn.Sequential(
            nn.Conv2d(shape.image_channels, CHANNELS // 2, 3, 2, 1, bias=False),
            nn.BatchNorm2d(CHANNELS // 2),
            nn.ReLU(),
            nn.Conv2d(CHANNELS // 2, CHANNELS, 3, 2, 1, bias=False),
            nn.BatchNorm2d(CHANNELS),
        )
        self.layers = nn.ModuleList(made(block) for block in planned)
        self.features = nn.Identity()  # so that proxies see the last maps, which are a sum
        self.classifier = nn.Linear(planned[-1].channels, shape.classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, image_channels, H, W) to logits (B, classes)."""
        x = self.stem(images)
        for layer in self.layers:
            x = layer(x)
        return self.classifier(self.features(x).mean((2, 3)))


def _residual(block: Block) -> ResidualBlock:
    return ResidualBlock(block.channels_in, block.channels, block.stride)


def network(digits: Sequence[int], shape: Shape) -> Network:
    """Return the network of the digits of an architecture, see :meth:`tfnas.spaces.base.Space.network`."""
    return Network(_residual, modules(digits), shape)
