"""Summarise how good every search is after so many seconds, and after so many looks at accuracies."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tfnas.errors import SearchError
from tfnas.files import read_facts
from tfnas.products import Named, Summary
from tfnas.schemas.curves import SCHEMA as CURVES
from tfnas.schemas.query_curves import SCHEMA as QUERY_CURVES
from tfnas.schemas.run_curves import SCHEMA as RUN_CURVES
from tfnas.truth.metric import reported

POINTS = 200
"""Points of the grid of seconds of a dataset."""

SPEC = Summary(
    category="Searches",
    needs={"curves": lambda study: study.curve_files(), "facts": lambda study: study.curve_facts()},
    params=("references",),
    also={"queries": "query-curves.csv"},
)


log = logging.getLogger("tfnas")

Steps = list[tuple[np.ndarray, np.ndarray]]
"""Seconds or looks (ascending) and accuracies of the incumbents of each run; the last ones are the end of the run."""


def make(inputs: Named, params: Named, output: Named) -> None:
    """Summarise what the searches of a study have found after so many seconds, and after so many looks.

    Args:
        inputs: ``curves``: tables of :data:`RUN_CURVES` with facts beside them, in any number of blocks; searches and
            datasets keep the order in which they first appear.
        params: ``references``: labels of the searches that look at what no search can afford.
        output: ``table`` and ``queries``: tables to write (.csv) with :data:`CURVES` and :data:`QUERY_CURVES`.

    Raises:
        SearchError: a run appears twice.
        DataError: a table or its facts are missing, damaged or lack a column.
    """
    by_seconds: dict[str, dict[str, Steps]] = {}
    by_looks: dict[str, dict[str, Steps]] = {}
    for (dataset, search), table in read_curves(inputs.curves).items():
        if search not in params.references:
            by_looks.setdefault(dataset, {})[search] = steps_of(table, "queries", reported(table))
        if table["seconds"].isna().any():
            log.warning("%s on %s has no anytime curve: the score table does not know its seconds.", search, dataset)
        elif table["seconds"].max() > 0:
            by_seconds.setdefault(dataset, {})[search] = steps_of(table, "seconds", reported(table))
    CURVES.write_rows(output.table, _rows(by_seconds, grid_of))
    looks = pd.DataFrame(_rows(by_looks, _looks), columns=list(QUERY_CURVES.names)).astype({"queries": int})
    QUERY_CURVES.write_rows(output.queries, looks)


def _looks(curves: list[Steps]) -> np.ndarray:
    """Return the numbers of looks at which the curves of a dataset are read: 0, and those of a grid."""
    looking = [steps for steps in curves if end_of(steps) > 0]
    return np.concatenate([[0.0], np.unique(np.round(grid_of(looking)))]) if looking else np.zeros(1)


def read_curves(paths: Sequence[str | Path]) -> dict[tuple[str, str], pd.DataFrame]:
    """Return the anytime curves of each dataset and search (:data:`RUN_CURVES`), runs in order, from any blocks.

    A column ``scoring`` says which score table a run read (of S tables run r reads number r mod S).

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
    """Return the steps of every run of a search on a dataset, from the columns of its rows, runs in order."""
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


def _rows(curves: dict[str, dict[str, Steps]], grid: Callable[[list[Steps]], np.ndarray]) -> list[tuple]:
    """Return the rows of each search at the points of the grid of its dataset from its start to its end."""
    rows = []
    for dataset, searches in curves.items():
        points = grid(list(searches.values()))
        for search, steps in searches.items():
            part = points[np.searchsorted(points, start_of(steps)) : np.searchsorted(points, end_of(steps)) + 1]
            for point, values in zip(part, values_at(steps, part), strict=True):
                quartiles = np.quantile(values, [0.25, 0.5, 0.75])
                spread = values.std(ddof=1) if values.size > 1 else np.nan
                rows.append((search, dataset, point, values.size, values.mean(), spread, *quartiles))
    return rows
