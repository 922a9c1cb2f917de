"""The networks of the MnasNet space, see :mod:`tfnas.spaces.mnasnet`.

Stem (3x3 convolution of stride 2 to 32 channels), inverted residuals, a 1x1 convolution to 1,280 channels, global
average pooling and a linear layer. Each convolution but the last of a block is normalised and rectified.

The benchmark's networks have ReLUs where EfficientNet has SiLU: its authors trained them so, because accelerators run
ReLUs. Stochastic depth and dropout act in training alone and are left out. Source: Ahmad and others 2024,
"Accel-NASBench" (DAC), and the authors' code that collected the data; parameters equal those of its table.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from tfnas.networks.nasbench_macro import normalised
from tfnas.networks.shape import Shape
from tfnas.spaces.mnasnet import HEAD, STEM, WIDTHS, Layer, layers


class SqueezeExcitation(nn.Module):
    """Multiplies each channel by a number between 0 and 1 that two 1x1 convolutions find from the means of all."""

    def __init__(self, channels: int, squeezed: int):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.activation = nn.ReLU()
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C, H, W)."""
        return x * self.fc2(self.activation(self.fc1(x.mean((2, 3), keepdim=True)))).sigmoid()


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, squeeze and excitation, projection; the input is added where shapes agree."""

    def __init__(self, layer: Layer):
        super().__init__()
        hidden = layer.expanded
        self.shortcut = layer.stride == 1 and layer.channels_in == layer.channels
        self.layers = nn.Sequential(
            *(normalised(layer.channels_in, hidden, 1) if hidden != layer.channels_in else []),
            *normalised(hidden, hidden, layer.kernel, layer.stride, groups=hidden),
            *([SqueezeExcitation(hidden, layer.squeezed)] if layer.squeezed else []),
            *normalised(hidden, layer.channels, 1, rectify=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels_in, H, W) to (B, channels, H / stride, W / stride)."""
        return x + self.layers(x) if self.shortcut else self.layers(x)


class Network(nn.Module):
    """A network of the space.

    Args:
        digits: its 28 digits.
        shape: image channels and classes.
    """

    def __init__(self, digits: Sequence[int], shape: Shape):
        super().__init__()
        self.stem = nn.Sequential(*normalised(shape.image_channels, STEM, 3, stride=2))
        self.layers = nn.ModuleList(InvertedResidual(layer) for layer in layers(digits))
        self.head = nn.Sequential(*normalised(WIDTHS[-1], HEAD, 1))
        self.classifier = nn.Linear(HEAD, shape.classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, image_channels, H, W) to logits (B, classes)."""
        x = self.stem(images)
        for layer in self.layers:
            x = layer(x)
        return self.classifier(self.head(x).mean((2, 3)))


def network(digits: Sequence[int], shape: Shape) -> Network:
    """Return the network of the digits of an architecture, see :meth:`tfnas.spaces.base.Space.network`."""
    return Network(digits, shape)
