"""What the report shows of choices made without the dataset they are judged on: tables and numbers."""

from __future__ import annotations

from math import comb
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfnas.files import read_facts, read_table
from tfnas.leave_one_out import ENSEMBLE_COLUMNS, LEAGUE_COLUMNS, SPEARMAN, TOP_CELL
from tfnas.reporting.names import dataset_title, proxy_title, search_titles, tex_title
from tfnas.reporting.rounding import MISSING, bold, escape, show, show_mean
from tfnas.reporting.tables import RULE, block_heading, fact, long_tables, row, tabular, with_interval, write_tex

if TYPE_CHECKING:
    import pandas as pd

    from tfnas.reporting.numbers import Numbers

LEAGUE_HEAD = (
    "League", "Held out", "Chosen search", "Test accuracy", r"[95\,\%]", "Equals", "held out", "elsewhere", "least",
)  # fmt: skip
"""Columns of the table of chosen searches; the last three are regrets."""

MOST_WITH_STD = 4
"""Datasets up to which the table of all candidates has room for standard deviations."""


EQUAL = 1e-9
"""Points by which two regrets may differ and still be the same."""


def write_ensemble_choice_table(summary_path: str | Path, by: str, output: str | Path) -> None:
    """Write for each dataset held out the ensemble of every size that is best on the other datasets; the chosen bold.

    Members, mean correlation (or regret) elsewhere, correlation on the dataset held out with its interval, test
    accuracy of the cell with the highest score there, and what hindsight would have reached with that size.

    Args:
        summary_path: ``summaries/ensemble-choice.csv``.
        by: the criterion of the choice, :data:`tfnas.leave_one_out.SPEARMAN` or ``TOP_CELL``.
        output: path of the table.
    """
    kind = {SPEARMAN: "correlation", TOP_CELL: "accuracy"}[by]
    summary = read_table(summary_path, ENSEMBLE_COLUMNS)
    body: list[str] = []
    for dataset, part in summary[summary["by"] == by].groupby("held_out", sort=False):
        body += [RULE] if body else []
        body.append(block_heading(dataset_title(dataset), 6))
        for entry in part.itertuples():
            cells = [
                show(entry.size, "count"),
                escape(", ".join(proxy_title(name) for name in entry.members.split())),
                show(entry.elsewhere, kind),
                with_interval(entry.spearman, entry.spearman_low, entry.spearman_high),
                show(entry.top_accuracy, "accuracy"),
                show(entry.best, kind),
            ]
            body.append(row([bold(cell) for cell in cells] if entry.chosen else cells))
    head = [row(["Size", "Members", "Elsewhere", r"$\rho$ held out [95\,\%]", r"Top cell (\%)", "Hindsight"])]
    write_tex(output, tabular(r"cL{0.4\linewidth}rlrr", head, body))


def write_league_tables(
    summary_path: str | Path,
    searches: dict[str, dict[str, Any]],
    datasets: list[str],
    output: str | Path,
    searches_output: str | Path,
) -> None:
    """Write the search chosen out of every league for each dataset held out, and all searches of the leagues.

    Args:
        summary_path: ``summaries/leagues.csv``.
        searches: ``search.use`` of the study.
        datasets: the datasets of the study.
        output: path of the table of chosen searches: test accuracy on the dataset held out with its interval, how many
            others do as well elsewhere and the range of what they reach, regret there and elsewhere, and the least
            regret of the league there, which hindsight would have chosen.
        searches_output: path of the table of all searches, with their test accuracies on every dataset; that of the one
            chosen for the dataset bold.
    """
    summary = read_table(summary_path, LEAGUE_COLUMNS)
    titles = {label: tex_title(title) for label, title in search_titles(searches).items()}
    body: list[str] = []
    blocks: dict[str, list[str]] = {}
    for league, part in summary.groupby("league", sort=False):
        body += [r"\addlinespace"] if body else []
        name = escape(league)
        for entry in part[part["chosen"]].itertuples():
            least = part["regret"][part["held_out"] == entry.held_out].min()
            interval = f"[{show(entry.ci_low, 'accuracy')}, {show(entry.ci_high, 'accuracy')}]"
            regrets = [show(value, "accuracy") for value in (entry.regret, entry.elsewhere, least)]
            others = part[(part["held_out"] == entry.held_out) & part["equal"] & ~part["chosen"]]["mean"]
            cells = [name, escape(dataset_title(entry.held_out)), titles[entry.search]]
            body.append(row([*cells, show_mean(entry.mean, entry.std), interval, _equals(others), *regrets]))
            name = ""
        entries = part.set_index(["search", "held_out"])
        for search in dict.fromkeys(part["search"]):
            found = [entries.loc[(search, dataset)] for dataset in datasets]
            means = [
                show_mean(entry["mean"], entry["std"] if len(datasets) <= MOST_WITH_STD else None, entry["chosen"])
                for entry in found
            ]
            blocks.setdefault(league, []).append(row([titles[search], *means]))
    head = [
        row([r"\multicolumn{6}{c}{}", r"\multicolumn{3}{c}{Regret}"]),
        r"\cmidrule(lr){7-9}",
        row(LEAGUE_HEAD),
    ]
    write_tex(output, tabular(r"llL{0.36\linewidth}lllrrr", head, body))
    columns = rf"L{{0.34\linewidth}}*{{{len(datasets)}}}{{w{{r}}{{{0.54 / len(datasets):.3f}\linewidth}}}}"
    head = [row(["Search", *(escape(dataset_title(dataset)) for dataset in datasets)])]
    write_tex(searches_output, long_tables(columns, head, blocks))


def _equals(means: pd.Series) -> str:
    """Return how many searches do as well elsewhere as the chosen one, and the range of what they reach."""
    if means.empty:
        return MISSING
    low, high = show(means.min(), "accuracy"), show(means.max(), "accuracy")
    return f"{len(means)}: {low}" + (f" to {high}" if high != low else "")


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
