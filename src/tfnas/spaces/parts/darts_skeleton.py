"""What the cells of DARTS are put into, and the parameters and multiply-accumulates of the whole; no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfnas.spaces.parts.darts_genotypes import Genotype

if TYPE_CHECKING:
    from tfnas.networks.shape import Shape

SETTINGS: Mapping[str, int | str] = {"channels": 16, "cells": 8, "stem": "cifar"}
"""Sizes of a network and their defaults, those of the networks that DARTS searches on."""

STEMS = ("cifar", "imagenet")
"""One convolution to three times the channels; or three of stride 2."""

NODES = 4
"""Nodes whose outputs a cell concatenates."""


@dataclass(frozen=True)
class Place:
    """Where a cell stands in a network.

    Args:
        before: channels of its input 0, the output of the cell before the previous one.
        last: channels of its input 1, the output of the previous cell.
        channels: of each of its nodes.
        reduction: whether it halves the resolution; nodes then read inputs 0 and 1 with stride 2.
        halved: whether the previous cell halved it, so that input 0 is twice as large as input 1.
    """

    before: int
    last: int
    channels: int
    reduction: bool
    halved: bool

    @property
    def output(self) -> int:
        """Channels of what it gives."""
        return NODES * self.channels


def sizes(shape: Shape) -> tuple[int, int, str]:
    """Return channels, cells and stem of a network."""
    settings: dict[str, Any] = {**SETTINGS, **shape.settings}
    return settings["channels"], settings["cells"], settings["stem"]


def places(channels: int, cells: int, stem: str) -> Iterator[Place]:
    """Yield the places of the cells of a network in order.

    Cells ``cells // 3`` and ``2 * cells // 3``, counted from 0, are reductions and double the channels.
    """
    last = 3 * channels if stem == "cifar" else channels
    before, halved = last, stem == "imagenet"
    for number in range(cells):
        reduction = number in (cells // 3, 2 * cells // 3)
        channels *= 1 + reduction
        place = Place(before, last, channels, reduction, halved)
        yield place
        before, last, halved = last, place.output, reduction


def counted(genotype: Genotype, shape: Shape) -> tuple[int, int]:
    """Return trainable parameters, and multiply-accumulates of convolutions and the linear layer for one image."""
    channels, cells, stem = sizes(shape)
    size, images = shape.image_size, shape.image_channels
    if stem == "cifar":
        parts = [_convolution(images, 3 * channels, 9, size)]
        last = 3 * channels
    else:
        half, quarter, eighth = (-(-size // step) for step in (2, 4, 8))
        parts = [_convolution(images, channels // 2, 9, half), _convolution(channels // 2, channels, 9, quarter)]
        parts.append(_convolution(channels, channels, 9, eighth))
        last, size = channels, eighth
    for place in places(channels, cells, stem):
        parts += [
            _convolution(place.before, place.channels, 1, size),
            _convolution(place.last, place.channels, 1, size),
        ]
        inner = -(-size // 2) if place.reduction else size
        for operation, source in genotype["reduce" if place.reduction else "normal"]:
            parts += _operation(operation, place.channels, inner, place.reduction and source < 2)
        last, size = place.output, inner
    linear = (last + 1) * shape.classes
    return sum(part[0] for part in parts) + linear, sum(part[1] for part in parts) + linear


def _operation(name: str, channels: int, size: int, halves: bool) -> list[tuple[int, int]]:
    """Return parameters and multiply-accumulates of the layers of an operation whose output has size x size pixels."""
    kind, _, kernel = name.rpartition("_")
    if kind == "skip" and halves:
        return [_convolution(channels, channels, 1, size)]  # two of half the channels each
    if kind not in ("sep_conv", "dil_conv"):
        return []
    pairs = 2 if kind == "sep_conv" else 1
    depthwise = channels * int(kernel[0]) ** 2
    return [(depthwise, depthwise * size**2), _convolution(channels, channels, 1, size)] * pairs


def _convolution(channels_in: int, channels: int, area: int, size: int) -> tuple[int, int]:
    """Return parameters and multiply-accumulates of a convolution without bias and its normalisation."""
    weights = channels_in * channels * area
    return weights + 2 * channels, weights * size**2
