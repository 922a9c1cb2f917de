"""DARTS: a normal and a reduction cell, each of four nodes that add up two operations on two different inputs.

Node n (2 to 5) of a cell reads two of the inputs 0 to n - 1. Inputs 0 and 1 are the outputs of the cell before the
previous one and of the previous one; the others are nodes of the cell. Each edge has one of seven operations; ``none``
belongs to the search of DARTS and to no cell that it finds. That makes 180 x 7 ** 8 cells, and the square of it,
1,076,746,950,455,072,400, architectures.

An architecture is written ``normal:sep3~0+sep3~1|...//reduce:...`` (:mod:`tfnas.spaces.parts.darts_genotypes`); the
community's ``Genotype(...)`` and JSON are read, too.

Source: Liu and others 2019, "DARTS: Differentiable Architecture Search" (ICLR).
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from tfnas.errors import CellError, ConfigError
from tfnas.spaces.base import Space, Variable
from tfnas.spaces.parts.darts_genotypes import (
    CELLS,
    NODES,
    OPERATIONS,
    Genotype,
    check_member,
    community_text,
    genotype_of,
    text_of,
)
from tfnas.spaces.parts.darts_skeleton import SETTINGS, STEMS, counted

NAMES = tuple(OPERATIONS)

PAIRS = {node: tuple(combinations(range(node), 2)) for node in NODES}
"""The pairs of inputs that a node may read."""

TEGNAS = "topology_or_operation"


def _variables() -> tuple[Variable, ...]:
    found = []
    for cell in CELLS:
        for node in NODES:
            if len(PAIRS[node]) > 1:
                found.append(Variable(f"{cell} node {node} inputs", tuple(f"{a}+{b}" for a, b in PAIRS[node])))
            found += [Variable(f"{cell} node {node} {which} operation", NAMES) for which in ("first", "second")]
    return tuple(found)


def edges_of(choices: Sequence[int]) -> Genotype:
    """Return the genotype of the choices of an architecture, the inputs of each node ascending."""
    digits = iter(choices)
    genotype: Genotype = {}
    for cell in CELLS:
        genotype[cell] = []
        for node in NODES:
            pair = PAIRS[node][next(digits) if len(PAIRS[node]) > 1 else 0]
            genotype[cell] += [(NAMES[next(digits)], source) for source in pair]
    return genotype


class Darts(Space):
    """The space of DARTS.

    The first operation of a node is that on the smaller of its inputs. :meth:`sample` is uniform over architectures.
    That is also what TEG-NAS and HNAS draw. They draw independent uniform alphas for the operations of all 14 edges of
    a cell. Each node keeps the two edges with the largest softmax weight but that of ``none``, each with its best
    operation.
    All edges and all operations are alike in that law, so no architecture is likelier than another.

    Mutations: ``edge`` draws one of the 22 variables uniformly, then one of its other choices.
    ``topology_or_operation`` is that of TEG-NAS: a coin for topology or operation, one for the cell, then a node and
    one of its two edges, uniformly. Topology lets the edge come from another input, operation gives it another
    operation. TEG-NAS may draw the old input, that of the other edge, or ``none``; here these are not drawn, nor for
    topology the first node, which has no other input.
    """

    name = "darts"
    title = "search space of DARTS"
    reference = "liu2019darts"
    variables = _variables()
    mutations = ("edge", TEGNAS)
    offers = frozenset({"networks", "modules"})
    settings = SETTINGS
    spellings = True

    def settings_with(self, given: Mapping[str, Any], place: str = "skeleton") -> dict[str, int | str]:
        """Return the sizes of networks, see :meth:`tfnas.spaces.base.Space.settings_with`."""
        settings = super().settings_with(given, place)
        if (stem := str(settings["stem"])) not in STEMS:
            near = difflib.get_close_matches(stem, STEMS, 1)
            raise ConfigError(f"{place}.stem is '{stem}': use {' or '.join(near or STEMS)}.")
        if settings["stem"] == "imagenet" and int(settings["channels"]) < 2:
            raise ConfigError(f"{place}.channels is {settings['channels']}: the stem 'imagenet' needs 2 or more.")
        return settings

    def text(self, code: int) -> str:
        """Return the string, for example ``normal:sep3~0+sep3~1|...//reduce:...``."""
        return text_of(self.edges(code))

    def parse(self, text: str) -> int:
        """Return the code of a string, of the community's ``Genotype(...)``, or of JSON with its two cells."""
        genotype = genotype_of(text)
        check_member(genotype, self.name)
        return self.code_of(genotype)

    def genotype(self, code: int) -> str:
        """Return an architecture as papers and the code of DARTS print it: ``Genotype(normal=[...], ...)``."""
        return community_text(self.edges(code))

    def edges(self, code: int) -> Genotype:
        """Return the edges of both cells, eight pairs (operation, input) each.

        Raises:
            CellError: there is no such code.
        """
        if not 0 <= code < self.size:
            raise CellError(f"Code {code} is outside the space '{self.name}': use 0 to {self.size - 1}.")
        return edges_of(self.choices(int(code)))

    def code_of(self, genotype: Genotype) -> int:
        """Return the code of a genotype of the space, whatever the order of the two edges of its nodes."""
        choices: list[int] = []
        for cell in CELLS:
            for place, node in enumerate(NODES):
                pair = sorted(genotype[cell][2 * place : 2 * place + 2], key=lambda edge: edge[1])
                if len(PAIRS[node]) > 1:
                    choices.append(PAIRS[node].index((pair[0][1], pair[1][1])))
                choices += [NAMES.index(operation) for operation, _ in pair]
        return self.code(choices)

    def counts(self, code: int, shape: Any) -> tuple[int, int]:
        """Return trainable parameters and multiply-accumulates of one image; there is no auxiliary head."""
        return counted(self.edges(code), shape)

    def mutate(self, code: int, rng: np.random.Generator, how: str | None = None) -> int:
        """Return the code of a mutated architecture; ``how`` is one of :attr:`mutations`."""
        if self._law(how) != TEGNAS:
            return super().mutate(code, rng, how)
        genotype = self.edges(code)
        topology, cell = int(rng.integers(2)), CELLS[rng.integers(2)]
        node = int(rng.integers(topology, len(NODES)))
        place = 2 * node + int(rng.integers(2))
        edges = genotype[cell]
        operation, source = edges[place]
        if topology:
            free = [other for other in range(NODES[node]) if other not in (source, edges[place ^ 1][1])]
            edges[place] = (operation, free[rng.integers(len(free))])
        else:
            others = [other for other in NAMES if other != operation]
            edges[place] = (others[rng.integers(len(others))], source)
        return self.code_of(genotype)

    def mutants(self, rng: np.random.Generator, how: str) -> Callable[[int], int]:
        """Return a function from a parent to a mutated architecture, for thousands of mutations."""
        return (lambda code: self.mutate(code, rng, how)) if self._law(how) == TEGNAS else super().mutants(rng, how)


SPACE = Darts()
"""The space, as :mod:`tfnas.spaces.registry` finds it."""
