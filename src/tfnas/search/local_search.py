"""Local search: climb to a better neighbour until there is none, then start again elsewhere."""

from collections.abc import Generator, Sequence
from typing import Literal

from tfnas.errors import ConfigError
from tfnas.search.base import EARLY, Look, Looks, ProcedureSearch
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
class LocalSearch(ProcedureSearch):
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

    def procedure(self) -> Looks:
        """Climb from the best of new cells as long as there is a better neighbour, again until every cell is known."""
        while starts := self._new_cells():
            yield from self._look(starts)
            current: int | None = max(starts, key=self.seen.__getitem__)
            while current is not None:
                near = [code for code in self.space.of.neighbours(current) if code in self.space]
                self.rng.shuffle(near)
                current = yield from self._better(current, near)

    def _look(self, codes: list[int]) -> Looks:
        """Look at those of some cells that were not looked at before."""
        unseen = [code for code in codes if code not in self.seen]
        if unseen:
            self.seen.update(zip(unseen, (yield Look(EARLY, unseen)), strict=True))

    def _better(self, current: int, near: list[int]) -> Generator[Look, Sequence[float], int | None]:
        """Look at neighbours, all of them or up to the first better one; return where to move, None at an optimum."""
        for codes in [near] if self.step == "best" else ([code] for code in near):
            yield from self._look(codes)
            best = max(codes, key=self.seen.__getitem__, default=current)
            if self.seen[best] > self.seen[current]:
                return best
        return None

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
