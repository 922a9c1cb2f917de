"""A search of every league for every dataset, chosen by the regret on the others."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.analysis.held_out import choose_searches
from tfnas.products import Summary

SPEC = Summary(
    name="leagues",
    category="Searches",
    message="Choosing a search of every league for every dataset by the regret on the others",
    needs={"regret": "summaries/regret.csv"},
    params=("leagues", "datasets"),
    when=lambda study: study.leagues,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    choose_searches(inputs.regret, params.leagues, params.datasets, output.table)
