"""Cells of DARTS as people write them: the string of tfnas, the community's ``Genotype(...)``, and JSON.

A genotype is held as ``{"normal": edges, "reduce": edges}``. Edges are eight pairs (operation, input); pairs 2k and
2k + 1 go into node k + 2. Inputs 0 and 1 are the outputs of the cell before the previous one and of the previous one.
The string of tfnas writes each edge as ``operation~input`` with short names, the inputs of a node ascending::

    normal:sep3~0+sep3~1|sep3~0+sep3~1|skip~0+sep3~1|skip~0+dil3~2//reduce:max3~0+max3~1|max3~1+skip~2|...
"""

import ast
import difflib
from collections.abc import Sequence
from typing import Any

from tfnas.errors import CellError

OPERATIONS = {
    "max_pool_3x3": "max3",
    "avg_pool_3x3": "avg3",
    "skip_connect": "skip",
    "sep_conv_3x3": "sep3",
    "sep_conv_5x5": "sep5",
    "dil_conv_3x3": "dil3",
    "dil_conv_5x5": "dil5",
}
"""Operations of the space in the order of DARTS, with their short names."""

NONE = "none"
"""The operation that gives zeros: in genotypes of other spaces only."""

CELLS = ("normal", "reduce")
NODES = (2, 3, 4, 5)

CONCATENATED = ("normal_concat", "reduce_concat")
"""Keys of a genotype that name the nodes that a cell concatenates: always all four."""

FIELDS = ("normal", "normal_concat", "reduce", "reduce_concat")
"""What ``Genotype`` is called with, in order."""

SHOWN = 60
"""Characters of a string that a message shows."""

Genotype = dict[str, list[tuple[str, int]]]


def text_of(genotype: Genotype) -> str:
    """Return the string of tfnas of a genotype, in the order of its edges."""
    cells = []
    for name in CELLS:
        edges = [f"{OPERATIONS[operation]}~{source}" for operation, source in genotype[name]]
        cells.append(f"{name}:" + "|".join("+".join(edges[start : start + 2]) for start in range(0, len(edges), 2)))
    return "//".join(cells)


def community_text(genotype: Genotype) -> str:
    """Return a genotype as papers and the code of DARTS print it."""
    cells = ", ".join(f"{name}={genotype[name]}, {name}_concat={list(NODES)}" for name in CELLS)
    return f"Genotype({cells})"


def genotype_of(text: str) -> Genotype:
    """Return the genotype that a string writes in one of the three ways.

    It may hold ``none``, and a node may read one input twice: :func:`check_member` refuses both.

    Raises:
        CellError: the string is no genotype of two cells with four nodes; the message says why.
    """
    text = text.strip()
    cells = _of_string(text) if text.startswith(f"{CELLS[0]}:") else _of_python(text)
    if missing := [name for name in CELLS if name not in cells]:
        raise CellError(f"{_shown(text)} has no cell '{missing[0]}': write both 'normal' and 'reduce'.")
    if unknown := [name for name in cells if name not in FIELDS]:
        raise CellError(f"{_shown(text)} has a part '{unknown[0]}', which no genotype has: use {', '.join(FIELDS)}.")
    for name in CONCATENATED:
        _check_concatenated(name, cells.get(name, NODES))
    return {name: _checked_edges(name, cells[name]) for name in CELLS}


def check_member(genotype: Genotype, space: str) -> None:
    """Refuse a genotype that holds ``none`` or a node that reads one input twice.

    Raises:
        CellError: names the node, the cell and the space, whose name is given.
    """
    for name in CELLS:
        edges = genotype[name]
        for place, (operation, source) in enumerate(edges):
            if operation == NONE:
                known = ", ".join(OPERATIONS)
                raise CellError(f"{_node(name, place)} has '{NONE}', which the space '{space}' does not: use {known}.")
            if source == edges[place ^ 1][1]:
                raise CellError(
                    f"{_node(name, place)} reads input {source} twice: the space '{space}' needs two different inputs."
                )


