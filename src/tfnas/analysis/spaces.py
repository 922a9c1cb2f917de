"""Sub-spaces by the FLOPs of their cells."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.fronts import summarise_spaces
from tfnas.products import Summary

SPEC = Summary(
    name="spaces",
    category="Hardware",
    message="Comparing sub-spaces by the FLOPs of their cells",
    needs={
        "truths": "truth/{dataset}.parquet",
        "latencies": lambda study: study.latencies_by_dataset,
    },
    params=("spaces",),
    when=lambda study: study.spaces,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    summarise_spaces(inputs.truths, inputs.latencies, params.spaces, output.table)
