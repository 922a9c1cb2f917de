"""Every search over its runs."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.products import Summary
from tfnas.summaries import summarise_searches

SPEC = Summary(
    name="search",
    category="Searches",
    message="Summarising the searches",
    needs={"runs": lambda study: study.run_files()},
    params=("seed",),
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    summarise_searches(inputs.runs, output.table, params.seed)
