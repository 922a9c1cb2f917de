"""Write what the runs cost by the score table, by this machine and by papers."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.products import Exhibit
from tfnas.reporting.costs import write_price_table

SPEC = Exhibit(
    kind="table",
    name="prices",
    category="Searches",
    message="Writing the table of prices",
    needs={"prices": "summaries/prices.csv"},
    params=("searches", "datasets"),
    prints=("searches", "proxies"),
    when=lambda study: study.has_contest,
    local=True,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    write_price_table(inputs.prices, params.searches, params.datasets, output.tex)
