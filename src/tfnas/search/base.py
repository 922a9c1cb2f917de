"""The words that searches and their runner speak: a space to draw from, looks to ask for, a trace of what was seen.

A search never holds the ground truth. It *asks* for looks (:class:`Look`), the runner takes them, pays, writes them
into the :class:`Trace` and *tells* the search the values. When the search asks for nothing more, or the budget is
spent, the runner lets it choose a cell from the trace.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tfnas.errors import ConfigError, SearchError
from tfnas.search.parameters import told
from tfnas.spaces.base import Space
from tfnas.spaces.pool import ByCode, grid
from tfnas.spaces.registry import get_space

if TYPE_CHECKING:
    from tfnas.truth.costs import Costs

DRAW = "draw"
"""Take note of a cell without looking at anything: free."""
SCORE = "score"
"""Look at the score of a proxy: costs the scoring seconds of the score table."""
EARLY = "early"
"""Look at the early-stop validation accuracy: costs simulated training seconds."""
VALIDATION = "validation"
"""Look at the full-training validation accuracy: free, and only for reference searches (upper bounds)."""
LIVE = "live"
"""Learn the cell that networks evaluated live, in a job of their own, led this run to: costs the seconds they took."""

FEW = 16
"""Looks at fewer cells than this are summed up by Python, which is quicker there than numpy."""

KINDS = (DRAW, SCORE, EARLY, VALIDATION, LIVE)


@dataclass(frozen=True)
class Look:
    """What a search asks for: one kind of look at some cells.

    Args:
        kind: one of :data:`KINDS`.
        codes: codes of the cells, looked at in this order: a plain list; for scores of thousands of cells an integer
            array is quicker, and the values are then told as an array, too. Empty for looks of kind :data:`LIVE`.
        proxy: name of the proxy, for looks of kind :data:`SCORE`.
    """

    kind: str
    codes: Sequence[int] | np.ndarray
    proxy: str | None = None


class Trace:
    """Everything a run looked at, in order, and what it cost: enough to draw its anytime curve.

    What a search asked for is kept as it came, look by look, and only put together when somebody reads it: most
    searches never do, and some look at thousands of cells at once.

    Attributes:
        scoring_seconds: seconds of scoring, all looks together; NaN as soon as one of them is unknown.
        training_seconds: simulated seconds of training and validation, all looks together.
        spent: both together; scoring seconds that nobody knows count as 0.
        scored: number of scored cells by name of the proxy, repeats counted.
        chosen: code of the cell that the search chose, -1 until it has.
        front: codes of the Pareto front of a search with two objectives, in order of cost, which it sets when it
            chooses; empty for any other search.
    """

    def __init__(self) -> None:
        self.scoring_seconds = 0.0
        self.training_seconds = 0.0
        self.spent = 0.0
        self.scored: dict[str | None, int] = {}
        self.chosen = -1
        self.front: list[int] = []
        self._size = 0
        self._blocks: list[_Block] = []

    def __len__(self) -> int:
        return self._size

    def __eq__(self, other: object) -> bool:
        """Return whether the same looks showed the same and cost the same, and the same cell was chosen."""
        if not isinstance(other, Trace):
            return NotImplemented
        names = ("kinds", "codes", "values", "seconds", "scored", "chosen")
        return all(getattr(self, name) == getattr(other, name) for name in names)

    __hash__ = None  # type: ignore[assignment]

    def add(self, kind: str, code: int, value: float, seconds: float) -> None:
        """Append one look: its kind, the code of its cell, what was seen, and what it cost."""
        self.extend(kind, [code], [value], [seconds])

    def extend(
        self,
        kind: str,
        codes: Sequence[int] | np.ndarray,
        values: Sequence[float] | np.ndarray,
        seconds: Sequence[float] | np.ndarray | None,
        proxy: str | None = None,
    ) -> None:
        """Append looks of one kind (:data:`KINDS`), in order. Nothing is copied: do not change what is handed over.

        Codes, values and what each look cost are lists or arrays of shape (n,). A cost is NaN where nobody knows it;
        None is for free looks. Scores come with the name of their proxy.
        """
        self._blocks.append(_Block(kind, proxy, codes, values, seconds, self.spent))
        self._size += len(codes)
        if kind == SCORE:
            self.scored[proxy] = self.scored.get(proxy, 0) + len(codes)
        if seconds is None:
            return
        if len(seconds) == 1:  # most looks of most searches
            cost = float(seconds[0])
            self.spent += cost if cost == cost else 0.0  # NaN: unknown
        else:
            cost = float(sum(seconds) if len(seconds) < FEW else np.sum(seconds))
            if len(seconds):
                self.spent = float(self._blocks[-1].clock()[-1])
        if kind in (SCORE, LIVE):
            self.scoring_seconds += cost
        else:
            self.training_seconds += cost

    @property
    def kinds(self) -> list[str]:
        """Kind of each look."""
        return [block.kind for block in self._blocks for _ in range(len(block.codes))]

    @property
    def codes(self) -> list[int]:
        """Code of the cell of each look."""
        return self._joined("codes")

    @property
    def values(self) -> list[float]:
        """Score or accuracy (percent) of each look, larger is better; NaN for draws."""
        return self._joined("values")

    @property
    def seconds(self) -> list[float]:
        """Scoring and simulated training seconds spent when the look was over, cumulative."""
        return list(chain.from_iterable(_plain(block.clock()) for block in self._blocks))

    def _joined(self, name: str) -> list:
        return list(chain.from_iterable(_plain(getattr(block, name)) for block in self._blocks))

    def has(self, kind: str) -> bool:
        """Return whether there was a look of this kind."""
        return any(block.kind == kind for block in self._blocks)

    def looks(self, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return codes, values and cumulative seconds of all looks of one kind, in order, each of shape (n,)."""
        blocks = [block for block in self._blocks if block.kind == kind]
        if not blocks:
            return np.empty(0, dtype=np.int64), np.empty(0), np.empty(0)
        parts = zip(*((block.codes, block.values, block.clock()) for block in blocks), strict=True)
        codes, values, seconds = (np.array(list(chain.from_iterable(map(_plain, part)))) for part in parts)
        return codes.astype(np.int64), values.astype(np.float64), seconds

    def best(self, kind: str) -> int:
        """Return the code with the largest value among the looks of one kind; the earliest of equals.

        Raises:
            SearchError: there was no such look.
        """
        codes, values, _ = self.looks(kind)
        if not codes.size:
            raise SearchError(f"The search has not looked at any cell ({kind}), so it cannot choose one.")
        return int(codes[values.argmax()])

    def improvements(self, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return when the best value of a kind of look rose, the first look included, and the cells it rose with.

        Returns:
            Cumulative seconds, number of looks of this kind up to then, and cell codes, each of shape (m,); the last
            code is that of :meth:`best`.
        """
        codes, values, seconds = self.looks(kind)
        before = np.maximum.accumulate(np.concatenate([[-np.inf], values[:-1]])) if values.size else values
        rose = np.flatnonzero(values > before)
        return seconds[rose], rose + 1, codes[rose]

    def duplicates(self, space: Space) -> float:
        """Return the share of looks at a cell whose class had been looked at in the same way before.

        The same way is the same kind of look and, for scores, the same proxy: a cell that is scored with three proxies
        and then trained is no duplicate. NaN without a look. :meth:`tfnas.spaces.base.Space.canonical` of the search
        space says which cells are one class.
        """
        ways: dict[tuple[str, str | None], list[Sequence[int] | np.ndarray]] = {}
        for block in self._blocks:
            ways.setdefault((block.kind, block.proxy), []).append(block.codes)
        distinct = 0
        for parts in ways.values():
            single = [part[0] for part in parts if len(part) == 1]
            several = (single, *(part for part in parts if len(part) > 1))
            classes = [space.canonical(part) for part in several]
            if space.enumerable:
                seen = np.zeros(space.size, dtype=bool)
                for part in classes:
                    seen[part] = True
                distinct += int(np.count_nonzero(seen))
            else:
                distinct += len(np.unique(np.concatenate(classes)))
        return 1 - distinct / self._size if self._size else float("nan")


def _plain(values: Sequence | np.ndarray) -> Sequence:
    return values.tolist() if isinstance(values, np.ndarray) else values


class _Block(NamedTuple):
    """Looks of one kind that were taken together, and the seconds spent before them."""

    kind: str
    proxy: str | None
    codes: Sequence[int] | np.ndarray
    values: Sequence[float] | np.ndarray
    seconds: Sequence[float] | np.ndarray | None
    before: float

    def clock(self) -> list[float] | np.ndarray:
        """Return the cumulative seconds after each look."""
        if self.seconds is None:
            return [self.before] * len(self.codes)
        if len(self.seconds) < FEW:
            clock, times = self.before, []
            for cost in self.seconds:
                clock += cost if cost == cost else 0.0  # NaN: unknown
                times.append(clock)
            return times
        costs = np.asarray(self.seconds, dtype=np.float64)
        return np.cumsum(np.concatenate([[self.before], np.where(np.isnan(costs), 0.0, costs)]))[1:]


@dataclass(frozen=True)
class SearchSpace:
    """The cells a search may propose: all of a space, those an incomplete ground truth holds, or those under a limit.

    Args:
        codes: codes of the cells, ascending and distinct.
        costs: what cells cost to run, for searches that weigh it; known beforehand, so that looking is free.
        of: the space that the cells are of.
    """

    codes: np.ndarray
    costs: Costs | None = None
    of: Space = field(default_factory=get_space)

    @property
    def size(self) -> int:
        """Number of cells."""
        return len(self.codes)

    @cached_property
    def _inside(self) -> ByCode:
        pool = grid(self.of, self.codes)
        inside = np.zeros(len(pool), dtype=bool)
        inside[pool.places(self.codes)] = True
        return ByCode(pool, inside, outside=False)

    def inside(self, codes: np.ndarray) -> np.ndarray:
        """Return whether cells may be proposed, shape (n,), given by their codes, of which -1 is no cell."""
        return (codes >= 0) & self._inside[codes]

    def __contains__(self, code: int) -> bool:
        """Return whether a cell may be proposed, by its code; -1 is no cell."""
        return code >= 0 and bool(self._inside[code])

    def cost(self, name: str) -> ByCode:
        """Return a cost (``params``, ``flops`` or that on a device) by cell code, NaN for cells outside the space.

        Raises:
            UnknownNameError: there is no such device; lists those that exist.
            TruthError: a cell of the space has no such cost.
        """
        if self.costs is None:
            raise SearchError(f"A search weighs {name}, but its space knows no costs: give SearchSpace some.")
        values = self.costs.of(name, self.codes, "a search that weighs it")
        return grid(self.of, self.codes).spread(self.codes, values)

    def check_population(self, population: int) -> None:
        """Refuse a population that the space cannot fill with different cells.

        Raises:
            ConfigError: it is larger than the space.
        """
        if population > self.size:
            raise ConfigError(
                f"A population of {population} is larger than the search space, which has {self.size} cells: lower it."
            )

    def draw(self, rng: np.random.Generator, number: int) -> list[int]:
        """Return :meth:`draw_codes` as a list."""
        return self.draw_codes(rng, number).tolist()

    def draw_codes(self, rng: np.random.Generator, number: int) -> np.ndarray:
        """Return the codes of a number of uniform draws with replacement, shape (number,).

        The first n of a larger number of draws from the same generator state are the same cells.

        Raises:
            SearchError: more draws than the space has cells.
        """
        if number > self.size:
            raise SearchError(
                f"A sample of {number} cells is larger than the search space, which has {self.size} cells: "
                "lower the sample."
            )
        return self.codes[rng.integers(self.size, size=number)]

    def mutate(self, code: int, rng: np.random.Generator, how: str | None = None) -> int:
        """Return the code of a random neighbour (see :meth:`tfnas.spaces.base.Space.mutate`)."""
        return self.child(lambda: self.of.mutate(code, rng, how), rng)

    def child(self, propose: Callable[[], int], rng: np.random.Generator) -> int:
        """Return the first code that ``propose`` draws in the space; when 100 of them lie outside, a uniform draw."""
        for _ in range(100):
            child = propose()
            if child in self:
                return child
        return self.draw(rng, 1)[0]


class WholeSpace(SearchSpace):
    """All of a space, however large: nothing is held in arrays over its codes.

    Args:
        space: the space.
    """

    def __init__(self, space: Space):
        object.__setattr__(self, "of", space)
        object.__setattr__(self, "costs", None)

    @property
    def codes(self) -> np.ndarray:
        """Codes of all cells.

        Raises:
            SearchError: they are too many.
        """
        if not self.of.enumerable:
            raise SearchError(
                f"The search looks at all {self.size:,} architectures of the space '{self.of.name}', which are too "
                "many: take one that draws."
            )
        return np.arange(self.of.size)

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.of.size

    def inside(self, codes: np.ndarray) -> np.ndarray:
        """Return whether codes are of cells, shape (n,); -1 is none."""
        return codes >= 0

    def __contains__(self, code: int) -> bool:
        """Return whether a code is of a cell; -1 is none."""
        return code >= 0

    def draw_codes(self, rng: np.random.Generator, number: int) -> np.ndarray:
        """Return the codes of a number of uniform draws with replacement, shape (number,)."""
        return self.of.sample(rng, number)


class Search(ABC):
    """One run of a search algorithm. A subclass sees its space, its random numbers and the values it asked for.

    Args:
        space: the cells that may be proposed.
        rng: the run's source of randomness.
        parameters: values of the parameters that the class declares (:mod:`tfnas.search.parameters`), which become
            attributes of the same names; those left out have their defaults.

    Attributes:
        chosen_by: kind of look whose best cell the search chooses, unless its class chooses in another way.
        follows_accuracy: of a search that looks at early accuracies, whether the cell with the best one so far is its
            answer at any moment; else it has an answer at the end alone. Decides how its anytime curve is drawn.
        needs: what its search space must offer (:attr:`tfnas.spaces.base.Space.offers`).
    """

    chosen_by = EARLY
    follows_accuracy = True
    needs: frozenset[str] = frozenset()

    def __init__(self, space: SearchSpace, rng: np.random.Generator, **parameters: Any):
        self.space = space
        self.rng = rng
        for name, value in told(type(self), parameters).items():
            setattr(self, name, value)
        self._start()

    def _start(self) -> None:  # noqa: B027 (not every search has anything to do)
        """Refuse parameters that do not go together, and set up the run."""

    @abstractmethod
    def ask(self) -> Look | None:
        """Return the next look, or None when the search is finished."""

    def tell(self, look: Look, values: Sequence[float]) -> None:  # noqa: B027 (not every search listens)
        """Receive what the look that was asked for showed: one value per cell, larger is better.

        Scores that are not finite come as the lowest finite score of the proxy, NaN for draws; a live look shows the
        code of the cell.
        """

    def choose(self, trace: Trace) -> int:
        """Return the code of the chosen cell: the best by looks of the kind ``chosen_by``, the earliest of equals."""
        return trace.best(self.chosen_by)


Looks = Generator[Look, Sequence[float], None]
"""What a procedure yields, and what it receives for it."""


class ProcedureSearch(Search):
    """A search written as one procedure, which yields looks and receives what they showed."""

    _steps: Looks | None = None
    _answer: Any = None

    @abstractmethod
    def procedure(self) -> Looks:
        """Yield one look after the other and receive its values; return when the search is finished."""

    def ask(self) -> Look | None:
        """Return the next look of the procedure, or None at its end."""
        if self._steps is None:
            self._steps = self.procedure()
        try:
            return self._steps.send(self._answer)
        except StopIteration:
            return None

    def tell(self, look: Look, values: Sequence[float]) -> None:
        """Hand the values to the procedure."""
        self._answer = values


class BudgetSearch(Search):
    """A search that looks at early accuracies until its budget is spent and returns the best of its whole history."""
