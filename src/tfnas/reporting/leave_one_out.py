"""What the report shows of choices made without the dataset they are judged on: tables and numbers."""

from __future__ import annotations

from math import comb
from pathlib import Path
from typing import TYPE_CHECKING

from tfnas.files import read_facts, read_table
from tfnas.leave_one_out import ENSEMBLE_COLUMNS, LEAGUE_COLUMNS, TOP_CELL
from tfnas.reporting.tables import fact

if TYPE_CHECKING:
    from tfnas.reporting.numbers import Numbers

EQUAL = 1e-9
"""Points by which two regrets may differ and still be the same."""


def add_ensemble_choice(numbers: Numbers, summary_path: str | Path) -> None:
    """Add from how many ensembles was chosen, and what the chosen ones are worth on the dataset held out.

    Keys: ``chosen.ensemble.proxies``, ``.largest``, ``.tried``. For each dataset, of the ensemble chosen by its order,
    ``chosen.ensemble.{dataset}.size``, ``.spearman``, ``.low`` and ``.high``, ``.single`` of the single proxy chosen in
    the same way, and ``.best``, the highest that hindsight finds in all sizes; of the one chosen by its top cell
    ``chosen.top.{dataset}.accuracy``, ``.single`` and ``.best``, percent.
    """
    summary, facts = read_table(summary_path, ENSEMBLE_COLUMNS), read_facts(summary_path)
    proxies, largest = len(fact(facts, "proxies", summary_path)), fact(facts, "largest", summary_path)
    before = "chosen.ensemble"
    numbers.add(f"{before}.proxies", proxies, "count")
    numbers.add(f"{before}.largest", largest, "count")
    numbers.add(f"{before}.tried", sum(comb(proxies, size) for size in range(1, largest + 1)), "count")
    for (by, dataset), part in summary.groupby(["by", "held_out"], sort=False):
        chosen, single = part[part["chosen"]].iloc[0], part[part["size"] == 1].iloc[0]
        if by == TOP_CELL:
            numbers.add(f"chosen.top.{dataset}.accuracy", chosen["top_accuracy"], "accuracy")
            numbers.add(f"chosen.top.{dataset}.single", single["top_accuracy"], "accuracy")
            numbers.add(f"chosen.top.{dataset}.best", part["best"].max(), "accuracy")
            continue
        numbers.add(f"{before}.{dataset}.size", chosen["size"], "count")
        for name, value in (
            ("spearman", chosen["spearman"]),
            ("low", chosen["spearman_low"]),
            ("high", chosen["spearman_high"]),
            ("single", single["spearman"]),
            ("best", part["best"].max()),
        ):
            numbers.add(f"{before}.{dataset}.{name}", value, "correlation")


def add_leagues(numbers: Numbers, summary_path: str | Path) -> None:
    """Add how often the search chosen out of a league is the one that hindsight would have chosen.

    Keys: ``chosen.league.{league}.searches``, ``.right`` (datasets on which no search of the league has less regret),
    and ``.lost``, the largest difference of mean test accuracy to the best search of the league on a dataset, points.
    """
    summary = read_table(summary_path, LEAGUE_COLUMNS)
    for league, part in summary.groupby("league", sort=False):
        chosen = part[part["chosen"]].set_index("held_out")["regret"]
        lost = chosen - part.groupby("held_out")["regret"].min()
        before = f"chosen.league.{league}"
        numbers.add(f"{before}.searches", part["search"].nunique(), "count")
        numbers.add(f"{before}.right", int((lost < EQUAL).sum()), "count")
        numbers.add(f"{before}.lost", lost.max(), "accuracy")
