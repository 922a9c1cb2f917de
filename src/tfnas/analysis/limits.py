"""What searches with a limit of cost chose, beside the limit."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.limits import summarise_limits
from tfnas.products import Summary

SPEC = Summary(
    name="limits",
    category="Hardware",
    message="Setting what limited searches chose beside their limits",
    needs={
        "runs": lambda study: study.run_files_of(study.limited_searches),
        "truths": "truth/{dataset}.parquet",
        "latencies": lambda study: study.latencies_by_dataset,
    },
    params={"searches": "limited_searches", "seed": "seed"},
    when=lambda study: study.limited_searches,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    summarise_limits(inputs.runs, inputs.truths, inputs.latencies, params.searches, output.table, params.seed)
