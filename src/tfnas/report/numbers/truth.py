"""The ground truth: optimum, spread, reliability, cost of training; and how the cells were scored."""

import math
from pathlib import Path
from typing import Any

from tfnas.analysis.truths import ACCURACIES
from tfnas.errors import ReportError
from tfnas.files import read_facts
from tfnas.products import Named, Topic
from tfnas.report.numbers.base import Numbers
from tfnas.report.tables import fact, family_facts, told
from tfnas.schemas.truths import SCHEMA as TRUTHS

KINDS = dict.fromkeys(ACCURACIES, "accuracy") | {
    "cells": "count",
    "query_seconds": "seconds",
    "query_seconds_min": "seconds",
    "query_seconds_max": "seconds",
    "space_seconds": "seconds",
    "within_one": "share",
    "within_one_cells": "count",
    "params_min": "count",
    "params_max": "count",
    "valid_spearman": "correlation",
    "early_spearman": "correlation",
    "distinct": "count",
    "test_images": "count",
    "half_width": "accuracy",
    "agreement": "correlation",
}
"""How the columns of the summary are printed."""

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
    params=("datasets",),
    needs={
        "summary": "summaries/truth.csv",
        "truth_facts": "truth/{dataset}.json",
        "score_facts": "scores/{dataset}.json",
    },
)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add ``truth.{dataset}.*`` (:mod:`tfnas.analysis.truths`), ``noise.{dataset}.*``, ``device.*``, ``study.cells``.

    ``truth.{dataset}.one_image`` is the points that one of the test images is worth.
    """
    for row in TRUTHS.read(inputs.summary).to_dict("records"):
        dataset, before = row["dataset"], f"truth.{row['dataset']}"
        for name, kind in KINDS.items():
            numbers.add(f"{before}.{name}", row[name], kind)
        numbers.add(f"{before}.query_varies", row["query_seconds_max"] > VARIES * row["query_seconds_min"], "text")
        numbers.add(f"{before}.space_days", row["space_seconds"] / 86400, "ratio")
        images = row["test_images"]
        numbers.add(f"{before}.one_image", 100 / images if images > 0 else None, "accuracy")
        facts = read_facts(inputs.truth_facts[dataset])
        if "recipe" in facts and set(NOISE_KINDS) & set(facts):  # any table may state a recipe alone
            _add_noise(numbers, dataset, facts, row["gap_top"], inputs.truth_facts[dataset])
    scored = {dataset: read_facts(path) for dataset, path in inputs.score_facts.items()}
    for dataset, facts in scored.items():
        numbers.add(f"device.{dataset}", told(facts, "device", inputs.score_facts[dataset]), "text")
        notes = dict.fromkeys(part["note"] for part in family_facts(facts) if part.get("note"))
        numbers.add(f"device.{dataset}.note", " ".join(notes), "text")
    sizes = {numbers.value(f"truth.{dataset}.cells") for dataset in params.datasets}
    numbers.add("study.cells", sizes.pop() if len(sizes) == 1 else None, "count")
    families = [part for facts in scored.values() for part in family_facts(facts)]
    numbers.add("study.share_classes", any(part.get("share_classes") for part in families), "text")


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
    noise = None if of_mean is None else math.sqrt(2) * of_mean
    numbers.add_all(before, "accuracy", noise_of_gap=noise, gap_top=gap)
    numbers.add(f"{before}.gap_verdict", "unknown" if noise is None else "within" if noise > gap else "beyond", "text")
    processor = str(fact(facts, "seconds_meaning", path)).startswith("processor")
    numbers.add(f"{before}.clock", "processor time" if processor else "wall time", "text")
