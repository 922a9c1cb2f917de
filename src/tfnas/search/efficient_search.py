"""Evolution on a reward that weighs a score against a cost: the three rewards of efficiency-aware search."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from typing import Literal

import numpy as np

from tfnas.errors import SearchError
from tfnas.search.base import SCORE, Look, Trace
from tfnas.search.constraints import cost_unit, rounded_up
from tfnas.search.parameters import COST, PROXY, parameter
from tfnas.search.plain_evolution import PlainEvolution
from tfnas.search.registry import register
from tfnas.spaces.pool import ByCode


@register(
    "efficient_search",
    title="Efficiency-aware evolution by proxy",
    group="training-free",
    looks=(SCORE,),
    reference="tan2019mnasnet",
    section="Section 3.1, Equations 1 and 2",
)
class EfficientSearch(PlainEvolution):
    r"""Evolve on rank and cost: a hard limit, a product with an exponent, or a weighted difference; the best ever wins.

    With c the cost of a cell, T the target and u its relative rank the rewards are

    .. math::
        u \, 1\{c \le T\}, \qquad u \, (c / T)^w, \qquad \alpha u + (1 - \alpha) (1 - c / T)

    with the exponent w <= 0 and the weight alpha. The literature writes them with an accuracy, which is positive and
    known to lie between 0 and 1; the score of a proxy is neither. So u is the rank of the score among the distinct
    cells that the run has scored, divided by their number: 1 for the best, equal scores share the mean of their ranks.
    The difference is divided by T so that it does not depend on the unit.

    The search is regularised evolution (:class:`tfnas.search.plain_evolution.PlainEvolution`, the oldest dies): the
    reward decides tournaments and, over the whole history, the chosen cell. Of equal rewards the cheaper cell wins, so
    that a hard limit that no cell meets yet draws the search towards it. With a population as large as the number of
    ``evaluations`` it is a random search.

    Raises:
        ConfigError: the population is larger than the space or than the number of cells scored.
        SearchError: no cell of the space meets a hard target; says the nearest that one does.
        UnknownNameError: there is no such device.
    """

    name = "efficient_search"

    proxy: str = PROXY
    cost: str = COST
    target: float = parameter("The cost T that is aimed at, in the unit of the cost.", gt=0)
    reward: Literal["hard", "product", "difference"] = parameter(
        "u is the relative rank of the score, c the cost. hard: u where c is at most T, else 0; product: u (c / "
        "T)^exponent; difference: weight u + (1 - weight) (1 - c / T).",
        "product",
    )
    exponent: float = parameter(
        "Exponent of the product; -0.07: twice the cost must give a rank 5 % higher (MnasNet).", -0.07, le=0
    )
    weight: float = parameter("Weight of the rank in the difference.", 0.5, ge=0, le=1)
    survival = "age"

    def _start(self) -> None:
        super()._start()
        self.history: dict[int, float] = {}
        """Score of every cell scored, in order of their first looks."""
        self.scores: list[float] = []
        """The same scores, ascending."""
        self.relative: dict[int, float] = {}
        """Cost of every cell scored, divided by the target."""
        self.costs: ByCode | None = None
        """Costs of all cells, divided by the target."""

    def ask(self) -> Look | None:
        """Ask for the scores of the first population, then of one child at a time."""
        if self.costs is None:
            costs = self.space.cost(self.cost)
            if self.reward == "hard" and not (costs.values <= self.target).any():
                raise SearchError(
                    f"efficient_search has the hard target of {self.target:g} {cost_unit(self.cost)} ({self.cost}), "
                    f"which none of {self.space.size} cells meets: raise it to {rounded_up(np.nanmin(costs.values))} "
                    "or more."
                )
            self.costs = ByCode(costs.pool, costs.values / self.target)
        return super().ask()

    def tell(self, look: Look, values: Sequence[float]) -> None:
        """Note the scores of new cells; then as plain evolution."""
        assert self.costs is not None
        for code, score in zip(look.codes, values, strict=True):
            if code not in self.history:
                self.history[code] = score
                self.relative[code] = float(self.costs[code])
                insort(self.scores, score)
        super().tell(look, values)

    def choose(self, trace: Trace) -> int:
        """Return the cell with the best reward of the history, of equals the cheaper one, then the earlier one."""
        return max(self.history, key=lambda code: self._merit((self.history[code], code)))

    def reward_of(self, score: float, code: int) -> float:
        """Return the reward of a cell with this score, its rank being taken among all scores so far."""
        rank = (bisect_left(self.scores, score) + bisect_right(self.scores, score) + 1) / 2 / len(self.scores)
        cost = self.relative[code]
        if self.reward == "hard":
            return rank if cost <= 1 else 0.0
        if self.reward == "product":
            return rank * cost**self.exponent
        return self.weight * rank + (1 - self.weight) * (1 - cost)

    def _merit(self, member: tuple[float, int]) -> tuple[float, float]:
        score, code = member
        return self.reward_of(score, code), -self.relative[code]
