"""Random search by proxy: draw N cells, keep the one with the best score (the search of NASWOT, with any proxy)."""

from tfnas.search.base import SCORE, Look, Looks, ProcedureSearch
from tfnas.search.parameters import PROXY, parameter
from tfnas.search.registry import register


@register(
    "proxy_search",
    title="Random search by proxy",
    group="training-free",
    looks=(SCORE,),
    stream="uniform cells",
    reference="mellor2021naswot",
    section="Algorithm 1; search.py of BayesWatch/nas-without-training",
)
class ProxySearch(ProcedureSearch):
    """The best score among N uniform draws; no cell is trained.

    The draws of run r are the same for every proxy and for the oracle, and the draws of a smaller N are the first of a
    larger one (common random numbers): differences between such rows are differences of the choice alone.
    """

    chosen_by = SCORE

    proxy: str = PROXY
    sample: int = parameter("Number N of cells drawn, uniformly with replacement.", ge=1)

    def procedure(self) -> Looks:
        """Ask for the scores of all draws at once; cells without a finite score come last."""
        yield Look(SCORE, self.space.draw(self.rng, self.sample), self.proxy)
