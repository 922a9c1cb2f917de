"""Every search against every other."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.comparisons import compare_searches
from tfnas.products import Summary

SPEC = Summary(
    name="comparisons",
    category="Searches",
    message="Comparing every two searches",
    needs={"runs": lambda study: study.run_files()},
    params=("seed",),
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    compare_searches(inputs.runs, output.table, params.seed)
