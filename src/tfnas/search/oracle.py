"""The ceiling of random search by proxy: the same N draws, chosen by full-training validation accuracy."""

from __future__ import annotations

import numpy as np

from tfnas.search.base import VALIDATION, Look, Search, SearchSpace, Trace
from tfnas.search.proxy_search import SAMPLE_PARAMETER
from tfnas.search.registry import register


@register(
    "oracle",
    title="Oracle by validation accuracy",
    group="reference",
    looks=(VALIDATION,),
    parameters=SAMPLE_PARAMETER,
    stream="uniform cells",
    reference="mellor2021naswot",
    section="Table 2, row 'Optimal'",
)
class Oracle(Search):
    """The best full-training validation accuracy among N uniform draws: an upper bound for choosing among them.

    It draws the cells that ``proxy_search`` draws in the same run, and is charged nothing: it is no method.

    Args:
        space: the cells that may be proposed.
        rng: source of randomness.
        sample: number N of draws with replacement.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator, sample: int):
        super().__init__(space, rng)
        self.sample = sample
        self.asked = False

    def ask(self) -> Look | None:
        """Ask for the validation accuracies of all draws at once."""
        if self.asked:
            return None
        self.asked = True
        return Look(VALIDATION, self.space.draw(self.rng, self.sample))

    def choose(self, trace: Trace) -> int:
        """Return the cell with the best validation accuracy, the earliest of equals."""
        return trace.best(VALIDATION)
