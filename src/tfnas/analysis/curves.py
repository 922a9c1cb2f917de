"""How good every search is after so many seconds, and after so many looks at accuracies."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.curves import summarise_curves, summarise_queries
from tfnas.products import Summary

SPEC = Summary(
    name="curves",
    category="Searches",
    message="Summarising how good every search is after so many seconds, and after so many looks",
    needs={"curves": lambda study: study.curve_files(), "facts": lambda study: study.curve_facts()},
    params=("references",),
    also={"queries": "query-curves.csv"},
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    summarise_curves(inputs.curves, output.table)
    summarise_queries(inputs.curves, params.references, output.queries)
