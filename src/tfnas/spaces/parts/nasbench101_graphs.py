"""The graphs of NAS-Bench-101 up to isomorphism: found by enumeration, named by the benchmark's hash, kept on disk.

The official enumeration runs over 2 to 7 vertices, then over all upper triangular adjacency matrices as bit masks, then
over the operations of the inner vertices in lexicographic order. Bit ``x + y (y - 1) / 2`` is the edge x -> y. It
takes graphs of at most nine edges in which every vertex lies on a path from input to output. Of isomorphic graphs the
first stands for all: here it is the smallest under all orders of the inner vertices that leave edges pointing forwards.

The hash is a colour refinement: a vertex begins with the MD5 digest of the text of (out-degree, in-degree, label).
V times each digest becomes that of the sorted digests of its predecessors, ``|``, those of its successors, ``|``, and
its own. The hash is the MD5 digest of the text of the sorted list of digests.

Source: Ying and others 2019, "NAS-Bench-101", and its code.
"""

import logging
import zipfile
import zlib
from dataclasses import dataclass
from hashlib import md5
from itertools import permutations, product
from pathlib import Path

import numpy as np

from tfnas.files import atomic, user_cache
from tfnas.runtime.progress import progress

log = logging.getLogger("tfnas")

VERTICES, EDGES, KINDS = 7, 9, 3
"""Most vertices, most edges, and operations of an inner vertex."""

PAIRS = tuple((source, target) for target in range(VERTICES) for source in range(target))
"""The possible edges in the order of bits."""

LABELLINGS = KINDS ** (VERTICES - 2)
"""Operations of five inner vertices."""

FILE = "nasbench101-graphs.npz"

KEPT = ("hashes", "vertices", "bits", "operations", "keys", "members")


@dataclass(frozen=True)
class Graphs:
    """All graphs, in the order of their hashes.

    Attributes:
        hashes: shape (n, 16), uint8.
        vertices: numbers of vertices, shape (n,), int64.
        bits: their edges, shape (n,), int64.
        operations: of the inner vertices, 0 where a graph has none, shape (n, 5), int8.
        keys: every labelled graph that the enumeration meets, as one number (:func:`keys_of`), ascending, (m,), int64.
        members: place of the graph that each of them is isomorphic to, shape (m,), int32.
    """

    hashes: np.ndarray
    vertices: np.ndarray
    bits: np.ndarray
    operations: np.ndarray
    keys: np.ndarray
    members: np.ndarray

    def codes(self, vertices: np.ndarray, bits: np.ndarray, operations: np.ndarray) -> np.ndarray:
        """Return the places of labelled graphs, shape (n,), int64; -1 where one is no member.

        Operations of shape (n, 5) count up to the number of inner vertices.
        """
        wanted = keys_of(vertices, bits, operations)
        places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[places] == wanted, self.members[places], -1).astype(np.int64)


def keys_of(vertices: np.ndarray, bits: np.ndarray, operations: np.ndarray) -> np.ndarray:
    """Return labelled graphs as numbers whose order is that of the enumeration, shape (n,), int64."""
    inner = np.maximum(np.asarray(vertices, dtype=np.int64) - 2, 0)[:, None]
    place = np.arange(operations.shape[1])
    powers = np.where(place < inner, KINDS ** np.maximum(inner - 1 - place, 0), 0)
    label = (operations * powers).sum(1)
    return (np.asarray(vertices, dtype=np.int64) << len(PAIRS) | bits) * LABELLINGS + label


def all_graphs() -> Graphs:
    """Return all graphs: from the file that an earlier call kept, else found anew, which takes a minute or two."""
    path = user_cache() / FILE
    if path.exists():
        try:
            with np.load(path) as kept:
                return Graphs(*(kept[name] for name in KEPT))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            log.warning("'%s' is damaged (%s): its graphs are found anew.", path, error)
    log.info("The graphs of NAS-Bench-101 are enumerated, once for all studies of this user.")
    graphs = enumerated()
    _keep(graphs, path)
    return graphs


