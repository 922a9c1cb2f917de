r"""What the report reads of searches against each other, and the tables made of it.

Like :mod:`tfnas.reporting.tables` each table is made from result files alone; each dataset is searched by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.comparisons import COMPARISON_COLUMNS, RANK_COLUMNS, REGRET_COLUMNS
from tfnas.errors import ReportError
from tfnas.files import read_table
from tfnas.reporting.names import GROUPS, contenders, dataset_title, search_group, search_titles, tex_title
from tfnas.reporting.rounding import MISSING, bold, escape, show
from tfnas.reporting.tables import RULE, block_heading, long_tables, row, tabular, write_tex
from tfnas.statistics import LEVEL


@dataclass(frozen=True)
class Pair:
    """One search against another on common runs; positive where the first is better.

    Attributes:
        n: common runs.
        difference: mean paired difference of test accuracy, points.
        low: lower end of its interval.
        high: upper end.
        probability: that the first is better in one run, ties counted half.
        p_holm: corrected p-value of the signed-rank test.
        effect: matched-pairs rank-biserial correlation.
        detectable: the difference that these runs detect, points.
        runs_needed: runs that would detect a tenth of a point.
    """

    n: int
    difference: float
    low: float
    high: float
    probability: float
    p_holm: float
    effect: float
    detectable: float
    runs_needed: int

    @property
    def verdict(self) -> str:
        """Whether the first is better or worse, or undecided.

        It takes both: the interval of the mean difference leaves out zero, and the signed-rank test, corrected for the
        number of pairs of the dataset, tells the two apart.
        """
        if not self.told_apart:
            return "undecided"
        return "better" if self.low > 0 else "worse" if self.high < 0 else "undecided"

    @property
    def equal(self) -> bool:
        """Whether the two are equally accurate in every run."""
        return self.effect == 0 and self.low == self.high == self.difference == 0

    @property
    def told_apart(self) -> bool:
        """Whether the corrected signed-rank test tells the two apart."""
        return self.p_holm <= 1 - LEVEL

    def turned(self) -> Pair:
        """Return the second search against the first."""
        return Pair(
            self.n, -self.difference, -self.high, -self.low, 1 - self.probability, self.p_holm, -self.effect,
            self.detectable, self.runs_needed,
        )  # fmt: skip


class Pairs:
    """The pairs of ``summaries/comparisons.csv`` with each dataset searched by itself.

    Args:
        path: where the table lies.
    """

    def __init__(self, path: str | Path):
        self.path = path
        table = read_table(path, COMPARISON_COLUMNS)
        own = table[table["searched_on"] == table["dataset"]]
        self.pairs = {
            (line.dataset, line.search, line.other): Pair(
                line.n, line.difference, line.ci_low, line.ci_high, line.probability, line.p_holm, line.rank_biserial,
                line.detectable, line.runs_needed,
            )
            for line in own.itertuples()
        }  # fmt: skip

    def between(self, dataset: str, one: str, other: str) -> Pair:
        """Return ``one`` against ``other``.

        Raises:
            ReportError: the table lacks the pair.
        """
        if (dataset, one, other) in self.pairs:
            return self.pairs[dataset, one, other]
        if (dataset, other, one) in self.pairs:
            return self.pairs[dataset, other, one].turned()
        raise ReportError(
            f"'{self.path}' does not compare '{one}' and '{other}' on '{dataset}': run the summary again."
        )

    def on(self, dataset: str) -> list[Pair]:
        """Return all pairs of a dataset, each once."""
        return [pair for key, pair in self.pairs.items() if key[0] == dataset]


def read_regret(path: str | Path, labels: list[str], datasets: list[str]) -> pd.DataFrame:
    """Return ``summaries/regret.csv`` by (search, dataset), each dataset searched by itself.

    Raises:
        ReportError: a row is missing.
    """
    table = read_table(path, REGRET_COLUMNS)
    own = table[table["searched_on"] == table["dataset"]].set_index(["search", "dataset"])
    for label in labels:
        for dataset in datasets:
            if (label, dataset) not in own.index:
                raise ReportError(f"'{path}' has no regret of search '{label}' on '{dataset}': run the summary again.")
    return own


def read_ranks(path: str | Path) -> pd.DataFrame:
    """Return the mean ranks of ``summaries/ranks.csv``: a row per search, lowest mean rank first."""
    table = read_table(path, RANK_COLUMNS).drop_duplicates("search").set_index("search")
    return table.sort_values("mean_rank", kind="stable")


def write_regret_table(
    regret_path: str | Path, searches: dict[str, dict[str, Any]], datasets: list[str], output: str | Path
) -> None:
    """Write mean and median regret of every search, in the groups of the table of searches.

    With one dataset also the interval of the mean, the worst run, and the share of runs that found the optimum. The
    smallest printed mean and median of a dataset among the ranked searches are bold.

    Args:
        regret_path: ``summaries/regret.csv``.
        searches: ``search.use`` of the study.
        datasets: datasets in the order of the study, each searched by itself.
        output: path of the table.

    Raises:
        ReportError: the summary lacks a search on a dataset.
    """
    table = read_regret(regret_path, list(searches), datasets)
    titles = search_titles(searches)
    alone = len(datasets) == 1
    rivals = contenders(searches)
    least = {
        (dataset, name): min((round(table.loc[(label, dataset), name], 2) for label in rivals), default=None)
        for dataset in datasets
        for name in ("mean", "median")
    }
    width = 1 + (5 if alone else 2 * len(datasets))
    body: list[str] = []
    for group, heading in GROUPS.items():
        labels = [label for label, settings in searches.items() if search_group(settings) == group]
        body += [RULE] if body and labels else []
        body += [block_heading(heading, width)] if labels else []
        for label in labels:
            cells = [tex_title(titles[label])]
            for dataset in datasets:
                line = table.loc[(label, dataset)]
                for name in ("mean", "median"):
                    best = label in rivals and round(line[name], 2) == least[dataset, name]
                    text = show(line[name], "accuracy")
                    cells.append(bold(text) if best else text)
                if alone:
                    interval = f"[{show(line['ci_low'], 'accuracy')}, {show(line['ci_high'], 'accuracy')}]"
                    cells.insert(2, interval)
                    cells += [show(line["worst"], "accuracy"), show(line["at_optimum"], "share")]
            body.append(row(cells))
    if alone:
        head = [row(["Search", "Mean", r"[95\,\%]", "Median", "Worst run", r"At the optimum (\%)"])]
        return write_tex(output, tabular("lrlrrr", head, body))
    titled = [rf"\multicolumn{{2}}{{c}}{{{escape(dataset_title(dataset))}}}" for dataset in datasets]
    head = [
        row(["", *titled]),
        " ".join(rf"\cmidrule(lr){{{2 + 2 * place}-{3 + 2 * place}}}" for place in range(len(datasets))),
        row(["Search", *["mean", "median"] * len(datasets)]),
    ]
    return write_tex(output, tabular("l" + "rr" * len(datasets), head, body))


def best_search(regret: pd.DataFrame, labels: list[str], dataset: str) -> str:
    """Return which of the searches has the least mean regret on a dataset, the first of equal ones."""
    return min(labels, key=lambda label: regret.loc[(label, dataset), "mean"])


def write_comparison_table(
    comparisons_path: str | Path,
    regret_path: str | Path,
    searches: dict[str, dict[str, Any]],
    datasets: list[str],
    output: str | Path,
) -> None:
    """Write every search against the ranked one with the highest mean test accuracy, in blocks by dataset.

    Difference of means with interval, probability of being better in a run, effect size, corrected p-value (differences
    that the corrected test does not tell from zero are grey), what these runs detect, and runs for a tenth of a point.

    Args:
        comparisons_path: ``summaries/comparisons.csv``.
        regret_path: ``summaries/regret.csv``, which says which search is best and in which order they come.
        searches: ``search.use`` of the study.
        datasets: datasets in the order of the study, each searched by itself.
        output: path of the table.

    Raises:
        ReportError: a summary lacks a search, a pair or a dataset.
    """
    pairs = Pairs(comparisons_path)
    regret = read_regret(regret_path, list(searches), datasets)
    titles = search_titles(searches)
    blocks: dict[str, list[str]] = {}
    for dataset in datasets:
        best = best_search(regret, contenders(searches) or list(searches), dataset)
        body = blocks.setdefault(dataset_title(dataset), [])
        for label in sorted(searches, key=lambda label: regret.loc[(label, dataset), "mean"]):
            name = tex_title(titles[label])
            if label == best:
                body.append(row([rf"\textbf{{{name}}}", *[MISSING] * 6]))
                continue
            pair = pairs.between(dataset, label, best)
            interval = f"[{show(pair.low, 'accuracy')}, {show(pair.high, 'accuracy')}]"
            cells = [
                name, f"{show(pair.difference, 'accuracy')} {interval}", show(pair.probability, "share"),
                show(pair.effect, "correlation"), show(pair.p_holm, "p"), show(pair.detectable, "accuracy"),
                show(pair.runs_needed, "count"),
            ]  # fmt: skip
            body.append(row(cells if pair.told_apart else [rf"\quoted{{{cell}}}" for cell in cells]))
    head = [row(["Search", r"Difference [95\,\%]", r"Wins (\%)", "$r$", "$p$", "Detectable", "Runs"])]
    columns = r"L{0.31\linewidth}w{l}{0.21\linewidth}*{5}{w{r}{0.068\linewidth}}"
    write_tex(output, long_tables(columns, head, blocks))


def matrix(pairs: Pairs, dataset: str, labels: list[str], name: str) -> np.ndarray:
    """Return an attribute of :class:`Pair` for every two searches, row against column, NaN on the diagonal."""
    values = np.full((len(labels), len(labels)), np.nan)
    for i, one in enumerate(labels):
        for j, other in enumerate(labels):
            if i != j:
                values[i, j] = getattr(pairs.between(dataset, one, other), name)
    return values
