"""Regularised (ageing) evolution under a simulated training budget."""

from collections import deque
from collections.abc import Sequence
from typing import Literal

from tfnas.errors import ConfigError
from tfnas.search.base import EARLY, SCORE, BudgetSearch, Look
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
    replacement: bool = True

    def _start(self) -> None:
        self.space.check_population(self.population)
        self.members: deque[tuple[float, int]] = deque(maxlen=self.population)

    def ask(self) -> Look:
        """Ask for the early accuracy of one more first member, or of the child of a tournament."""
        if len(self.members) < self.population:
            return Look(EARLY, [self.first_member()])
        return self.ask_for_child()

    def ask_for_child(self) -> Look:
        """Ask for the accuracy of a random neighbour of the best of a tournament."""
        return Look(EARLY, [self.space.mutate(self.parent(), self.rng, self.mutation)])

    def parent(self) -> int:
        """Return the code of the best of a tournament, the first drawn of equals."""
        return max((self.members[place] for place in self.drawn_places()), key=lambda member: member[0])[1]

    def drawn_places(self) -> list[int]:
        """Return the places of the members of a tournament, different ones if there is no replacement."""
        if self.replacement:
            return self.rng.integers(len(self.members), size=self.tournament).tolist()
        return self.rng.choice(len(self.members), size=self.tournament, replace=False).tolist()

    def first_member(self) -> int:
        """Return the code of the next member of the initial population: a uniform draw."""
        return self.space.draw(self.rng, 1)[0]

    def tell(self, look: Look, values: Sequence[float]) -> None:
        """Append the cell to the population; the oldest member dies when it is full."""
        self.members.append((values[0], look.codes[0]))


class AssistedEvolution(RegularisedEvolution):
    """Regularised evolution whose initial population is the best of a ``sample`` of draws by a ``proxy``; 0: draws.

    Raises:
        ConfigError: the population is larger than the space or the sample, or a tournament of different members is
            larger than the population.
    """

    proxy: str
    sample: int
    what: str
    """What keeps the best of the sample, for messages."""

    def _start(self) -> None:
        super()._start()
        if 0 < self.sample < self.population:
            raise ConfigError(
                f"{self.what} keeps the best {self.population} of {self.sample} scored cells: "
                f"raise 'sample' to at least the population of {self.population}."
            )
        if not self.replacement and self.tournament > self.population:
            raise ConfigError(
                f"A tournament of {self.tournament} different members needs a population of at least "
                f"{self.tournament}, not {self.population}: lower 'tournament'."
            )
        self.scores: dict[int, float] = {}
        self.kept: list[int] | None = None

    def ask(self) -> Look:
        """Ask for the scores of the sample first, then as regularised evolution does."""
        if self.sample and self.kept is None:
            return Look(SCORE, self.space.draw(self.rng, self.sample), self.proxy)
        return super().ask()

    def first_member(self) -> int:
        """Return the code of the next best scored cell; without a sample, of a uniform draw."""
        if not self.sample:
            return super().first_member()
        assert self.kept is not None
        return self.kept[len(self.members)]

    def tell(self, look: Look, values: Sequence[float]) -> None:
        """Keep the best of the scored cells, in order of score; then as regularised evolution."""
        if look.kind == EARLY:
            super().tell(look, values)
            return
        self.scores.update(zip(look.codes, values, strict=True))
        if self.kept is None:
            order = sorted(range(len(values)), key=lambda place: -values[place])
            self.kept = [look.codes[place] for place in order[: self.members.maxlen]]
