"""Regularised (ageing) evolution under a simulated training budget."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from tfnas.search.base import EARLY, BudgetSearch, Look, SearchSpace
from tfnas.search.registry import register

EVOLUTION_PARAMETERS = {
    "population": {"type": "integer", "minimum": 1, "default": 10, "description": "Cells alive at a time."},
    "tournament": {
        "type": "integer",
        "minimum": 1,
        "default": 3,
        "description": "Members drawn with replacement from the population; the best of them is the parent.",
    },
    "mutation": {
        "enum": ["node_first", "edge"],
        "default": "node_first",
        "description": "node_first: draw a node, then one of its incoming edges (NATS-Bench); "
        "edge: draw one of the six edges uniformly.",
    },
}


@register(
    "regularised_evolution",
    title="Regularised evolution",
    group="non-weight-sharing",
    looks=(EARLY,),
    parameters=EVOLUTION_PARAMETERS,
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

    Args:
        space: the cells that may be proposed.
        rng: source of randomness.
        population: members alive at a time.
        tournament: members drawn, with replacement.
        mutation: ``node_first`` or ``edge``, see :meth:`tfnas.cells.Cell.mutate`.

    Raises:
        ConfigError: the population is larger than the space.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        population: int = 10,
        tournament: int = 3,
        mutation: str = "node_first",
    ):
        super().__init__(space, rng)
        space.check_population(population)
        self.tournament = tournament
        self.node_first = mutation == "node_first"
        self.members: deque[tuple[float, int]] = deque(maxlen=population)

    def ask(self) -> Look:
        """Ask for the early accuracy of one more first member, or of the child of a tournament."""
        if len(self.members) < self.members.maxlen:
            return Look(EARLY, [self.first_member()])
        _, parent = max((self.members[place] for place in self.drawn_places()), key=lambda member: member[0])
        return Look(EARLY, [self.space.mutate(parent, self.rng, self.node_first)])

    def drawn_places(self) -> list[int]:
        """Return the places of the members of a tournament, drawn with replacement."""
        return self.rng.integers(len(self.members), size=self.tournament).tolist()

    def first_member(self) -> int:
        """Return the code of the next member of the initial population: a uniform draw."""
        return self.space.draw(self.rng, 1)[0]

    def tell(self, look: Look, values: Sequence[float]) -> None:
        """Append the cell to the population; the oldest member dies when it is full."""
        self.members.append((values[0], look.codes[0]))
