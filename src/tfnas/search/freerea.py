"""FreeREA: evolution on a sum of proxies with ageing, selection and crossover; and its plain baseline, FreeREA-."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np

from tfnas.errors import ConfigError
from tfnas.search.base import SCORE, Look, Looks, ProcedureSearch, Trace
from tfnas.search.parameters import parameter, proxy_list
from tfnas.search.registry import register

STALE_EVENTS = 200
"""The search ends after so many tournaments in a row that proposed nothing new: a small space may have nothing left."""


def normalised_sums(rows: np.ndarray) -> np.ndarray:
    """Return FreeREA's score of each of n cells, the sum over p proxies of m / (max |m| + 1e-9): (n, p) to (n,)."""
    return (rows / (np.abs(rows).max(axis=0) + 1e-9)).sum(axis=1)


class SummedSearch(ProcedureSearch):
    """A search by the sum of several scores, on the scale of the cells that are compared."""

    proxies: list[str]

    def _start(self) -> None:
        self.history: dict[int, Sequence[float]] = {}
        """Scores of every cell, one per proxy, in the order in which they were first asked for."""

    def score(self, codes: Iterable[int]) -> Looks:
        """Look at the scores of new cells, one proxy after the other."""
        codes, columns = list(codes), []
        for proxy in self.proxies:
            columns.append((yield Look(SCORE, codes, proxy)))
        self.history.update(zip(codes, zip(*columns, strict=True), strict=True))

    def ranked(self, codes: Iterable[int] | None = None) -> list[int]:
        """Return cells (None: all scored ones) by their scores, best first, of equals the first; maxima are theirs."""
        codes = list(self.history if codes is None else codes)
        sums = normalised_sums(np.array([self.history[code] for code in codes]))
        return [codes[place] for place in (-sums).argsort(kind="stable").tolist()]

    def choose(self, trace: Trace) -> int:
        """Return the cell with the best score by the maxima of the history, the earliest of equals."""
        return self.ranked()[0]


_ABOUT: dict[str, Any] = {"group": "training-free", "looks": (SCORE,), "reference": "cavagnero2023freerea"}


