"""What the report shows of costs: fronts beside the true ones, their quality, and sub-spaces."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfnas.files import read_table
from tfnas.fronts import FRONT_COLUMNS
from tfnas.limits import LIMIT_COLUMNS
from tfnas.reporting.names import search_group

if TYPE_CHECKING:
    from tfnas.reporting.numbers import Numbers


def cost_title(cost: str) -> str:
    """Return a cost with its unit."""
    return {"params": "parameters", "flops": "FLOPs (millions)"}.get(cost, f"latency on {cost} (ms)")


def add_limits(numbers: Numbers, summary_path: str | Path, searches: Mapping[str, dict[str, Any]]) -> None:
    """Add, for each dataset searched by itself, the best search that keeps to its limit in every run; no references.

    Keys: ``limits.{dataset}.first.title``, ``.test`` (mean test accuracy), ``.below`` (points below the best cell
    within the limit), and ``limits.{dataset}.left.title`` with ``.share``, the search that most often leaves its limit,
    if any does.
    """
    summary = read_table(summary_path, LIMIT_COLUMNS)
    rivals = [label for label, settings in searches.items() if search_group(settings) != "reference"]
    own = summary[(summary["searched_on"] == summary["dataset"]) & summary["search"].isin(rivals)]
    for dataset, part in own.groupby("dataset", sort=False):
        before = f"limits.{dataset}"
        kept = part.groupby("search", sort=False).filter(lambda rows: (rows["within"] == 1).all())
        if len(kept):
            first = kept.loc[kept["mean"].idxmax()]
            numbers.title(f"{before}.first.title", numbers.value(f"title.search.{first['search']}"))
            numbers.add(f"{before}.first.test", first["mean"], "accuracy")
            numbers.add(f"{before}.first.below", first["best"] - first["mean"], "accuracy")
        left = part.loc[part["within"].idxmin()]
        if left["within"] < 1:
            numbers.title(f"{before}.left.title", numbers.value(f"title.search.{left['search']}"))
            numbers.add(f"{before}.left.share", 1 - left["within"], "share")


def add_fronts(numbers: Numbers, summary_path: str | Path) -> None:
    """Add, for each dataset searched by itself, the search whose fronts have the largest mean share of hypervolume.

    Keys: ``fronts.{dataset}.first.title`` and ``.share``, where a share is known.
    """
    summary = read_table(summary_path, FRONT_COLUMNS)
    own = summary[(summary["searched_on"] == summary["dataset"]) & summary["mean"].notna()]
    for dataset, part in own.groupby("dataset", sort=False):
        first = part.loc[part["mean"].idxmax()]
        numbers.title(f"fronts.{dataset}.first.title", numbers.value(f"title.search.{first['search']}"))
        numbers.add(f"fronts.{dataset}.first.share", first["mean"], "share")
