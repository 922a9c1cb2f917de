"""The Pareto fronts of the searches with two objectives."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.fronts import summarise_fronts
from tfnas.products import Summary

SPEC = Summary(
    name="fronts",
    category="Hardware",
    message="Measuring the Pareto fronts of the searches",
    needs={
        "runs": lambda study: study.run_files_of(study.front_searches),
        "truths": "truth/{dataset}.parquet",
        "latencies": lambda study: study.latencies_by_dataset,
    },
    params={"searches": "front_searches", "seed": "seed"},
    also={"cells": "front-cells.parquet"},
    when=lambda study: study.front_searches,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    summarise_fronts(
        inputs.runs, inputs.truths, inputs.latencies, params.searches, output.table, output.cells, params.seed
    )
