"""NAS-Bench-101: cells that are graphs of at most seven vertices and nine edges, up to isomorphism.

Vertex 0 is the input, the last one the output; each vertex between them is a 3x3 convolution, a 1x1 convolution or a
3x3 max pooling. Every vertex lies on a path from the input to the output. There are 423,624 such graphs up to
isomorphism (:mod:`tfnas.spaces.parts.nasbench101_graphs` finds them). A string is the benchmark's hash of a graph; a
code is the place of a hash among all hashes in order.

Isomorphic graphs are one architecture, but their networks may differ in channels: the network is that of the graph that
the official enumeration meets first.

Source: Ying and others 2019, "NAS-Bench-101: Towards Reproducible Neural Architecture Search" (ICML).
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tfnas.errors import CellError
from tfnas.spaces.base import Variable
from tfnas.spaces.listed import Listed
from tfnas.spaces.parts.nasbench101_graphs import EDGES, PAIRS, VERTICES, Graphs, all_graphs

OPERATIONS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
"""Operations of a vertex, in the order of their numbers."""

MAXPOOL = "maxpool3x3"

KERNELS = {"conv3x3-bn-relu": 3, "conv1x1-bn-relu": 1}
"""Kernel size of the convolutions."""

STEM, WIDTHS, MODULES = 128, (128, 256, 512), 3
"""Channels of the stem and of each stack, and cells of a stack."""

SIZE = 423_624

AT_ONCE = 64
"""Mutations that are drawn together until one of them is a member."""

HASH = re.compile("[0-9a-f]{32}")


class NasBench101(Listed):
    """The space of NAS-Bench-101.

    Choices are the 21 edges of a graph of seven vertices (0 or 1) and its five operations. A smaller graph stands in
    them with its output at vertex 6 and its other vertices at the front; what lies on no path does not matter, so that
    many choices are one architecture.

    Two laws of mutation: ``official`` is that of the benchmark's evolution: each edge flips with probability 1/7, each
    operation is redrawn with 1/5, until a graph is a member. ``edge`` draws one of :meth:`neighbours` uniformly.
    """

    name = "nasbench101"
    title = "space of NAS-Bench-101"
    reference = "ying2019nasbench101"
    variables = (
        *(Variable(f"{source}->{target}", ("no edge", "edge")) for source, target in PAIRS),
        *(Variable(f"operation {vertex}", OPERATIONS) for vertex in range(1, VERTICES - 1)),
    )
    mutations = ("official", "edge")
    offers = frozenset({"networks", "modules"})
    spellings = True
    published = {".tfrecord": ("valid_accuracy", "test_accuracy")}
    size = SIZE

    @cached_property
    def graphs(self) -> Graphs:
        """All graphs; found once, which takes a minute, then kept on disk."""
        return all_graphs()

    @cached_property
    def rows(self) -> np.ndarray:
        """The choices of each architecture, shape (423624, 26), int8."""
        graphs = self.graphs
        edges = np.zeros((SIZE, len(PAIRS)), dtype=np.int8)
        for place, (source, target) in enumerate(PAIRS):
            there = (graphs.bits >> place & 1).astype(bool)
            ends = there & (target == graphs.vertices - 1)  # the output stands at vertex 6
            edges[there & ~ends, place] = 1
            edges[ends, PAIRS.index((source, VERTICES - 1))] = 1
        return np.concatenate([edges, graphs.operations], axis=1)

    @cached_property
    def strings(self) -> tuple[str, ...]:
        """The hashes of all architectures, by code."""
        return tuple(row.tobytes().hex() for row in self.graphs.hashes)

    def text(self, code: int) -> str:
        """Return the hash of an architecture, 32 hexadecimal digits."""
        if not 0 <= code < SIZE:
            raise CellError(f"Code {code} is outside the space '{self.name}': use 0 to {SIZE - 1}.")
        return self.graphs.hashes[code].tobytes().hex()

    def parse(self, text: str) -> int:
        """Return the code of a hash, or of a graph written as the benchmark's authors do.

        Such a graph is ``ModelSpec(matrix=[[0, 1], [0, 0]], ops=['input', 'output'])``, with or without the words
        around the two lists, or JSON with these two keys.
        """
        if HASH.fullmatch(text):
            if (code := self._codes.get(text)) is None:
                raise CellError(f"'{text}' is the hash of no graph of the space '{self.name}': check it.")
            return code
        matrix, operations = graph_of(text)
        return self.code_of(matrix, operations)

    def code_of(self, matrix: Sequence[Sequence[int]], operations: Sequence[str]) -> int:
        """Return the code of a graph: adjacency matrix (n, n), upper triangular, and operations (n,) with both ends.

        Vertices on no path from input to output are dropped first, as the benchmark does.

        Raises:
            CellError: it is no graph of the space; the message says why.
        """
        check_graph(matrix, operations)
        count = len(operations)
        placed = [*range(count - 1), VERTICES - 1]
        edges = {
            (placed[source], placed[target])
            for source in range(count)
            for target in range(count)
            if matrix[source][target]
        }
        choices = [int(pair in edges) for pair in PAIRS] + [0] * (VERTICES - 2)
        for vertex, operation in enumerate(operations[1:-1]):
            choices[len(PAIRS) + vertex] = OPERATIONS.index(operation)
        code = self.code(choices)
        if code < 0:
            kept = _kept(np.array([choices]))[0]
            left = sum(choice for choice, (a, b) in zip(choices, PAIRS, strict=False) if kept[a] and kept[b])
            why = f"it has {left} edges where {EDGES} are the most" if left else "no path leads from input to output"
            raise CellError(f"A graph of {count} vertices is none of the space '{self.name}': {why}.")
        return code

    def graph(self, code: int) -> tuple[np.ndarray, list[str]]:
        """Return adjacency matrix (n, n), int64, and operations (n,), with both ends, of an architecture."""
        count, choices = int(self.graphs.vertices[code]), self.choices(code)
        placed = [*range(count - 1), VERTICES - 1]
        edges = dict(zip(PAIRS, choices, strict=False))
        matrix = [[edges.get((source, target), 0) for target in placed] for source in placed]
        named = [OPERATIONS[digit] for digit in choices[len(PAIRS) :][: count - 2]]
        return np.array(matrix, dtype=np.int64), ["input", *named, "output"]

    def codes(self, digits: Sequence[Sequence[int]] | np.ndarray) -> np.ndarray:
        """Return the codes of graphs given by their choices, shape (n,), int64; -1 where they are no member."""
        digits = np.asarray(digits, dtype=np.int64).reshape(-1, len(self.variables))
        kept = _kept(digits)
        order = np.argsort(~kept, axis=1, kind="stable")  # what is kept moves to the front, in its order
        matrix = _matrices(digits) & kept[:, :, None] & kept[:, None, :]
        matrix = np.take_along_axis(np.take_along_axis(matrix, order[:, :, None], 1), order[:, None, :], 2)
        operations = np.concatenate([digits[:, :1] * 0, digits[:, len(PAIRS) :], digits[:, :1] * 0], axis=1)
        operations = np.take_along_axis(operations, order, 1)
        count = kept.sum(1)
        sources, targets = np.array(PAIRS).T
        bits = matrix[:, sources, targets] @ (1 << np.arange(len(PAIRS)))
        return self.graphs.codes(np.where(kept[:, 0] & kept[:, -1], count, 0), bits, operations[:, 1:-1])

    def mutate(self, code: int, rng: np.random.Generator, how: str | None = None) -> int:
        """Return the code of a mutation, which under the law ``official`` may be the architecture itself."""
        if self._law(how) == "edge":
            return super().mutate(code, rng)
        choices = np.array(self.choices(code))
        edges = len(PAIRS)
        while True:
            drawn = np.tile(choices, (AT_ONCE, 1))
            drawn[:, :edges] ^= rng.random((AT_ONCE, edges)) < 1 / VERTICES
            redrawn = rng.random((AT_ONCE, VERTICES - 2)) < 1 / (VERTICES - 2)
            shift = redrawn * rng.integers(1, len(OPERATIONS), redrawn.shape)
            drawn[:, edges:] = (drawn[:, edges:] + shift) % len(OPERATIONS)
            found = self.codes(drawn)
            if (found >= 0).any():
                return int(found[found >= 0][0])

    def counts(self, code: int, shape: Any) -> tuple[int, int]:
        """Return parameters and multiply-accumulates, see :meth:`tfnas.spaces.base.Space.counts`."""
        matrix, operations = self.graph(code)
        params, macs = 9 * shape.image_channels * STEM + 2 * STEM, 9 * shape.image_channels * STEM * shape.image_size**2
        channels_in, size = STEM, shape.image_size
        for stack, channels in enumerate(WIDTHS):
            size //= 2 if stack else 1
            for _ in range(MODULES):
                widths = vertex_channels(channels_in, channels, matrix)
                for kernel, entering, leaving in convolutions(matrix, operations, widths):
                    weights = kernel**2 * entering * leaving
                    params += weights + 2 * leaving
                    macs += weights * size**2
                channels_in = channels
        last = (channels_in + 1) * shape.classes
        return params + last, macs + last

    def official(self, path: Path) -> Any:
        """Return ``nasbench_only108.tfrecord`` or ``nasbench_full.tfrecord`` as a table of ground truth.

        Accuracies are means over the three trainings of 108 epochs, in percent. The early accuracies are those of the
        trainings of 12 epochs, which only the full file holds, and so are the seconds.
        """
        from tfnas.spaces.parts.nasbench101_records import read_records

        return read_records(path)


def _matrices(digits: np.ndarray) -> np.ndarray:
    """Return the adjacency matrices of choices (n, 26) as booleans, shape (n, 7, 7)."""
    matrix = np.zeros((len(digits), VERTICES, VERTICES), dtype=bool)
    sources, targets = np.array(PAIRS).T
    matrix[:, sources, targets] = digits[:, : len(PAIRS)] == 1
    return matrix


def _kept(digits: np.ndarray) -> np.ndarray:
    """Return whether each vertex lies on a path from the input to the output, shape (n, 7)."""
    matrix = _matrices(digits)
    ahead, behind = np.zeros((2, len(digits), VERTICES), dtype=bool)
    ahead[:, 0] = behind[:, -1] = True
    for vertex in range(1, VERTICES):
        back = VERTICES - 1 - vertex
        ahead[:, vertex] = (matrix[:, :, vertex] & ahead).any(1)
        behind[:, back] = (matrix[:, back] & behind).any(1)
    return ahead & behind


def vertex_channels(channels_in: int, channels: int, matrix: np.ndarray) -> list[int]:
    """Return the channels of each vertex of a cell that maps ``channels_in`` to ``channels`` channels.

    Inner vertices that feed the output share its channels, the first ones one more where that leaves a remainder;
    every other one has as many as the largest inner vertex that it feeds.
    """
    last = len(matrix) - 1
    feeding = [vertex for vertex in range(1, last) if matrix[vertex][last]]
    widths = [0] * last + [channels]
    widths[0] = channels_in
    if feeding:
        share, more = divmod(channels, len(feeding))
        for place, vertex in enumerate(feeding):
            widths[vertex] = share + (place < more)
    for vertex in range(last - 1, 0, -1):
        if not matrix[vertex][last]:
            widths[vertex] = max(widths[target] for target in range(vertex + 1, last) if matrix[vertex][target])
    return widths


def convolutions(
    matrix: np.ndarray, operations: Sequence[str], widths: Sequence[int]
) -> Iterator[tuple[int, int, int]]:
    """Yield kernel size, input channels and output channels of every convolution of a cell, projections included."""
    last = len(matrix) - 1
    for vertex in range(1, last):
        if matrix[0][vertex]:
            yield 1, widths[0], widths[vertex]
        if operations[vertex] != MAXPOOL:
            yield KERNELS[operations[vertex]], widths[vertex], widths[vertex]
    if matrix[0][last]:
        yield 1, widths[0], widths[last]


def graph_of(text: str) -> tuple[list[list[int]], list[str]]:
    """Return adjacency matrix and operations of a graph written as the benchmark's authors do.

    Raises:
        CellError: it is not written so.
    """
    lists = re.fullmatch(
        r"\s*(?:ModelSpec\()?\s*(?:matrix\s*=)?\s*(\[.*\])\s*,\s*(?:ops\s*=)?\s*(\[[^\[]*\])\s*\)?\s*", text, re.S
    )
    try:
        if lists:
            return tuple(map(ast.literal_eval, lists.groups()))
        known = json.loads(text)
        return known["matrix"], known["ops"]
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError):
        raise CellError(
            f"'{text[:60]}' is no graph of the space 'nasbench101': give its hash, 32 hexadecimal digits, or "
            "ModelSpec(matrix=[...], ops=[...])."
        ) from None


def check_graph(matrix: Any, operations: Any) -> None:
    """Refuse what is no graph at all: another form, another operation, an edge that points backwards."""
    count = len(operations) if isinstance(operations, (list, tuple)) else 0
    if not 2 <= count <= VERTICES:
        raise CellError(f"A graph of NAS-Bench-101 has 2 to {VERTICES} vertices, and this has {count}.")
    if list(operations[:1]) != ["input"] or list(operations[-1:]) != ["output"]:
        raise CellError(f"The operations {list(operations)} must begin with 'input' and end with 'output'.")
    for vertex, operation in enumerate(operations[1:-1], start=1):
        if operation not in OPERATIONS:
            raise CellError(f"Operation {vertex} of a graph is '{operation}': use {', '.join(OPERATIONS)}.")
    given = matrix if isinstance(matrix, (list, tuple, np.ndarray)) else []
    rows = [list(row) if isinstance(row, (list, tuple, np.ndarray)) else [] for row in given]
    if [len(row) for row in rows] != [count] * count or any(value not in (0, 1) for row in rows for value in row):
        raise CellError(f"The matrix of a graph of {count} vertices must be {count} x {count} numbers 0 and 1.")
    for source, row in enumerate(rows):
        for target, value in enumerate(row[: source + 1]):
            if value:
                raise CellError(
                    f"The edge from vertex {source} to {target} points backwards: edges lead to later ones."
                )


SPACE = NasBench101()
"""The space, as :mod:`tfnas.spaces.registry` finds it."""
