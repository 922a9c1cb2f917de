"""Classes of cells whose untrained networks are equal in distribution, so that one may be scored for all.

The benchmark's classes (:meth:`tfnas.spaces.nats_tss.Cell.canonical`, 6,466) compare expressions and so treat one
convolution that is used twice like two convolutions with weights of their own; at initialisation these differ. The
classes here keep track of which convolution is which, and of what a dead convolution adds to a kernel.
"""

from functools import cache
from itertools import permutations, product

from tfnas.spaces.nats_tss import CONVOLUTIONS, EDGES, NODES, Cell

_INPUT = -1


@cache
def rectifier_class(cell: Cell) -> tuple:
    """Return a key; cells with equal keys have equally distributed ReLU patterns at initialisation (5,785 classes).

    At initialisation (normalisation with weight 1 and bias 0) a convolution of zero is zero. A node is then a multiset
    of terms, each the cell's input or the output of one particular operation edge; ``skip_connect`` passes terms on.
    The key holds, up to the naming of edges: the operations that reach the output, the terms of the output, the terms
    that each convolution off the output path rectifies, and how many convolutions rectify zero.
    """
    terms, inputs = _node_terms(cell)
    live = _ancestors(terms[-1], inputs)
    reading = [edge for edge, operation in enumerate(cell.operations) if operation in CONVOLUTIONS]
    off_path = [edge for edge in reading if edge in inputs and edge not in live]
    needed = sorted(live.union(*(_ancestors(inputs[edge], inputs) for edge in off_path)))
    blank = sum(edge not in inputs for edge in reading)

    expressions = {_INPUT: "in"}
    groups: dict[str, list[int]] = {}
    for edge in needed:  # what an edge reads comes before it
        inner = sorted([expressions[term] for term in inputs[edge]])
        expressions[edge] = f"{cell.operations[edge]}({'+'.join(inner)})"
        groups.setdefault(expressions[edge], []).append(edge)
    ordered = [groups[text] for text in sorted(groups)]

    def key(naming: tuple[int, ...]) -> tuple:
        name = {edge: place for place, edge in enumerate(naming)} | {_INPUT: _INPUT}

        def named(edges: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(sorted([name[edge] for edge in edges]))

        return (
            tuple([(cell.operations[edge], named(inputs[edge])) for edge in naming]),
            named(terms[-1]),
            tuple(sorted([named(inputs[edge]) for edge in off_path])),
            blank,
        )

    if len(ordered) == len(needed):
        return key(tuple([edge for (edge,) in ordered]))

    namings = product(*(permutations(group) for group in ordered))
    return min(key(tuple(edge for group in naming for edge in group)) for naming in namings)


def _node_terms(cell: Cell) -> tuple[list[tuple[int, ...]], dict[int, tuple[int, ...]]]:
    """Return the terms of each node (edge numbers, or the input), and the terms that each non-zero edge reads."""
    terms: list[tuple[int, ...]] = [(_INPUT,)]
    inputs: dict[int, tuple[int, ...]] = {}
    for node in range(1, NODES):
        collected: list[int] = []
        for edge, (source, target) in enumerate(EDGES):
            if target != node or cell.operations[edge] == "none" or not terms[source]:
                continue
            if cell.operations[edge] == "skip_connect":
                collected += terms[source]
            else:
                collected.append(edge)
                inputs[edge] = terms[source]
        terms.append(tuple(collected))
    return terms, inputs


def _ancestors(start: tuple[int, ...], inputs: dict[int, tuple[int, ...]]) -> set[int]:
    found: set[int] = set()
    stack = list(start)
    while stack:
        edge = stack.pop()
        if edge != _INPUT and edge not in found:
            found.add(edge)
            stack += inputs[edge]
    return found
