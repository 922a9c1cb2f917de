"""Measure how far searches end from the best cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfnas.analysis.run_tables import read_runs, summarise_runs
from tfnas.analysis.statistics import INTERVAL
from tfnas.errors import TruthError
from tfnas.files import read_table
from tfnas.products import Named, Summary
from tfnas.schemas.regret import SCHEMA as REGRET
from tfnas.seeds import child_rng

SPEC = Summary(
    category="Searches",
    needs={"runs": lambda study: study.run_files(), "truths": "truth/{dataset}.parquet"},
    params=("seed",),
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Summarise how far the chosen cells are from the best test accuracy of the space.

    Args:
        inputs: ``runs``: run tables, in any number of blocks. ``truths``: ground-truth table of each dataset.
        params: ``seed``: master seed; the bootstrap of each row has its own stream.
        output: ``table``: table to write (.csv) with :data:`REGRET`; the interval mirrors that of the accuracy but
            never reaches below zero.

    Raises:
        SearchError: a search has fewer than 2 runs, or a run appears twice.
        TruthError: a ground truth has no test accuracy.
        DataError: a table is missing, damaged or lacks a column.
    """
    runs = read_runs(inputs.runs)
    optima = {dataset: _optimum(path) for dataset, path in inputs.truths.items()}
    rows = []
    for (search, searched_on, dataset), group in runs.groupby(["search", "searched_on", "dataset"], sort=False):
        group = group.sort_values("run")
        regret = optima[dataset] - group["test_accuracy"].to_numpy(dtype=np.float64)
        rng = child_rng(params.seed, "bootstrap", search, searched_on, dataset, "test_accuracy")
        scorings, bounds = group["scoring"].to_numpy(), (0.0, optima[dataset])
        summary = summarise_runs(regret, rng, search, searched_on, scorings, bounds)
        rows.append(
            {
                "search": search,
                "searched_on": searched_on,
                "dataset": dataset,
                "n": summary.n,
                "optimum": optima[dataset],
                "mean": summary.mean,
                "std": summary.std,
                "median": summary.median,
                "ci_low": summary.low,
                "ci_high": summary.high,
                "worst": np.nanmax(regret),
                "at_optimum": float((regret[np.isfinite(regret)] <= 0).mean()),
            }
        )
    REGRET.write_rows(output.table, rows, intervals=INTERVAL)


def _optimum(path: str | Path) -> float:
    optimum = float(read_table(path, ("test_accuracy",))["test_accuracy"].max())
    if not np.isfinite(optimum):
        raise TruthError(f"'{path}' holds no test accuracy: regret needs at least one, check that table.")
    return optimum
