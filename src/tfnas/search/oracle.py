"""Ceilings: the same N draws as random search by proxy, or the whole space, by full-training validation accuracy."""

from tfnas.search.base import VALIDATION, Look, Looks, ProcedureSearch
from tfnas.search.proxy_search import ProxySearch
from tfnas.search.registry import register


@register(
    "oracle",
    title="Oracle by validation accuracy",
    group="reference",
    looks=(VALIDATION,),
    stream="uniform cells",
    reference="mellor2021naswot",
    section="Table 2, row 'Optimal'",
)
class Oracle(ProcedureSearch):
    """The best full-training validation accuracy among N uniform draws: an upper bound for choosing among them.

    It draws the cells that ``proxy_search`` draws in the same run, and is charged nothing: it is no method.
    """

    chosen_by = VALIDATION

    sample: int = ProxySearch.sample

    def procedure(self) -> Looks:
        """Ask for all validation accuracies at once."""
        yield Look(VALIDATION, self.cells())

    def cells(self) -> list[int]:
        """Return the codes of the draws."""
        return self.space.draw(self.rng, self.sample)


@register(
    "oracle_space",
    title="Oracle (all cells)",
    group="reference",
    looks=(VALIDATION,),
    reference="mellor2021naswot",
    section="Table 2, row 'Optimal', with the whole space as its sample",
)
class OracleSpace(Oracle):
    """The best full-training validation accuracy of all cells: what choosing by validation accuracy can reach at most.

    It is charged nothing: it is no method. Every run ends at the same cell. The best cell by test accuracy, which
    nothing may look at before the end, stands in the table of the ground truth and in the regret.
    """

    sample = 0  # no parameter: it takes all

    def cells(self) -> list[int]:
        """Return the codes of all cells."""
        return self.space.codes.tolist()
