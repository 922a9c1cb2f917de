"""The macro skeleton around a cell, and what a network costs: parameters and multiply-accumulates.

Stem (3x3 convolution, batch normalisation), then three stages of ``cells_per_stage`` cells with C, 2C and 4C channels,
a residual block that halves the resolution before the second and the third stage, then batch normalisation, ReLU,
global average pooling and a linear classifier. Source: Dong and Yang 2020, "NAS-Bench-201", section 2.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tfnas.errors import ConfigError
from tfnas.spaces.nats_tss import CONVOLUTIONS, Cell

if TYPE_CHECKING:
    import numpy as np

STAGES = 3


@dataclass(frozen=True)
class Block:
    """One block of the skeleton, in the order in which the signal passes.

    Attributes:
        kind: ``cell`` or ``residual`` (which halves the resolution and doubles the channels).
        channels_in: channels of its input.
        channels: channels of its output.
        size: height and width of its output, in pixels.
    """

    kind: Literal["cell", "residual"]
    channels_in: int
    channels: int
    size: int


@dataclass(frozen=True)
class Skeleton:
    """Everything about a network that is not its cell.

    Args:
        channels: C, the channels of the first stage (16 in the benchmark).
        cells_per_stage: N, the cells of each stage (5 in the benchmark).
        classes: outputs of the classifier.
        image_channels: channels of the images (3, or 1 for grey).
        image_size: height and width of the images in pixels; it must be divisible by four.
    """

    channels: int = 16
    cells_per_stage: int = 5
    classes: int = 10
    image_channels: int = 3
    image_size: int = 32

    def __post_init__(self) -> None:
        for name in ("channels", "cells_per_stage", "classes", "image_channels", "image_size"):
            if getattr(self, name) < 1:
                raise ConfigError(f"skeleton.{name} is {getattr(self, name)}: use a positive whole number.")
        if self.image_size % 4:
            raise ConfigError(f"Images of {self.image_size} pixels do not halve twice: use a size divisible by four.")

    @classmethod
    def for_images(cls, size: Mapping[str, int], images: np.ndarray, classes: int) -> Skeleton:
        """Return the skeleton of a study (``channels`` and ``cells_per_stage``) for images of shape (n, C, H, W)."""
        return cls(size["channels"], size["cells_per_stage"], classes, images.shape[1], images.shape[2])

    @property
    def facts(self) -> dict[str, int]:
        """All of it by name, as the facts of tables hold it."""
        return dict(vars(self))

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks between stem and classifier: ``3 N + 2`` of them."""
        channels, size = self.channels, self.image_size
        for stage in range(STAGES):
            if stage:
                yield Block("residual", channels, 2 * channels, size // 2)
                channels, size = 2 * channels, size // 2
            for _ in range(self.cells_per_stage):
                yield Block("cell", channels, channels, size)

    @property
    def feature_channels(self) -> int:
        """Channels that enter the classifier, 4C."""
        return self.channels * 2 ** (STAGES - 1)


def kernel_size(operation: str) -> int:
    """Return the kernel size of a convolution operation, 1 or 3."""
    return {"nor_conv_1x1": 1, "nor_conv_3x3": 3}[operation]


def count_parameters(cell: Cell, skeleton: Skeleton) -> int:
    """Return the number of trainable scalars, dead branches included, as the benchmark counts them."""
    total = skeleton.channels * skeleton.image_channels * 9 + 2 * skeleton.channels
    for block in skeleton.blocks():
        if block.kind == "cell":
            for operation in cell.operations:
                if operation in CONVOLUTIONS:
                    total += block.channels**2 * kernel_size(operation) ** 2 + 2 * block.channels
        else:
            total += 9 * block.channels * (block.channels_in + block.channels) + 4 * block.channels
            total += block.channels_in * block.channels
    features = skeleton.feature_channels
    return total + 2 * features + features * skeleton.classes + skeleton.classes


def count_flops(cell: Cell, skeleton: Skeleton) -> int:
    """Return the multiply-accumulates of one image, exactly as the benchmark's tables hold them.

    Convolutions count kernel x input channels x output values, dead branches included; the classifier counts its
    weights and its biases; batch normalisation, ReLU, pooling and sums count nothing.
    """
    total = skeleton.image_size**2 * skeleton.channels * skeleton.image_channels * 9
    for block in skeleton.blocks():
        values = block.channels * block.size**2
        if block.kind == "cell":
            total += sum(
                values * block.channels * kernel_size(operation) ** 2
                for operation in cell.operations
                if operation in CONVOLUTIONS
            )
        else:
            total += values * (9 * block.channels_in + 9 * block.channels + block.channels_in)
    return total + (skeleton.feature_channels + 1) * skeleton.classes
