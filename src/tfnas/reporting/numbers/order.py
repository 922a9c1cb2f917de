"""Where the order of scores comes from: the count of convolutions, and the order among equal counts."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from tfnas.cells import CONVOLUTIONS, OPERATIONS, codes_of, operation_digits
from tfnas.files import read_table
from tfnas.products import Topic
from tfnas.reporting.numbers.base import Numbers
from tfnas.reporting.wording import correlation_words, part_words
from tfnas.score_table import ScoreTable
from tfnas.statistics import known_pairs, rank_with_missing, spearman

SPEC = Topic(
    name="order",
    needs={"truths": "truth/{dataset}.parquet", "scores": "scores/{dataset}.csv"},
    params=("datasets", "scored"),
    after=("correlations",),
)


def add(numbers: Numbers, inputs: SimpleNamespace, params: SimpleNamespace) -> None:
    """Add ``order.{dataset}.convolutions``, and of every proxy ``order.{dataset}.{proxy}.within``, with their words."""
    for dataset in params.datasets:
        _add_order(numbers, dataset, params.scored, inputs.scores[dataset], inputs.truths[dataset])


def _add_order(
    numbers: Numbers, dataset: str, proxies: list[str], score_path: str | Path, truth_path: str | Path
) -> None:
    """Add where the order of scores comes from: the count of convolutions, and the order among equal counts.

    All are Spearman correlations with test accuracy over the cells of the ground truth, missing scores lowest.
    ``within`` is the mean over groups of cells with equally many convolution edges, weighted by their size.
    """
    table = read_table(truth_path, ("arch", "test_accuracy"))
    codes = codes_of(table["arch"], f"'{truth_path}'")
    test = table["test_accuracy"].to_numpy()
    convolutions = np.isin(operation_digits(codes), [OPERATIONS.index(name) for name in CONVOLUTIONS]).sum(axis=1)
    known = np.isfinite(test)
    codes, test, convolutions = codes[known], test[known], convolutions[known]
    counted = _agree(convolutions, test)
    numbers.add(f"order.{dataset}.convolutions", counted, "correlation")
    numbers.add(f"order.{dataset}.convolutions_words", correlation_words(counted), "text")
    scores = ScoreTable.read(score_path)
    for proxy in proxies:
        score, _, _ = rank_with_missing(scores.column(proxy, "score")[codes], test)
        before = f"order.{dataset}.{proxy}"
        groups = [convolutions == count for count in np.unique(convolutions)]
        inner = [(spearman(score[group], test[group]).value, group.sum()) for group in groups]
        known = [(value, size) for value, size in inner if math.isfinite(value)]
        within = (
            float(np.average([value for value, _ in known], weights=[size for _, size in known])) if known else math.nan
        )
        numbers.add(f"{before}.within", within, "correlation")
        whole = numbers.value(f"correlation.{dataset}.{proxy}.test.all.spearman")
        numbers.add(f"{before}.within_words", part_words(within, whole), "text")


def _agree(first: np.ndarray | pd.Series, second: np.ndarray | pd.Series) -> float:
    """Return Spearman's correlation of two accuracies, or of a count and one, over the pairs where both are known."""
    return spearman(*known_pairs(first, second)).value
