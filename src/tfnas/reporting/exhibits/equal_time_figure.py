"""Draw what groups of searches have found after the same seconds."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.products import Exhibit
from tfnas.reporting.equal_time import draw_equal_time

SPEC = Exhibit(
    kind="figure",
    name="equal-time",
    category="Searches",
    message="Drawing what groups of searches have found after the same seconds",
    needs={"table": "summaries/equal-time.csv"},
    params=("datasets",),
    prints=(),
    when=lambda study: study.has_contest,
    local=True,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    draw_equal_time(inputs.table, params.datasets, output.pdf)
