"""Draw what every search has found after so many looks at accuracies."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.products import Exhibit
from tfnas.reporting.queries import draw_queries

SPEC = Exhibit(
    kind="figure",
    name="queries",
    category="Searches",
    message="Drawing what every search has found after so many looks at accuracies",
    needs={"table": "summaries/query-curves.csv"},
    params=("searches", "datasets"),
    prints=("searches", "proxies"),
    when=lambda study: study.has_contest,
    local=True,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    draw_queries(inputs.table, params.searches, params.datasets, output.pdf)
