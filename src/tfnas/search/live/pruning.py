r"""Pruning of a supernet to a single path, as TE-NAS does it; pure, on whatever evaluates the supernets.

A supernet keeps several operations on each edge of its cell. In a round every remaining (edge, operation) is tried:
with :math:`\kappa` the condition number of the supernet's tangent kernel and R its number of linear regions, primes
marking the supernet without this operation,

.. math::  \Delta_\kappa = \frac{\kappa - \kappa'}{\kappa}, \qquad \Delta_R = \frac{R - R'}{R}

are rounded to three decimals and averaged over repeats. Operations are ranked by :math:`\Delta_\kappa` (rank 0: its
removal lowers the condition number most) and by :math:`\Delta_R` (rank 0: its removal loses fewest regions), and on
each edge the operation with the smallest sum of ranks is dropped. Rounds go on until one operation is left on each
edge; four operations take three rounds. ``none`` is never among them.

Ties are those of the authors' code. Changes are put in order by their value rounded to three significant digits, equal
ones in the order of edges and operations; one that differs at all, unrounded, from the one before it has the next rank,
and an equal one shares its rank. Of equal sums on an edge the one that comes first by :math:`\Delta_\kappa` is dropped.

Source: Chen, Gong, Wang 2021, "Neural Architecture Search on ImageNet in Four GPU Hours" (ICLR; arXiv 2102.11535),
Section 3.3 and code ``prune_tenas.py`` (``prune_func_rank``). No torch is imported.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tfnas.spaces.nats_tss import EDGES, OPERATIONS, Cell

Active = tuple[tuple[str, ...], ...]
"""Names of the remaining operations of each edge, in the orders of ``EDGES`` and ``OPERATIONS``."""

START: Active = (tuple(name for name in OPERATIONS if name != "none"),) * len(EDGES)
"""The supernet that pruning starts with."""

TRIED = sum(len(EDGES) * left for left in range(2, len(START[0]) + 1))
"""Operations that are tried in all rounds together."""

DECIMALS = 3
"""Decimals that each change is rounded to, and significant digits of what changes are put in order by."""


@dataclass(frozen=True)
class Measured:
    """What the evaluation of a round's supernets gave, each of shape (operations tried, repeats).

    Attributes:
        kappa: condition number of the supernet; smaller is better.
        kappa_without: the same without the operation, with the same weights and images.
        regions: linear regions of the supernet.
        regions_without: the same without the operation.
    """

    kappa: np.ndarray
    kappa_without: np.ndarray
    regions: np.ndarray
    regions_without: np.ndarray


class Tried(NamedTuple):
    """One operation that was tried in a round, and what came of it."""

    round: int
    edge: int
    operation: str
    kappa_change: float
    regions_change: float
    kappa_rank: int
    regions_rank: int
    dropped: bool


Evaluate = Callable[[Active, Sequence[Active]], Measured]
"""``evaluate(supernet, smaller)`` measures a supernet beside each of the smaller ones."""


def removable(active: Active) -> list[tuple[int, str]]:
    """Return edge and operation of all that may be removed: edges with one operation left keep it."""
    return [(edge, name) for edge, names in enumerate(active) if len(names) > 1 for name in names]


def without(active: Active, edge: int, operation: str) -> Active:
    """Return the supernet without an operation of an edge."""
    return tuple(
        tuple(name for name in names if place != edge or name != operation) for place, names in enumerate(active)
    )


def mean_changes(full: np.ndarray, smaller: np.ndarray) -> list[float]:
    """Return the mean over repeats of ``(full - smaller) / full``, each rounded to :data:`DECIMALS` before.

    Both have shape (n, repeats); ``full`` is positive.
    """
    return [
        math.fsum(round((a - b) / a, DECIMALS) for a, b in zip(one, other, strict=True)) / len(one)
        for one, other in zip(full.tolist(), smaller.tolist(), strict=True)
    ]


def significant(value: float) -> float:
    """Return a number rounded to three significant digits, halves away from zero.

    Example:
        >>> significant(0.12345), significant(-12.35), significant(0.0)
        (0.123, -12.4, 0.0)
    """
    if value == 0:
        return 0.0
    return math.copysign(float(f"{abs(value) + 1e-8:.{DECIMALS - 1}e}"), value)


def shared_ranks(changes: Sequence[float], descending: bool = False) -> tuple[list[int], list[int]]:
    """Return the rank of every change, from 0 and without gaps, and their places in that order, rank 0 first."""
    order = sorted(range(len(changes)), key=lambda place: significant(changes[place]), reverse=descending)
    ranks = [0] * len(changes)
    for before, place in pairwise(order):
        ranks[place] = ranks[before] + (changes[place] != changes[before])
    return ranks, order


def prune_round(active: Active, measured: Measured, number: int = 0) -> tuple[Active, list[Tried]]:
    """Drop one operation of each edge that has several; return the supernet that is left, and what was tried.

    What was measured is of its :func:`removable` operations, in their order; the record has the number of the round.
    """
    tried = removable(active)
    kappa_changes = mean_changes(measured.kappa, measured.kappa_without)
    regions_changes = mean_changes(measured.regions, measured.regions_without)
    kappa_ranks, order = shared_ranks(kappa_changes, descending=True)
    regions_ranks, _ = shared_ranks(regions_changes)
    dropped: dict[int, int] = {}
    for place in sorted(order, key=lambda place: kappa_ranks[place] + regions_ranks[place]):
        dropped.setdefault(tried[place][0], place)
    columns = zip(kappa_changes, regions_changes, kappa_ranks, regions_ranks, strict=True)
    record = [
        Tried(number, edge, name, *values, dropped=dropped[edge] == place)
        for place, ((edge, name), values) in enumerate(zip(tried, columns, strict=True))
    ]
    for edge, place in dropped.items():
        active = without(active, edge, tried[place][1])
    return active, record


def prune(evaluate: Evaluate, start: Active = START) -> tuple[Cell, list[Tried]]:
    """Prune a supernet until one operation is left on each edge; return that cell, and what was tried in all rounds."""
    active, record, number = start, [], 0
    while tried := removable(active):
        measured = evaluate(active, [without(active, edge, name) for edge, name in tried])
        active, rows = prune_round(active, measured, number)
        record += rows
        number += 1
    return Cell(tuple(names[0] for names in active)), record
