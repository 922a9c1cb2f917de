"""The baseline of every table: one cell drawn at random."""

from tfnas.search.base import DRAW, Look, Search, Trace
from tfnas.search.registry import register


@register(
    "random_cell",
    title="Random cell",
    group="reference",
    looks=(DRAW,),
    stream="uniform cells",
    reference="mellor2021naswot",
    section="Table 2, row 'Random'",
)
class RandomCell(Search):
    """One uniform draw: what picking without looking gives, on average the mean accuracy of the space."""

    drawn = False

    def ask(self) -> Look | None:
        """Ask to draw one cell, once."""
        if self.drawn:
            return None
        self.drawn = True
        return Look(DRAW, self.space.draw(self.rng, 1))

    def choose(self, trace: Trace) -> int:
        """Return the cell that was drawn."""
        return trace.codes[0]