def _keep(graphs: Graphs, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(path) as partial, partial.open("wb") as file:
            np.savez_compressed(file, **vars(graphs))
    except OSError as error:
        log.warning("The graphs of NAS-Bench-101 cannot be kept in '%s' (%s): set XDG_CACHE_HOME.", path, error)


def enumerated() -> Graphs:
    """Return all graphs, found by enumeration."""
    keys, first = (np.concatenate(parts) for parts in zip(*map(_labelled, range(2, VERTICES + 1)), strict=True))
    found, members = np.unique(first, return_inverse=True)
    shape, label = np.divmod(found, LABELLINGS)
    vertices, bits = shape >> len(PAIRS), shape & (1 << len(PAIRS)) - 1
    operations = np.zeros((len(found), VERTICES - 2), dtype=np.int8)
    for inner in range(1, VERTICES - 1):
        alike = vertices == inner + 2
        powers = KINDS ** np.arange(inner)[::-1]
        operations[alike, :inner] = label[alike, None] // powers % KINDS
    hashes = np.empty((len(found), 16), dtype=np.uint8)
    with progress(len(found), "graphs") as advance:
        for place, (size, mask, labels) in enumerate(
            zip(vertices.tolist(), bits.tolist(), operations.tolist(), strict=True)
        ):
            digest = hash_of(*_around(size, mask), labels[: size - 2])
            hashes[place] = np.frombuffer(digest, dtype=np.uint8)
            advance(1)
    order = np.lexsort(hashes.T[::-1])
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order))
    return Graphs(hashes[order], vertices[order], bits[order], operations[order], keys, rank[members.ravel()])


def hash_of(before: list[list[int]], after: list[list[int]], labels: list[int]) -> bytes:
    """Return the hash of a graph, 16 bytes.

    Args:
        before: the predecessors of each vertex.
        after: its successors.
        labels: the operations of the inner vertices.
    """
    named = [-1, *labels, -2]
    colours = [
        md5(str((len(out), len(into), label)).encode()).hexdigest()
        for out, into, label in zip(after, before, named, strict=True)
    ]
    for _ in named:
        colours = [
            md5(
                "".join(
                    [*sorted([colours[v] for v in into]), "|", *sorted([colours[v] for v in out]), "|", own]
                ).encode()
            ).hexdigest()
            for into, out, own in zip(before, after, colours, strict=True)
        ]
    return md5(str(sorted(colours)).encode()).digest()


def _around(count: int, mask: int) -> tuple[list[list[int]], list[list[int]]]:
    """Return predecessors and successors of each vertex."""
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for bit, (source, target) in enumerate(PAIRS[: count * (count - 1) // 2]):
        if mask >> bit & 1:
            before[target].append(source)
            after[source].append(target)
    return before, after


def _labelled(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys of the labelled graphs of so many vertices, ascending, and of the first isomorphic to each."""
    inner = count - 2
    masks = _masks(count)
    labels = np.array(list(product(range(KINDS), repeat=inner)), dtype=np.int64).reshape(KINDS**inner, inner)
    weights = KINDS ** np.arange(inner)[::-1]
    own = np.arange(len(labels))
    base = (count << len(PAIRS) | masks) * LABELLINGS
    keys = (base[:, None] + own).ravel()
    first = keys.copy().reshape(len(masks), -1)
    for order in permutations(range(inner)):
        at = np.array([0, *(1 + np.argsort(order)), count - 1])  # where each vertex stands in this order
        moved = np.zeros_like(masks)
        forwards = np.ones(len(masks), dtype=bool)
        for bit, (source, target) in enumerate(PAIRS[: count * (count - 1) // 2]):
            there = (masks >> bit & 1).astype(bool)
            a, b = int(at[source]), int(at[target])
            forwards &= ~there | (a < b)
            if a < b:
                moved |= there.astype(np.int64) << a + b * (b - 1) // 2
        label = labels[:, list(order)] @ weights
        key = (count << len(PAIRS) | moved[forwards]) * LABELLINGS
        first[forwards] = np.minimum(first[forwards], key[:, None] + label)
    return keys, first.ravel()


def _masks(count: int) -> np.ndarray:
    """Return the graphs of a number of vertices that are members, as bit masks, ascending."""
    masks = np.arange(1 << count * (count - 1) // 2)
    pairs = list(enumerate(PAIRS[: count * (count - 1) // 2]))
    edges = sum(masks >> bit & 1 for bit, _ in pairs)
    good = np.asarray(edges) <= EDGES
    for vertex in range(count):
        good &= vertex == count - 1 or _any(masks, [bit for bit, (source, _) in pairs if source == vertex])
        good &= vertex == 0 or _any(masks, [bit for bit, (_, target) in pairs if target == vertex])
    return masks[good]


def _any(masks: np.ndarray, bits: list[int]) -> np.ndarray:
    return masks & sum(1 << bit for bit in bits) != 0
