"""Compare every two searches."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from tfnas.analysis.run_tables import read_runs
from tfnas.analysis.statistics import (
    INTERVAL,
    bootstrap_counts,
    detectable_effect,
    group_means,
    holm,
    interval_of_mean,
    nested_interval,
    probability_of_winning,
    runs_needed,
    signed_rank,
    widened,
)
from tfnas.errors import SearchError
from tfnas.products import Named, Summary
from tfnas.schemas.comparisons import SCHEMA as COMPARISONS
from tfnas.seeds import child_rng
from tfnas.truth.metric import reported

SMALL = 0.1
"""Difference of mean accuracies, in points or units of the metric, for which the runs needed are counted."""

DECIMALS = 9
"""Decimals of a paired difference: what lies beyond is rounding of floating point and must break no tie."""

SPEC = Summary(category="Searches", needs={"runs": lambda study: study.run_files()}, params=("seed",))


def make(inputs: Named, params: Named, output: Named) -> None:
    """Compare every two searches of a study by the reported accuracies of their common runs.

    Args:
        inputs: ``runs``: run tables (:mod:`tfnas.schemas.runs`), in any number of blocks. In a pair the search that
            appears first in them is ``search``, the later one ``other``.
        params: ``seed``: master seed of the bootstrap.
        output: ``table``: table to write (.csv) with :data:`COMPARISONS`, of the n runs that both have, with a finite
            accuracy. All pairs share the resamples of runs; where one of the two reads several score tables the
            interval is widened to :func:`tfnas.analysis.statistics.nested_interval` over these; ``p`` and
            ``rank_biserial`` are those of :func:`tfnas.analysis.statistics.signed_rank`.

    Raises:
        SearchError: two searches have fewer than 2 runs in common, or a run appears twice.
        DataError: a run table is missing, damaged or lacks a column.
    """
    runs = read_runs(inputs.runs)
    rows: list[dict[str, Any]] = []
    for (searched_on, dataset), group in runs.groupby(["searched_on", "dataset"], sort=False):
        labels = list(dict.fromkeys(group["search"]))
        table = group.pivot(index="run", columns="search", values=reported(group)).sort_index()[labels]
        scorings = group.pivot(index="run", columns="search", values="scoring").sort_index()[labels]
        rows += _pairs(table, scorings, searched_on, dataset, params.seed)
    COMPARISONS.write_rows(output.table, rows, intervals=INTERVAL)


def _pairs(
    table: pd.DataFrame, scorings: pd.DataFrame, searched_on: str, dataset: str, seed: int
) -> list[dict[str, Any]]:
    """Return the rows of one dataset searched on and one read off on; tables have a row per run, NaN: none."""
    labels = table.columns.tolist()
    accuracies = table.to_numpy(dtype=np.float64).T.copy()
    reads = scorings.to_numpy(dtype=np.float64).T.copy()
    resampled: dict[bytes, np.ndarray] = {}
    rows = []
    for one, two in combinations(range(len(labels)), 2):
        common = np.isfinite(accuracies[one]) & np.isfinite(accuracies[two])
        differences = np.round(accuracies[one][common] - accuracies[two][common], DECIMALS)
        n = differences.size
        if n < 2:
            raise SearchError(
                f"Searches '{labels[one]}' and '{labels[two]}' on '{searched_on}' have {n} "
                f"run{'' if n == 1 else 's'} in common: a comparison needs at least 2, give both the same runs."
            )
        if common.tobytes() not in resampled:
            rng = child_rng(seed, "bootstrap", "pairs", searched_on, dataset)
            resampled[common.tobytes()] = bootstrap_counts(n, rng)
        # Run r of every search that reads several score tables reads the same one.
        read = np.fmax(reads[one], reads[two])[common]
        rows.append(
            {"searched_on": searched_on, "dataset": dataset, "search": labels[one], "other": labels[two]}
            | _pair(differences, read, resampled[common.tobytes()])
        )
    adjusted = holm([row["p"] for row in rows])
    needed = runs_needed([row["std"] for row in rows], SMALL)
    for row, p_holm, runs in zip(rows, adjusted.tolist(), needed.tolist(), strict=True):
        row.update(p_holm=p_holm, runs_needed=runs)
    return rows


def _pair(differences: np.ndarray, read: np.ndarray, counts: np.ndarray) -> dict[str, Any]:
    """Return what paired differences say by themselves.

    Args:
        differences: of each common run, shape (n,).
        read: number of the score table that one of the two read in each run, shape (n,).
        counts: bootstrap resamples of the runs, shape (resamples, n).
    """
    low, high = interval_of_mean(differences, counts)
    between = group_means(differences, read)
    if between.size > 1:
        low, high = widened((low, high), nested_interval(differences, read))
    n, std = differences.size, float(differences.std(ddof=1))
    test = signed_rank(differences)
    return {
        "n": n,
        "zeros": int((differences == 0).sum()),
        "difference": float(differences.mean()),
        "ci_low": low,
        "ci_high": high,
        "std": std,
        "scorings": between.size,
        "std_scorings": float(between.std(ddof=1)) if between.size > 1 else np.nan,
        "probability": probability_of_winning(differences),
        "p": test.p,
        "rank_biserial": test.effect,
        "detectable": detectable_effect(n) * std / np.sqrt(n),
    }
