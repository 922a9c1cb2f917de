"""Choose an ensemble for every dataset by the accuracies of the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from tfnas.analysis.cells_in_order import INTERVALS
from tfnas.analysis.held_out import SPEARMAN, TOP_CELL, check_ensemble_choice
from tfnas.analysis.statistics import spearman
from tfnas.errors import ScoreError
from tfnas.products import Named, Summary
from tfnas.runtime.progress import progress
from tfnas.schemas.ensemble_choice import SCHEMA as ENSEMBLE_CHOICE
from tfnas.scoring.missing import lowest_where_missing
from tfnas.scoring.table import ScoreTable
from tfnas.truth.benchmark import ReadOff

SPEC = Summary(
    category="Proxies",
    needs={"scores": "scores/{dataset}.parquet", "truths": "truth/{dataset}.parquet"},
    params=("ensemble_choice",),
    when=lambda study: study.ensemble_choice["proxies"],
)


def make(inputs: Named, params: Named, output: Named) -> None:
    r"""Choose for every dataset the log-rank sum of a few proxies that does best on the other datasets.

    All subsets of 1 to ``largest`` proxies are tried. With :math:`r_k(a)` the rank of cell a by proxy k among the n
    cells of the space (n is the best, ties averaged), the score of a subset S is
    :math:`\sum_{k \in S} \ln(r_k(a) / n)`: that of an ensemble with the rule ``log_rank_sum``
    (:mod:`tfnas.scoring.ensembles`). Correlations are over the cells of the ground truth; one that is undefined,
    because all scores are equal, is never chosen.

    Args:
        inputs: ``scores``: score table of each dataset, at least 2. ``truths``: ground-truth table of each dataset.
        params: ``ensemble_choice``: names of the ``proxies`` to choose from, and ``largest``, the most members.
        output: ``table``: table to write (.csv) with :data:`ENSEMBLE_CHOICE`. A regret is the points of test
            accuracy between the best cell and the cells with the highest score (the mean of equal ones).

    Raises:
        ConfigError: fewer than 2 datasets, or more members than proxies.
        UnknownNameError: a score table does not hold a proxy.
        ScoreError: all scores of a proxy are NaN, or no subset orders the cells of a dataset.
        TruthError: a cell has no test accuracy.
        DataError: a table is missing, damaged or lacks a column.
    """
    datasets, (proxies, largest) = list(inputs.scores), (params.ensemble_choice[key] for key in ("proxies", "largest"))
    check_ensemble_choice(datasets, proxies, largest)
    sides = {
        dataset: Side.read(inputs.scores[dataset], inputs.truths[dataset], dataset, proxies) for dataset in datasets
    }

    rows = []
    with progress(sum(comb(len(proxies), size) for size in range(1, largest + 1)), "subsets of proxies") as advance:
        for size in range(1, largest + 1):
            subsets = list(combinations(range(len(proxies)), size))
            correlations, tops = np.empty((2, len(subsets), len(datasets)))
            for row, subset in enumerate(subsets):
                correlations[row], tops[row] = zip(*(side.quality(subset) for side in sides.values()), strict=True)
                advance(1)
            losses = tops - [side.accuracies.max() for side in sides.values()]
            for column, dataset in enumerate(datasets):
                others = [other for other in datasets if other != dataset]
                for by, values, kept in ((SPEARMAN, correlations, correlations), (TOP_CELL, losses, tops)):
                    elsewhere = np.delete(values, column, axis=1).mean(axis=1)
                    best = _highest(elsewhere, size, others)
                    hindsight = _highest(values[:, column], size, [dataset])
                    side = sides[dataset]
                    rho = spearman(side.score(subsets[best]), side.accuracies, groups=side.groups)
                    rows.append(
                        {
                            "by": by,
                            "held_out": dataset,
                            "size": size,
                            "members": _names(proxies, subsets[best]),
                            "chosen": False,
                            "elsewhere": elsewhere[best] if by == SPEARMAN else -elsewhere[best],
                            **rho.columns("spearman"),
                            "top_accuracy": tops[best, column],
                            "best_members": _names(proxies, subsets[hindsight]),
                            "best": kept[hindsight, column],
                        }
                    )
    rows.sort(key=lambda row: (row["by"], datasets.index(row["held_out"])))  # stable: sizes stay in their order
    table = pd.DataFrame(rows, columns=list(ENSEMBLE_CHOICE.names))
    merit = table["elsewhere"].where(table["by"] == SPEARMAN, -table["elsewhere"])
    table.loc[merit.groupby([table["by"], table["held_out"]]).idxmax(), "chosen"] = True
    facts = {"proxies": list(proxies), "largest": largest, "rule": "log_rank_sum"}
    ENSEMBLE_CHOICE.write_rows(output.table, table, **facts, intervals=INTERVALS)


@dataclass(frozen=True)
class Side:
    """What ensembles are made of, and judged by, on one dataset: arrays over the n cells of its ground truth.

    Args:
        logs: logarithm of each proxy's rank over the number of cells of the space, shape (proxies, n).
        accuracies: test accuracies, shape (n,).
        ranked: their ranks, centred and of length 1, shape (n,).
        groups: functional class of each cell, shape (n,).
    """

    logs: np.ndarray
    accuracies: np.ndarray
    ranked: np.ndarray
    groups: np.ndarray

    @classmethod
    def read(cls, score_path: str | Path, truth_path: str | Path, dataset: str, proxies: Sequence[str]) -> Self:
        """Read the scores and the ground truth of a dataset."""
        from scipy.stats import rankdata

        truth = ReadOff.read(truth_path, dataset)
        accuracies = truth.final(truth.codes)
        table = ScoreTable.read(score_path)
        scores = np.stack([lowest_where_missing(table.scores(proxy)) for proxy in proxies])
        logs = np.log(rankdata(scores, axis=1) / len(table.pool))[:, table.pool.places(truth.codes)]
        return cls(logs, accuracies, _unit(rankdata(accuracies)), truth.space.canonical(truth.codes))

    def score(self, subset: tuple[int, ...]) -> np.ndarray:
        """Return the score of an ensemble of some of the proxies, shape (n,)."""
        return self.logs[list(subset)].sum(axis=0)

    def quality(self, subset: tuple[int, ...]) -> tuple[float, float]:
        """Return Spearman's correlation of an ensemble with test accuracy, and the accuracy of what it ranks first."""
        from scipy.stats import rankdata

        scores = self.score(subset)
        return float(_unit(rankdata(scores)) @ self.ranked), float(self.accuracies[scores == scores.max()].mean())


def _names(proxies: Sequence[str], subset: tuple[int, ...]) -> str:
    return " ".join(proxies[place] for place in subset)


def _unit(ranks: np.ndarray) -> np.ndarray:
    """Return ranks centred and of length 1, NaN if all are the same: products of two are Spearman correlations."""
    centred = ranks - ranks.mean()
    with np.errstate(invalid="ignore"):
        return centred / np.linalg.norm(centred)


def _highest(correlations: np.ndarray, size: int, datasets: Sequence[str]) -> int:
    """Return the place of the highest correlation, the first of equals, leaving out undefined ones."""
    if np.isnan(correlations).all():
        raise ScoreError(
            f"No ensemble of {size} of the proxies to choose from orders the cells of {' and '.join(datasets)}: all "
            "scores, or all test accuracies, are equal there, so leave the dataset or these proxies out."
        )
    return int(np.nanargmax(correlations))
