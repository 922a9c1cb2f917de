"""Summarise how good every search is after so many seconds, and after so many looks at accuracies."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tfnas.errors import SearchError
from tfnas.files import read_facts
from tfnas.products import Named, Summary
from tfnas.schemas.curves import SCHEMA as CURVES
from tfnas.schemas.query_curves import SCHEMA as QUERY_CURVES
from tfnas.schemas.run_curves import SCHEMA as RUN_CURVES

POINTS = 200
"""Points of the grid of seconds of a dataset."""

SPEC = Summary(
    category="Searches",
    needs={"curves": lambda study: study.curve_files(), "facts": lambda study: study.curve_facts()},
    params=("references",),
    also={"queries": "query-curves.csv"},
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    summarise_curves(inputs.curves, output.table)
    summarise_queries(inputs.curves, params.references, output.queries)


log = logging.getLogger("tfnas")


Steps = list[tuple[np.ndarray, np.ndarray]]
"""Seconds or looks (ascending) and accuracies of the incumbents of each run; the last ones are the end of the run."""


def summarise_curves(curve_paths: Sequence[str | Path], output: str | Path) -> None:
    """Summarise the anytime curves of all runs of a study.

    Args:
        curve_paths: tables of :data:`RUN_CURVES` with facts beside them, in any number of
            blocks; searches and datasets keep the order in which they first appear.
        output: table to write (.csv) with :data:`CURVES`: the test accuracy of the incumbents, percent, over ``n``
            runs: mean, standard deviation (ddof = 1), quartiles (linear interpolation).

    Raises:
        SearchError: a run appears twice.
        DataError: a table or its facts are missing, damaged or lack a column.
    """
    curves: dict[str, dict[str, Steps]] = {}
    for (dataset, search), table in read_curves(curve_paths).items():
        if table["seconds"].isna().any():
            log.warning("%s on %s has no anytime curve: the score table does not know its seconds.", search, dataset)
        elif table["seconds"].max() > 0:
            curves.setdefault(dataset, {})[search] = steps_of(table, "seconds", "test_accuracy")
    rows = []
    for dataset, searches in curves.items():
        grid = grid_of(list(searches.values()))
        for search, steps in searches.items():
            rows += _rows(search, dataset, steps, grid)
    CURVES.write_rows(output, rows)


def summarise_queries(curve_paths: Sequence[str | Path], references: Collection[str], output: str | Path) -> None:
    """Summarise what all searches have found after so many looks at early accuracies.

    Args:
        curve_paths: as in :func:`summarise_curves`.
        references: labels of the searches to leave out, which look at what no search can afford.
        output: table to write (.csv) with :data:`QUERY_CURVES`, otherwise as in :func:`summarise_curves`.

    Raises:
        SearchError: a run appears twice.
        DataError: a table or its facts are missing, damaged or lack a column.
    """
    curves: dict[str, dict[str, Steps]] = {}
    for (dataset, search), table in read_curves(curve_paths).items():
        if search not in references:
            curves.setdefault(dataset, {})[search] = steps_of(table, "queries", "test_accuracy")
    rows = []
    for dataset, searches in curves.items():
        looking = [steps for steps in searches.values() if end_of(steps) > 0]
        grid = np.concatenate([[0.0], np.unique(np.round(grid_of(looking)))]) if looking else np.zeros(1)
        for search, steps in searches.items():
            rows += _rows(search, dataset, steps, grid)
    table = pd.DataFrame(rows, columns=list(QUERY_CURVES.names)).astype({"queries": int})
    QUERY_CURVES.write_rows(output, table)


def read_curves(paths: Sequence[str | Path]) -> dict[tuple[str, str], pd.DataFrame]:
    """Return the anytime curves of each dataset and search (:data:`RUN_CURVES`), runs in order.

    A column ``scoring`` says which score table a run read (of S tables run r reads number r mod S).

    Args:
        paths: tables with facts beside them, in any number of blocks.

    Raises:
        SearchError: a run appears twice.
        DataError: a table or its facts are missing, damaged or lack a column.
    """
    blocks: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for path in paths:
        facts = read_facts(path)
        table = RUN_CURVES.read(path)
        table = table.assign(scoring=table["run"] % facts.get("scorings", 1))
        blocks.setdefault((facts["searched_on"], facts["search"]), []).append(table)
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


def steps_of(table: pd.DataFrame, clock: str, accuracy: str) -> Steps:
    """Return the steps of every run of a search, from its rows.

    Args:
        table: rows of one search on one dataset, runs in order.
        clock: ``seconds`` or ``queries``.
        accuracy: ``valid_accuracy`` or ``test_accuracy``.
    """
    cuts = np.flatnonzero(np.diff(table["run"])) + 1
    columns = (np.split(table[name].to_numpy(dtype=np.float64), cuts) for name in (clock, accuracy))
    return list(zip(*columns, strict=True))


def grid_of(curves: list[Steps]) -> np.ndarray:
    """Return the points at which the curves of a dataset are read: the first and the last at which any has news.

    :data:`POINTS` geometric steps, or even ones where the first point is 0.
    """
    first, end = min(map(start_of, curves)), max(map(end_of, curves))
    grid = np.geomspace(first, end, POINTS) if first > 0 else np.linspace(first, end, POINTS)
    grid[0], grid[-1] = first, end  # not a rounding beside them
    return np.unique(grid)


def start_of(steps: Steps) -> float:
    """Return the first point at which every run has an answer."""
    return max(points[0] for points, _ in steps)


def end_of(steps: Steps) -> float:
    """Return the first point at which every run is over."""
    return max(points[-1] for points, _ in steps)


def values_at(steps: Steps, points: np.ndarray) -> np.ndarray:
    """Return the accuracies of the incumbents at points at which every run has an answer, shape (points, runs)."""
    values = [values[np.searchsorted(clock, points, side="right") - 1] for clock, values in steps]
    return np.stack(values, axis=1)


def _rows(search: str, dataset: str, steps: Steps, grid: np.ndarray) -> list[tuple]:
    """Return the rows of a search at the points of the grid that it has: from its start to its end."""
    part = grid[np.searchsorted(grid, start_of(steps)) : np.searchsorted(grid, end_of(steps)) + 1]
    rows = []
    for point, values in zip(part, values_at(steps, part), strict=True):
        quartiles = np.quantile(values, [0.25, 0.5, 0.75])
        spread = values.std(ddof=1) if values.size > 1 else np.nan
        rows.append((search, dataset, point, values.size, values.mean(), spread, *quartiles))
    return rows
