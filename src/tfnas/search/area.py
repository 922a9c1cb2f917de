"""AREA: regularised evolution whose initial population a proxy has chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfnas.errors import ConfigError
from tfnas.search.base import EARLY, SCORE, Look, SearchSpace
from tfnas.search.registry import PROXY_PARAMETER, register
from tfnas.search.regularised_evolution import EVOLUTION_PARAMETERS, RegularisedEvolution

AREA_PARAMETERS = {
    "sample": {
        "type": "integer",
        "minimum": 1,
        "default": 20,
        "description": "Cells drawn and scored; the best of them, as many as the population holds, begin.",
    },
    "replacement": {
        "type": "boolean",
        "default": True,
        "description": "Whether the members of a tournament are drawn with replacement. true: as in regularised "
        "evolution; false: different members, as in the paper's Algorithm 2.",
    },
}


@register(
    "area",
    title="Assisted regularised evolution (AREA)",
    group="hybrid",
    extends="regularised_evolution",
    looks=(SCORE, EARLY),
    parameters=PROXY_PARAMETER | AREA_PARAMETERS | EVOLUTION_PARAMETERS,
    reference="mellor2021naswot",
    section="Section 5.3, Algorithm 2",
)
class Area(RegularisedEvolution):
    """Score 20 draws, begin with the 10 best of them, then evolve on early validation accuracies.

    The draws are uniform with replacement. The chosen ones are looked at, and age, in the order of their scores, best
    first (the earliest of equals first). Scoring seconds count against the budget as training seconds do. After the
    initial population everything is as in regularised evolution: append the child, then drop the oldest.

    The paper's Algorithm 2 draws the members of a tournament without replacement (``replacement=False``), the
    regularised evolution that it builds on with. The authors' repository holds no loop that would decide. That the
    paper drops the oldest member before it appends the child changes nothing, since the tournament is over by then.

    Args:
        space: the cells that may be proposed.
        rng: source of randomness.
        proxy: name of the proxy.
        sample: number of draws that are scored.
        population: members alive at a time, and number of draws that are kept.
        tournament: members drawn.
        mutation: ``node_first`` or ``edge``.
        replacement: whether a member may be drawn twice for a tournament.

    Raises:
        ConfigError: fewer cells are drawn than the population holds, or a tournament of different members is larger
            than the population.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        proxy: str,
        sample: int = 20,
        population: int = 10,
        tournament: int = 3,
        mutation: str = "node_first",
        replacement: bool = True,
    ):
        super().__init__(space, rng, population, tournament, mutation)
        if sample < population:
            raise ConfigError(
                f"area keeps the best {population} of {sample} scored cells: "
                f"raise 'sample' to at least the population of {population}."
            )
        if not replacement and tournament > population:
            raise ConfigError(
                f"A tournament of {tournament} different members needs a population of at least {tournament}, not "
                f"{population}: lower 'tournament'."
            )
        self.proxy = proxy
        self.sample = sample
        self.replacement = replacement
        self.kept: list[int] | None = None

    def ask(self) -> Look:
        """Ask for the scores of the sample first, then as regularised evolution does."""
        if self.kept is None:
            return Look(SCORE, self.space.draw(self.rng, self.sample), self.proxy)
        return super().ask()

    def drawn_places(self) -> list[int]:
        """Return the places of the members of a tournament, different ones if there is no replacement."""
        if self.replacement:
            return super().drawn_places()
        return self.rng.choice(len(self.members), size=self.tournament, replace=False).tolist()

    def first_member(self) -> int:
        """Return the code of the next best scored cell."""
        return self.kept[len(self.members)]

    def tell(self, look: Look, values: Sequence[float]) -> None:
        """Keep the best of the scored cells, in order of score; then as regularised evolution."""
        if look.kind == EARLY:
            super().tell(look, values)
            return
        order = sorted(range(len(values)), key=lambda place: -values[place])
        self.kept = [look.codes[place] for place in order[: self.members.maxlen]]
