"""The best-scored cell of the whole space: what a proxy alone can give, however long one searches."""

import numpy as np

from tfnas.search.base import SCORE, Look, Looks, ProcedureSearch, Trace
from tfnas.search.parameters import PROXY
from tfnas.search.registry import register


@register(
    "proxy_argmax",
    title="Best score of the whole space",
    group="training-free",
    looks=(SCORE,),
    reference="mellor2021naswot",
    section="Algorithm 1, with the whole space as its sample",
)
class ProxyArgmax(ProcedureSearch):
    """Score every cell of the space and take the one with the best score; chance decides among equals.

    It is the limit of random search by proxy for ever larger samples: the scoring seconds are those of the whole space,
    and runs differ only where several cells share the best score. Cells without a finite score come last.
    """

    proxy: str = PROXY

    def procedure(self) -> Looks:
        """Ask for the scores of all cells at once, and keep those that share the best one."""
        scores = np.asarray((yield Look(SCORE, self.space.codes, self.proxy)))
        self.best = self.space.codes[scores == scores.max()]

    def choose(self, trace: Trace) -> int:
        """Return one of the cells with the best score, each with equal probability."""
        return int(self.rng.choice(self.best))
