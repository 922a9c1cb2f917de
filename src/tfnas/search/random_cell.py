"""The baseline of every table: one cell drawn at random."""

from tfnas.search.base import DRAW, Look, Looks, ProcedureSearch, Trace
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
class RandomCell(ProcedureSearch):
    """One uniform draw: what picking without looking gives, on average the mean accuracy of the space."""

    def procedure(self) -> Looks:
        """Draw one cell."""
        yield Look(DRAW, self.space.draw(self.rng, 1))

    def choose(self, trace: Trace) -> int:
        """Return the cell that was drawn."""
        return trace.codes[0]
