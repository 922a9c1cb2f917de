"""Correlate the scores of every proxy with accuracies."""

import math
from typing import Any

import numpy as np
import pandas as pd

from tfnas.analysis.cells_in_order import ACCURACIES, INTERVALS, in_code_order
from tfnas.analysis.statistics import FIRST, kendall, ndcg, rank_with_missing, spearman
from tfnas.files import read_table
from tfnas.products import Named, Summary
from tfnas.schemas.correlations import SCHEMA as CORRELATIONS
from tfnas.scoring.table import ScoreTable
from tfnas.truth.metric import TEST, Metric, metric_at, reported

SPEC = Summary(category="Proxies", needs={"scores": "scores/{dataset}.parquet", "truths": "truth/{dataset}.parquet"})


def make(inputs: Named, params: Named, output: Named) -> None:
    """Correlate every proxy with the accuracies of every dataset.

    Args:
        inputs: ``scores``: score table of each dataset. ``truths``: ground-truth table of each dataset; datasets that
            have no score table are left out.
        params: none.
        output: ``table``: table to write (.csv) with :data:`CORRELATIONS`; ``ndcg`` looks at the first
            :data:`tfnas.analysis.statistics.FIRST` places. A proxy whose scores are all NaN gets NaN correlations.

    Raises:
        DataError: a table is missing, damaged or lacks a column.
    """
    rows: list[dict[str, Any]] = []
    for dataset, path in inputs.scores.items():
        scores = ScoreTable.read(path)
        truth, metric = read_table(inputs.truths[dataset], ("arch", TEST)), metric_at(inputs.truths[dataset])
        for proxy in scores.proxies:
            joined = in_code_order(scores.rows(proxy).merge(truth, on="arch"), path)
            sets, space = {"all": joined}, scores.pool.space
            if space.pruned is not None:
                sets["pruned"] = _first_of(joined, space.pruned[joined["code"]])
            families = space.canonical(joined["code"])
            sets["distinct"] = _first_of(joined, families)
            for accuracy in ACCURACIES:
                if accuracy not in truth.columns or (accuracy != reported(truth) and truth[accuracy].isna().all()):
                    continue
                for cells, part in sets.items():
                    rows.append({"dataset": dataset, "proxy": proxy, "accuracy": accuracy, "cells": cells})
                    rows[-1].update(
                        _correlations(part["score"], part[accuracy], space.canonical(part["code"]), metric),
                        seconds=part["seconds"].mean(),
                    )
    CORRELATIONS.write_rows(output.table, rows, intervals=INTERVALS, places=FIRST)


def _first_of(table: pd.DataFrame, classes: np.ndarray) -> pd.DataFrame:
    """Return of each class of cells (of each row) the first row of a table that comes in the order of codes."""
    return table[~pd.Series(classes, index=table.index).duplicated()]


def _correlations(scores: pd.Series, accuracies: pd.Series, groups: np.ndarray, metric: Metric) -> dict[str, float]:
    values = accuracies.to_numpy(dtype=np.float64, na_value=np.nan)
    x, y, missing = rank_with_missing(scores, values)
    groups = groups[np.isfinite(values)]
    rho, tau = spearman(x, y, groups=groups), kendall(x, y, groups=groups)
    gain = ndcg(x, y) if metric.is_percent else math.nan  # defined for percentages alone
    return {"n": rho.n, "nan": missing, **rho.columns("spearman"), **tau.columns("kendall"), "ndcg": gain}