def _of_string(text: str) -> dict[str, Any]:
    """Read the string of tfnas; long names of operations do as well."""
    long = {short: operation for operation, short in OPERATIONS.items()}
    cells: dict[str, Any] = {}
    for part in text.split("//"):
        name, _, nodes = part.partition(":")
        edges: list[tuple[str, Any]] = []
        for node, written in enumerate(nodes.split("|"), start=NODES[0]):
            pair = written.split("+")
            if len(pair) != 2:
                raise CellError(
                    f"Node {node} of the {name} cell is '{written}': write two edges, such as sep3~0+skip~1."
                )
            for edge in pair:
                operation, tilde, source = edge.partition("~")
                if not tilde or not source.isdecimal():
                    raise CellError(f"Node {node} of the {name} cell has the edge '{edge}': write it as sep3~0.")
                edges.append((long.get(operation, operation), int(source)))
        cells[name] = edges
    return cells


def _of_python(text: str) -> dict[str, Any]:
    """Read a call of ``Genotype``, also one that is given a name, or JSON; nothing is run."""
    try:
        (statement,) = ast.parse(text).body
        value: Any = getattr(statement, "value", None)
        if isinstance(value, ast.Call) and _name(value.func) == "Genotype":
            given = dict(zip(FIELDS, value.args, strict=False))
            given |= {str(word.arg): word.value for word in value.keywords}
            return {name: _literal(part) for name, part in given.items()}
        if isinstance(value, ast.Dict):
            return {str(name): part for name, part in ast.literal_eval(value).items()}
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        pass
    raise CellError(
        f"{_shown(text)} is no genotype of DARTS: write 'normal:sep3~0+sep3~1|...//reduce:...', "
        "'Genotype(normal=[...], ...)' or JSON."
    )


def _name(function: Any) -> str:
    return getattr(function, "attr", getattr(function, "id", ""))


def _literal(node: Any) -> Any:
    """Return a literal, or a range of literals."""
    if isinstance(node, ast.Call) and _name(node.func) == "range" and not node.keywords:
        return range(*map(ast.literal_eval, node.args))
    return ast.literal_eval(node)


def _check_concatenated(name: str, value: Any) -> None:
    listed = isinstance(value, list | tuple | range) and len(value) == len(NODES)
    if not listed or set(value) != set(NODES):
        shown = list(value) if isinstance(value, range) and len(value) < SHOWN else value
        raise CellError(f"{name} is {shown} where a cell of DARTS concatenates its four nodes: use {list(NODES)}.")


def _checked_edges(name: str, edges: Any) -> list[tuple[str, int]]:
    """Return the edges of a cell after checking that there are eight, of operations and from inputs that exist."""
    if not isinstance(edges, Sequence) or isinstance(edges, str):
        raise CellError(f"The {name} cell is {_shown(str(edges))}: write a list of pairs (operation, input).")
    if len(edges) != 2 * len(NODES):
        raise CellError(f"The {name} cell has {len(edges)} edges where it needs 8, two for each of its four nodes.")
    checked = []
    for place, edge in enumerate(edges):
        if not isinstance(edge, list | tuple) or [type(part) for part in edge] != [str, int]:
            raise CellError(f"{_node(name, place)} has the edge {edge!r}: write a pair such as ('sep_conv_3x3', 0).")
        operation, source = edge
        if operation not in OPERATIONS and operation != NONE:
            near = difflib.get_close_matches(operation, OPERATIONS, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"use {', '.join(OPERATIONS)}."
            raise CellError(f"{_node(name, place)} has the operation '{operation}', which DARTS does not: {hint}")
        node = NODES[place // 2]
        if not 0 <= source < node:
            raise CellError(f"{_node(name, place)} reads input {source}, which is not there: use 0 to {node - 1}.")
        checked.append((operation, source))
    return checked


def _node(cell: str, place: int) -> str:
    return f"Node {NODES[place // 2]} of the {cell} cell"


def _shown(text: str) -> str:
    return f"'{text}'" if len(text) <= SHOWN else f"'{text[:SHOWN]}...'"
