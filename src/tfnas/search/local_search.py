"""Local search: climb to a better neighbour until there is none, then start again elsewhere."""

import math
from collections.abc import Sequence
from typing import Literal

from tfnas.errors import ConfigError
from tfnas.search.base import EARLY, BudgetSearch, Look
from tfnas.search.parameters import parameter
from tfnas.search.registry import register


@register(
    "local_search",
    title="Local search",
    group="non-weight-sharing",
    looks=(EARLY,),
    reference="white2021landscape",
    section="hill climbing; local_search of naszilla/naszilla",
)
class LocalSearch(BudgetSearch):
    """Climb from a random cell over its 24 one-edge neighbours, restart at a local optimum, until the budget is spent.

    A climb begins at the best of ``starts`` uniform draws among cells not looked at before. With the step ``best`` all
    neighbours are looked at and the best of them becomes the current cell if it is better (the first in random order
    of equals); with ``first`` the first better one in random order does. When no neighbour is better, the next climb
    begins. The best cell of the whole history is returned.

    Accuracies are remembered: a cell is looked at, and paid, once in a run. A climb that meets cells of an earlier one
    may walk over them for free; the authors' program never enters them again. When every cell of the space has been
    looked at, the search ends before its budget.

    Raises:
        ConfigError: more starts than the space has cells.
    """

    step: Literal["best", "first"] = parameter(
        "best: look at all neighbours and move to the best one if it is better; first: move to the first better "
        "neighbour found, in random order.",
        "best",
    )
    starts: int = parameter("Random cells looked at before each climb, which begins at the best of them.", 1, ge=1)

    def _start(self) -> None:
        if self.starts > self.space.size:
            raise ConfigError(
                f"local_search cannot start a climb from {self.starts} cells, because the search space has only "
                f"{self.space.size}: lower 'starts'."
            )
        self.seen: dict[int, float] = {}
        self.current: int | None = None
        self.neighbours: list[int] = []

    def ask(self) -> Look | None:
        """Ask for neighbours not looked at yet, or for new starting cells; None when every cell is known."""
        while self.current is not None:
            unseen = [code for code in self.neighbours if code not in self.seen]
            if unseen and self.step == "best":
                return Look(EARLY, unseen)
            better = self._better_neighbour()
            if better is not None and better not in self.seen:
                return Look(EARLY, [better])
            self._climb_to(better)
        starts = self._new_cells()
        return Look(EARLY, starts) if starts else None

    def tell(self, look: Look, values: Sequence[float]) -> None:
        """Remember the accuracies; after looking at starting cells, begin the climb at the best of them."""
        self.seen.update(zip(look.codes, values, strict=True))
        if self.current is None:
            self._climb_to(max(look.codes, key=self.seen.__getitem__))

    def _better_neighbour(self) -> int | None:
        """Return the neighbour to move to, None at a local optimum; ``first`` may name one not looked at yet."""
        assert self.current is not None
        here = self.seen[self.current]
        if self.step == "first":
            return next((code for code in self.neighbours if self.seen.get(code, math.inf) > here), None)
        best = max(self.neighbours, key=self.seen.__getitem__, default=self.current)
        return best if self.seen[best] > here else None

    def _climb_to(self, code: int | None) -> None:
        """Make a cell the current one, its neighbours in random order; None ends the climb."""
        self.current = code
        if code is not None:
            self.neighbours = [near for near in self.space.of.neighbours(code) if near in self.space]
            self.rng.shuffle(self.neighbours)

    def _new_cells(self) -> list[int]:
        """Return different uniform draws among the cells not looked at; fewer than ``starts`` if so few are left."""
        cells: list[int] = []
        for _ in range(100 * self.starts):
            code = self.space.draw(self.rng, 1)[0]
            if code not in self.seen and code not in cells:
                cells.append(code)
                if len(cells) == self.starts:
                    return cells
        left = [code for code in self.space.codes.tolist() if code not in self.seen and code not in cells]
        self.rng.shuffle(left)
        return cells + left[: self.starts - len(cells)]
