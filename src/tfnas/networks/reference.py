"""The reference network: one cell in the benchmark's macro skeleton, written the obvious way.

Module names, shapes and order equal those of xautodl's ``TinyNetwork``, so state dicts pass between the two. Every
fast path of this project is tested against this network, and this network against xautodl's.

Source: Dong and Yang 2020, "NAS-Bench-201", section 2.1; order of operations (ReLU, convolution, normalisation) as in
the benchmark's published code.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from tfnas.networks.skeleton import Skeleton, kernel_size
from tfnas.spaces.nats_tss import CONVOLUTIONS, EDGES, NODES, Cell


class Zero(nn.Module):
    """The operation ``none``: zeros that stay in the autograd graph, as in the benchmark."""

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x * 0``."""
        return x * 0.0


class ReluConvNorm(nn.Module):
    """ReLU, convolution without bias, batch normalisation: the operations ``nor_conv_1x1`` and ``nor_conv_3x3``."""

    def __init__(self, channels_in: int, channels: int, kernel: int, stride: int = 1):
        super().__init__()
        self.op = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(channels_in, channels, kernel, stride=stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels_in, H, W) to (B, channels, H / stride, W / stride)."""
        return self.op(x)


def make_operation(operation: str, channels: int) -> nn.Module:
    """Return the module of one edge; every operation keeps shape (B, channels, H, W)."""
    if operation == "none":
        return Zero()
    if operation == "skip_connect":
        return nn.Identity()
    if operation == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    return ReluConvNorm(channels, channels, kernel_size(operation))


class CellBlock(nn.Module):
    """A cell: each node is the sum of its incoming edges, the output is node 3."""

    def __init__(self, cell: Cell, channels: int):
        super().__init__()
        self.layers = nn.ModuleList(make_operation(operation, channels) for operation in cell.operations)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C, H, W)."""
        nodes = [x]
        for node in range(1, NODES):
            terms = [layer(nodes[s]) for (s, t), layer in zip(EDGES, self.layers, strict=True) if t == node]
            nodes.append(sum(terms[1:], terms[0]))
        return nodes[-1]


