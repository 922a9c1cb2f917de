"""tfnas, this project's own search: breed from an elite on summed scores, climb, then look at a few accuracies."""

from collections.abc import Iterable

import numpy as np

from tfnas.errors import ConfigError
from tfnas.search.base import EARLY, SCORE, Look, Looks, Trace
from tfnas.search.freerea import SummedSearch, normalised_sums
from tfnas.search.parameters import parameter, proxy_list
from tfnas.search.registry import register

TRIES = 20
"""Children tried for each that is wanted: around an elite of similar cells most are known already."""


@register("tfnas", title="tfnas", group="training-free", looks=(SCORE,), section="this project")
class Tfnas(SummedSearch):
    """Breed from the ten best of all cells scored so far, then climb over neighbours until none is better.

    The score of a cell is FreeREA's, the sum over the proxies of m / (max |m| + 1e-9) with the maxima of all cells
    scored so far. The search differs from FreeREA in three things. Parents are drawn from the elite of the whole
    history: nothing good is ever forgotten, so there is neither age nor survival. A child is, with equal probability, a
    one-edge mutation of a member or a uniform crossover of two, and is scored only if it is new. And the search does
    not end at a number of cells but at a cell none of whose 24 one-edge neighbours has a better score: these are
    scored, whoever is best then has its neighbours scored, and so on.

    Raises:
        ConfigError: the first generation is larger than ``cells`` or than the space.
    """

    proxies: list[str] = proxy_list("naswot", "logsynflow", description="Names of the proxies that are summed.")
    cells: int = parameter(
        "No generation begins once so many distinct cells are scored; the climb adds some more.", 120, ge=1
    )
    initial: int = parameter("Uniform draws of the first generation.", 30, ge=1)
    elite: int = parameter("Best cells so far that have children.", 10, ge=1)
    children: int = parameter("New cells of a generation.", 10, ge=1)

    def _start(self) -> None:
        super()._start()
        most = min(self.cells, self.space.size)
        if self.initial > most:
            raise ConfigError(
                f"tfnas begins with {self.initial} cells, more than the {most} that it may score before "
                "it climbs (its 'cells', and the size of the space): lower 'initial'."
            )

    def procedure(self) -> Looks:
        """Score a first generation, then children of the elite, then neighbours of the best."""
        yield from self.score(dict.fromkeys(self.space.draw(self.rng, self.initial)))
        while len(self.history) < self.cells and (new := self.breed()):
            yield from self.score(new)
        while new := self.unknown(self.space.of.neighbours(self.ranked()[0])):
            yield from self.score(new)

    def breed(self) -> dict[int, None]:
        """Return new children of the elite; fewer, or none, where most children are known."""
        elite = self.ranked()[: self.elite]
        new: dict[int, None] = {}
        for _ in range(TRIES * self.children):
            mother, father = (elite[place] for place in self.rng.integers(len(elite), size=2).tolist())
            if self.rng.random() < 0.5:
                child = self.space.mutate(mother, self.rng, "edge")
            else:
                child = self.space.of.crossover(mother, father, self.rng)
            new |= self.unknown([child])
            if len(new) == self.children:
                break
        return new

    def unknown(self, codes: Iterable[int]) -> dict[int, None]:
        """Return those of the cells that may be proposed and have no score yet."""
        return dict.fromkeys(code for code in codes if code in self.space and code not in self.history)


@register(
    "tfnas_queries",
    title="tfnas with queries",
    group="hybrid",
    extends="tfnas",
    looks=(SCORE, EARLY),
    budgeted=False,
    section="this project",
)
class TfnasQueries(Tfnas):
    """Search as tfnas does, look at the early accuracies of the ten best cells, and choose by accuracy and score.

    Of the q cells looked at, the one with the largest z(accuracy) + trust * z(score) wins, where z subtracts the mean
    over the q cells and divides by their standard deviation. Early accuracies of the best cells differ by little more
    than the noise of training, which is what the score is for; but the score alone may be fooled by what it cannot see,
    which is what the accuracies are for.
    """

    follows_accuracy = False

    proxies, cells, initial = Tfnas.proxies, Tfnas.cells, Tfnas.initial
    elite, children = Tfnas.elite, Tfnas.children
    queries: int = parameter("Cells whose early accuracy is looked at: the best by score.", 10, ge=1)
    trust: float = parameter(
        "Weight of the score beside the early accuracy in the choice, both in standard deviations among the cells "
        "looked at. 0: the accuracy alone.",
        0.5,
        ge=0,
    )

    def procedure(self) -> Looks:
        """Search by scores, then look at the accuracies of the best."""
        yield from super().procedure()
        best = self.ranked()[: self.queries]
        self.seen = dict(zip(best, (yield Look(EARLY, best)), strict=True))

    def choose(self, trace: Trace) -> int:
        """Return the cell with the best sum of accuracy and score, of equals the better by score."""
        sums = dict(zip(self.history, normalised_sums(np.array(list(self.history.values()))), strict=True))
        scores = np.array([sums[code] for code in self.seen])
        merit = standardised(np.array(list(self.seen.values()))) + self.trust * standardised(scores)
        return list(self.seen)[int(merit.argmax())]


def standardised(values: np.ndarray) -> np.ndarray:
    """Return values less their mean, in standard deviations; 0 where all are the same."""
    deviation = values.std()
    return (values - values.mean()) / deviation if deviation > 0 else np.zeros_like(values)
