"""The MnasNet space as Accel-NASBench has it: seven blocks of inverted residuals around EfficientNet-B0.

Each block chooses an expansion of channels (1, 4 or 6), a kernel size (3 or 5), a number of layers (1 to 3, in the
sixth block to 4), and whether its layers squeeze and excite. Output channels and strides are fixed. A block is written
``e6k3l1``, with ``s`` behind it where it squeezes and excites, and an architecture as its seven blocks with dashes
between them. There are ``36 ** 6 * 48 = 104,485,552,128``.

Source: Tan and others 2019, "MnasNet" (CVPR); Ahmad and others 2024, "Accel-NASBench" (DAC), whose 5,138 networks have
the parameters counted here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfnas.errors import CellError, TruthError
from tfnas.networks.shape import Shape
from tfnas.spaces.base import Space, Variable
from tfnas.spaces.parts.accel_nasbench import read_jsons
from tfnas.spaces.parts.tally import Tally, halved

EXPANSIONS, KERNELS, LAYERS = (1, 4, 6), (3, 5), (1, 2, 3)

WIDTHS = (16, 24, 40, 80, 112, 192, 320)
"""Output channels of each block."""

STRIDES = (1, 2, 2, 2, 1, 2, 1)
"""Stride of the first layer of each block."""

DEEPEST = 5
"""The block, counted from 0, that may have a fourth layer."""

STEM, HEAD = 32, 1280
"""Channels before the blocks and after them."""

SQUEEZE = 4
"""Input channels of a layer for each channel between squeeze and excitation."""

EFFICIENTNET_B0 = "e1k3l1s-e6k3l2s-e6k5l2s-e6k3l3s-e6k5l3s-e6k5l4s-e6k3l1s"
"""The blocks of EfficientNet-B0 (Tan and Le 2019)."""

OF_BLOCK = ("e", "k", "l", "se")
"""Decisions of a block, as the benchmark's table names its columns: ``block0_e`` and so on."""

PUBLISHED = Shape(classes=1000, image_channels=3, image_size=224)
"""What the networks of the benchmark's table were counted on."""

_TOKEN = re.compile(r"e(\d+)k(\d+)l(\d+)(s?)")


@dataclass(frozen=True)
class Layer:
    """One inverted residual.

    Attributes:
        channels_in: channels of its input.
        expanded: channels of its depthwise convolution; no convolution expands them where they are ``channels_in``.
        channels: channels of its output.
        kernel: size of the depthwise kernels.
        stride: 1 or 2.
        squeezed: channels between squeeze and excitation, 0 without.
    """

    channels_in: int
    expanded: int
    channels: int
    kernel: int
    stride: int
    squeezed: int


def layers(digits: Sequence[int]) -> Iterator[Layer]:
    """Yield the inverted residuals of an architecture, given by its 28 digits."""
    channels_in = STEM
    for block, (channels, stride) in enumerate(zip(WIDTHS, STRIDES, strict=True)):
        expansion, kernel, depth, squeezes = digits[4 * block : 4 * block + 4]
        for layer in range(depth + 1):
            expanded = channels_in * EXPANSIONS[expansion]
            squeezed = channels_in // SQUEEZE if squeezes else 0
            yield Layer(channels_in, expanded, channels, KERNELS[kernel], 1 if layer else stride, squeezed)
            channels_in = channels


def _choices(block: int) -> tuple[tuple[str, tuple[object, ...]], ...]:
    deep = (*LAYERS, 4) if block == DEEPEST else LAYERS
    return ("expansion", EXPANSIONS), ("kernel", KERNELS), ("layers", deep), ("squeeze-excitation", ("no", "yes"))


