"""AREA: regularised evolution whose initial population a proxy has chosen."""

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
    "area",
    title="Assisted regularised evolution (AREA)",
    group="hybrid",
    extends="regularised_evolution",
    looks=(SCORE, EARLY),
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

    Raises:
        ConfigError: fewer cells are drawn than the population holds, or a tournament of different members is larger
            than the population.
    """

    proxy: str = PROXY
    sample: int = parameter(
        "Cells drawn and scored; the best of them, as many as the population holds, begin.", 20, ge=1
    )
    replacement: bool = parameter(
        "Whether the members of a tournament are drawn with replacement. true: as in regularised evolution; false: "
        "different members, as in the paper's Algorithm 2.",
        True,
    )

    def __init__(self, space: SearchSpace, rng: np.random.Generator, **parameters: Any):
        super().__init__(space, rng, **parameters)
        if self.sample < self.population:
            raise ConfigError(
                f"area keeps the best {self.population} of {self.sample} scored cells: "
                f"raise 'sample' to at least the population of {self.population}."
            )
        if not self.replacement:
            self.check_different_members()
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
        assert self.kept is not None
        return self.kept[len(self.members)]

    def tell(self, look: Look, values: Sequence[float]) -> None:
        """Keep the best of the scored cells, in order of score; then as regularised evolution."""
        if look.kind == EARLY:
            super().tell(look, values)
            return
        order = sorted(range(len(values)), key=lambda place: -values[place])
        self.kept = [look.codes[place] for place in order[: self.members.maxlen]]
