"""Write all searches of the leagues on every dataset."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tfnas.files import read_table
from tfnas.leave_one_out import LEAGUE_COLUMNS
from tfnas.products import Exhibit
from tfnas.reporting.names import dataset_title, search_titles, tex_title
from tfnas.reporting.rounding import escape, show_mean
from tfnas.reporting.tables import long_tables, row, write_tex

MOST_WITH_STD = 4
"""Datasets up to which the table of all candidates has room for standard deviations."""

SPEC = Exhibit(
    kind="table",
    name="league-searches",
    category="Searches",
    message="Writing what the searches of the leagues reach",
    needs={"summary": "summaries/leagues.csv"},
    params=("searches", "datasets"),
    prints=("searches", "proxies"),
    when=lambda study: study.leagues,
    local=True,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    write_league_searches(inputs.summary, params.searches, params.datasets, output.tex)


def write_league_searches(
    summary_path: str | Path, searches: dict[str, dict[str, Any]], datasets: list[str], output: str | Path
) -> None:
    """Write all searches of the leagues with their test accuracies on every dataset, the one chosen for it bold.

    Args:
        summary_path: ``summaries/leagues.csv``.
        searches: ``search.use`` of the study.
        datasets: the datasets of the study.
        output: path of the table.
    """
    summary = read_table(summary_path, LEAGUE_COLUMNS)
    titles = {label: tex_title(title) for label, title in search_titles(searches).items()}
    blocks: dict[str, list[str]] = {}
    for league, part in summary.groupby("league", sort=False):
        entries = part.set_index(["search", "held_out"])
        for search in dict.fromkeys(part["search"]):
            found = [entries.loc[(search, dataset)] for dataset in datasets]
            means = [
                show_mean(entry["mean"], entry["std"] if len(datasets) <= MOST_WITH_STD else None, entry["chosen"])
                for entry in found
            ]
            blocks.setdefault(league, []).append(row([titles[search], *means]))
    columns = rf"L{{0.34\linewidth}}*{{{len(datasets)}}}{{w{{r}}{{{0.54 / len(datasets):.3f}\linewidth}}}}"
    head = [row(["Search", *(escape(dataset_title(dataset)) for dataset in datasets)])]
    write_tex(output, long_tables(columns, head, blocks))
