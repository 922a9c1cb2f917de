"""Anytime curves: how good the incumbent of a search is after so many seconds, over its runs.

``summaries/curves.csv`` has one row per search, dataset (the one searched on) and point of the dataset's grid of
seconds (:data:`COLUMNS`). The grid is the same for all searches of a dataset: :data:`POINTS` geometric steps from the
first moment at which every run of some search has an answer to the end of the longest run. A search has rows from the
first point at which every one of its runs has an answer to the first one at which all of them are over, where its
curve ends; later its answer stays what it is. A search that has an answer only at its end therefore has a single row.

The seconds are those of scoring and simulated training. Searches that are charged nothing (references) and searches
whose scoring seconds nobody knows have no rows. No torch is imported.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tfnas.errors import SearchError
from tfnas.files import read_facts, read_table, write_table
from tfnas.search.runner import CURVE_COLUMNS

log = logging.getLogger("tfnas")

POINTS = 200
"""Points of the grid of seconds of a dataset."""

COLUMNS = ("search", "dataset", "seconds", "n", "mean", "std", "quartile_low", "median", "quartile_high")

Steps = list[tuple[np.ndarray, np.ndarray]]
"""Seconds (ascending) and accuracies of the incumbents of each run; the last ones are the end of the run."""


def summarise_curves(curve_paths: Sequence[str | Path], output: str | Path) -> None:
    """Summarise the anytime curves of all runs of a study.

    Args:
        curve_paths: tables of :data:`tfnas.search.runner.CURVE_COLUMNS` with facts beside them, in any number of
            blocks; searches and datasets keep the order in which they first appear.
        output: table to write (.csv) with :data:`COLUMNS`: the test accuracy of the incumbents, percent, over ``n``
            runs: mean, standard deviation (ddof = 1), quartiles (linear interpolation).

    Raises:
        SearchError: a run appears twice.
        DataError: a table or its facts are missing, damaged or lack a column.
    """
    curves: dict[str, dict[str, Steps]] = {}
    for (dataset, search), table in _read(curve_paths).items():
        if table["seconds"].isna().any():
            log.warning("%s on %s has no anytime curve: the score table does not know its seconds.", search, dataset)
        elif table["seconds"].max() > 0:
            curves.setdefault(dataset, {})[search] = _steps(table)
    rows = []
    for dataset, searches in curves.items():
        grid = _grid(list(searches.values()))
        for search, steps in searches.items():
            for seconds, values in zip(*_on_grid(steps, grid), strict=True):
                quartiles = np.quantile(values, [0.25, 0.5, 0.75])
                spread = values.std(ddof=1) if values.size > 1 else np.nan
                rows.append((search, dataset, seconds, values.size, values.mean(), spread, *quartiles))
    facts = {
        "rows": "one per search, dataset (searched on and read off on) and point of the dataset's grid of seconds, "
        "from the first at which every run has an answer to the first at which all runs are over",
        "seconds": "scoring and simulated training",
        "incumbent": "of a search that chooses by early accuracy the cell with the best one so far; any other search "
        "has an answer when it ends",
        "mean, std, quartile_low, median, quartile_high": "of the incumbents' test accuracy (percent, full training) "
        "over n runs; std with ddof = 1",
        "left out": "searches that are charged nothing, and searches whose scoring seconds are unknown",
    }
    write_table(output, pd.DataFrame(rows, columns=list(COLUMNS)), facts)


def _read(paths: Sequence[str | Path]) -> dict[tuple[str, str], pd.DataFrame]:
    """Return the rows of each dataset and search, runs in their order."""
    blocks: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for path in paths:
        facts = read_facts(path)
        blocks.setdefault((facts["searched_on"], facts["search"]), []).append(read_table(path, CURVE_COLUMNS))
    tables = {}
    for (dataset, search), parts in blocks.items():
        runs = np.concatenate([part["run"].unique() for part in parts])
        if len(runs) != len(set(runs.tolist())):
            raise SearchError(
                f"Two tables of anytime curves of search '{search}' on '{dataset}' hold the same run: blocks must not "
                "overlap, remove the old ones."
            )
        tables[dataset, search] = pd.concat(parts, ignore_index=True).sort_values("run", kind="stable")
    return tables


def _steps(table: pd.DataFrame) -> Steps:
    cuts = np.flatnonzero(np.diff(table["run"])) + 1
    columns = (np.split(table[name].to_numpy(dtype=np.float64), cuts) for name in ("seconds", "test_accuracy"))
    return list(zip(*columns, strict=True))


def _grid(curves: list[Steps]) -> np.ndarray:
    """Return the points in time at which the curves of a dataset are read."""
    first = min(max(seconds[0] for seconds, _ in steps) for steps in curves)
    end = max(seconds[-1] for steps in curves for seconds, _ in steps)
    grid = np.geomspace(first, end, POINTS) if first > 0 else np.linspace(first, end, POINTS)
    grid[0], grid[-1] = first, end  # not a rounding beside them
    return np.unique(grid)


def _on_grid(steps: Steps, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of the grid that a search has, (k,), and the accuracies of its runs there, (k, runs)."""
    first, end = max(seconds[0] for seconds, _ in steps), max(seconds[-1] for seconds, _ in steps)
    part = grid[np.searchsorted(grid, first) : np.searchsorted(grid, end) + 1]
    values = [values[np.searchsorted(seconds, part, side="right") - 1] for seconds, values in steps]
    return part, np.stack(values, axis=1)
