"""The networks of NAS-Bench-101, see :mod:`tfnas.spaces.nasbench101`.

Stem (3x3 convolution to 128 channels), three stacks of three cells with 128, 256 and 512 channels, a 2x2 max pooling
before the second and the third stack, global average pooling and a linear classifier. Every convolution is followed by
its normalisation and a ReLU.

Source: Ying and others 2019, section 2 and its code; parameters equal those of the benchmark for all graphs.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from tfnas.networks.shape import Shape
from tfnas.spaces.nasbench101 import KERNELS, MODULES, SPACE, STEM, WIDTHS, vertex_channels

EPSILON, MOMENTUM = 1e-5, 0.003
"""Of batch normalisation; TensorFlow writes this momentum as 0.997."""


class Convolution(nn.Sequential):
    """Convolution without bias, normalisation, ReLU."""

    def __init__(self, channels_in: int, channels: int, kernel: int):
        convolution = nn.Conv2d(channels_in, channels, kernel, padding=kernel // 2, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(channels, EPSILON, MOMENTUM), nn.ReLU())


class Cell(nn.Module):
    """A cell.

    The input of a vertex is the sum of its predecessors' outputs, each cut to the vertex's channels; the cell's input
    comes through a projection. The output is the concatenation of the inner vertices that feed it, plus, if the input
    feeds it too, a projection.

    Args:
        channels_in: channels of its input.
        channels: channels of its output.
        matrix: adjacency matrix (n, n) of its graph.
        operations: of its vertices (n,).
    """

    def __init__(self, channels_in: int, channels: int, matrix: np.ndarray, operations: Sequence[str]):
        super().__init__()
        self.matrix = matrix.tolist()
        self.widths = widths = vertex_channels(channels_in, channels, matrix)
        last = len(self.matrix) - 1
        self.projections = nn.ModuleDict()
        self.operations = nn.ModuleDict()
        for vertex in range(1, last + 1):
            if self.matrix[0][vertex]:
                self.projections[str(vertex)] = Convolution(channels_in, widths[vertex], 1)
        for vertex in range(1, last):
            kernel = KERNELS.get(operations[vertex])
            layer = Convolution(widths[vertex], widths[vertex], kernel) if kernel else nn.MaxPool2d(3, 1, 1)
            self.operations[str(vertex)] = layer

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels_in, H, W) to (B, channels, H, W)."""
        last = len(self.matrix) - 1
        outputs: dict[int, Tensor] = {}
        for vertex in range(1, last):
            width = self.widths[vertex]
            parts = [outputs[source][:, :width] for source in range(1, vertex) if self.matrix[source][vertex]]
            if self.matrix[0][vertex]:
                parts.append(self.projections[str(vertex)](x))
            outputs[vertex] = self.operations[str(vertex)](_total(parts))
        feeding = [outputs[vertex] for vertex in range(1, last) if self.matrix[vertex][last]]
        parts = [torch.cat(feeding, 1)] if feeding else []
        if self.matrix[0][last]:
            parts.append(self.projections[str(last)](x))
        return _total(parts)


def _total(parts: Sequence[Tensor]) -> Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


class Network(nn.Module):
    """A network of the space.

    Args:
        matrix: adjacency matrix (n, n) of its cell.
        operations: of the vertices of its cell (n,).
        shape: image channels and classes.
    """

    def __init__(self, matrix: np.ndarray, operations: Sequence[str], shape: Shape):
        super().__init__()
        self.stem = Convolution(shape.image_channels, STEM, 3)
        layers: list[nn.Module] = []
        channels_in = STEM
        for stack, channels in enumerate(WIDTHS):
            if stack:
                layers.append(nn.MaxPool2d(2, 2))
            for _ in range(MODULES):
                layers.append(Cell(channels_in, channels, matrix, operations))
                channels_in = channels
        self.layers = nn.ModuleList(layers)
        self.classifier = nn.Linear(channels_in, shape.classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, image_channels, H, W) to logits (B, classes)."""
        x = self.stem(images)
        for layer in self.layers:
            x = layer(x)
        return self.classifier(x.mean((2, 3)))


def network(digits: Sequence[int], shape: Shape) -> Network:
    """Return the network of the choices of a graph, see :meth:`tfnas.spaces.base.Space.network`."""
    return Network(*SPACE.graph(SPACE.code(digits)), shape)
