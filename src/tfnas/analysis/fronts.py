"""Measure the Pareto fronts of the searches with two objectives."""

from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.analysis.run_tables import read_runs
from tfnas.analysis.statistics import INTERVAL, summarise
from tfnas.analysis.statistics import Summary as Mean
from tfnas.files import read_table
from tfnas.products import Named, Summary
from tfnas.schemas.front_cells import SCHEMA as CELLS
from tfnas.schemas.fronts import SCHEMA as FRONTS
from tfnas.search.pareto import hypervolume, pareto_front
from tfnas.search.registry import accuracies_of
from tfnas.seeds import child_rng
from tfnas.spaces.pool import ByCode, grid
from tfnas.spaces.registry import space_at
from tfnas.truth.costs import Costs, feasible
from tfnas.truth.metric import TEST, reported

Searches = Mapping[str, dict[str, Any]]
"""Settings of searches by label."""

Paths = Mapping[str, str | Path]
"""A file of each dataset."""

SPEC = Summary(
    category="Hardware",
    needs={
        "runs": lambda study: study.run_files_of(study.front_searches),
        "truths": "truth/{dataset}.parquet",
        "latencies": lambda study: study.latencies_by_dataset,
    },
    params={"searches": "front_searches", "seed": "seed"},
    also={"cells": "front-cells.parquet"},
    when=lambda study: study.front_searches,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    r"""Measure the fronts of all runs of the searches that keep one.

    The quality of a front is the share of hypervolume

    .. math::
        H(\text{accuracies and costs of the front}) / H(\text{true front})

    with the reference point of the largest cost and the median accuracy of the cells that the search was allowed
    to propose: a front has volume only where it is better than half of them. Of the cells that the search held to be
    its front, those that others dominate in accuracy add nothing to H.

    Args:
        inputs: ``runs``: run tables with the column ``front``. ``truths``: ground truth of every dataset.
            ``latencies``: latencies of the datasets that have any.
        params: ``searches``: settings of the searches by label. ``seed``: master seed; the bootstrap of each row has
            its own stream.
        output: ``table``: table to write (.csv) with :data:`FRONTS`. ``cells``: the fronts (.parquet) with
            :data:`CELLS`.

    Raises:
        SearchError: a run appears twice.
        DataError: a table is missing, damaged or lacks a column.
    """
    runs = read_runs(inputs.runs)
    accuracies = {dataset: reported_accuracies(path) for dataset, path in inputs.truths.items()}
    rows, tables = [], []
    for (search, searched_on), group in runs.groupby(["search", "searched_on"], sort=False):
        codes, costs = allowed(params.searches, search, inputs.truths, searched_on, inputs.latencies.get(searched_on))
        space = space_at(inputs.truths[searched_on])
        by_code = grid(space, codes).spread(codes, costs)
        for dataset, part in group.groupby("dataset", sort=False):
            part = part.sort_values("run")
            table = part[["search", "searched_on", "dataset", "run", "front"]].copy()
            table["arch"] = table.pop("front").str.split()
            table = table.explode("arch", ignore_index=True)
            places = space.codes_of(table["arch"], f"A front in a run table of search '{search}'")
            table["cost"], table["accuracy"] = by_code[places], accuracies[dataset][places]
            tables.append(table[list(CELLS.names)])
            values = accuracies[dataset][codes]
            floor, ceiling = float(np.nanmedian(values)), float(costs.max())
            best = hypervolume(values, costs, floor, ceiling)
            columns = ((run["accuracy"].to_numpy(), run["cost"].to_numpy()) for _, run in table.groupby("run"))
            shares = np.array([hypervolume(*pair, floor, ceiling) for pair in columns])
            if best > 0:
                shares = shares / best
                rng = child_rng(params.seed, "fronts", search, searched_on, dataset)
                found = summarise(shares, rng, part["scoring"].to_numpy(), bounds=(0.0, 1.0))
                middle = part["run"].iloc[int(np.argmin(np.abs(shares - found.median)))]
            else:  # cells of one cost, or none better than half of them: no volume, and no share of it
                found, middle = Mean(shares.size, np.nan, np.nan, np.nan, np.nan, np.nan), part["run"].iloc[0]
            rows.append(
                (
                    search,
                    searched_on,
                    dataset,
                    params.searches[search]["cost"],
                    found.n,
                    len(table) / len(part),
                    pareto_front(values, costs).size,
                    found.mean,
                    found.std,
                    found.median,
                    found.low,
                    found.high,
                    middle,
                    floor,
                    ceiling,
                )
            )
    FRONTS.write_rows(output.table, rows, intervals=INTERVAL)
    CELLS.write_rows(output.cells, pd.concat(tables, ignore_index=True))


def reported_accuracies(truth_path: str | Path) -> ByCode:
    """Return the reported accuracies of a ground truth by cell code, NaN for cells that it lacks."""
    truth, space = read_table(truth_path, ("arch", TEST)), space_at(truth_path)
    codes = space.codes_of(truth["arch"], f"'{truth_path}'")
    return grid(space, codes).spread(codes, truth[reported(truth)].to_numpy())


def proposable(searches: Searches, search: str, truth_paths: Paths, dataset: str, costs: Costs) -> np.ndarray:
    """Return the codes of the cells that a search on ``dataset`` may propose, shape (n,).

    Where it is shown accuracies of another dataset, it proposes the cells that both ground truths have.
    """
    both = {dataset, accuracies_of(searches[search], dataset)}
    known = reduce(np.intersect1d, [reported_accuracies(truth_paths[name]).known for name in both])
    return feasible(known, searches[search].get("constraint", {}), costs, f"search.use.{search}.constraint")


def allowed(
    searches: Searches, search: str, truth_paths: Paths, dataset: str, latency_path: str | Path | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the codes of the cells that a search may propose (:func:`proposable`), and the cost that it weighs."""
    costs = Costs.read(truth_paths[dataset], dataset, latency_path)
    codes = proposable(searches, search, truth_paths, dataset, costs)
    return codes, costs.of(searches[search]["cost"], codes, f"search.use.{search}")
