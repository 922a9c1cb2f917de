"""NSGA-II: evolve a population towards the Pareto front of a value and a cost, on a proxy or on early accuracies."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from tfnas.errors import ConfigError
from tfnas.search.base import EARLY, SCORE, Look, Search, Trace
from tfnas.search.parameters import COST, PROXY, like, parameter
from tfnas.search.pareto import crowding_distances, front_ranks, pareto_front
from tfnas.search.plain_evolution import PlainEvolution
from tfnas.search.registry import register
from tfnas.spaces.pool import ByCode

ROUNDS = 20
"""Broods of children, as many as the population each, in which children unlike the population are looked for."""

_ABOUT: dict[str, Any] = {
    "reference": "deb2002nsga2",
    "section": "Section III, with categorical crossover and mutation",
    "fronts": True,
}


class Nsga2Base(Search):
    """What both forms of the search share; a subclass says which look gives the value (``chosen_by``).

    Raises:
        ConfigError: the population is larger than the space.
    """

    cost: str = COST
    population: int = parameter("Members that survive a generation, and children born in one.", 50, ge=2)
    crossover: float = parameter(
        "Probability that a child has two parents, each of its edges coming from one of them.", 0.9, ge=0, le=1
    )

    def _start(self) -> None:
        self.space.check_population(self.population)
        self.members = np.empty(0, dtype=np.int64)
        self.values = np.empty(0)
        self.ranks = np.empty(0, dtype=np.int64)
        self.distances = np.empty(0)

    @cached_property
    def costs(self) -> ByCode:
        """Costs of all cells."""
        return self.space.cost(self.cost)

    def next_codes(self) -> list[int]:
        """Return the first population, distinct cells drawn uniformly, or the children of the present one."""
        if not self.members.size:
            return self.rng.choice(self.space.codes, self.population, replace=False).tolist()
        return self._children().tolist()

    def tell(self, look: Look, values: Sequence[float]) -> None:
        """Let the best of parents and children survive: lower fronts first, in the last one the less crowded."""
        codes = np.concatenate([self.members, look.codes])
        accuracies = np.concatenate([self.values, values])
        costs = self.costs[codes]
        ranks, distances = front_ranks(accuracies, costs), np.empty(codes.size)
        for rank in range(ranks.max() + 1):
            front = ranks == rank
            distances[front] = crowding_distances(accuracies[front], costs[front])
        alive = np.lexsort((-distances, ranks))[: self.population]
        self.members, self.values = codes[alive], accuracies[alive]
        self.ranks, self.distances = ranks[alive], distances[alive]

    def choose(self, trace: Trace) -> int:
        """Keep the front of all cells looked at in ``trace.front``; return its end with the best value.

        That is the cell with the best value ever seen, the cheapest of equals.
        """
        codes, values, _ = trace.looks(self.chosen_by)
        trace.front = codes[pareto_front(values, self.costs[codes])].tolist()
        return trace.front[-1]

    def _children(self) -> np.ndarray:
        """Return as many children as the population has members, none of them like a member or another child."""
        children = np.empty(0, dtype=np.int64)
        for _ in range(ROUNDS):
            brood = self._brood()
            brood = brood[self.space.inside(brood) & ~np.isin(brood, self.members)]
            children = np.concatenate([children, brood])
            children = children[np.sort(np.unique(children, return_index=True)[1])][: self.population]
            if children.size == self.population:
                return children
        lacking = self.population - children.size
        return np.concatenate([children, self.rng.choice(self.space.codes, lacking)])

    def _brood(self) -> np.ndarray:
        """Return one child for each place of the population: tournaments, uniform crossover, mutation of edges."""
        size, space = self.population, self.space.of
        edges = len(space.variables)
        mothers, fathers = (space.digits(self.members[self._winners()]) for _ in range(2))
        crossed = (self.rng.random((size, 1)) < self.crossover) & (self.rng.random((size, edges)) < 0.5)
        digits = np.where(crossed, fathers, mothers)
        mutated = self.rng.random((size, edges)) < 1 / edges
        most = int(space.radices.max())
        # One number where all edges have as many operations: numpy draws that with fewer random bits.
        levels = most if (space.radices == most).all() else space.radices
        shifts = self.rng.integers(1, levels, (size, edges))
        return space.codes(np.where(mutated, (digits + shifts) % levels, digits))

    def _winners(self) -> np.ndarray:
        """Return the places of parents: the better of two uniform draws, by front, then by crowding, then the first."""
        one, two = self.rng.integers(self.members.size, size=(2, self.population))
        better = (self.ranks[two] < self.ranks[one]) | (
            (self.ranks[two] == self.ranks[one]) & (self.distances[two] > self.distances[one])
        )
        return np.where(better, two, one)


@register("nsga2", title="NSGA-II on a proxy", group="training-free", looks=(SCORE,), **_ABOUT)
class Nsga2(Nsga2Base):
    """Evolve towards the Pareto front of a score and a cost; the run keeps its front and chooses the best score.

    The first population is drawn uniformly without replacement. In each generation as many children as members are
    born: two parents are the winners of two binary tournaments (lower front, then less crowded), a child takes each
    edge from one of the two with equal probability (with the probability ``crossover``; else it is a copy of the
    first), and each of its edges changes with probability 1/6 to another operation. Children that equal a member or
    each other, or that lie outside the space, are born again (20 broods at most, then uniform draws). Of parents and
    children together the best survive by non-dominated sorting and crowding distance. The last generation is as small
    as the number of ``evaluations`` asks.

    The front of a run is that of all the cells it looked at. Real-valued crossover and polynomial mutation of the paper
    have no meaning for operations; uniform crossover and a change of each edge with probability one over their number
    stand in their place.

    Raises:
        ConfigError: the population is larger than the space or than the number of cells scored.
        UnknownNameError: there is no such device.
    """

    chosen_by = SCORE

    proxy: str = PROXY
    cost: str = COST
    evaluations: int = PlainEvolution.evaluations

    def _start(self) -> None:
        super()._start()
        if self.population > self.evaluations:
            raise ConfigError(
                f"nsga2 scores {self.evaluations} cells in all, fewer than its population of {self.population}: "
                "raise 'evaluations' or lower 'population'."
            )
        self.left = self.evaluations

    def ask(self) -> Look | None:
        """Ask for the scores of a generation."""
        if not self.left:
            return None
        codes = self.next_codes()[: self.left]
        self.left -= len(codes)
        return Look(SCORE, codes, self.proxy)


@register("nsga2_accuracy", title="NSGA-II on early accuracy", group="non-weight-sharing", looks=(EARLY,), **_ABOUT)
class Nsga2Accuracy(Nsga2Base):
    """Evolve towards the Pareto front of early validation accuracy and a cost until the budget is spent.

    Everything else is as in ``nsga2``; the run chooses the best early accuracy ever seen.

    Raises:
        ConfigError: the population is larger than the space.
        UnknownNameError: there is no such device.
    """

    cost: str = COST
    population: int = like(Nsga2Base.population, 20)

    def ask(self) -> Look:
        """Ask for the early accuracies of a generation."""
        return Look(EARLY, self.next_codes())
