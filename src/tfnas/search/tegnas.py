"""TEG-NAS by evolution: ageing evolution on the sum of the ranks that several proxies give inside a tournament."""

from typing import Literal

import numpy as np

from tfnas.errors import ConfigError
from tfnas.search.base import SCORE, Look, Looks, ProcedureSearch, Trace
from tfnas.search.parameters import parameter, proxy_list
from tfnas.search.registry import register

PROXIES = proxy_list(
    "ntk_condition_number",
    "linear_regions",
    "ntk_regression",
    description="Names of the proxies whose ranks are added; larger scores are better.",
)


def rank_sums(values: np.ndarray) -> np.ndarray:
    """Return the sum over proxies of each cell's rank, shape (cells,), smaller is better.

    That is how many cells are better by the first of the proxies, plus how many by the second, and so on. ``values``
    are scores of shape (proxies, cells), larger is better; equal ones share a rank.
    """
    ranks = np.full(values.shape[1], values.size)
    for ordered, row in zip(np.sort(values, axis=1), values, strict=True):
        ranks -= ordered.searchsorted(row, side="right")
    return ranks


@register(
    "tegnas",
    title="TEG-NAS (evolution)",
    group="training-free",
    looks=(SCORE,),
    reference="chen2021tegnas",
    section="R_EA.py and evolution_launch.py of VITA-Group/TEGNAS",
)
class Tegnas(ProcedureSearch):
    """Mutate the tournament's member with the smallest sum of ranks; the best of the final population wins.

    The population is filled with 256 uniform draws. A step draws 64 members without replacement and ranks them by
    each proxy on its own: the rank of a member is the number of drawn members with a better score, so that equals
    share a rank. The member with the smallest sum of ranks (the first drawn of equals) is mutated in one edge, the
    child is scored and joins, and the oldest member leaves. After 1000 steps the same sum of ranks among the living
    members decides, the oldest of equals. Every cell is scored again whenever it is proposed.

    Networks on which the kernel fails (a condition number or an error of -1 in the authors' code) get the worst value
    seen so far there; here the score table has no finite value for them, and they have the worst value of the table
    from the start. The authors mask three copies of one supernet, which all cells share; the scores here are those of
    the table. Cells are asked for in groups, as many at a time as can be told without each other's scores, which
    changes nothing but the order of the trace.

    Raises:
        ConfigError: the population is larger than the space, or the tournament larger than the population.
    """

    proxies: list[str] = PROXIES
    population: int = parameter("Cells alive at a time.", 256, ge=1)
    tournament: int = parameter(
        "Members drawn without replacement; the one with the smallest sum of ranks is the parent.", 64, ge=1
    )
    steps: int = parameter("Number of children.", 1000, ge=0)
    mutation: Literal["node_first", "edge", "topology_or_operation"] = parameter(
        "node_first: draw a node, then one of its incoming edges (NATS-Bench); edge: draw one of the variables "
        "uniformly; topology_or_operation: TEG-NAS's own on the space of DARTS.",
        "node_first",
    )

    def _start(self) -> None:
        self.space.check_population(self.population)
        if self.tournament > self.population:
            raise ConfigError(
                f"TEG-NAS cannot draw a tournament of {self.tournament} from a population of {self.population}: "
                "lower 'tournament' or raise 'population'."
            )
        self.members = self.space.draw(self.rng, self.population)
        """Codes of the living cells; the child of step t takes place t modulo the population, that of the oldest."""
        self.drawn = self.rng.random((self.steps, self.population)).argsort(axis=1)[:, : self.tournament]
        """Places of the members of each tournament, in the order of drawing."""
        self.scores = np.zeros((len(self.proxies), self.population))
        self.step = 0

    def procedure(self) -> Looks:
        """Ask for the scores of the first population, then of the next children, one proxy after the other."""
        new = dict(enumerate(self.members))
        while new:
            for row, proxy in enumerate(self.proxies):
                self.scores[row, list(new)] = yield Look(SCORE, list(new.values()), proxy)
            new = self.breed()

    def breed(self) -> dict[int, int]:
        """Take steps until a tournament has drawn a child that is not scored yet; return places and codes of these."""
        new: dict[int, int] = {}
        while self.step < self.steps and new.keys().isdisjoint(self.drawn[self.step].tolist()):
            places = self.drawn[self.step]
            parent = places[rank_sums(self.scores.take(places, axis=1)).argmin()]
            child = self.space.mutate(self.members[parent], self.rng, self.mutation)
            oldest = self.step % self.population
            self.members[oldest] = new[oldest] = child
            self.step += 1
        return new

    def choose(self, trace: Trace) -> int:
        """Return the living cell with the smallest sum of ranks, the oldest of equals."""
        by_age = (np.arange(self.population) + self.steps) % self.population
        return self.members[by_age[rank_sums(self.scores[:, by_age]).argmin()]]
