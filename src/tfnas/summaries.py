"""The two summary tables of a study: what every search reached, and how well every proxy ranks.

``summaries/search.csv``: one row per search, dataset it searched on, dataset it is read off on, and accuracy
(:data:`SEARCH_COLUMNS`). ``summaries/correlations.csv``: one row per dataset, proxy, accuracy and set of cells
(:data:`CORRELATION_COLUMNS`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tfnas.cells import canonical_classes, string_codes
from tfnas.errors import SearchError
from tfnas.files import read_table, write_table
from tfnas.score_table import COLUMNS as SCORE_COLUMNS
from tfnas.search.runner import COLUMNS as RUN_COLUMNS
from tfnas.seeds import child_rng
from tfnas.statistics import LEVEL, RESAMPLES, kendall, rank_with_missing, spearman, summarise

ACCURACIES = ("valid_accuracy", "test_accuracy")
"""Accuracies that are summarised and correlated with; both of the full training, in percent."""

SEARCH_COLUMNS = (
    "search",
    "searched_on",
    "dataset",
    "metric",
    "n",
    "mean",
    "std",
    "median",
    "ci_low",
    "ci_high",
    "cells",
    "scoring_seconds",
    "training_seconds",
    "wall_seconds",
)

CORRELATION_COLUMNS = (
    "dataset",
    "proxy",
    "accuracy",
    "cells",
    "n",
    "nan",
    "spearman",
    "spearman_low",
    "spearman_high",
    "kendall",
    "kendall_low",
    "kendall_high",
    "seconds",
)


def summarise_searches(run_paths: Sequence[str | Path], output: str | Path, seed: int = 0) -> None:
    """Summarise the runs of all searches of a study.

    Args:
        run_paths: run tables (:data:`tfnas.search.runner.COLUMNS`), in any number of blocks. Rows of the summary come
            in the order in which their searches first appear.
        output: table to write (.csv) with :data:`SEARCH_COLUMNS`: n, mean, std (ddof = 1), median and the percentile
            bootstrap interval (95 %) of the mean over runs; ``cells`` and the seconds are means per run.
        seed: master seed; the bootstrap of each row has its own stream.

    Raises:
        SearchError: a search has fewer than 2 runs, or a run appears twice.
        DataError: a run table is missing, damaged or lacks a column.
    """
    runs = pd.concat([read_table(path, RUN_COLUMNS) for path in run_paths], ignore_index=True)
    keys = ["search", "searched_on", "dataset"]
    twice = runs[runs.duplicated([*keys, "run"])]
    if not twice.empty:
        row = twice.iloc[0]
        raise SearchError(
            f"Run {row['run']} of search '{row['search']}' on '{row['searched_on']}' is in two of the run tables: "
            "blocks must not overlap, remove the old ones."
        )
    rows = []
    for (search, searched_on, dataset), group in runs.groupby(keys, sort=False):
        # Runs in their order, so that the bootstrap does not depend on how they were cut into blocks.
        group = group.sort_values("run")
        for metric in ACCURACIES:
            rng = child_rng(seed, "bootstrap", search, searched_on, dataset, metric)
            values = group[metric].to_numpy(dtype=np.float64)
            if metric == "valid_accuracy" and np.isnan(values).all():
                continue  # ground truth without validation accuracies
            try:
                summary = summarise(values, rng)
            except SearchError as error:
                raise SearchError(f"Search '{search}' on '{searched_on}': {error}") from None
            rows.append(
                {
                    "search": search,
                    "searched_on": searched_on,
                    "dataset": dataset,
                    "metric": metric,
                    "n": summary.n,
                    "mean": summary.mean,
                    "std": summary.std,
                    "median": summary.median,
                    "ci_low": summary.low,
                    "ci_high": summary.high,
                    **{
                        cost: group[cost].mean(skipna=False)
                        for cost in ("cells", "scoring_seconds", "training_seconds", "wall_seconds")
                    },
                }
            )
    facts = {
        "rows": "one per search, dataset searched on, dataset read off on and accuracy (percent, full training)",
        "std": "ddof = 1, over runs",
        "ci_low, ci_high": f"{LEVEL:.0%} percentile bootstrap interval of the mean, {RESAMPLES} resamples, seeded",
        "cells": "mean number of looks per run, repeats counted",
        "seconds": "mean per run: scoring (from the score table), simulated training, own wall time of the search",
    }
    write_table(output, pd.DataFrame(rows, columns=list(SEARCH_COLUMNS)), facts)


def summarise_correlations(
    score_paths: Mapping[str, str | Path], truth_paths: Mapping[str, str | Path], output: str | Path
) -> None:
    """Correlate every proxy with the accuracies of every dataset.

    Args:
        score_paths: score table of each dataset.
        truth_paths: ground-truth table of each dataset; datasets that have no score table are left out.
        output: table to write (.csv) with :data:`CORRELATION_COLUMNS`. ``cells`` is ``all`` (every cell with a row in
            the score table and an accuracy) or ``distinct`` (of each class of functionally identical cells the first
            in the order of codes); ``n`` counts them, ``nan`` those whose score is not finite and which rank last;
            ``seconds`` is the mean scoring time of a cell. A proxy whose scores are all NaN gets NaN correlations.

    Raises:
        DataError: a table is missing, damaged or lacks a column.
    """
    rows = []
    for dataset, path in score_paths.items():
        scores = read_table(path, SCORE_COLUMNS)
        truth = read_table(truth_paths[dataset], ("arch", "test_accuracy"))
        for proxy, table in scores.groupby("proxy", sort=False):
            joined = _in_code_order(table.merge(truth, on="arch"))
            representatives = joined[~joined["class"].duplicated()]
            for accuracy in ACCURACIES:
                if accuracy not in truth.columns or truth[accuracy].isna().all():
                    continue
                for cells, part in (("all", joined), ("distinct", representatives)):
                    rows.append({"dataset": dataset, "proxy": proxy, "accuracy": accuracy, "cells": cells})
                    rows[-1].update(_correlations(part["score"], part[accuracy]), seconds=part["seconds"].mean())
    facts = {
        "spearman": "mid-ranks for ties; interval: Fisher z with the variance of Bonett and Wright (2000), 95 %",
        "kendall": "tau-b; interval: Fisher z with the variance of Fieller, Hartley and Pearson (1957), 95 %",
        "cells": "all: every cell with a row in the score table and an accuracy; distinct: one per functional class, "
        "the first in the order of codes",
        "nan": "scores that are not finite; they count as the lowest finite score of the proxy",
        "seconds": "mean scoring seconds per cell",
    }
    write_table(output, pd.DataFrame(rows, columns=list(CORRELATION_COLUMNS)), facts)


def _in_code_order(table: pd.DataFrame) -> pd.DataFrame:
    codes = table["arch"].map(string_codes()).to_numpy(dtype=np.int64)
    return table.assign(code=codes, **{"class": canonical_classes()[codes]}).sort_values("code", ignore_index=True)


def _correlations(scores: pd.Series, accuracies: pd.Series) -> dict[str, float]:
    x, y, missing = rank_with_missing(scores, accuracies.to_numpy(dtype=np.float64, na_value=np.nan))
    rho, tau = spearman(x, y), kendall(x, y)
    return {
        "n": rho.n,
        "nan": missing,
        "spearman": rho.value,
        "spearman_low": rho.low,
        "spearman_high": rho.high,
        "kendall": tau.value,
        "kendall_low": tau.low,
        "kendall_high": tau.high,
    }
