"""Zero-cost warm-up and zero-cost move: ageing evolution that a proxy helps to begin, or to mutate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfnas.errors import ConfigError
from tfnas.search.base import EARLY, SCORE, Look, SearchSpace
from tfnas.search.parameters import PROXY, parameter
from tfnas.search.registry import register
from tfnas.search.regularised_evolution import RegularisedEvolution


@register(
    "zero_cost_warmup",
    title="Zero-cost warm-up",
    group="hybrid",
    extends="regularised_evolution",
    looks=(SCORE, EARLY),
    reference="abdelfattah2021zerocost",
    section="notebooks/nas_examples.ipynb of SamsungLabs/zero-cost-nas",
)
class ZeroCostWarmup(RegularisedEvolution):
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

    def __init__(self, space: SearchSpace, rng: np.random.Generator, **parameters: Any):
        super().__init__(space, rng, **parameters)
        if 0 < self.sample < self.population:
            raise ConfigError(
                f"The warm-up keeps the best {self.population} of {self.sample} scored cells: "
                f"raise 'sample' to at least the population of {self.population}."
            )
        self.check_different_members()
        self.scores: dict[int, float] = {}
        self.kept: list[int] | None = None

    def ask(self) -> Look:
        """Ask for the scores of the sample first, then for one accuracy after the other."""
        if self.sample and self.kept is None:
            return Look(SCORE, self.space.draw(self.rng, self.sample), self.proxy)
        if len(self.members) < self.population:
            return Look(EARLY, [self.first_member()])
        return self.ask_for_child()

    def ask_for_child(self) -> Look:
        """Ask for the accuracy of a random neighbour of the best of a tournament."""
        return Look(EARLY, [self.space.mutate(self.parent(), self.rng, "edge")])

    def first_member(self) -> int:
        """Return the code of the next best scored cell; without a warm-up, of a uniform draw."""
        if not self.sample:
            return super().first_member()
        assert self.kept is not None
        return self.kept[len(self.members)]

    def parent(self) -> int:
        """Return the code of the best of a tournament of different members, the youngest of equals."""
        places = self.rng.choice(len(self.members), size=self.tournament, replace=False).tolist()
        return self.members[max(places, key=lambda place: (self.members[place][0], place))][1]

    def tell(self, look: Look, values: Sequence[float]) -> None:
        """Keep the best of the sample, in order of score; a child joins the population and the oldest member dies."""
        if look.kind == EARLY:
            super().tell(look, values)
            return
        self.scores.update(zip(look.codes, values, strict=True))
        if self.kept is None:
            order = sorted(range(len(values)), key=lambda place: -values[place])
            self.kept = [look.codes[place] for place in order[: self.members.maxlen]]


@register(
    "zero_cost_move",
    title="Zero-cost move",
    group="hybrid",
    extends="regularised_evolution",
    looks=(SCORE, EARLY),
    reference="abdelfattah2021zerocost",
    section="notebooks/nas_examples.ipynb of SamsungLabs/zero-cost-nas",
)
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

    def __init__(self, space: SearchSpace, rng: np.random.Generator, **parameters: Any):
        super().__init__(space, rng, **parameters)
        self.feasible = set(space.codes.tolist())
        self.candidates: list[int] = []

    def ask_for_child(self) -> Look:
        """Hold a tournament; ask for missing scores of the parent's neighbours, then for the child's accuracy."""
        if not self.candidates:
            parent = self.parent()
            if self.rng.random() < self.guided:
                self.candidates = [code for code in self.space.of.neighbours(parent) if code in self.feasible]
            if not self.candidates:
                return Look(EARLY, [self.space.mutate(parent, self.rng, "edge")])
            unknown = [code for code in self.candidates if code not in self.scores]
            if unknown:
                return Look(SCORE, unknown, self.proxy)
        child = max(reversed(self.candidates), key=self.scores.__getitem__)
        self.candidates = []
        return Look(EARLY, [child])
