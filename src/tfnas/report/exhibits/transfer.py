"""Write every search on every dataset, searched on the first one."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.products import Exhibit
from tfnas.report.exhibits.search_table import write_search_table

SPEC = Exhibit(
    kind="table",
    name="transfer",
    category="Searches",
    message="Writing the table of transfer",
    needs={"summary": "summaries/search.csv", "published": lambda study: study.published_files},
    params=("searches", "datasets"),
    prints=("searches", "proxies"),
    when=lambda study: len(study.datasets) > 1,
    local=True,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    write_search_table(
        inputs.summary,
        params.searches,
        params.datasets,
        output.tex,
        searched_on=params.datasets[0],
        published_path=next(iter(inputs.published), None),
    )
