"""Evolution on the scores of a proxy: no cell is trained."""

from collections import deque
from collections.abc import Sequence
from typing import Literal

from tfnas.errors import ConfigError
from tfnas.search.base import SCORE, Look, Search
from tfnas.search.parameters import PROXY, parameter
from tfnas.search.registry import register
from tfnas.search.regularised_evolution import RegularisedEvolution
from tfnas.seeds import in_blocks


@register(
    "plain_evolution",
    title="Evolution by proxy",
    group="training-free",
    looks=(SCORE,),
    reference="real2019regularized",
    section="Algorithm 1, with the score of a proxy in place of an accuracy",
)
class PlainEvolution(Search):
    """Mutate the best of a tournament, score the child, let the oldest or the worst member die; the best ever wins.

    The population is filled with uniform draws. Then, until ``evaluations`` cells have been scored: draw a tournament
    with replacement, take its member with the best score (the first drawn of equals), change one edge, score the child,
    add it, and drop the oldest member (``age``) or the one with the lowest score, the oldest of equals (``score``). In
    the second form a child that is a member already is not added again, because copies of one cell would soon fill the
    population. The best score of the whole history wins, the earliest of equals.

    In an incomplete space mutations are drawn again until the child lies in it; after 100 of them it is a uniform draw.

    Raises:
        ConfigError: the population is larger than the space or than the number of cells scored.
    """

    name = "plain_evolution"
    chosen_by = SCORE

    proxy: str = PROXY
    evaluations: int = parameter(
        "Cells scored in all, the first population included; a cell scored twice counts twice.", 1000, ge=1
    )
    survival: Literal["age", "score"] = parameter(
        "age: the oldest member dies (regularised); score: the member with the lowest score dies, and a cell lives in "
        "the population only once.",
        "age",
    )
    population: int = RegularisedEvolution.population
    tournament: int = RegularisedEvolution.tournament
    mutation: Literal["node_first", "edge"] = RegularisedEvolution.mutation

    def _start(self) -> None:
        self.space.check_population(self.population)
        if self.population > self.evaluations:
            raise ConfigError(
                f"{self.name} scores {self.evaluations} cells in all, fewer than its population of {self.population}: "
                "raise 'evaluations' or lower 'population'."
            )
        self.left = self.evaluations
        self.by_age = self.survival == "age"
        self.members: deque[tuple[float, int]] = deque()
        self._mutant = self.space.of.mutants(self.rng, self.mutation)
        self._tournaments = in_blocks(lambda size: self.rng.random((size, self.tournament)))

    def ask(self) -> Look | None:
        """Ask for the scores of the first population, then of one child at a time."""
        if not self.left:
            return None
        codes = [self._child(self._parent())] if self.members else self.space.draw(self.rng, self.population)
        self.left -= len(codes)
        return Look(SCORE, codes, self.proxy)

    def tell(self, look: Look, values: Sequence[float]) -> None:
        """Add what was scored to the population and let members die until it has its size again."""
        for score, code in zip(values, look.codes, strict=True):
            if self.by_age or not self.members or (score, code) not in self.members:
                self.members.append((score, code))
        while len(self.members) > self.population:
            if self.by_age:
                self.members.popleft()
            else:
                self.members.remove(min(self.members, key=lambda member: member[0]))

    def _parent(self) -> int:
        alive = len(self.members)
        return max([self.members[int(place * alive)] for place in next(self._tournaments)], key=self._merit)[1]

    def _merit(self, member: tuple[float, int]) -> float | tuple[float, ...]:
        """Return what a tournament is won by, given the score and the code of a member."""
        return member[0]

    def _child(self, parent: int) -> int:
        return self.space.child(lambda: self._mutant(parent), self.rng)
