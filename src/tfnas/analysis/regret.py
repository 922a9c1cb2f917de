"""How far searches end from the best cell."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.comparisons import summarise_regret
from tfnas.products import Summary

SPEC = Summary(
    name="regret",
    category="Searches",
    message="Measuring how far searches end from the best cell",
    needs={"runs": lambda study: study.run_files(), "truths": "truth/{dataset}.parquet"},
    params=("seed",),
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    summarise_regret(inputs.runs, inputs.truths, output.table, params.seed)
