"""Random search under a simulated training budget."""

from __future__ import annotations

from tfnas.search.base import EARLY, BudgetSearch, Look
from tfnas.search.registry import register


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

    Draws are uniform with replacement, and a cell drawn twice is paid twice, as NATS-Bench does.
    """

    def ask(self) -> Look:
        """Ask for the early accuracy of one more uniform draw."""
        return Look(EARLY, self.space.draw(self.rng, 1))
