"""Random search that trains: until a budget is spent, or a number of cells is trained."""

from tfnas.search.base import EARLY, BudgetSearch, Look
from tfnas.search.registry import register

AT_ONCE = 128
"""Draws that are asked for together: about as many as a run pays for, so that few looks are taken."""


@register(
    "random_search",
    title="Random search",
    group="non-weight-sharing",
    looks=(EARLY,),
    stream="uniform cells",
    reference="dong2021nats",
    section="random_wo_share.py of D-X-Y/AutoDL-Projects",
)
class RandomSearch(BudgetSearch):
    """Draw a cell, look at its early validation accuracy, keep the best, until the budget is spent.

    Draws are uniform with replacement, and a cell drawn twice is paid twice, as NATS-Bench does. With ``evaluations``
    it ends after so many draws, which are those that :class:`tfnas.search.proxy_search.ProxySearch` scores.
    """

    def ask(self) -> Look:
        """Ask for the early accuracies of some more uniform draws; the runner ends the run among them."""
        return Look(EARLY, self.space.draw(self.rng, min(AT_ONCE, self.space.size)))
