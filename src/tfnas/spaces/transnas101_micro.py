"""TransNAS-Bench-101, micro level: the cell of a network whose modules are given.

A cell is a directed acyclic graph on four nodes, as in NAS-Bench-201 (:mod:`tfnas.spaces.nats_tss`). Each of its six
edges carries one of four operations: 0 none, 1 skip, 2 a convolution of kernel size 1, 3 one of kernel size 3. It
is written ``64-41414-0_01_012``, or in short ``0_01_012``: the edge to node 1, those to node 2, those to node 3. There
are ``4 ** 6 = 4,096`` of them.

The network has five modules of two cells. In the first cell of the modules 1, 3 and 5 the edges from node 0 halve the
resolution and double the channels; a skip connection there has weights.

Source: Duan and others 2021, "TransNAS-Bench-101" (CVPR), and its code; parameters equal those of its networks.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import permutations, product
from typing import Any

import numpy as np

from tfnas.errors import CellError
from tfnas.spaces.base import Space, Variable
from tfnas.spaces.nats_tss import EDGES, NODES
from tfnas.spaces.transnas101_macro import CHANNELS, Block, blocks, with_stem

MODULES = (4, 1, 4, 1, 4)
"""The modules of every network, see :mod:`tfnas.spaces.transnas101_macro`."""

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3")
"""The operations, in the order of their digits."""

KERNELS = {2: 1, 3: 3}
"""Kernel size by digit."""

PREFIX = f"{CHANNELS}-{''.join(map(str, MODULES))}-"

SHAPE = "x_xx_xxx"


class TransNas101Micro(Space):
    """The micro level of TransNAS-Bench-101."""

    name = "transnas101-micro"
    title = "cell space of TransNAS-Bench-101"
    reference = "duan2021transnas"
    variables = tuple(Variable(f"{source}->{target}", OPERATIONS) for source, target in EDGES)
    offers = frozenset({"networks", "modules"})
    spellings = True

    def text(self, code: int) -> str:
        """Return the string of the benchmark, in its long form."""
        if not 0 <= code < self.size:
            raise CellError(f"Code {code} is outside the space '{self.name}': use 0 to {self.size - 1}.")
        a, b, c, d, e, f = self.choices(code)
        return f"{PREFIX}{a}_{b}{c}_{d}{e}{f}"

    def parse(self, text: str) -> int:
        """Return the code of a string of the benchmark, in its long or its short form."""
        cell = text.removeprefix(PREFIX)
        if re.sub("[^_]", "x", cell) != SHAPE:
            raise CellError(f"'{text}' is no cell of the space '{self.name}': write {PREFIX}{SHAPE}, or {SHAPE} alone.")
        digits = cell.replace("_", "")
        for (source, target), digit in zip(EDGES, digits, strict=True):
            if digit not in "0123":
                raise CellError(f"Edge {source}->{target} of '{text}' is '{digit}': use 0, 1, 2 or 3.")
        return self.code([int(digit) for digit in digits])

    @cached_property
    def classes(self) -> np.ndarray:
        """For each code the smallest code of the same network, shape (4096,), int64.

        Networks are the same if they have the same layers that read and add the same, whatever their nodes are called
        (:func:`same_network`). Layers whose output nobody reads are kept, for their parameters count.
        """
        first: dict[tuple, int] = {}
        keys = (same_network(self.choices(code)) for code in range(self.size))
        return np.array([first.setdefault(key, code) for code, key in enumerate(keys)], dtype=np.int64)

    def counts(self, code: int, shape: Any) -> tuple[int, int]:
        """Return trainable parameters and multiply-accumulates of one image, the classifier included."""
        tally, size = with_stem(shape)
        cell = self.choices(code)
        channels = CHANNELS
        for block in blocks(MODULES, size):
            channels = block.channels
            for (source, _), digit in zip(EDGES, cell, strict=True):
                channels_in = channels if source else block.channels_in
                kernel = KERNELS.get(digit) or (1 if digit == 1 and _reduces(source, block) else 0)
                if kernel:
                    tally.convolution(channels_in, channels, kernel, block.size)
        tally.linear(channels, shape.classes)
        return tally.params, tally.macs


def _reduces(source: int, block: Block) -> bool:
    """Whether an edge from a node changes the shape of maps, so that a skip connection needs weights."""
    return source == 0 and (block.stride, block.channels_in) != (1, block.channels)


def same_network(digits: Sequence[int]) -> tuple:
    """Return a key of a cell; the networks of cells with equal keys differ in the order of their layers alone.

    A node is a multiset of layers, whose outputs it adds. An edge that skips from node 1 or 2 passes on what its source
    adds; any other edge that is not none is a layer: a convolution, or what leaves node 0, which has weights in some
    cells. A convolution may read nothing, and then reads zeros.
    """
    layers: list[tuple[str, tuple[int, ...]]] = []
    nodes: list[tuple[int, ...]] = [()]
    for target in range(1, NODES):
        terms: list[int] = []
        for (source, node), digit in zip(EDGES, digits, strict=True):
            if node != target or digit == 0:
                continue
            if digit == 1 and source:
                terms += nodes[source]
            else:
                layers.append((f"{digit}{'' if source else ' of the input'}", nodes[source]))
                terms.append(len(layers) - 1)
        nodes.append(tuple(terms))
    return _without_names(layers, nodes[-1])


def _without_names(layers: Sequence[tuple[str, tuple[int, ...]]], output: tuple[int, ...]) -> tuple:
    """Return the smallest description of layers (what each is, which ones it reads) under all ways to number them."""
    forms: list[str] = []
    for kind, read in layers:
        forms.append(f"{kind}({'+'.join(sorted(forms[layer] for layer in read))})")
    alike = [[place for place, form in enumerate(forms) if form == kind] for kind in sorted(set(forms))]
    described = []
    for order in product(*(permutations(group) for group in alike)):
        sequence = [layer for group in order for layer in group]
        name = {layer: place for place, layer in enumerate(sequence)}
        reads = tuple(tuple(sorted(name[other] for other in layers[layer][1])) for layer in sequence)
        described.append((reads, tuple(sorted(name[layer] for layer in output))))
    kinds = tuple(layers[layer][0] for group in alike for layer in group)
    return kinds, *min(described)


SPACE = TransNas101Micro()
"""The space, as :mod:`tfnas.spaces.registry` finds it."""
