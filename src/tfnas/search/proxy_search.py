"""Random search by proxy: draw N cells, keep the one with the best score (the search of NASWOT, with any proxy)."""

from __future__ import annotations

import numpy as np

from tfnas.search.base import SCORE, Look, Search, SearchSpace, Trace
from tfnas.search.registry import PROXY_PARAMETER, register

SAMPLE_PARAMETER = {
    "sample": {"type": "integer", "minimum": 1, "description": "Number N of cells drawn, uniformly with replacement."}
}


@register(
    "proxy_search",
    title="Random search by proxy",
    group="training-free",
    looks=(SCORE,),
    parameters=PROXY_PARAMETER | SAMPLE_PARAMETER,
    stream="uniform cells",
    reference="mellor2021naswot",
    section="Algorithm 1; search.py of BayesWatch/nas-without-training",
)
class ProxySearch(Search):
    """The best score among N uniform draws; no cell is trained.

    The draws of run r are the same for every proxy and for the oracle, and the draws of a smaller N are the first of a
    larger one (common random numbers): differences between such rows are differences of the choice alone.

    Args:
        space: the cells that may be proposed.
        rng: source of randomness.
        proxy: name of the proxy.
        sample: number N of draws with replacement.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator, proxy: str, sample: int):
        super().__init__(space, rng)
        self.proxy = proxy
        self.sample = sample
        self.asked = False

    def ask(self) -> Look | None:
        """Ask for the scores of all draws at once."""
        if self.asked:
            return None
        self.asked = True
        return Look(SCORE, self.space.draw(self.rng, self.sample), self.proxy)

    def choose(self, trace: Trace) -> int:
        """Return the cell with the best score, the earliest of equals; cells without a finite score come last."""
        return trace.best(SCORE)
