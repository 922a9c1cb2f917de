"""Write what groups of searches have found after the same seconds."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.products import Exhibit
from tfnas.reporting.equal_time import write_equal_time_table

SPEC = Exhibit(
    kind="table",
    name="equal-time",
    category="Searches",
    message="Writing the table of groups of searches at equal time",
    needs={"table": "summaries/equal-time.csv"},
    params=("searches", "datasets"),
    prints=("searches", "proxies"),
    when=lambda study: study.has_contest,
    local=True,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    write_equal_time_table(inputs.table, params.searches, params.datasets, output.tex)
