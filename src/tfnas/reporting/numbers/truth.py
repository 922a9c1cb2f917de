"""The ground truth: optimum, spread, reliability, cost of training; and how the cells were scored."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from tfnas.cells import canonical_classes, codes_of
from tfnas.errors import ReportError
from tfnas.files import read_facts, read_table
from tfnas.products import Topic
from tfnas.reporting.numbers.base import Numbers
from tfnas.reporting.tables import device_of, fact, family_facts
from tfnas.statistics import accuracy_half_width, known_pairs, spearman

NOISE_KINDS = {
    "seed_to_seed_spearman": "correlation",
    "split_half_spearman": "correlation",
    "reliability": "correlation",
    "noise_top_100": "accuracy",
    "noise_of_mean_top_100": "accuracy",
    "seconds": "seconds",
}
"""What the facts of a ground truth trained by this project must say about its reliability and its cost. With a single
training seed all but the seconds are unknown (NaN)."""

VARIES = 1.05
"""Ratio of the longest look at an early accuracy to the shortest above which the range is told."""

SPEC = Topic(
    name="truth",
    needs={"truths": "truth/{dataset}.parquet", "scores": "scores/{dataset}.csv"},
    params=("datasets",),
)


def add(numbers: Numbers, inputs: SimpleNamespace, params: SimpleNamespace) -> None:
    """Add ``truth.{dataset}.*``, ``noise.{dataset}.*``, ``device.{dataset}`` and ``study.cells``."""
    for dataset, path in inputs.truths.items():
        _add_truth(numbers, dataset, path)
        scored = read_facts(inputs.scores[dataset])
        numbers.add(f"device.{dataset}", device_of(scored, inputs.scores[dataset]), "text")
        numbers.add(f"truth.{dataset}.agreement", _agreement(inputs.truths[params.datasets[0]], path), "correlation")
        told = dict.fromkeys(part["note"] for part in family_facts(scored) if part.get("note"))
        numbers.add(f"device.{dataset}.note", " ".join(told), "text")
    sizes = {numbers.value(f"truth.{dataset}.cells") for dataset in params.datasets}
    numbers.add("study.cells", sizes.pop() if len(sizes) == 1 else None, "count")
    families = [part for path in inputs.scores.values() for part in family_facts(read_facts(path))]
    numbers.add("study.share_classes", any(part.get("share_classes") for part in families), "text")


def _add_truth(numbers: Numbers, dataset: str, path: str | Path) -> None:
    columns = (
        "arch",
        "valid_accuracy",
        "test_accuracy",
        "early_valid_accuracy",
        "early_seconds",
        "valid_seconds",
        "params",
    )
    table = read_table(path, columns)
    test, valid, early = table["test_accuracy"], table["valid_accuracy"], table["early_valid_accuracy"]
    before = f"truth.{dataset}"
    for name, value in (
        ("best_test", test.max()),
        ("best_valid", valid.max()),
        ("mean_test", test.mean()),
        ("median_test", test.median()),
        ("std_test", test.std(ddof=0)),
        ("worst_test", test.min()),
        ("low_decile_test", test.quantile(0.1)),
        ("best_early", early.max()),
        ("test_of_best_valid", test[valid.idxmax()]),
        ("test_of_best_early", test[early.idxmax()] if early.notna().any() else math.nan),
    ):
        numbers.add(f"{before}.{name}", value, "accuracy")
    query = table["early_seconds"] + table["valid_seconds"]
    numbers.add(f"{before}.cells", len(table), "count")
    numbers.add(f"{before}.query_seconds", query.mean(), "seconds")
    numbers.add(f"{before}.query_seconds_min", query.min(), "seconds")
    numbers.add(f"{before}.query_seconds_max", query.max(), "seconds")
    numbers.add(f"{before}.space_seconds", query.sum(min_count=1), "seconds")
    varies = bool(query.max() > VARIES * query.min())
    numbers.add(f"{before}.query_varies", varies, "text")
    numbers.add(f"{before}.space_days", query.sum(min_count=1) / 86400, "ratio")
    numbers.add(f"{before}.within_one", float((test >= test.max() - 1).mean()), "share")
    numbers.add(f"{before}.within_one_cells", int((test >= test.max() - 1).sum()), "count")
    numbers.add(f"{before}.params_min", table["params"].min(), "count")
    numbers.add(f"{before}.params_max", table["params"].max(), "count")
    numbers.add(f"{before}.valid_spearman", _agree(valid, test), "correlation")
    numbers.add(f"{before}.early_spearman", _agree(early, test), "correlation")
    codes = codes_of(table["arch"], f"'{path}'")
    distinct = table.assign(family=canonical_classes()[codes]).drop_duplicates("family")
    numbers.add(f"{before}.distinct", len(distinct), "count")
    facts = read_facts(path)
    _add_resolution(numbers, before, facts, test.max())
    if "recipe" in facts and set(NOISE_KINDS) & set(facts):  # any table may state a recipe alone
        best, second = distinct["test_accuracy"].nlargest(2)
        _add_noise(numbers, dataset, facts, best - second, path)


def _add_resolution(numbers: Numbers, before: str, facts: dict[str, Any], accuracy: float) -> None:
    """Add what so many test images can tell apart; nothing is known where the facts do not say how many there are."""
    images = facts.get("test_images", facts.get("split_sizes", {}).get("test"))
    numbers.add(f"{before}.test_images", images, "count")
    numbers.add(f"{before}.one_image", 100 / images if images else None, "accuracy")
    numbers.add(f"{before}.half_width", accuracy_half_width(accuracy, images) if images else None, "accuracy")


def _add_noise(numbers: Numbers, dataset: str, facts: dict[str, Any], gap: float, path: str | Path) -> None:
    """Add how reliable a ground truth trained by this project is (by its facts), and what it cost.

    ``noise_top_100`` is the spread of a single training between seeds; the table holds means over seeds, whose spread
    is ``noise_of_mean_top_100``, and the gap between two such means spreads by sqrt(2) times that (``noise_of_gap``).
    """
    before = f"noise.{dataset}"
    for key, kind in NOISE_KINDS.items():
        value = fact(facts, key, path)
        if value is not None and not isinstance(value, int | float):
            raise ReportError(f"The fact '{key}' of '{path}' is {value!r} where the report prints a number.")
        numbers.add(f"{before}.{key}", value, kind)
    of_mean = numbers.value(f"{before}.noise_of_mean_top_100")
    numbers.add(f"{before}.noise_of_gap", None if of_mean is None else math.sqrt(2) * of_mean, "accuracy")
    numbers.add(f"{before}.gap_top", gap, "accuracy")
    noise = numbers.value(f"{before}.noise_of_gap")
    numbers.add(f"{before}.gap_verdict", "unknown" if noise is None else "within" if noise > gap else "beyond", "text")
    processor = str(fact(facts, "seconds_meaning", path)).startswith("processor")
    numbers.add(f"{before}.clock", "processor time" if processor else "wall time", "text")


def _agreement(one: str | Path, other: str | Path) -> float:
    """Return Spearman's correlation between the test accuracies of two ground truths, over the cells of both."""
    tables = (read_table(path, ("arch", "test_accuracy")).set_index("arch")["test_accuracy"] for path in (one, other))
    both = pd.concat(tables, axis=1, join="inner").to_numpy()
    return _agree(both[:, 0], both[:, 1])


def _agree(first: np.ndarray | pd.Series, second: np.ndarray | pd.Series) -> float:
    """Return Spearman's correlation of two accuracies, or of a count and one, over the pairs where both are known."""
    return spearman(*known_pairs(first, second)).value
