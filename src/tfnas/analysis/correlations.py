"""Scores of every proxy against accuracies."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.products import Summary
from tfnas.summaries import summarise_correlations

SPEC = Summary(
    name="correlations",
    category="Proxies",
    message="Correlating scores with accuracies",
    needs={"scores": "scores/{dataset}.parquet", "truths": "truth/{dataset}.parquet"},
    params=(),
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    summarise_correlations(inputs.scores, inputs.truths, output.table)
