"""The networks of DARTS, see :mod:`tfnas.spaces.darts`: those that its authors train once a cell is found.

A stem, cells in a row that each read the outputs of the two cells before them, global average pooling and a linear
classifier. Cells at one and at two thirds of the depth are reductions: they halve the resolution and double the
channels. Every convolution comes after a ReLU and before a batch normalisation; pooling is not normalised.

For scoring there is no auxiliary head and no drop path. Training may ask for both.

Source: the evaluation networks of Liu and others 2019. Odd sizes of images, on which their factorised reduction fails,
are padded by a row and a column of zeros. Their ImageNet network averages 7 x 7 pixels at its end, this one all there
are.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from tfnas.errors import ConfigError
from tfnas.networks.shape import Shape
from tfnas.spaces.darts import edges_of
from tfnas.spaces.parts.darts_genotypes import NONE, Genotype, genotype_of
from tfnas.spaces.parts.darts_skeleton import Place, places, sizes


def convolved(channels_in: int, channels: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """Return a convolution without bias and its normalisation."""
    convolution = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(channels)]


def separable(channels: int, kernel: int, stride: int, dilation: int = 1) -> list[nn.Module]:
    """Return a ReLU, a depthwise and a pointwise convolution, and their normalisation."""
    reach = dilation * (kernel // 2)
    depthwise = nn.Conv2d(channels, channels, kernel, stride, reach, dilation, groups=channels, bias=False)
    return [nn.ReLU(), depthwise, *convolved(channels, channels, 1)]


class FactorizedReduction(nn.Module):
    """Two 1x1 convolutions of stride 2, the second one pixel further down and right, side by side, normalised."""

    def __init__(self, channels_in: int, channels: int):
        super().__init__()
        self.relu = nn.ReLU()
        halves = (channels // 2, channels - channels // 2)
        self.convolutions = nn.ModuleList(nn.Conv2d(channels_in, half, 1, 2, bias=False) for half in halves)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels_in, H, W) to (B, channels, H / 2, W / 2), sizes rounded up."""
        x = self.relu(x)
        here, there = self.convolutions
        shifted = pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2))[:, :, 1:, 1:]
        return self.norm(torch.cat([here(x), there(shifted)], dim=1))


class Zero(nn.Module):
    """Zeros, differentiable: the operation ``none``."""

    def __init__(self, stride: int):
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to zeros (B, C, H / stride, W / stride)."""
        return x[:, :, :: self.stride, :: self.stride] * 0


class DropPath(nn.Module):
    """Zeros for some images of a batch, in training: each with ``probability``, the others are scaled up for it."""

    probability = 0.0

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        if not self.training or not self.probability:
            return x
        kept = 1 - self.probability
        return x * x.new_empty(len(x), 1, 1, 1).bernoulli_(kept) / kept


class Concatenation(nn.Module):
    """Feature maps side by side: a module, so that a hook sees what leaves a cell."""

    def forward(self, *maps: Tensor) -> Tensor:
        """Map several (B, C, H, W) to (B, sum of C, H, W)."""
        return torch.cat(maps, dim=1)


def operation(name: str, channels: int, stride: int) -> nn.Module:
    """Return the operation of an edge, which keeps the channels."""
    kind, _, kernel = name.rpartition("_")
    if kind == "max_pool":
        return nn.MaxPool2d(3, stride, padding=1)
    if kind == "avg_pool":
        return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)
    if kind == "sep_conv":
        size = int(kernel[0])
        return nn.Sequential(*separable(channels, size, stride), *separable(channels, size, 1))
    if kind == "dil_conv":
        return nn.Sequential(*separable(channels, int(kernel[0]), stride, dilation=2))
    if name == NONE:
        return Zero(stride)
    return nn.Identity() if stride == 1 else FactorizedReduction(channels, channels)


class Cell(nn.Module):
    """A cell: four nodes, each the sum of two operations, concatenated.

    Args:
        edges: eight pairs (operation, input).
        place: where it stands.
        drop_path: whether its operations, but identities, can be dropped.
    """

    def __init__(self, edges: Sequence[tuple[str, int]], place: Place, drop_path: bool = False):
        super().__init__()
        channels = place.channels
        if place.halved:
            self.first: nn.Module = FactorizedReduction(place.before, channels)
        else:
            self.first = nn.Sequential(nn.ReLU(), *convolved(place.before, channels, 1))
        self.second = nn.Sequential(nn.ReLU(), *convolved(place.last, channels, 1))
        self.sources = [source for _, source in edges]
        self.operations = nn.ModuleList()
        for name, source in edges:
            made = operation(name, channels, 2 if place.reduction and source < 2 else 1)
            droppable = drop_path and not isinstance(made, nn.Identity)
            self.operations.append(nn.Sequential(made, DropPath()) if droppable else made)
        self.concatenation = Concatenation()

    def forward(self, last: Tensor, before: Tensor) -> Tensor:
        """Map the outputs of the previous cell and of the one before it to the output of this one."""
        states = [self.first(before), self.second(last)]
        edges = list(zip(self.operations, self.sources, strict=True))
        for (one, here), (other, there) in zip(edges[::2], edges[1::2], strict=True):
            states.append(one(states[here]) + other(states[there]))
        return self.concatenation(*states[2:])


class Network(nn.Module):
    """A network of the space.

    Args:
        genotype: the edges of its cells.
        rows: where its cells stand.
        stems: modules before the cells, none to two; the cells read the outputs of the last two.
        classes: outputs of the classifier.
        drop_path: whether operations can be dropped.
    """

    def __init__(
        self,
        genotype: Genotype,
        rows: Sequence[Place],
        stems: Sequence[nn.Module],
        classes: int,
        drop_path: bool = False,
    ):
        super().__init__()
        self.stems = nn.ModuleList(stems)
        self.cells = nn.ModuleList(
            Cell(genotype["reduce" if place.reduction else "normal"], place, drop_path) for place in rows
        )
        self.classifier = nn.Linear(rows[-1].output, classes)
        self.auxiliary: nn.Module | None = None
        self.watched = max(number for number, place in enumerate(rows) if place.reduction)

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Map images (B, image_channels, H, W) to logits (B, classes); in training also to those of the auxiliary head.

        There is only one result where there is no auxiliary head.
        """
        before = last = images
        for number, stem in enumerate(self.stems):
            last = stem(last)
            before = before if number else last
        extra = None
        for number, cell in enumerate(self.cells):
            before, last = last, cell(last, before)
            if self.auxiliary is not None and self.training and number == self.watched:
                extra = self.auxiliary(last)
        logits = self.classifier(last.mean((2, 3)))
        return logits if extra is None else (logits, extra)

    def drop_paths(self, probability: float) -> None:
        """Drop operations with this probability from now on, which a training raises from epoch to epoch.

        Raises:
            ConfigError: the network was built without drop path.
        """
        paths = [module for module in self.modules() if isinstance(module, DropPath)]
        if probability and not paths:
            raise ConfigError("The network was built without drop path: build it with drop_path=True.")
        for path in paths:
            path.probability = probability


