"""Write the ensembles chosen elsewhere by their top cell."""

from tfnas.analysis.held_out import TOP_CELL
from tfnas.products import Exhibit, Named
from tfnas.report.exhibits.ensemble_choice import write_ensemble_choice_table

SPEC = Exhibit(
    kind="table",
    category="Proxies",
    params=("reported",),
    needs={"summary": "summaries/ensemble-choice.csv"},
    prints=("proxies",),
    when=lambda study: study.ensemble_choice["proxies"],
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    write_ensemble_choice_table(inputs.summary, TOP_CELL, params.reported["unit"], output.tex)
