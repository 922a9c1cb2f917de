"""Read the run tables of a study, and summarise what the runs of a search gave."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tfnas.analysis.statistics import PERCENT, Summary, summarise
from tfnas.errors import SearchError
from tfnas.schemas.runs import SCHEMA as RUNS


def read_runs(paths: Sequence[str | Path]) -> pd.DataFrame:
    """Return the rows of run tables (:data:`RUNS`), in any number of blocks, as one table.

    Searches keep the order in which they first appear.

    Raises:
        SearchError: a run appears twice.
        DataError: a run table is missing, damaged or lacks a column.
    """
    runs = pd.concat([RUNS.read(path) for path in paths], ignore_index=True)
    twice = runs[runs.duplicated(["search", "searched_on", "dataset", "run"])]
    if not twice.empty:
        row = twice.iloc[0]
        raise SearchError(
            f"Run {row['run']} of search '{row['search']}' on '{row['searched_on']}' is in two of the run tables: "
            "blocks must not overlap, remove the old ones."
        )
    return runs


def by_search(runs: pd.DataFrame) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Yield the runs of each search, dataset searched on and dataset read off on, by name, in the order of the runs.

    In this order the bootstrap does not depend on how they were cut into blocks.
    """
    keys = ["search", "searched_on", "dataset"]
    for names, group in runs.groupby(keys, sort=False):
        yield dict(zip(keys, names, strict=True)), group.sort_values("run")


def summarise_runs(
    values: np.ndarray,
    rng: np.random.Generator,
    search: str,
    searched_on: str,
    scorings: np.ndarray | None = None,
    bounds: Sequence[float] = PERCENT,
) -> Summary:
    """Return :func:`tfnas.analysis.statistics.summarise` of a value per run, which cannot lie beyond the bounds.

    Runs may be nested in scorings.

    Raises:
        SearchError: fewer than 2 of them are finite; names the search and the dataset it searched on.
    """
    try:
        return summarise(values, rng, scorings, bounds=(bounds[0], bounds[1]))
    except SearchError as error:
        raise SearchError(f"Search '{search}' on '{searched_on}': {error}") from None
