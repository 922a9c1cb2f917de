"""The size space of NATS-Bench: one fixed cell, and the widths of five blocks.

An architecture is written as its widths, ``8:16:64:32:8``: those of the first cell, of the first residual block, of the
second cell, of the second residual block and of the third cell. Each is one of 8, 16 ... 64 channels: ``8 ** 5 =
32,768`` architectures. The code is the index of the benchmark.

All have the cell that is best on the validation images of CIFAR-100 in the topology space. Where a cell changes the
channels, its edges from node 0 do, and a skip connection there is a normalised 1x1 convolution.

Source: Dong, Liu, Musial, Gabrys 2021, "NATS-Bench" (TPAMI), section 3.2, and its code.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tfnas.errors import CellError
from tfnas.spaces.base import Space, Variable
from tfnas.spaces.nats_tss import EDGES, Cell
from tfnas.spaces.parts.tally import Tally

WIDTHS = tuple(str(width) for width in range(8, 65, 8))

PLACES = ("cell 1", "residual block 1", "cell 2", "residual block 2", "cell 3")

CELL = Cell.parse("|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|")
"""The cell of all networks."""


@dataclass(frozen=True)
class Block:
    """A cell or a residual block; residual blocks halve the resolution.

    Attributes:
        residual: whether it is a residual block.
        channels_in: channels of its input.
        channels: channels of its output.
    """

    residual: bool
    channels_in: int
    channels: int


def blocks(digits: list[int]) -> Iterator[Block]:
    """Yield the five blocks of an architecture, given by its digits."""
    channels_in = 8 * (digits[0] + 1)
    for place, digit in enumerate(digits):
        channels = 8 * (digit + 1)
        yield Block(place % 2 == 1, channels_in, channels)
        channels_in = channels


class NatsSss(Space):
    """NATS-Bench's size space."""

    name = "nats-sss"
    title = "size space of NATS-Bench"
    reference = "dong2021nats"
    variables = tuple(Variable(f"width of {place}", WIDTHS) for place in PLACES)
    offers = frozenset({"networks", "modules"})

    def text(self, code: int) -> str:
        """Return the five widths."""
        if not 0 <= code < self.size:
            raise CellError(f"Code {code} is outside the space '{self.name}': use 0 to {self.size - 1}.")
        return ":".join(WIDTHS[digit] for digit in self.choices(code))

    def parse(self, text: str) -> int:
        """Return the code of five widths."""
        widths = text.split(":")
        if len(widths) != len(PLACES):
            raise CellError(f"'{text}' has {len(widths)} widths where the space '{self.name}' has {len(PLACES)}.")
        for place, width in zip(PLACES, widths, strict=True):
            if width not in WIDTHS:
                raise CellError(f"The width of {place} in '{text}' is '{width}': use one of {', '.join(WIDTHS)}.")
        return self.code([WIDTHS.index(width) for width in widths])

    def counts(self, code: int, shape: Any) -> tuple[int, int]:
        """Return trainable parameters and multiply-accumulates of one image, the classifier included."""
        tally, size = Tally(), shape.image_size
        digits = self.choices(code)
        tally.convolution(shape.image_channels, 8 * (digits[0] + 1), 3, size)
        for block in blocks(digits):
            if block.residual:
                size //= 2
                _add_residual(tally, block, size)
            else:
                _add_cell(tally, block, size)
        tally.params += 2 * block.channels  # the normalisation before the classifier
        tally.linear(block.channels, shape.classes)
        return tally.params, tally.macs


def _add_residual(tally: Tally, block: Block, size: int) -> None:
    tally.convolution(block.channels_in, block.channels, 3, size)
    tally.convolution(block.channels, block.channels, 3, size)
    tally.convolution(block.channels_in, block.channels, 1, size)
    tally.params -= 2 * block.channels  # the shortcut is not normalised


def _add_cell(tally: Tally, block: Block, size: int) -> None:
    for (source, _), operation in zip(EDGES, CELL.operations, strict=True):
        channels_in = block.channels if source else block.channels_in
        if operation == "nor_conv_3x3":
            tally.convolution(channels_in, block.channels, 3, size)
        elif channels_in != block.channels:
            tally.convolution(channels_in, block.channels, 1, size)


SPACE = NatsSss()
"""The space, as :mod:`tfnas.spaces.registry` finds it."""
