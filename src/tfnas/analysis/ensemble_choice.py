"""Choose an ensemble for every dataset by the accuracies of the others."""

from __future__ import annotations

from tfnas.analysis.held_out import choose_ensembles
from tfnas.products import Named, Summary

SPEC = Summary(
    category="Proxies",
    needs={"scores": "scores/{dataset}.parquet", "truths": "truth/{dataset}.parquet"},
    params=("ensemble_choice",),
    when=lambda study: study.ensemble_choice["proxies"],
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    choice = params.ensemble_choice
    choose_ensembles(inputs.scores, inputs.truths, choice["proxies"], choice["largest"], output.table)