class MnasNet(Space):
    """The MnasNet space."""

    name = "mnasnet"
    title = "MnasNet space of Accel-NASBench"
    reference = "ahmad2024accel"
    variables = tuple(
        Variable(f"block {block + 1} {what}", tuple(map(str, choices)))
        for block in range(len(WIDTHS))
        for what, choices in _choices(block)
    )
    offers = frozenset({"networks", "modules"})
    published = {".tar.gz": ("valid_accuracy",)}

    def text(self, code: int) -> str:
        """Return the seven blocks."""
        if not 0 <= code < self.size:
            raise CellError(f"Code {code} is outside the space '{self.name}': use 0 to {self.size - 1}.")
        names = [variable.choices[digit] for variable, digit in zip(self.variables, self.choices(code), strict=True)]
        blocks = [names[place : place + 4] for place in range(0, len(names), 4)]
        return "-".join(f"e{e}k{k}l{depth}{'s' * (squeezes == 'yes')}" for e, k, depth, squeezes in blocks)

    def parse(self, text: str) -> int:
        """Return the code of seven blocks."""
        tokens = text.split("-")
        if len(tokens) != len(WIDTHS):
            raise CellError(f"'{text}' has {len(tokens)} blocks where the space '{self.name}' has {len(WIDTHS)}.")
        digits: list[int] = []
        for block, token in enumerate(tokens):
            found = _TOKEN.fullmatch(token)
            if found is None:
                raise CellError(f"Block {block + 1} of '{text}' is '{token}': write it like e6k3l1 or e6k3l1s.")
            given = (*found.groups()[:3], "yes" if found[4] else "no")
            for name, variable in zip(given, self.variables[4 * block :], strict=False):
                if name not in variable.choices:
                    known = ", ".join(variable.choices)
                    raise CellError(f"The {variable.name} of '{text}' is {name}: use one of {known}.")
                digits.append(variable.choices.index(name))
        return self.code(digits)

    def counts(self, code: int, shape: Any) -> tuple[int, int]:
        """Return trainable parameters and multiply-accumulates of one image, the classifier included."""
        tally, size = Tally(), halved(shape.image_size)
        tally.convolution(shape.image_channels, STEM, 3, size)
        for layer in layers(self.choices(code)):
            if layer.expanded != layer.channels_in:
                tally.convolution(layer.channels_in, layer.expanded, 1, size)
            size = halved(size) if layer.stride == 2 else size
            tally.convolution(layer.expanded, layer.expanded, layer.kernel, size, groups=layer.expanded)
            if layer.squeezed:
                tally.convolution(layer.expanded, layer.squeezed, 1, 1, normalised=False)
                tally.convolution(layer.squeezed, layer.expanded, 1, 1, normalised=False)
            tally.convolution(layer.expanded, layer.channels, 1, size)
        tally.convolution(WIDTHS[-1], HEAD, 1, size)
        tally.linear(HEAD, shape.classes)
        return tally.params, tally.macs

    def official(self, path: Path) -> Any:
        """Return ``anb_dataset_jsons.tar.gz`` as ground truth, see :meth:`truth_of`."""
        return self.truth_of(read_jsons(path))

    def official_latencies(self, path: Path) -> Any:
        """Return ``anb_dataset_jsons.tar.gz`` as latencies, see :meth:`latencies_of`."""
        return self.latencies_of(read_jsons(path))

    def truth_of(self, table: Any) -> Any:
        """Return the table of the benchmark as one of ground truth; any other table as it is.

        ``valid_accuracy`` is its top-1 accuracy on the 50,000 validation images of ImageNet. ``params`` and ``flops``
        are counted here: its multiply-accumulates count four for each normalised value and pooling as well. Networks
        that were trained twice have the mean.
        """
        if "block0_e" not in table.columns or "arch" in table.columns:
            return table
        named = self._named(table, {"valid_accuracy": ("val_top1", None)})
        counted = [self.counts(self.parse(arch), PUBLISHED) for arch in named["arch"]]
        return named.assign(params=[params for params, _ in counted], flops=[macs / 1e6 for _, macs in counted])

    def latencies_of(self, table: Any) -> Any:
        """Return the table of the benchmark as one of latencies; any other table as it is.

        Two devices have measured latencies, in milliseconds, on one image (``zcu102``) and on six (``vck190``). What
        a device ``by throughput`` has is 1,000 over its images a second: milliseconds for each image of a full batch.
        """
        if "block0_e" not in table.columns or "arch" in table.columns:
            return table
        columns: dict[str, tuple[str, float | None]] = {}
        for column in table.columns:
            if measured := re.fullmatch(r"(latency|throughput)_(\w+)_mean", column):
                slow = measured[1] == "latency"
                columns[measured[2] if slow else f"{measured[2]} by throughput"] = (column, None if slow else 1e3)
        return self._named(table, columns)

    def _named(self, table: Any, columns: Mapping[str, tuple[str, float | None]]) -> Any:
        """Return ``arch`` and columns of a table of the benchmark, one row for each network, in ascending order.

        A column is given as that of the benchmark, and as the number that it divides; None: it is taken as it is.
        """
        wanted = [f"block{block}_{what}" for block in range(len(WIDTHS)) for what in OF_BLOCK]
        wanted += [column for column, _ in columns.values()]
        if absent := [column for column in wanted if column not in table.columns]:
            raise TruthError(f"The table of Accel-NASBench has no column {', '.join(absent)}: give the whole table.")
        named = table[[]].assign(arch=[text_of_row(row) for row in table[wanted].to_dict("records")])
        for name, (column, divided) in columns.items():
            named[name] = table[column] if divided is None else divided / table[column]
        return named.groupby("arch", as_index=False).mean()


def text_of_row(row: Mapping[str, Any]) -> str:
    """Return the string of a row of the benchmark's table, which has a column for each decision.

    Args:
        row: values by column: ``block0_e`` (expansion), ``block0_k`` (kernel), ``block0_l`` (layers), ``block0_se``
            (whether it squeezes and excites), and so on to ``block6_se``.

    Raises:
        TruthError: a value is none of the choices.
    """
    tokens = []
    for block in range(len(WIDTHS)):
        expansion, kernel, depth, squeezes = (row[f"block{block}_{what}"] for what in OF_BLOCK)
        flag = {"true": "s", "1": "s", "false": "", "0": ""}.get(str(squeezes).lower())
        if flag is None:
            raise TruthError(f"'block{block}_se' of the table is '{squeezes}': write True or False.")
        tokens.append(f"e{expansion}k{kernel}l{depth}{flag}")
    text = "-".join(tokens)
    try:
        SPACE.parse(text)
    except CellError as error:
        raise TruthError(f"A row of the table is no architecture of the space: {error}") from None
    return text


SPACE = MnasNet()
"""The space, as :mod:`tfnas.spaces.registry` finds it."""
