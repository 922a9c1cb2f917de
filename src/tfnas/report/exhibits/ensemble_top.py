"""Write the ensembles chosen elsewhere by their top cell."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.analysis.held_out import TOP_CELL
from tfnas.products import Exhibit
from tfnas.report.exhibits.ensemble_choice import write_ensemble_choice_table

SPEC = Exhibit(
    kind="table",
    name="ensemble-top",
    category="Proxies",
    message="Writing the table of ensembles chosen elsewhere by their top cell",
    needs={"summary": "summaries/ensemble-choice.csv"},
    params=(),
    prints=("proxies",),
    when=lambda study: study.ensemble_choice["proxies"],
    local=True,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    write_ensemble_choice_table(inputs.summary, TOP_CELL, output.tex)
