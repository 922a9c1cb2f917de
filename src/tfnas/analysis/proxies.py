"""Every proxy against costs and against every other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
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
from tfnas.products import Summary
from tfnas.schemas.proxies import SCHEMA as PROXIES
from tfnas.schemas.proxy_pairs import SCHEMA as PAIRS
from tfnas.scoring.missing import lowest_where_missing
from tfnas.spaces.base import Space
from tfnas.spaces.pool import ByCode, Pool
from tfnas.spaces.registry import space_at

TOP = 0.1
"""Share of the cells, those of highest accuracy, among which a proxy's ranking is looked at by itself."""

SPEC = Summary(
    name="proxies",
    category="Proxies",
    message="Comparing the proxies with costs and with one another",
    needs={
        "scores": "scores/{dataset}.parquet",
        "facts": "scores/{dataset}.json",
        "truths": "truth/{dataset}.parquet",
    },
    params=("scored",),
    also={"pairs": "proxy-pairs.csv"},
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    summarise_proxies(inputs.scores, inputs.truths, params.scored, output.table)
    summarise_pairs(inputs.scores, params.scored, output.pairs)


def summarise_proxies(
    score_paths: Mapping[str, str | Path],
    truth_paths: Mapping[str, str | Path],
    names: Sequence[str],
    output: str | Path,
) -> None:
    """Correlate every proxy with the test accuracy among the best cells, and given parameters and FLOPs.

    Args:
        score_paths: score table of each dataset; the facts beside it name the skeleton that costs are counted for.
        truth_paths: ground-truth table of each dataset.
        names: proxies and ensembles, in the order of the rows.
        output: table to write (.csv) with :data:`PROXIES`. ``n`` counts the cells with a row in the score table
            and a test accuracy, ``top_n`` the tenth of them (rounded up) with the highest test accuracy; of equally
            accurate cells at the boundary those with the smaller code belong to it. ``first_cells`` counts the cells
            with the highest score, ``first_arch`` is the one of them with the smallest code, ``first_accuracy`` their
            mean test accuracy (percent), and ``first_better`` the share of the n cells that are more accurate than
            that. Scores that are not finite count as the lowest finite score of the proxy among the n.

    Raises:
        UnknownNameError: a score table does not hold a name.
        DataError: a table or its facts are missing, damaged or lack a column.
    """
    rows = []
    for dataset, path in score_paths.items():
        scores = rows_by_name(path, names)
        truth = read_table(truth_paths[dataset], ("arch", "test_accuracy"))
        space = space_at(path)
        costs = _costs(space, path, truth_paths[dataset])
        for name in names:
            joined = in_code_order(scores[name].merge(truth, on="arch"), path)
            joined = joined[np.isfinite(joined["test_accuracy"])]
            groups = space.canonical(joined["code"])
            x, y, _ = rank_with_missing(joined["score"], joined["test_accuracy"])
            rows.append({"dataset": dataset, "proxy": name, "n": len(x)})
            rows[-1].update(_top(x, y, groups), **_first(x, y, joined["arch"]))
            controls = costs[joined["code"]]
            partial = Correlation(math.nan, math.nan, math.nan, len(x))
            if np.isfinite(controls).all():
                partial = partial_spearman(x, y, controls, groups=groups)
            rows[-1].update(
                partial_spearman=partial.value,
                partial_spearman_low=partial.low,
                partial_spearman_high=partial.high,
            )
    facts = {
        "rows": "one per dataset and proxy or ensemble; test accuracy, all cells",
        "top": f"among the top_n = ceil({TOP:g} n) cells of highest test accuracy; ties at the boundary by cell code",
        "first": "the cells with the highest score: their number, the first of them in the order of codes, their mean "
        "test accuracy (percent), and the share of all cells that are more accurate",
        "partial_spearman": "mid-ranks of score and accuracy regressed on those of parameters and FLOPs (with "
        "intercept), Pearson's correlation of the residuals; NaN where a side has none",
        "intervals": INTERVALS,
        "nan": "scores that are not finite count as the lowest finite score of the proxy",
    }
    PROXIES.write(output, pd.DataFrame(rows, columns=list(PROXIES.names)), facts)


def summarise_pairs(score_paths: Mapping[str, str | Path], names: Sequence[str], output: str | Path) -> None:
    """Correlate the scores of every two proxies.

    Args:
        score_paths: score table of each dataset.
        names: proxies and ensembles, in the order of the rows.
        output: table to write (.csv) with :data:`PAIRS`: every ordered pair, the diagonal included; Spearman's
            correlation of the oriented scores of all cells that have a row for every name. Scores that are not finite
            count as the lowest finite score of the proxy; a proxy with one score for all cells has NaN.

    Raises:
        UnknownNameError: a score table does not hold a name.
        DataError: a table is missing, damaged or lacks a column.
    """
    rows = []
    for dataset, path in score_paths.items():
        columns = [table.set_index("arch")["score"] for table in rows_by_name(path, names).values()]
        scores = pd.concat(columns, axis=1, join="inner").to_numpy(dtype=np.float64).T
        matrix = spearman_matrix(np.stack([lowest_where_missing(row) for row in scores]))
        rows += [
            (dataset, name, other, value)
            for name, values in zip(names, matrix, strict=True)
            for other, value in zip(names, values, strict=True)
        ]
    facts = {
        "rows": "one per dataset and ordered pair of proxies or ensembles, each with itself included; all cells",
        "spearman": "of oriented scores (larger is better), mid-ranks for ties",
        "nan": "scores that are not finite count as the lowest finite score of the proxy",
    }
    PAIRS.write(output, pd.DataFrame(rows, columns=list(PAIRS.names)), facts)


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
    return {
        "top_n": rho.n,
        "top_spearman": rho.value,
        "top_spearman_low": rho.low,
        "top_spearman_high": rho.high,
        "top_kendall": tau.value,
    }


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