def stems_of(shape: Shape) -> list[nn.Module]:
    """Return the stem of a network, in one module or two."""
    channels, _, stem = sizes(shape)
    if stem == "cifar":
        return [nn.Sequential(*convolved(shape.image_channels, 3 * channels, 3))]
    first = [*convolved(shape.image_channels, channels // 2, 3, 2), nn.ReLU()]
    return [
        nn.Sequential(*first, *convolved(channels // 2, channels, 3, 2)),
        nn.Sequential(nn.ReLU(), *convolved(channels, channels, 3, 2)),
    ]


def auxiliary_head(channels: int, shape: Shape) -> nn.Module:
    """Return the classifier that helps to train: it reads the output of the second reduction, eight pixels or so wide.

    Raises:
        ConfigError: the images are of another size than those that its pooling was made for.
    """
    stem = sizes(shape)[2]
    scale, stride = (4, 3) if stem == "cifar" else (32, 2)
    size = -(-shape.image_size // scale)
    if (size - 5) // stride + 1 != 2:
        usual = 32 if stem == "cifar" else 224
        raise ConfigError(
            f"The auxiliary head does not fit images of {shape.image_size} pixels: use about {usual}, or train without."
        )
    # The authors' ImageNet network lacks the second normalisation.
    norm = [nn.BatchNorm2d(768)] if stem == "cifar" else []
    return nn.Sequential(
        nn.ReLU(),
        nn.AvgPool2d(5, stride, count_include_pad=False),
        *convolved(channels, 128, 1),
        nn.ReLU(),
        nn.Conv2d(128, 768, 2, bias=False),
        *norm,
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(768, shape.classes),
    )


def network(digits: Sequence[int], shape: Shape, auxiliary: bool = False, drop_path: bool = False) -> Network:
    """Return the network of an architecture, see :meth:`tfnas.spaces.base.Space.network`.

    Args:
        digits: its choices.
        shape: images, classes, and ``settings``: channels of the first cells, number of cells, stem.
        auxiliary: whether it has an auxiliary head, whose logits it gives beside its own in training mode.
        drop_path: whether :meth:`Network.drop_paths` can drop operations.
    """
    rows = list(places(*sizes(shape)))
    made = Network(edges_of(digits), rows, stems_of(shape), shape.classes, drop_path)
    if auxiliary:
        made.auxiliary = auxiliary_head(rows[made.watched].output, shape)
    return made


def one_cell(text: str, shape: Shape) -> Network:
    """Return the network that SWAP's 1,000 accuracies on DARTS belong to: one reduction cell on the images, no stem.

    The nodes have twice as many channels as the images, and the classifier reads their averages. Operations may be
    ``none``, and a node may read an input twice, so that these genotypes are no architectures of the space.

    Args:
        text: a genotype, of which only the reduction cell counts.
        shape: images and classes.

    Source: Peng and others 2024, "SWAP-NAS" (ICLR), the network of their script for correlations.
    """
    channels = shape.image_channels
    place = Place(channels, channels, 2 * channels, reduction=True, halved=False)
    return Network(genotype_of(text), [place], [], shape.classes)
