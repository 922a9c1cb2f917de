"""TransNAS-Bench-101, macro level: how many modules, and where channels double and the resolution halves.

An architecture is written ``64-abcd[ef]-basic``: 64 channels after the stem, four to six modules, residual blocks. A
module is a digit: 1 keeps both channels and resolution, 2 doubles the channels, 3 halves the resolution, 4 does both.
One to three modules double (2 or 4) and one to four halve (3 or 4), in any order: 210 + 750 + 2,296 = 3,256
architectures. Each module is two residual blocks, and what it changes the first of them does.

Source: Duan and others 2021, "TransNAS-Bench-101" (CVPR), and its code; the strings equal those of the benchmark.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from tfnas.errors import CellError
from tfnas.spaces.base import Variable
from tfnas.spaces.listed import Listed
from tfnas.spaces.parts.tally import Tally, halved

CHANNELS = 64
"""Channels after the stem."""

KINDS = ("normal", "channels x2", "resolution / 2", "channels x2 and resolution / 2")
"""What a module does, in the order of the digits 1 to 4."""

FEWEST, MOST = 4, 6
"""Modules of an architecture."""

DOUBLING, HALVING = (1, 3), (1, 4)
"""How many modules may double the channels, and how many may halve the resolution: from, to."""

TASKS = {"class_object": (100, 1), "class_scene": (63, 1), "room_layout": (9, 1), "jigsaw": (1000, 9)}
"""Tasks of the benchmark whose head is one linear layer: its outputs, and how many images it reads features of.

The heads of ``segmentsemantic``, ``autoencoder`` and ``normal`` are decoders and not built here.
"""


@dataclass(frozen=True)
class Block:
    """One of the two blocks of a module.

    Attributes:
        channels_in: channels of its input.
        channels: channels of its output.
        stride: 1 or 2.
        size: height and width of its output.
    """

    channels_in: int
    channels: int
    stride: int
    size: int


def blocks(modules: Sequence[int], size: int) -> Iterator[Block]:
    """Yield the blocks of modules given as digits 1 to 4.

    Args:
        modules: the digits.
        size: height and width of what the stem gives.
    """
    channels = CHANNELS
    for module in modules:
        wider, stride = channels * (1 + (module in (2, 4))), 1 + (module in (3, 4))
        size = halved(size) if stride == 2 else size
        yield Block(channels, wider, stride, size)
        yield Block(wider, wider, 1, size)
        channels = wider


def with_stem(shape: Any) -> tuple[Tally, int]:
    """Return the counts of the stem, and the size of what it gives: two convolutions of stride 2."""
    tally, first = Tally(), halved(shape.image_size)
    tally.convolution(shape.image_channels, CHANNELS // 2, 3, first)
    tally.convolution(CHANNELS // 2, CHANNELS, 3, halved(first))
    return tally, halved(first)


def head_parameters(task: str, features: int = 512) -> int:
    """Return the parameters of the head of a task: ``images * features * outputs + outputs``.

    Args:
        task: one of :data:`TASKS`.
        features: channels of the last block, 512 in every architecture of the micro level.

    Raises:
        CellError: the head of the task is a decoder, or there is no such task.
    """
    if task not in TASKS:
        raise CellError(f"The task '{task}' has no linear head: use one of {', '.join(TASKS)}.")
    outputs, images = TASKS[task]
    return images * features * outputs + outputs


class TransNas101Macro(Listed):
    """The macro level of TransNAS-Bench-101.

    The digit of a module is one less than that of the string; in the last two, which may be absent, it is the same and
    0 is absent.
    """

    name = "transnas101-macro"
    title = "macro space of TransNAS-Bench-101"
    reference = "duan2021transnas"
    variables = tuple(
        Variable(f"module {place}", KINDS if place <= FEWEST else ("absent", *KINDS)) for place in range(1, MOST + 1)
    )
    offers = frozenset({"networks", "modules"})

    @cached_property
    def rows(self) -> np.ndarray:
        """The digits of each architecture by code, shape (3256, 6), in the order of their strings."""
        choices = [range(len(variable.choices)) for variable in self.variables]
        return np.array([row for row in product(*choices) if _allowed(row)], dtype=np.int8)

    def text(self, code: int) -> str:
        """Return the string of the benchmark."""
        if not 0 <= code < self.size:
            raise CellError(f"Code {code} is outside the space '{self.name}': use 0 to {self.size - 1}.")
        return f"{CHANNELS}-{''.join(map(str, modules(self.choices(code))))}-basic"

    def parse(self, text: str) -> int:
        """Return the code of a string of the benchmark."""
        parts = text.split("-")
        if len(parts) != 3 or parts[0] != str(CHANNELS) or parts[2] != "basic":
            raise CellError(f"'{text}' is no architecture of the space '{self.name}': write {CHANNELS}-MODULES-basic.")
        digits = parts[1]
        if not FEWEST <= len(digits) <= MOST:
            raise CellError(f"'{text}' has {len(digits)} modules: the space '{self.name}' has {FEWEST} to {MOST}.")
        for place, digit in enumerate(digits, start=1):
            if digit not in "1234":
                raise CellError(f"Module {place} of '{text}' is '{digit}': use 1, 2, 3 or 4.")
        numbers = [int(digit) for digit in digits]
        for what, which, (least, most) in (
            ("double the channels (2 or 4)", (2, 4), DOUBLING),
            ("halve the resolution (3 or 4)", (3, 4), HALVING),
        ):
            number = sum(module in which for module in numbers)
            if not least <= number <= most:
                raise CellError(f"{number} modules of '{text}' {what}: the benchmark has {least} to {most} of them.")
        first = [module - 1 for module in numbers[:FEWEST]]
        return self.code([*first, *numbers[FEWEST:], *[0] * (MOST - len(numbers))])

    def counts(self, code: int, shape: Any) -> tuple[int, int]:
        """Return trainable parameters and multiply-accumulates of one image, the classifier included."""
        tally, size = with_stem(shape)
        channels = CHANNELS
        for block in blocks(modules(self.choices(code)), size):
            channels = block.channels
            tally.convolution(block.channels_in, channels, 3, block.size)
            tally.convolution(channels, channels, 3, block.size)
            if block.stride == 2 or block.channels_in != channels:
                tally.convolution(block.channels_in, channels, 1, block.size)
        tally.linear(channels, shape.classes)
        return tally.params, tally.macs


def modules(digits: Sequence[int]) -> list[int]:
    """Return the modules of an architecture, 1 to 4 each, from its digits."""
    return [digit + (place < FEWEST) for place, digit in enumerate(digits) if place < FEWEST or digit]


def _allowed(row: Sequence[int]) -> bool:
    """Whether digits are an architecture: the last module is absent if the one before it is, the numbers as stated."""
    if row[-1] and not row[-2]:
        return False
    present = modules(row)
    doubling, halving = (sum(module in which for module in present) for which in ((2, 4), (3, 4)))
    return DOUBLING[0] <= doubling <= DOUBLING[1] and HALVING[0] <= halving <= HALVING[1]


SPACE = TransNas101Macro()
"""The space, as :mod:`tfnas.spaces.registry` finds it."""
