"""Choose a search of every league for every dataset by the regret on the others."""

from __future__ import annotations

from tfnas.analysis.held_out import choose_searches
from tfnas.products import Named, Summary

SPEC = Summary(
    category="Searches",
    needs={"regret": "summaries/regret.csv"},
    params=("leagues", "datasets"),
    when=lambda study: study.leagues,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    choose_searches(inputs.regret, params.leagues, params.datasets, output.table)
