"""The networks of NAS-Bench-Macro, see :mod:`tfnas.spaces.nasbench_macro`.

Stem (3x3 convolution to 32 channels), three stages of 64, 128 and 256 channels that each begin with half the
resolution, a 1x1 convolution to 1,280 channels, global average pooling and a linear classifier; every convolution but
the last of a block, and the convolution in place of an identity, is normalised and rectified.

Source: the network of the benchmark's authors; parameters and multiply-accumulates equal those of its table.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from tfnas.networks.shape import Shape
from tfnas.spaces.nasbench_macro import stages

STEM, WIDTHS, HEAD = 32, (64, 128, 256), 1280

BLOCKS = {1: (3, 3), 2: (5, 6)}
"""Kernel size and expansion by digit."""


def normalised(
    channels_in: int, channels: int, kernel: int, stride: int = 1, groups: int = 1, rectify: bool = True
) -> list[nn.Module]:
    """Return a convolution without bias, its normalisation and, if asked for, a ReLU."""
    convolution = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(channels), *([nn.ReLU()] if rectify else [])]


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, projection; its input is added where the shapes agree."""

    def __init__(self, channels_in: int, channels: int, kernel: int, expansion: int, stride: int):
        super().__init__()
        hidden = channels_in * expansion
        self.shortcut = stride == 1 and channels_in == channels
        self.layers = nn.Sequential(
            *normalised(channels_in, hidden, 1),
            *normalised(hidden, hidden, kernel, stride, groups=hidden),
            *normalised(hidden, channels, 1, rectify=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels_in, H, W) to (B, channels, H / stride, W / stride)."""
        return x + self.layers(x) if self.shortcut else self.layers(x)


class Reduction(nn.Module):
    """What stands for an identity where the resolution halves: a 1x1 convolution of stride 2, normalised."""

    def __init__(self, channels_in: int, channels: int):
        super().__init__()
        self.layers = nn.Sequential(*normalised(channels_in, channels, 1, stride=2, rectify=False))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels_in, H, W) to (B, channels, H / 2, W / 2)."""
        return self.layers(x)


class Network(nn.Module):
    """A network of the space.

    Args:
        digits: its eight digits.
        shape: image channels and classes.
    """

    def __init__(self, digits: Sequence[int], shape: Shape):
        super().__init__()
        self.stem = nn.Sequential(*normalised(shape.image_channels, STEM, 3))
        layers: list[nn.Module] = []
        channels_in = STEM
        for channels, stage in zip(WIDTHS, stages(list(digits)), strict=True):
            for place, digit in enumerate(stage):
                if digit:
                    layers.append(InvertedResidual(channels_in, channels, *BLOCKS[digit], stride=1 if place else 2))
                elif not place:
                    layers.append(Reduction(channels_in, channels))
                channels_in = channels
        self.layers = nn.ModuleList(layers)
        self.head = nn.Sequential(*normalised(channels_in, HEAD, 1))
        self.classifier = nn.Linear(HEAD, shape.classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, image_channels, H, W) to logits (B, classes)."""
        x = self.stem(images)
        for layer in self.layers:
            x = layer(x)
        return self.classifier(self.head(x).mean((2, 3)))


def network(digits: Sequence[int], shape: Shape) -> Network:
    """Return the network of eight digits, see :meth:`tfnas.spaces.base.Space.network`."""
    return Network(digits, shape)