class ResidualBlock(nn.Module):
    """Two ReLU-convolution-normalisations, the first of stride 2, beside average pooling and a 1x1 convolution."""

    def __init__(self, channels_in: int, channels: int):
        super().__init__()
        self.conv_a = ReluConvNorm(channels_in, channels, 3, stride=2)
        self.conv_b = ReluConvNorm(channels, channels, 3)
        self.downsample = nn.Sequential(nn.AvgPool2d(2, stride=2), nn.Conv2d(channels_in, channels, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, 2C, H/2, W/2)."""
        return self.conv_b(self.conv_a(x)) + self.downsample(x)


class Network(nn.Module):
    """One cell in the macro skeleton.

    Args:
        cell: the genotype.
        skeleton: channels, depth, classes and image shape.
    """

    def __init__(self, cell: Cell, skeleton: Skeleton):
        super().__init__()
        channels = skeleton.channels
        self.stem = nn.Sequential(
            nn.Conv2d(skeleton.image_channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        )
        self.cells = nn.ModuleList(
            CellBlock(cell, block.channels)
            if block.kind == "cell"
            else ResidualBlock(block.channels_in, block.channels)
            for block in skeleton.blocks()
        )
        self.lastact = nn.Sequential(nn.BatchNorm2d(skeleton.feature_channels), nn.ReLU(inplace=True))
        self.classifier = nn.Linear(skeleton.feature_channels, skeleton.classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, image_channels, H, W) to logits (B, classes)."""
        x = self.stem(images)
        for block in self.cells:
            x = block(x)
        return self.classifier(self.lastact(x).mean((2, 3)))


INITIALISATIONS = ("default", "kaiming_fan_in", "kaiming_fan_out", "normal")
"""How weights may be drawn, see :func:`initial_state`."""


def initial_state(
    cell: Cell, skeleton: Skeleton, generator: torch.Generator, initialisation: str = "default"
) -> dict[str, Tensor]:
    """Draw the initial weights of a network from a generator of its own.

    ``default``: PyTorch's. Convolution and linear weights and linear biases are uniform on +-1/sqrt(fan_in)
    (Kaiming-uniform with a = sqrt(5)). ``kaiming_fan_in``, ``kaiming_fan_out``: weights are normal with variance
    2 / fan (He et al. 2015), fan being (input or output channels) * kernel area, biases 0. ``normal``: weights are
    standard normal, biases 0. In all of them normalisation starts at weight 1, bias 0, running mean 0, running
    variance 1.

    Args:
        cell: the genotype.
        skeleton: channels, depth, classes and image shape.
        generator: a CPU generator; it alone decides the weights, so a network is the same in every batch and chunk.
        initialisation: one of :data:`INITIALISATIONS`.

    Returns:
        Tensors under the names of :class:`Network`'s state dict (``num_batches_tracked`` left out), drawn in its order.
        Those of normalisations, which all networks begin with, are shared: copy them before changing them in place.
    """
    layout = _layout(tuple(o in CONVOLUTIONS and kernel_size(o) for o in cell.operations), skeleton, initialisation)
    if initialisation == "default":
        drawn = torch.rand(sum(layout.sizes), generator=generator).mul_(2).sub_(1).div_(layout.spread())
    else:
        drawn = torch.empty(sum(layout.sizes))
        for part in drawn.split(layout.sizes):  # the generator's normal numbers depend on how many are asked for
            part.normal_(generator=generator)
        drawn.mul_(layout.spread())
    state = dict(layout.fixed)
    for (name, shape), part in zip(layout.shapes.items(), drawn.split(layout.sizes), strict=True):
        state[name] = part.view(shape)
    return state


@dataclass
class _Layout:
    """What initial states of one shape hold.

    Attributes:
        fixed: all tensors in their order; those that are drawn are empty here.
        shapes: of the tensors that are drawn, in their order.
        sizes: how many values each of these has.
        scales: what the values of each are divided by (uniform) or multiplied by (normal), float32, shape (tensors,).
    """

    fixed: dict[str, Tensor]
    shapes: dict[str, tuple[int, ...]]
    sizes: list[int]
    scales: np.ndarray

    def spread(self) -> Tensor:
        """Return the scale of each drawn value; it is as large as the network, so it is not kept."""
        return torch.from_numpy(np.repeat(self.scales, self.sizes))


@cache
def _layout(kernels: tuple[int, ...], skeleton: Skeleton, initialisation: str) -> _Layout:
    """Return the layout of the states of cells with these kernel sizes on their edges, 0 for no convolution."""
    fixed: dict[str, Tensor] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    scales: list[float] = []

    def drawn(name: str, shape: tuple[int, ...], scale: float) -> None:
        fixed[name], shapes[name] = torch.empty(0), shape
        scales.append(scale)

    def weight(name: str, shape: tuple[int, ...]) -> None:
        area = math.prod(shape[2:])
        if initialisation == "default":
            return drawn(name, shape, (shape[1] * area) ** 0.5)
        variance = {"kaiming_fan_in": 2 / (shape[1] * area), "kaiming_fan_out": 2 / (shape[0] * area), "normal": 1.0}
        return drawn(name, shape, variance[initialisation] ** 0.5)

    def normalisation(name: str, channels: int) -> None:
        for part, value in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
            fixed[f"{name}.{part}"] = torch.full((channels,), float(value))

    weight("stem.0.weight", (skeleton.channels, skeleton.image_channels, 3, 3))
    normalisation("stem.1", skeleton.channels)
    for number, block in enumerate(skeleton.blocks()):
        name, channels = f"cells.{number}", block.channels
        if block.kind == "cell":
            for edge, kernel in enumerate(kernels):
                if kernel:
                    weight(f"{name}.layers.{edge}.op.1.weight", (channels, channels, kernel, kernel))
                    normalisation(f"{name}.layers.{edge}.op.2", channels)
        else:
            for part, channels_in in (("conv_a", block.channels_in), ("conv_b", channels)):
                weight(f"{name}.{part}.op.1.weight", (channels, channels_in, 3, 3))
                normalisation(f"{name}.{part}.op.2", channels)
            weight(f"{name}.downsample.1.weight", (channels, block.channels_in, 1, 1))
    normalisation("lastact.0", skeleton.feature_channels)
    weight("classifier.weight", (skeleton.classes, skeleton.feature_channels))
    if initialisation == "default":
        drawn("classifier.bias", (skeleton.classes,), skeleton.feature_channels**0.5)
    else:
        fixed["classifier.bias"] = torch.zeros(skeleton.classes)
    return _Layout(fixed, shapes, [math.prod(shape) for shape in shapes.values()], np.array(scales, dtype=np.float32))
