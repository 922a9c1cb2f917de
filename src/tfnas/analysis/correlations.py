"""Scores of every proxy against accuracies."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from tfnas.analysis.cells_in_order import ACCURACIES, INTERVALS, in_code_order
from tfnas.analysis.statistics import FIRST, kendall, ndcg, rank_with_missing, spearman
from tfnas.files import read_table
from tfnas.products import Summary
from tfnas.schemas.correlations import SCHEMA as CORRELATIONS
from tfnas.scoring.table import ScoreTable

SPEC = Summary(
    name="correlations",
    category="Proxies",
    message="Correlating scores with accuracies",
    needs={"scores": "scores/{dataset}.parquet", "truths": "truth/{dataset}.parquet"},
    params=(),
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Correlate every proxy with the accuracies of every dataset.

    Args:
        inputs: ``scores``: score table of each dataset. ``truths``: ground-truth table of each dataset; datasets that
            have no score table are left out.
        params: none.
        output: ``table``: table to write (.csv) with :data:`CORRELATIONS`. ``cells`` is ``all`` (every cell with a row
            in the score table and an accuracy), ``pruned`` (of the cells that are equal once edges off every path carry
            ``none`` the first in the order of codes) or ``distinct`` (of each class of functionally identical cells the
            first); ``n`` counts them, ``nan`` those whose score is not finite and which rank last; ``ndcg`` looks at
            the first :data:`tfnas.analysis.statistics.FIRST` places; ``seconds`` is the mean scoring time of a cell. A
            proxy whose scores are all NaN gets NaN correlations.

    Raises:
        DataError: a table is missing, damaged or lacks a column.
    """
    rows: list[dict[str, Any]] = []
    for dataset, path in inputs.scores.items():
        scores = ScoreTable.read(path)
        truth = read_table(inputs.truths[dataset], ("arch", "test_accuracy"))
        for proxy in scores.proxies:
            joined = in_code_order(scores.rows(proxy).merge(truth, on="arch"), path)
            sets, space = {"all": joined}, scores.pool.space
            if space.pruned is not None:
                sets["pruned"] = _first_of(joined, space.pruned[joined["code"]])
            families = space.canonical(joined["code"])
            sets["distinct"] = _first_of(joined, families)
            for accuracy in ACCURACIES:
                if accuracy not in truth.columns or truth[accuracy].isna().all():
                    continue
                for cells, part in sets.items():
                    rows.append({"dataset": dataset, "proxy": proxy, "accuracy": accuracy, "cells": cells})
                    rows[-1].update(
                        _correlations(part["score"], part[accuracy], space.canonical(part["code"])),
                        seconds=part["seconds"].mean(),
                    )
    facts = {
        "spearman": "mid-ranks for ties",
        "kendall": "tau-b",
        "intervals": INTERVALS,
        "ndcg": f"normalised discounted cumulative gain of the first {FIRST} places, gain 2^accuracy - 1 (percent)",
        "cells": "all: every cell with a row in the score table and an accuracy; pruned: one of those that are equal "
        "once edges off every path carry none; distinct: one per functional class; the first in the order of codes",
        "nan": "scores that are not finite; they count as the lowest finite score of the proxy",
        "seconds": "mean scoring seconds per cell",
    }
    CORRELATIONS.write(output.table, pd.DataFrame(rows, columns=list(CORRELATIONS.names)), facts)


def _first_of(table: pd.DataFrame, classes: np.ndarray) -> pd.DataFrame:
    """Return of each class of cells (of each row) the first row of a table that comes in the order of codes."""
    return table[~pd.Series(classes, index=table.index).duplicated()]


def _correlations(scores: pd.Series, accuracies: pd.Series, groups: np.ndarray) -> dict[str, float]:
    values = accuracies.to_numpy(dtype=np.float64, na_value=np.nan)
    x, y, missing = rank_with_missing(scores, values)
    groups = groups[np.isfinite(values)]
    rho, tau = spearman(x, y, groups=groups), kendall(x, y, groups=groups)
    return {
        "n": rho.n,
        "nan": missing,
        "spearman": rho.value,
        "spearman_low": rho.low,
        "spearman_high": rho.high,
        "kendall": tau.value,
        "kendall_low": tau.low,
        "kendall_high": tau.high,
        "ndcg": ndcg(x, y),
    }
