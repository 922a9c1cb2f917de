"""The words that searches and their runner speak: a space to draw from, looks to ask for, a trace of what was seen.

A search never holds the ground truth. It *asks* for looks (:class:`Look`), the runner takes them, pays, writes them
into the :class:`Trace` and *tells* the search the values. When the search asks for nothing more, or the budget is
spent, the runner lets it choose a cell from the trace.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tfnas.cells import SPACE_SIZE, mutate_code
from tfnas.errors import SearchError

DRAW = "draw"
"""Take note of a cell without looking at anything: free."""
SCORE = "score"
"""Look at the score of a proxy: costs the scoring seconds of the score table."""
EARLY = "early"
"""Look at the early-stop validation accuracy: costs simulated training seconds."""
VALIDATION = "validation"
"""Look at the full-training validation accuracy: free, and only for reference searches (upper bounds)."""

KINDS = (DRAW, SCORE, EARLY, VALIDATION)


@dataclass(frozen=True)
class Look:
    """What a search asks for: one kind of look at some cells.

    Args:
        kind: one of :data:`KINDS`.
        codes: codes of the cells, a plain list, looked at in this order.
        proxy: name of the proxy, for looks of kind :data:`SCORE`.
    """

    kind: str
    codes: Sequence[int]
    proxy: str | None = None


@dataclass
class Trace:
    """Everything a run looked at, in order, and what it cost: enough to draw its anytime curve.

    Attributes:
        kinds: kind of each look.
        codes: code of the cell of each look.
        values: score or accuracy (percent) of each look, larger is better; NaN for draws.
        seconds: scoring and simulated training seconds spent when the look was over, cumulative.
        scoring_seconds: seconds of scoring, all looks together.
        training_seconds: simulated seconds of training and validation, all looks together.
        chosen: code of the cell that the search chose, -1 until it has.
    """

    kinds: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    scoring_seconds: float = 0.0
    training_seconds: float = 0.0
    chosen: int = -1

    @property
    def spent(self) -> float:
        """Scoring and simulated training seconds so far; scoring seconds that nobody knows count as 0."""
        return self.seconds[-1] if self.seconds else 0.0

    def add(self, kind: str, code: int, value: float, seconds: float) -> None:
        """Append one look: its kind, the code of its cell, what was seen, and what it cost."""
        self.extend(kind, [code], [value], [seconds])

    def extend(self, kind: str, codes: Sequence[int], values: Sequence[float], seconds: Sequence[float]) -> None:
        """Append looks of one kind, plain lists of equal length: cell codes, what was seen, what each look cost."""
        clock = self.spent
        for cost in seconds:
            clock += cost if cost == cost else 0.0  # NaN: unknown
            self.seconds.append(clock)
        self.kinds.extend([kind] * len(codes))
        self.codes.extend(codes)
        self.values.extend(values)
        if kind == SCORE:
            self.scoring_seconds += sum(seconds)
        else:
            self.training_seconds += sum(seconds)

    def best(self, kind: str) -> int:
        """Return the code with the largest value among the looks of one kind; the earliest of equals.

        Raises:
            SearchError: there was no such look.
        """
        places = [place for place, seen in enumerate(self.kinds) if seen == kind]
        if not places:
            raise SearchError(f"The search has not looked at any cell ({kind}), so it cannot choose one.")
        return self.codes[max(places, key=self.values.__getitem__)]


@dataclass(frozen=True)
class SearchSpace:
    """The cells a search may propose: all 15,625, or those an incomplete ground truth holds.

    Args:
        codes: codes of the cells, ascending and distinct.
    """

    codes: np.ndarray

    @property
    def size(self) -> int:
        """Number of cells."""
        return len(self.codes)

    def draw(self, rng: np.random.Generator, number: int) -> list[int]:
        """Return the codes of a number of uniform draws with replacement.

        The first n of a larger number of draws from the same generator state are the same cells.

        Raises:
            SearchError: more draws than the space has cells.
        """
        if number > self.size:
            raise SearchError(
                f"A sample of {number} cells is larger than the search space, which has {self.size} cells: "
                "lower the sample."
            )
        return self.codes[rng.integers(self.size, size=number)].tolist()

    def mutate(self, code: int, rng: np.random.Generator, node_first: bool = True) -> int:
        """Return the code of a random neighbour (see :meth:`tfnas.cells.Cell.mutate`).

        In an incomplete space mutations are drawn again until the child lies in it; when 100 of them do not, the child
        is a uniform draw.
        """
        if self.size == SPACE_SIZE:
            return mutate_code(code, rng, node_first)
        for _ in range(100):
            child = mutate_code(code, rng, node_first)
            place = np.searchsorted(self.codes, child)
            if place < self.size and self.codes[place] == child:
                return child
        return self.draw(rng, 1)[0]


class Search(ABC):
    """One run of a search algorithm. A subclass sees its space, its random numbers and the values it asked for.

    Args:
        space: the cells that may be proposed.
        rng: the run's source of randomness.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator):
        self.space = space
        self.rng = rng

    @abstractmethod
    def ask(self) -> Look | None:
        """Return the next look, or None when the search is finished."""

    def tell(self, look: Look, values: Sequence[float]) -> None:  # noqa: B027 (not every search listens)
        """Receive what a look showed.

        Args:
            look: the look that was asked for.
            values: one value per cell, larger is better; scores that are not finite come as the lowest finite score of
                the proxy, NaN for draws.
        """

    @abstractmethod
    def choose(self, trace: Trace) -> int:
        """Return the code of the chosen cell."""


class BudgetSearch(Search):
    """A search that looks at early accuracies until its budget is spent and returns the best of its whole history."""

    def choose(self, trace: Trace) -> int:
        """Return the cell with the best early validation accuracy ever looked at."""
        return trace.best(EARLY)
