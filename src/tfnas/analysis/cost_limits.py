"""Set what searches with a limit of cost chose beside the limit."""

import numpy as np

from tfnas.analysis.fronts import proposable, reported_accuracies
from tfnas.analysis.run_tables import read_runs, summarise_runs
from tfnas.analysis.statistics import INTERVAL
from tfnas.products import Named, Summary
from tfnas.schemas.cost_limits import SCHEMA as LIMITS
from tfnas.search.constraints import limits_of_search
from tfnas.seeds import child_rng
from tfnas.spaces.registry import space_at
from tfnas.truth.costs import Costs
from tfnas.truth.metric import reported

SPEC = Summary(
    category="Hardware",
    needs={
        "runs": lambda study: study.run_files_of(study.limited_searches),
        "truths": "truth/{dataset}.parquet",
        "latencies": lambda study: study.latencies_by_dataset,
    },
    params={"searches": "limited_searches", "seed": "seed", "ranges": "ranges"},
    when=lambda study: study.limited_searches,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Set what limited searches chose beside their limits and beside the best cell within these.

    Args:
        inputs: ``runs``: run tables of these searches. ``truths``: ground truth of every dataset. ``latencies``:
            latencies of the datasets that have any.
        params: ``searches``: settings of the searches by label, each with a limit
            (:func:`tfnas.search.constraints.limits_of_search`). ``seed``: master seed; the bootstrap of each row has
            its own stream. ``ranges``: the lowest and the highest accuracy there can be on each dataset.
        output: ``table``: table to write (.csv) with :data:`LIMITS`; ``best`` is NaN where no cell is as cheap as a
            search aims at.

    Raises:
        SearchError: a search has fewer than 2 runs, a run appears twice, or no cell satisfies a constraint.
        UnknownNameError: there is no such device.
        TruthError: a cell has no such cost.
        DataError: a table is missing, damaged or lacks a column.
    """
    runs = read_runs(inputs.runs)
    accuracies = {dataset: reported_accuracies(path) for dataset, path in inputs.truths.items()}
    rows = []
    for (search, searched_on), group in runs.groupby(["search", "searched_on"], sort=False):
        place = f"search.use.{search}"
        costs = Costs.read(inputs.truths[searched_on], searched_on, inputs.latencies.get(searched_on))
        limits = limits_of_search(params.searches[search])
        allowed = proposable(params.searches, search, inputs.truths, searched_on, costs)
        for cost, limit in limits.items():
            allowed = allowed[costs.of(cost, allowed, place) <= limit]
        for dataset, part in group.groupby("dataset", sort=False):
            part = part.sort_values("run")
            codes = space_at(inputs.truths[searched_on]).codes_of(part["arch"], f"A run table of search '{search}'")
            rng = child_rng(params.seed, "limits", search, searched_on, dataset)
            values, scorings = part[reported(part)].to_numpy(dtype=np.float64), part["scoring"].to_numpy()
            found = summarise_runs(values, rng, search, searched_on, scorings, params.ranges[dataset])
            best = np.nanmax(accuracies[dataset][allowed]) if allowed.size else np.nan
            for cost, limit in limits.items():
                paid = costs.of(cost, codes, place)
                row = {"within": (paid <= limit).mean(), "cost_mean": paid.mean(), "cost_max": paid.max()}
                row |= {"cells": allowed.size, "best": best, "cost": cost, "limit": limit}
                rows.append(row | {"search": search, "searched_on": searched_on, "dataset": dataset} | found.columns)
    LIMITS.write_rows(output.table, rows, intervals=INTERVAL)
