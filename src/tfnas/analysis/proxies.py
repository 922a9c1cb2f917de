"""Compare every proxy with costs and with every other."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.analysis.cells_in_order import INTERVALS, in_code_order, rows_by_name
from tfnas.analysis.statistics import (
    Correlation,
    kendall,
    partial_spearman,
    rank_with_missing,
    spearman,
    spearman_matrix,
)
from tfnas.files import read_facts, read_table
from tfnas.networks.skeleton import Skeleton, count_flops, count_parameters
from tfnas.products import Named, Summary
from tfnas.schemas.proxies import SCHEMA as PROXIES
from tfnas.schemas.proxy_pairs import SCHEMA as PAIRS
from tfnas.scoring.missing import lowest_where_missing
from tfnas.spaces.base import Space
from tfnas.spaces.pool import ByCode, Pool
from tfnas.spaces.registry import space_at
from tfnas.truth.metric import TEST, reported

TOP = 0.1
"""Share of the cells, those of highest accuracy, among which a proxy's ranking is looked at by itself."""

SPEC = Summary(
    category="Proxies",
    needs={"scores": "scores/{dataset}.parquet", "facts": "scores/{dataset}.json", "truths": "truth/{dataset}.parquet"},
    params=("scored",),
    also={"pairs": "proxy-pairs.csv"},
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Correlate every proxy with the accuracy among the best cells and given costs, and with every other proxy.

    Args:
        inputs: ``scores``: score table of each dataset; the facts beside it name the skeleton that parameters and FLOPs
            are counted for. ``truths``: ground-truth table of each dataset.
        params: ``scored``: proxies and ensembles, in the order of the rows.
        output: ``table``: table to write (.csv) with :data:`PROXIES`; of equally accurate cells at the boundary of the
            best tenth those with the smaller code belong to it. ``pairs``: table to write (.csv) with :data:`PAIRS`, of
            all cells that have a row for every name; a proxy with one score for all cells has NaN.

    Raises:
        UnknownNameError: a score table does not hold a name.
        DataError: a table or its facts are missing, damaged or lack a column.
    """
    rows, pairs = [], []
    for dataset, path in inputs.scores.items():
        scores = rows_by_name(path, params.scored)
        truth = read_table(inputs.truths[dataset], ("arch", TEST))
        column = reported(truth)
        space = space_at(path)
        costs = _costs(space, path, inputs.truths[dataset])
        for name in params.scored:
            joined = in_code_order(scores[name].merge(truth, on="arch"), path)
            joined = joined[np.isfinite(joined[column])]
            groups = space.canonical(joined["code"])
            x, y, _ = rank_with_missing(joined["score"], joined[column])
            controls = costs[joined["code"]]
            partial = Correlation(math.nan, math.nan, math.nan, len(x))
            if np.isfinite(controls).all():
                partial = partial_spearman(x, y, controls, groups=groups)
            key = {"dataset": dataset, "proxy": name, "n": len(x)}
            more = _top(x, y, groups) | _first(x, y, joined["arch"]) | partial.columns("partial_spearman")
            rows.append(key | more)
        pairs += [(dataset, *pair) for pair in _pairs(scores)]
    PROXIES.write_rows(output.table, rows, intervals=INTERVALS)
    PAIRS.write_rows(output.pairs, pairs)


def _pairs(scores: Mapping[str, pd.DataFrame]) -> list[tuple[str, str, float]]:
    """Return every ordered pair of proxies, the diagonal included, with the correlation of their scores."""
    columns = [table.set_index("arch")["score"] for table in scores.values()]
    values = pd.concat(columns, axis=1, join="inner").to_numpy(dtype=np.float64).T
    matrix = spearman_matrix(np.stack([lowest_where_missing(row) for row in values]))
    return [(one, other, matrix[i, j]) for i, one in enumerate(scores) for j, other in enumerate(scores)]


def _costs(space: Space, score_path: str | Path, truth_path: str | Path) -> ByCode:
    """Return parameters and multiply-accumulates of cells by code: those of the networks that were scored.

    They are counted where cells can be looked into, and else those of the ground truth, NaN where it has none.
    """
    if "cell" in space.offers:
        skeleton = Skeleton(**read_facts(score_path)["skeleton"])
        cells = map(space.architecture, range(space.size))
        counts = [(count_parameters(cell, skeleton), count_flops(cell, skeleton)) for cell in cells]
        return ByCode(Pool(space), np.array(counts))
    truth = read_table(truth_path, ("arch",)).reindex(columns=["arch", "params", "flops"])
    codes = space.codes_of(truth["arch"], f"'{truth_path}'")
    order = codes.argsort(kind="stable")
    return ByCode(Pool(space, codes[order]), truth[["params", "flops"]].to_numpy(dtype=np.float64)[order])


def _top(scores: np.ndarray, accuracies: np.ndarray, groups: np.ndarray) -> dict[str, Any]:
    """Correlate among the best cells; arrays come in the order of codes."""
    best = np.argsort(-accuracies, kind="stable")[: math.ceil(TOP * len(accuracies))]
    rho, tau = spearman(scores[best], accuracies[best], groups=groups[best]), kendall(scores[best], accuracies[best])
    return {"top_n": rho.n, **rho.columns("top_spearman"), "top_kendall": tau.value}


def _first(scores: np.ndarray, accuracies: np.ndarray, names: pd.Series) -> dict[str, Any]:
    """Return what the highest score stands for; arrays come in the order of codes."""
    if not scores.size:
        return {"first_cells": 0, "first_arch": None, "first_accuracy": math.nan, "first_better": math.nan}
    first = np.flatnonzero(scores == scores.max())
    accuracy = float(accuracies[first].mean())
    return {
        "first_cells": first.size,
        "first_arch": names.iloc[first[0]],
        "first_accuracy": accuracy,
        "first_better": float((accuracies > accuracy).mean()),
    }
