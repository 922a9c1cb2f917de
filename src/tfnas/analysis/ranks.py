"""The searches ranked over datasets."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.comparisons import rank_searches
from tfnas.products import Summary

SPEC = Summary(
    name="ranks",
    category="Searches",
    message="Ranking the searches over datasets",
    needs={"summary": "summaries/search.csv"},
    params=("contenders", "datasets"),
    when=lambda study: study.ranks_searches,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    rank_searches(inputs.summary, params.contenders, params.datasets, output.table)
