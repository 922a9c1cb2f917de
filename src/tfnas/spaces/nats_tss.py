"""The cells of NATS-Bench's topology search space: parse, print, enumerate, vary, compare.

A cell is a directed acyclic graph on four nodes. Node 0 is its input, node 3 its output, and each of the six edges
carries one of five operations; a node is the sum of its incoming edges. ``5 ** 6 = 15,625`` cells exist.

Source: Dong, Liu, Musial, Gabrys 2021, "NATS-Bench" (TPAMI), section 3.1; the same space is NAS-Bench-201
(Dong and Yang 2020).

A cell is written as the benchmark writes it, edges grouped by their target node::

    |op~0|+|op~0|op~1|+|op~0|op~1|op~2|

The *code* of a cell (0 .. 15,624) is its place in lexicographic order of operations, edge 0->1 the most significant.
It is this project's own number, used to index arrays; files and people use the string. It is **not** the index of the
benchmark, which is a random order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from tfnas.errors import CellError
from tfnas.spaces.base import Space, Variable

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
"""The five operations, in the order of the benchmark's search space definition."""

_KNOWN = frozenset(OPERATIONS)

CONVOLUTIONS = ("nor_conv_1x1", "nor_conv_3x3")
"""The operations that hold weights (ReLU, convolution, batch normalisation)."""

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""The six edges (source node, target node), in the order in which the official string names them."""

NODES = 4
"""Nodes of a cell; node 0 is the input and node 3 the output."""

SPACE_SIZE = len(OPERATIONS) ** len(EDGES)
"""15,625 cells."""

_TOKEN = re.compile(r"([^~|]+)~(\d+)")

_STRING = "|{}~0|+|{}~0|{}~1|+|{}~0|{}~1|{}~2|"
"""The official string of a cell, its operations left open."""


@dataclass(frozen=True, order=True)
class Cell:
    """One cell of the search space: an operation for each of the six edges of :data:`EDGES`.

    Args:
        operations: six names out of :data:`OPERATIONS`, in the order of :data:`EDGES`.

    Raises:
        CellError: an operation does not exist, or there are not six; the message shows the edge.

    Example:
        >>> cell = Cell.parse("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|avg_pool_3x3~2|")
        >>> cell.operations[0], cell.code == Cell.from_code(cell.code).code
        ('nor_conv_3x3', True)
    """

    operations: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "operations", tuple(self.operations))
        if len(self.operations) != len(EDGES):
            raise CellError(f"A cell has {len(EDGES)} edges, but {len(self.operations)} operations were given.")
        if _KNOWN.issuperset(self.operations):
            return
        for (source, target), operation in zip(EDGES, self.operations, strict=True):
            if operation not in OPERATIONS:
                raise CellError(
                    f"Edge {source}->{target} has the operation '{operation}', which is not in the search space: "
                    f"use one of {', '.join(OPERATIONS)}."
                )

    def __str__(self) -> str:
        """The official string of the benchmark."""
        return _STRING.format(*self.operations)

    @classmethod
    def parse(cls, text: str) -> Cell:
        """Read an official string, for example ``|none~0|+|none~0|none~1|+|none~0|none~1|none~2|``.

        Raises:
            CellError: the string is no cell of this space; the message shows the offending edge or part.
        """
        groups = text.strip().split("+")
        if len(groups) != NODES - 1:
            raise CellError(f"'{text}' has {len(groups)} nodes where a cell has {NODES - 1}, separated by '+'.")
        operations = []
        for target, group in enumerate(groups, start=1):
            if not (group.startswith("|") and group.endswith("|")):
                raise CellError(f"Node {target} of '{text}' is written '{group}': it must begin and end with '|'.")
            terms = group[1:-1].split("|")
            if len(terms) != target:
                raise CellError(f"Node {target} of '{text}' has {len(terms)} edges where it needs {target}: '{group}'.")
            for source, term in enumerate(terms):
                match = _TOKEN.fullmatch(term)
                if match is None or int(match[2]) != source or match[1] not in OPERATIONS:
                    raise CellError(
                        f"Edge {source}->{target} of '{text}' is written '{term}': "
                        f"expected 'operation~{source}' with one of {', '.join(OPERATIONS)}."
                    )
                operations.append(match[1])
        return cls(tuple(operations))

    @classmethod
    def from_code(cls, code: int) -> Cell:
        """Return the cell with this code (0 .. 15,624).

        Raises:
            CellError: the code is outside the space.
        """
        if not 0 <= code < SPACE_SIZE:
            raise CellError(f"Cell code {code} is outside the space: use 0 to {SPACE_SIZE - 1}.")
        return cls(tuple(OPERATIONS[digit] for digit in SPACE.digits([code])[0]))

    @cached_property
    def code(self) -> int:
        """Place of the cell in lexicographic order, 0 .. 15,624."""
        code = 0
        for operation in self.operations:
            code = code * len(OPERATIONS) + OPERATIONS.index(operation)
        return code

    def pruned(self) -> Cell:
        """Return the cell with ``none`` on every edge that lies on no path from input to output.

        9,445 cells of the space are their own pruned cells. These classes and those of :meth:`canonical` differ both
        ways: pruning does not see that a skip connection is its source, and does see that a sum of zeros is zero.

        Source: the unique cells of Tybl and Neumann 2025 (VKDNW), Table 1.
        """
        fed, useful = self.fed_nodes, self.useful_nodes
        kept = (
            operation if source in fed and target in useful else "none"
            for (source, target), operation in zip(EDGES, self.operations, strict=True)
        )
        return Cell(tuple(kept))

    def canonical(self) -> str:
        """Return a string that is the same for functionally identical cells (6,466 distinct ones).

        An edge that carries ``none``, or that leaves a node which is zero for lack of any other term, contributes the
        zero term ``#``; ``skip_connect`` contributes its source unchanged; the terms of a sum are sorted. This is the
        definition of the benchmark (``get_unique_str`` with zeros considered), which keeps zero terms in a sum.
        """
        expressions = ["0"]
        for target in range(1, NODES):
            incoming = [
                operation for (_, node), operation in zip(EDGES, self.operations, strict=True) if node == target
            ]
            expressions.append(_sum_of(incoming, expressions))
        return expressions[-1]

    @cached_property
    def fed_nodes(self) -> frozenset[int]:
        """Nodes that the input signal reaches through edges other than ``none``; the input node is one of them."""
        fed = {0}
        for (source, target), operation in zip(EDGES, self.operations, strict=True):
            if operation != "none" and source in fed:
                fed.add(target)
        return frozenset(fed)

    @cached_property
    def useful_nodes(self) -> frozenset[int]:
        """Nodes whose value reaches the output through edges other than ``none``; the output node is one of them."""
        useful = {NODES - 1}
        for (source, target), operation in reversed(list(zip(EDGES, self.operations, strict=True))):
            if operation != "none" and target in useful:
                useful.add(source)
        return frozenset(useful)

    @property
    def is_connected(self) -> bool:
        """Whether the output depends on the input (all but 341 cells)."""
        return NODES - 1 in self.fed_nodes

    @property
    def convolution_edges(self) -> int:
        """Number of edges that carry a convolution, 0 to 6, whether or not the signal passes through them."""
        return sum(operation in CONVOLUTIONS for operation in self.operations)


def _sum_of(operations: Sequence[str], expressions: Sequence[str]) -> str:
    """Return the expression of a node from the operations of its incoming edges and the expressions of their sources.

    See :meth:`Cell.canonical`.
    """
    terms = []
    for operation, source in zip(operations, expressions, strict=True):
        if operation == "none" or source == "#":
            terms.append("#")
        elif operation == "skip_connect":
            terms.append(source)
        else:
            terms.append(f"({source})@{operation}")
    return "+".join(sorted(terms))


class NatsTss(Space):
    """NATS-Bench's topology space."""

    name = "nats-tss"
    title = "cell space of NATS-Bench"
    reference = "dong2021nats"
    variables = tuple(Variable(f"{source}->{target}", OPERATIONS) for source, target in EDGES)
    mutations = ("node_first", "edge")
    offers = frozenset({"cell", "networks"})
    settings = {"channels": 16, "cells_per_stage": 5}

    def text(self, code: int) -> str:
        """Return the official string."""
        return self.strings[code] if 0 <= code < SPACE_SIZE else str(Cell.from_code(code))

    def parse(self, text: str) -> int:
        """Return the code of an official string, see :meth:`Cell.parse`."""
        return Cell.parse(text).code

    @cached_property
    def strings(self) -> tuple[str, ...]:
        """The official strings of all cells by code."""
        return tuple(_STRING.format(*operations) for operations in product(OPERATIONS, repeat=len(EDGES)))

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """All cells by code."""
        return tuple(Cell(operations) for operations in product(OPERATIONS, repeat=len(EDGES)))

    def architecture(self, code: int) -> Cell:
        """Return the cell."""
        return self.cells[code] if 0 <= code < SPACE_SIZE else Cell.from_code(int(code))

    def _drawn_variable(self, rng: np.random.Generator, how: str) -> int:
        """Draw an edge: uniformly (``edge``), or a node and then one of its incoming edges (``node_first``).

        NATS-Bench's regularised evolution does the latter; edges of later nodes are then less likely.
        """
        if how == "edge":
            return super()._drawn_variable(rng, how)
        target = int(rng.integers(1, NODES))
        return target * (target - 1) // 2 + int(rng.integers(target))

    def chances(self, how: str) -> list[float]:
        """Return the chance of each edge to be the one that a mutation changes."""
        return [1 / (NODES - 1) / target for _, target in EDGES] if how == "node_first" else super().chances(how)

    @cached_property
    def classes(self) -> np.ndarray:
        """For each code the smallest code of a functionally identical cell (:meth:`Cell.canonical`).

        Shape (15625,), dtype int64; ``np.unique`` of it gives the 6,466 representatives.
        """
        # Expressions of the first nodes of all cells, in the order of codes: cells share them.
        prefixes: list[tuple[str, ...]] = [("0",)]
        for sources in range(1, NODES):
            prefixes = [
                (*expressions, _sum_of(operations, expressions))
                for expressions in prefixes
                for operations in product(OPERATIONS, repeat=sources)
            ]
        first: dict[str, int] = {}
        classes = [first.setdefault(expressions[-1], code) for code, expressions in enumerate(prefixes)]
        return np.array(classes, dtype=np.int64)

    @cached_property
    def pruned(self) -> np.ndarray:
        """For each code that of the pruned cell (:meth:`Cell.pruned`), shape (15625,), dtype int64: 9,445 codes."""
        return np.array([cell.pruned().code for cell in enumerate_cells()], dtype=np.int64)


SPACE = NatsTss()
"""The space, as :mod:`tfnas.spaces.registry` finds it."""


def enumerate_cells() -> Iterator[Cell]:
    """Yield all 15,625 cells in the order of their codes."""
    yield from SPACE.cells
