"""Our searches beside published ones."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.products import Summary
from tfnas.reporting.published_searches import write_published_summary

SPEC = Summary(
    name="published",
    category="Searches",
    message="Comparing the searches with published ones",
    needs={"summary": "summaries/search.csv", "published": lambda study: study.published_files},
    params={"searches": "searches", "datasets": "datasets", "budgets": "published_budgets"},
    when=lambda study: study.compares_published,
    local=True,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    write_published_summary(
        inputs.summary, inputs.published[0], params.searches, params.datasets, params.budgets, output.table
    )
