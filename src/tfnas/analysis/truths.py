"""Summarise the ground truth of every dataset: optimum, spread, agreement of its accuracies, what looks cost."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.analysis.statistics import accuracy_half_width, known_pairs, spearman
from tfnas.files import read_facts, read_table
from tfnas.products import Named, Summary
from tfnas.schemas.truths import SCHEMA as TRUTHS
from tfnas.spaces.registry import space_at
from tfnas.truth.metric import TEST, VALID, metric_at, reported

READ = ("arch", "valid_accuracy", "test_accuracy", "early_valid_accuracy", "early_seconds", "valid_seconds", "params")
"""Columns of the ground truth that are read."""

ACCURACIES = (
    "best",
    "best_valid",
    "mean",
    "median",
    "std",
    "worst",
    "low_decile",
    "best_early",
    "of_best_valid",
    "of_best_early",
)
"""Columns in percent, ``std`` in points (ddof = 0)."""

SPEC = Summary(name="truth", category="Ground truth", needs={"truths": "truth/{dataset}.parquet"})


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write a row of the summary for each dataset.

    A look (``query``) is an early training and its validation, in simulated seconds; ``within_one`` is the share of
    cells less than a point below the best; ``gap_top`` the difference of the two best distinct cells, points;
    ``half_width`` half the 95 % interval of the best accuracy by its test images alone, points; ``agreement``
    Spearman's correlation of the reported accuracies with those of the first dataset, over the cells of both. What is
    counted in points or by test images is left out where the metric is no percentage, the latter also where validation
    accuracies are reported.
    """
    tables = {dataset: read_table(path, READ) for dataset, path in inputs.truths.items()}
    first = next(iter(tables.values()))
    rows = [_row(dataset, table, inputs.truths[dataset], first) for dataset, table in tables.items()]
    TRUTHS.write_rows(output.table, rows)


def _row(dataset: str, table: pd.DataFrame, path: str | Path, first: pd.DataFrame) -> dict[str, Any]:
    column, percent = reported(table), metric_at(path).is_percent
    final, valid, early = table[column], table[VALID], table["early_valid_accuracy"]
    query = table["early_seconds"] + table["valid_seconds"]
    near = final >= final.max() - 1
    space = space_at(path)
    codes = space.codes_of(table["arch"], f"'{path}'")
    distinct = table.assign(family=space.canonical(codes)).drop_duplicates("family")
    best = distinct[column].nlargest(2).tolist()
    facts = read_facts(path)
    tested = percent and column == TEST
    images = facts.get("test_images", facts.get("split_sizes", {}).get("test")) if tested else None
    both = pd.concat([one.set_index("arch")[reported(one)] for one in (first, table)], axis=1, join="inner")
    return {
        "dataset": dataset,
        "accuracy": column,
        "best": final.max(),
        "best_valid": valid.max(),
        "mean": final.mean(),
        "median": final.median(),
        "std": final.std(ddof=0),
        "worst": final.min(),
        "low_decile": final.quantile(0.1),
        "best_early": early.max(),
        "of_best_valid": final[valid.idxmax()] if column == TEST and valid.notna().any() else math.nan,
        "of_best_early": final[early.idxmax()] if early.notna().any() else math.nan,
        "cells": len(table),
        "query_seconds": query.mean(),
        "query_seconds_min": query.min(),
        "query_seconds_max": query.max(),
        "space_seconds": query.sum(min_count=1),
        "within_one": float(near.mean()) if percent else math.nan,
        "within_one_cells": int(near.sum()) if percent else math.nan,
        "params_min": table["params"].min(),
        "params_max": table["params"].max(),
        "valid_spearman": _agree(valid, final) if column == TEST else math.nan,
        "early_spearman": _agree(early, final),
        "distinct": len(distinct),
        "gap_top": best[0] - best[1] if len(best) > 1 else math.nan,
        "test_images": images,
        "half_width": accuracy_half_width(final.max(), images) if images else None,
        "agreement": _agree(*both.to_numpy().T),
    }


def _agree(first: np.ndarray | pd.Series, second: np.ndarray | pd.Series) -> float:
    """Return Spearman's correlation of two accuracies over the cells where both are known."""
    return spearman(*known_pairs(first, second)).value