@register(
    "freerea", title="FreeREA", **_ABOUT, section="search.py, pruning.py and nas_utils.py of NiccoloCavagnero/FreeREA"
)
class FreeRea(SummedSearch):
    """Two parents win a tournament and have three children; the oldest member dies, and the best by score survive.

    The score of a cell is the sum over the proxies of m / (max |m| + 1e-9), the maximum being taken inside the set that
    is ranked: the tournament, the population or the history. The scale of a proxy therefore changes with its company.

    The population begins with 100 uniform draws, equal cells merged. A tournament of 25 members, drawn without
    replacement, has two winners; their children are a mutation of each and one uniform crossover. A child that is alive
    already only becomes young again; one that was seen before and has left comes back; any other is new and is scored
    once with every proxy. Tournaments follow one another until more than 100 cells are alive. Then one of the oldest
    dies (unless all are equally old), and of the others the best 100 stay. Before that, new cells enter no tournament.
    The search ends when enough distinct cells are scored, and chooses the best of its history.

    Where the authors' program leaves the order to a set of strings, it is defined here: which of several equally old
    members dies is drawn uniformly, and of equal scores the member that joined first comes first. The authors stop
    after 45 s of scoring and searching; scoring seconds of other machines would make other searches, so this one
    counts cells. In an incomplete space mutations keep to the space, and a crossover that leaves it is not born.

    Raises:
        ConfigError: population, tournament, number of cells and size of the space do not agree.
    """

    proxies: list[str] = proxy_list(
        "naswot",
        "logsynflow",
        "skip",
        description="Names of the proxies that are summed; without 'skip' it is the published ablation.",
    )
    population: int = parameter("Cells alive at a time.", 100, ge=1)
    cells: int = parameter(
        "Stop after the step that brings the number of distinct scored cells to this or above; the authors' 45 s buy "
        "210 to 245 at their seconds.",
        230,
        ge=1,
    )
    mutation: Literal["edge", "node_first"] = parameter(
        "edge: draw one of the six edges uniformly (FreeREA); node_first: draw a node, then one of its incoming edges.",
        "edge",
    )
    tournament: int = parameter("Members drawn without replacement; the best two of them are the parents.", 25, ge=2)

    def _start(self) -> None:
        super()._start()
        self.space.check_population(self.population)
        if self.cells < self.population:
            raise ConfigError(
                f"FreeREA begins with {self.population} scored cells, more than the {self.cells} after which it stops: "
                "raise 'cells' or lower 'population'."
            )
        self.check_tournament()
        self.cells = min(self.cells, self.space.size)
        self.members: dict[int, int] = {}
        """Generation of every living cell, in order of joining."""
        self.unborn: list[int] = []
        """New cells that have not survived a step."""
        self.generation = 0

    def check_tournament(self) -> None:
        """Refuse a tournament that cannot be drawn."""
        if self.tournament > self.population:
            raise ConfigError(
                f"FreeREA cannot draw a tournament of {self.tournament} from a population of {self.population}: "
                "lower 'tournament' or raise 'population'."
            )

    def procedure(self) -> Looks:
        """Score the first cells, then new ones as long as there are any."""
        new = self.begin()
        while new:
            yield from self.score(new)
            new = self.propose()

    def begin(self) -> list[int]:
        """Return the distinct cells of the initial population."""
        self.members = dict.fromkeys(self.space.draw(self.rng, self.population), 0)
        return list(self.members)

    def propose(self) -> list[int]:
        """Go on until there are new cells to score, and return them; none when the search is over."""
        for _ in range(STALE_EVENTS):
            if len(self.members) > self.population:
                self.survive()
                if len(self.history) >= self.cells:
                    return []
            new = self.breed()
            if new:
                return new
        return []

    def breed(self) -> list[int]:
        """Hold one tournament, let the children join the population, and return those never seen before."""
        alive = [code for code in self.members if code not in self.unborn]
        places = self.rng.choice(len(alive), min(self.tournament, len(alive)), replace=False).tolist()
        parents = self.ranked([alive[place] for place in places])[:2]
        children = [self.space.mutate(parent, self.rng, self.mutation) for parent in parents]
        if len(parents) == 2:
            children.append(self.space.of.crossover(parents[0], parents[1], self.rng))
        new = []
        for child in children:
            if child in self.space:
                self.members[child] = self.generation + 1
                if child not in self.history and child not in new:
                    new.append(child)
        self.unborn += new
        return new

    def survive(self) -> None:
        """Let one of the oldest die, then keep the best of the others; the new cells are now born."""
        oldest = min(self.members.values())
        if oldest < max(self.members.values()):
            old = [code for code, generation in self.members.items() if generation == oldest]
            del self.members[old[int(self.rng.integers(len(old)))]]
        if len(self.members) > self.population:
            for code in self.ranked(self.members)[self.population :]:
                del self.members[code]
        self.unborn = []
        self.generation += 1


@register("freerea_minus", title="FreeREA-", **_ABOUT, section="our_baselines.py of NiccoloCavagnero/FreeREA")
class FreeReaMinus(FreeRea):
    """The authors' baseline: regularised evolution on the summed score, one mutated child a step.

    The population is a queue of 100 uniform draws. The best of a tournament of 5 members, drawn with replacement, has
    one child by mutation, which joins while the oldest member leaves; a cell may be alive more than once. Score, end
    and result are those of FreeREA: the best of the whole history by the maxima of the history.

    Raises:
        ConfigError: the population is larger than the space, or than the number of cells.
    """

    proxies, population, cells, mutation = FreeRea.proxies, FreeRea.population, FreeRea.cells, FreeRea.mutation
    tournament: int = parameter("Members drawn with replacement; the best of them is the parent.", 5, ge=1)

    def _start(self) -> None:
        super()._start()
        self.queue: deque[int] = deque(maxlen=self.population)

    def check_tournament(self) -> None:
        """Allow any: the members are drawn with replacement."""

    def begin(self) -> list[int]:
        """Return the distinct cells of the initial queue."""
        self.queue.extend(self.space.draw(self.rng, self.population))
        return list(dict.fromkeys(self.queue))

    def propose(self) -> list[int]:
        """Let children be born until one is new, and return it; none when the search is over."""
        for _ in range(STALE_EVENTS):
            if len(self.history) >= self.cells:
                return []
            places = self.rng.integers(self.population, size=self.tournament).tolist()
            parent = self.ranked([self.queue[place] for place in places])[0]
            child = self.space.mutate(parent, self.rng, self.mutation)
            self.queue.append(child)
            if child not in self.history:
                return [child]
        return []
