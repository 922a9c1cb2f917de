"""Zero-cost warm-up and zero-cost move: ageing evolution that a proxy helps to begin, or to mutate."""

from typing import Any

from tfnas.search.base import EARLY, SCORE, Look
from tfnas.search.parameters import PROXY, parameter
from tfnas.search.registry import register
from tfnas.search.regularised_evolution import AssistedEvolution

_ABOUT: dict[str, Any] = {
    "group": "hybrid",
    "extends": "regularised_evolution",
    "looks": (SCORE, EARLY),
    "reference": "abdelfattah2021zerocost",
    "section": "notebooks/nas_examples.ipynb of SamsungLabs/zero-cost-nas",
}


@register("zero_cost_warmup", title="Zero-cost warm-up", **_ABOUT)
class ZeroCostWarmup(AssistedEvolution):
    """Score 3,000 draws, begin ageing evolution with the 64 best of them, then evolve on early validation accuracies.

    The draws are uniform with replacement; a cell drawn twice is scored, and may begin, twice. The chosen ones are
    looked at, and age, in the order of their scores (the earliest drawn of equals first). Then, until the budget is
    spent: ten different members are drawn, the one with the best early validation accuracy (the youngest of equals)
    is the parent, one of its six edges, drawn uniformly, changes, the child is looked at and appended, and the oldest
    member dies. The best of the history wins. The published proxy is synflow.

    Deviation from the published notebook: it looks at validation accuracies after full training and ends after 300
    cells; here early accuracies and scoring seconds are paid from a budget, as in all searches that train.

    Raises:
        ConfigError: the population is larger than the space or the sample, or the tournament than the population.
    """

    proxy: str = PROXY
    sample: int = parameter(
        "Cells drawn and scored; the best of them, as many as the population holds, begin.", 3000, ge=1
    )
    population: int = parameter("Cells alive at a time.", 64, ge=1)
    tournament: int = parameter(
        "Different members drawn from the population; the best of them is the parent.", 10, ge=1
    )
    mutation = "edge"
    replacement = False
    what = "The warm-up"

    def parent(self) -> int:
        """Return the code of the best of a tournament of different members, the youngest of equals."""
        return self.members[max(self.drawn_places(), key=lambda place: (self.members[place][0], place))][1]


@register("zero_cost_move", title="Zero-cost move", **_ABOUT)
class ZeroCostMove(ZeroCostWarmup):
    """Ageing evolution in which, three times out of four, the child is the parent's best neighbour by a proxy.

    The first population is random. A tournament is held as in :class:`ZeroCostWarmup`; then, with probability 0.75,
    all 24 cells that differ from the parent in one edge are scored and the best (the last of equals, edges and
    operations in the order of the benchmark) is the child, otherwise one of them drawn uniformly. The published proxy
    is synflow. Both helps together: give a ``sample`` for the warm-up.

    Deviations from the published notebook: those of :class:`ZeroCostWarmup`; a neighbour that was scored before in
    the run is not scored, and not paid, again; neighbours are not scored when the child is a random one.

    Raises:
        ConfigError: the population is larger than the space or the sample, or the tournament than the population.
    """

    proxy: str = PROXY
    guided: float = parameter(
        "Probability that the child is the best scored neighbour instead of a random one.", 0.75, ge=0, le=1
    )
    sample: int = parameter("Cells drawn and scored for a warm-up; 0: the first population is random.", 0, ge=0)

    def _start(self) -> None:
        super()._start()
        self.candidates: list[int] = []

    def ask_for_child(self) -> Look:
        """Hold a tournament; ask for missing scores of the parent's neighbours, then for the child's accuracy."""
        if not self.candidates:
            parent = self.parent()
            if self.rng.random() < self.guided:
                self.candidates = [code for code in self.space.of.neighbours(parent) if code in self.space]
            if not self.candidates:
                return Look(EARLY, [self.space.mutate(parent, self.rng, "edge")])
            unknown = [code for code in self.candidates if code not in self.scores]
            if unknown:
                return Look(SCORE, unknown, self.proxy)
        child = max(reversed(self.candidates), key=self.scores.__getitem__)
        self.candidates = []
        return Look(EARLY, [child])
