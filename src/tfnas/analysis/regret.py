"""Measure how far searches end from the best cell."""

from pathlib import Path

import numpy as np

from tfnas.analysis.run_tables import by_search, read_runs, summarise_runs
from tfnas.analysis.statistics import INTERVAL
from tfnas.errors import TruthError
from tfnas.files import read_table
from tfnas.products import Named, Summary
from tfnas.schemas.regret import SCHEMA as REGRET
from tfnas.seeds import child_rng
from tfnas.truth.metric import TEST, reported

SPEC = Summary(
    category="Searches",
    needs={"runs": lambda study: study.run_files(), "truths": "truth/{dataset}.parquet"},
    params=("seed", "ranges"),
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Summarise how far the chosen cells are from the best reported accuracy of the space.

    Args:
        inputs: ``runs``: run tables, in any number of blocks. ``truths``: ground-truth table of each dataset.
        params: ``seed``: master seed; the bootstrap of each row has its own stream. ``ranges``: the lowest and the
            highest accuracy there can be on each dataset.
        output: ``table``: table to write (.csv) with :data:`REGRET`; the interval mirrors that of the accuracy but
            never reaches below zero.

    Raises:
        SearchError: a search has fewer than 2 runs, or a run appears twice.
        TruthError: a ground truth has no accuracy.
        DataError: a table is missing, damaged or lacks a column.
    """
    optima = {dataset: _optimum(path) for dataset, path in inputs.truths.items()}
    rows = []
    for key, group in by_search(read_runs(inputs.runs)):
        optimum = optima[key["dataset"]]
        regret = optimum - group[reported(group)].to_numpy(dtype=np.float64)
        rng = child_rng(params.seed, "bootstrap", *key.values(), "test_accuracy")
        scorings, bounds = group["scoring"].to_numpy(), (0.0, optimum - params.ranges[key["dataset"]][0])
        found = summarise_runs(regret, rng, key["search"], key["searched_on"], scorings, bounds)
        at_optimum = float((regret[np.isfinite(regret)] <= 0).mean())
        rows.append(key | found.columns | {"optimum": optimum, "worst": np.nanmax(regret), "at_optimum": at_optimum})
    REGRET.write_rows(output.table, rows, intervals=INTERVAL)


def _optimum(path: str | Path) -> float:
    table = read_table(path, (TEST,))
    optimum = float(table[reported(table)].max())
    if not np.isfinite(optimum):
        raise TruthError(f"'{path}' holds no accuracy: regret needs at least one, check that table.")
    return optimum
