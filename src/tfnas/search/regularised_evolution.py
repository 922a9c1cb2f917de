"""Regularised (ageing) evolution under a simulated training budget."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from tfnas.errors import ConfigError
from tfnas.search.base import EARLY, BudgetSearch, Look, SearchSpace
from tfnas.search.parameters import parameter
from tfnas.search.registry import register


@register(
    "regularised_evolution",
    title="Regularised evolution",
    group="non-weight-sharing",
    looks=(EARLY,),
    reference="real2019regularized",
    section="Algorithm 1; regularized_ea.py of D-X-Y/AutoDL-Projects",
)
class RegularisedEvolution(BudgetSearch):
    """Mutate the best of a tournament, add the child, let the oldest member die; the best of the history wins.

    The population is filled with uniform draws. Then, until the budget is spent: draw a tournament with replacement,
    take its member with the best early validation accuracy (the first drawn of equals), change one edge, look at the
    child, append it and drop the oldest member. Every look is paid, also that at a cell seen before.

    Deviation from NATS-Bench's loop: the budget also stops the filling of the population (theirs looks at the clock
    only afterwards), which matters for budgets of fewer than ``population`` queries alone.

    Raises:
        ConfigError: the population is larger than the space.
    """

    population: int = parameter("Cells alive at a time.", 10, ge=1)
    tournament: int = parameter(
        "Members drawn with replacement from the population; the best of them is the parent.", 3, ge=1
    )
    mutation: Literal["node_first", "edge"] = parameter(
        "node_first: draw a node, then one of its incoming edges (NATS-Bench); "
        "edge: draw one of the six edges uniformly.",
        "node_first",
    )

    def __init__(self, space: SearchSpace, rng: np.random.Generator, **parameters: Any):
        super().__init__(space, rng, **parameters)
        space.check_population(self.population)
        self.members: deque[tuple[float, int]] = deque(maxlen=self.population)

    def check_different_members(self) -> None:
        """Refuse a tournament of different members that the population cannot fill."""
        if self.tournament > self.population:
            raise ConfigError(
                f"A tournament of {self.tournament} different members needs a population of at least "
                f"{self.tournament}, not {self.population}: lower 'tournament'."
            )

    def ask(self) -> Look:
        """Ask for the early accuracy of one more first member, or of the child of a tournament."""
        if len(self.members) < self.population:
            return Look(EARLY, [self.first_member()])
        _, parent = max((self.members[place] for place in self.drawn_places()), key=lambda member: member[0])
        return Look(EARLY, [self.space.mutate(parent, self.rng, self.mutation)])

    def drawn_places(self) -> list[int]:
        """Return the places of the members of a tournament, drawn with replacement."""
        return self.rng.integers(len(self.members), size=self.tournament).tolist()

    def first_member(self) -> int:
        """Return the code of the next member of the initial population: a uniform draw."""
        return self.space.draw(self.rng, 1)[0]

    def tell(self, look: Look, values: Sequence[float]) -> None:
        """Append the cell to the population; the oldest member dies when it is full."""
        self.members.append((values[0], look.codes[0]))
