"""Summarise every search over its runs."""

import numpy as np

from tfnas.analysis.cells_in_order import ACCURACIES
from tfnas.analysis.run_tables import by_search, read_runs, summarise_runs
from tfnas.analysis.statistics import INTERVAL
from tfnas.products import Named, Summary
from tfnas.schemas.search import SCHEMA as SEARCH
from tfnas.seeds import child_rng
from tfnas.truth.metric import reported

COSTS = ("cells", "duplicates", "scoring_seconds", "training_seconds", "wall_seconds")
"""Columns of the run tables whose mean is told."""

SPEC = Summary(category="Searches", needs={"runs": lambda study: study.run_files()}, params=("seed", "ranges"))


def make(inputs: Named, params: Named, output: Named) -> None:
    """Summarise the runs of all searches of a study.

    Args:
        inputs: ``runs``: run tables (:mod:`tfnas.schemas.runs`), in any number of blocks. Rows of the summary come in
            the order in which their searches first appear.
        params: ``seed``: master seed; the bootstrap of each row has its own stream. ``ranges``: the lowest and the
            highest accuracy there can be on each dataset.
        output: ``table``: table to write (.csv) with :data:`SEARCH`: :func:`tfnas.analysis.statistics.summarise` of the
            runs, which are nested in ``scorings`` score tables.

    Raises:
        SearchError: a search has fewer than 2 runs, or a run appears twice.
        DataError: a run table is missing, damaged or lacks a column.
    """
    rows = []
    for key, group in by_search(read_runs(inputs.runs)):
        costs = {cost: group[cost].mean(skipna=False) for cost in COSTS}
        for metric in ACCURACIES:
            rng = child_rng(params.seed, "bootstrap", *key.values(), metric)
            values, bounds = group[metric].to_numpy(dtype=np.float64), params.ranges[key["dataset"]]
            if metric != reported(group) and np.isnan(values).all():
                continue  # ground truth with one of the two alone
            scorings = group["scoring"].to_numpy()
            found = summarise_runs(values, rng, key["search"], key["searched_on"], scorings, bounds)
            rows.append(key | {"metric": metric} | found.columns | costs)
    SEARCH.write_rows(output.table, rows, intervals=INTERVAL)
