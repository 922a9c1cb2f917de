"""Draw what every search has found after so many seconds."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.products import Exhibit
from tfnas.reporting.costs import draw_anytime

SPEC = Exhibit(
    kind="figure",
    name="anytime",
    category="Searches",
    message="Drawing what every search has found after so many seconds",
    needs={"curves": "summaries/curves.csv"},
    params=("searches", "datasets"),
    prints=("searches", "proxies"),
    when=lambda study: study.has_contest,
    local=True,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    draw_anytime(inputs.curves, params.searches, params.datasets, output.pdf)
