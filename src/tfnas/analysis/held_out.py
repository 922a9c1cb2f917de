r"""Choices made without the dataset they are judged on: which ensemble of proxies, and which variant of a search.

To choose members, weights or sizes by the accuracies of a dataset and then to report that dataset is to look at the
answer. Here every dataset is *held out* once: what is reported for it was chosen by the accuracies of the others.

``summaries/ensemble-choice.csv``: one row per criterion, dataset held out and number of members
(:data:`ENSEMBLE_CHOICE`).
``summaries/leagues.csv``: one row per league, dataset held out and search of the league (:data:`LEAGUES`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.analysis.statistics import spearman
from tfnas.errors import ConfigError, ScoreError, SearchError
from tfnas.runtime.progress import progress
from tfnas.schemas.ensemble_choice import SCHEMA as ENSEMBLE_CHOICE
from tfnas.schemas.leagues import SCHEMA as LEAGUES
from tfnas.schemas.regret import SCHEMA as REGRET
from tfnas.scoring.missing import lowest_where_missing
from tfnas.scoring.table import ScoreTable
from tfnas.truth.benchmark import ReadOff

SPEARMAN, TOP_CELL = "spearman", "top_cell"
"""What ensembles are chosen by: how they order all cells, or how good the cell is that they rank first."""

LEAGUE = "The search of a league of search.leagues"
"""What :func:`check_datasets` is asked for searches."""


def check_datasets(datasets: Sequence[str], what: str) -> None:
    """Refuse to choose without a dataset when there is no other.

    Raises:
        ConfigError: fewer than 2 datasets.
    """
    if len(datasets) < 2:
        raise ConfigError(
            f"{what} is chosen on the datasets other than the one it is judged on, and the study has only "
            f"{', '.join(datasets)}: add a dataset or leave it out."
        )


def check_ensemble_choice(datasets: Sequence[str], proxies: Sequence[str], largest: int) -> None:
    """Refuse a choice of ensembles that cannot be made.

    Raises:
        ConfigError: fewer than 2 datasets, or more members than proxies.
    """
    check_datasets(datasets, "The ensemble of scoring.ensemble_choice")
    if largest > len(proxies):
        raise ConfigError(
            f"scoring.ensemble_choice.largest is {largest}, more than the proxies to choose from ({len(proxies)}): "
            "lower it or add proxies."
        )


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
    def read(cls, score_path: str | Path, truth_path: str | Path, dataset: str, proxies: Sequence[str]) -> Side:
        """Read the scores and the ground truth of a dataset."""
        from scipy.stats import rankdata

        truth = ReadOff.read(truth_path, dataset)
        accuracies = truth.peek(truth.codes)[1]
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


def choose_ensembles(
    score_paths: Mapping[str, str | Path],
    truth_paths: Mapping[str, str | Path],
    proxies: Sequence[str],
    largest: int,
    output: str | Path,
) -> None:
    r"""Choose for every dataset the log-rank sum of a few proxies that does best on the other datasets.

    All subsets of 1 to ``largest`` proxies are tried. With :math:`r_k(a)` the rank of cell a by proxy k among the n
    cells of the space (n is the best, ties averaged), the score of a subset S is
    :math:`\sum_{k \in S} \ln(r_k(a) / n)`: that of an ensemble with the rule ``log_rank_sum``
    (:mod:`tfnas.scoring.ensembles`). Correlations are over the cells of the ground truth; one that is undefined,
    because all scores are equal, is never chosen.

    Args:
        score_paths: score table of each dataset, at least 2.
        truth_paths: ground-truth table of each dataset.
        proxies: names of the proxies to choose from.
        largest: most members of an ensemble.
        output: table to write (.csv) with :data:`ENSEMBLE_CHOICE`. Of the subsets of ``size`` proxies, ``members`` is
            the best on the other datasets: ``by`` spearman that with the highest mean Spearman correlation with their
            test accuracies, ``by`` top_cell that with the smallest mean regret, points of test accuracy between the
            best cell and the cells with the highest score (the mean of equal ones); that mean is ``elsewhere``.
            ``chosen`` is true in the row of each dataset and criterion where it is best, the smallest size of equals.
            ``spearman`` with its interval and ``top_accuracy``, the mean test accuracy (percent) of the cells with the
            highest score, are those of the dataset held out; ``best_members`` and ``best`` (a correlation, or percent)
            what the best choice of that size would have been in hindsight.

    Raises:
        ConfigError: fewer than 2 datasets, or more members than proxies.
        UnknownNameError: a score table does not hold a proxy.
        ScoreError: all scores of a proxy are NaN, or no subset orders the cells of a dataset.
        TruthError: a cell has no test accuracy.
        DataError: a table is missing, damaged or lacks a column.
    """
    datasets = list(score_paths)
    check_ensemble_choice(datasets, proxies, largest)
    sides = {dataset: Side.read(score_paths[dataset], truth_paths[dataset], dataset, proxies) for dataset in datasets}

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
                            "spearman": rho.value,
                            "spearman_low": rho.low,
                            "spearman_high": rho.high,
                            "top_accuracy": tops[best, column],
                            "best_members": _names(proxies, subsets[hindsight]),
                            "best": kept[hindsight, column],
                        }
                    )
    rows.sort(key=lambda row: (row["by"], datasets.index(row["held_out"])))  # stable: sizes stay in their order
    table = pd.DataFrame(rows, columns=list(ENSEMBLE_CHOICE.names))
    merit = table["elsewhere"].where(table["by"] == SPEARMAN, -table["elsewhere"])
    table.loc[merit.groupby([table["by"], table["held_out"]]).idxmax(), "chosen"] = True
    ENSEMBLE_CHOICE.write(output, table, _ensemble_facts(proxies, largest))


def _names(proxies: Sequence[str], subset: tuple[int, ...]) -> str:
    return " ".join(proxies[place] for place in subset)


def _ensemble_facts(proxies: Sequence[str], largest: int) -> dict[str, Any]:
    """Return what the facts beside the table of :func:`choose_ensembles` say."""
    return {
        "rows": "one per criterion, dataset held out and number of members",
        "proxies": list(proxies),
        "largest": largest,
        "rule": "log_rank_sum",
        "members": "of all subsets of that size the best on the other datasets (elsewhere); by spearman: highest mean "
        "Spearman correlation with their test accuracies; by top_cell: smallest mean regret of the cells with the "
        "highest score, points of test accuracy",
        "chosen": "the size that is best elsewhere, the smallest of equals",
        "spearman": "with the test accuracies of the dataset held out; 95 % interval as in correlations.csv",
        "top_accuracy": "mean test accuracy of the cells with the highest score on the dataset held out, percent",
        "best": "chosen in hindsight, on the dataset held out itself: a bound, not a method",
    }


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


def choose_searches(
    regret_path: str | Path, leagues: Mapping[str, Sequence[str]], datasets: Sequence[str], output: str | Path
) -> None:
    """Choose for every dataset, out of each league of searches, the one with the least regret on the other datasets.

    Args:
        regret_path: ``summaries/regret.csv``; of each dataset searched by itself.
        leagues: labels of the searches of each league: the variants of one method, say.
        datasets: the datasets, at least 2.
        output: table to write (.csv) with :data:`LEAGUES`. ``elsewhere`` is the mean over the other datasets of
            the mean regret (points of test accuracy below the best cell); ``chosen`` is true for the search of the
            league in which that is smallest, the first of equals, ``equal`` for all in which it is (to 1e-9 points).
            n, mean, std and interval of test accuracy (percent) and the mean ``regret`` are of the dataset held out.

    Raises:
        ConfigError: fewer than 2 datasets.
        SearchError: a search of a league has no regret on a dataset.
        DataError: the table is missing or lacks a column.
    """
    check_datasets(list(datasets), LEAGUE)
    table = REGRET.read(regret_path)
    own = table[table["searched_on"] == table["dataset"]].set_index(["search", "dataset"])
    rows = []
    for league, labels in leagues.items():
        for label in labels:
            for dataset in datasets:
                if (label, dataset) not in own.index:
                    raise SearchError(
                        f"'{regret_path}' has no regret of search '{label}' searched on '{dataset}', which league "
                        f"'{league}' needs: run the searches and their summary."
                    )
        for held_out in datasets:
            others = [dataset for dataset in datasets if dataset != held_out]
            elsewhere = [own.loc[[(label, dataset) for dataset in others], "mean"].mean() for label in labels]
            equal = np.isclose(elsewhere, min(elsewhere), rtol=0, atol=1e-9)
            for place, label in enumerate(labels):
                line = own.loc[(label, held_out)]
                rows.append(
                    {
                        "league": league,
                        "held_out": held_out,
                        "search": label,
                        "elsewhere": elsewhere[place],
                        "chosen": place == equal.argmax(),
                        "equal": equal[place],
                        "n": int(line["n"]),
                        "mean": line["optimum"] - line["mean"],
                        "std": line["std"],
                        "ci_low": line["optimum"] - line["ci_high"],
                        "ci_high": line["optimum"] - line["ci_low"],
                        "regret": line["mean"],
                    }
                )
    facts = {
        "rows": "one per league, dataset held out and search of the league, each dataset searched by itself",
        "leagues": {league: list(labels) for league, labels in leagues.items()},
        "elsewhere": "mean over the other datasets of the mean regret, points of test accuracy",
        "chosen": "the search of the league with the least regret elsewhere, the first of equals",
        "equal": "whether its regret elsewhere is that of the chosen one: then the order of the league decided",
        "mean, std, ci_low, ci_high": "test accuracy on the dataset held out over n runs, percent; std: ddof = 1; 95 % "
        "bootstrap interval of the mean",
        "regret": "mean regret on the dataset held out, points",
    }
    LEAGUES.write(output, pd.DataFrame(rows, columns=list(LEAGUES.names)), facts)
