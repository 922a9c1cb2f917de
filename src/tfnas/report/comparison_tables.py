r"""What the report reads of searches against each other, and the tables made of it.

Like :mod:`tfnas.report.tables` each table is made from result files alone; each dataset is searched by itself.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from tfnas.analysis.statistics import LEVEL
from tfnas.errors import ReportError
from tfnas.schemas.comparisons import SCHEMA as COMPARISONS
from tfnas.schemas.ranks import SCHEMA as RANKS
from tfnas.schemas.regret import SCHEMA as REGRET


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
        ends = replace(self, difference=-self.difference, low=-self.high, high=-self.low)
        return replace(ends, probability=1 - self.probability, effect=-self.effect)


class Pairs:
    """The pairs of ``summaries/comparisons.csv`` with each dataset searched by itself.

    Args:
        path: where the table lies.
    """

    def __init__(self, path: str | Path):
        self.path = path
        table = COMPARISONS.read(path)
        own = table[table["searched_on"] == table["dataset"]]
        self.pairs = {
            (line.dataset, line.search, line.other): Pair(
                line.n,
                line.difference,
                line.ci_low,
                line.ci_high,
                line.probability,
                line.p_holm,
                line.rank_biserial,
                line.detectable,
                line.runs_needed,
            )
            for line in own.itertuples()
        }

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
    table = REGRET.read(path)
    own = table[table["searched_on"] == table["dataset"]].set_index(["search", "dataset"])
    for label, dataset in itertools.product(labels, datasets):
        if (label, dataset) not in own.index:
            raise ReportError(f"'{path}' has no regret of search '{label}' on '{dataset}': run the summary again.")
    return own


def read_ranks(path: str | Path) -> pd.DataFrame:
    """Return the mean ranks of ``summaries/ranks.csv``: a row per search, lowest mean rank first."""
    table = RANKS.read(path).drop_duplicates("search").set_index("search")
    return table.sort_values("mean_rank", kind="stable")


def best_search(regret: pd.DataFrame, labels: list[str], dataset: str) -> str:
    """Return which of the searches has the least mean regret on a dataset, the first of equal ones."""
    return min(labels, key=lambda label: regret.loc[(label, dataset), "mean"])


def matrix(pairs: Pairs, dataset: str, labels: list[str], name: str) -> np.ndarray:
    """Return an attribute of :class:`Pair` for every two searches, row against column, NaN on the diagonal."""
    values = np.full((len(labels), len(labels)), np.nan)
    for i, j in itertools.permutations(range(len(labels)), 2):
        values[i, j] = getattr(pairs.between(dataset, labels[i], labels[j]), name)
    return values
