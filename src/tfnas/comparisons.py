"""Searches against each other: every pair over its common runs, regret, and ranks over datasets.

``summaries/comparisons.csv``: one row per dataset searched on, dataset read off on and pair of searches
(:data:`COMPARISONS`). ``summaries/regret.csv``: one row per search, dataset searched on and dataset read off on
(:data:`REGRET`). ``summaries/ranks.csv``: one row per search and dataset searched on itself
(:data:`RANKS`). All are about test accuracy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.errors import SearchError, TruthError
from tfnas.files import read_table
from tfnas.runs import read_runs, summarise_runs
from tfnas.schemas.comparisons import SCHEMA as COMPARISONS
from tfnas.schemas.ranks import SCHEMA as RANKS
from tfnas.schemas.regret import SCHEMA as REGRET
from tfnas.seeds import child_rng
from tfnas.statistics import (
    LEVEL,
    POWER,
    RESAMPLES,
    bootstrap_counts,
    critical_difference,
    detectable_effect,
    group_means,
    holm,
    interval_of_mean,
    nested_interval,
    probability_of_winning,
    runs_needed,
    signed_rank,
    widened,
)

SMALL = 0.1
"""Difference of mean test accuracies, in points, for which the runs needed are counted."""

DECIMALS = 9
"""Decimals of a paired difference: what lies beyond is rounding of floating point and must break no tie."""

FEWEST_TO_RANK = 3
"""Searches from which on Friedman's test is defined."""


def compare_searches(run_paths: Sequence[str | Path], output: str | Path, seed: int) -> None:
    """Compare every two searches of a study by the test accuracies of their common runs.

    Args:
        run_paths: run tables (:mod:`tfnas.schemas.runs`), in any number of blocks. In a pair the search that
            appears first in them is ``search``, the later one ``other``.
        output: table to write (.csv) with :data:`COMPARISONS`. Of the n runs that both have, with a finite
            test accuracy, and their differences d = search less other: ``zeros`` counts d = 0; ``difference`` is the
            mean of d in points, ``ci_low`` and ``ci_high`` its percentile bootstrap interval (95 %; the same resamples
            of runs for all pairs), where one of the two reads several score tables widened to
            :func:`tfnas.statistics.nested_interval` over these; ``std`` the standard deviation of d (ddof = 1);
            ``scorings`` and ``std_scorings`` as in ``search.csv``, of d; ``probability`` that ``search`` is
            better in a run, zeros counted half; ``p`` and ``rank_biserial`` those of
            :func:`tfnas.statistics.signed_rank`, ``p_holm`` adjusted for all pairs of the same dataset searched on and
            dataset read off on; ``detectable`` is the mean difference in points that n runs detect with 80 % power at
            5 %, ``runs_needed`` how many runs would detect 0.1 points.
        seed: master seed of the bootstrap.

    Raises:
        SearchError: two searches have fewer than 2 runs in common, or a run appears twice.
        DataError: a run table is missing, damaged or lacks a column.
    """
    runs = read_runs(run_paths)
    rows: list[dict[str, Any]] = []
    for (searched_on, dataset), group in runs.groupby(["searched_on", "dataset"], sort=False):
        labels = list(dict.fromkeys(group["search"]))
        table = group.pivot(index="run", columns="search", values="test_accuracy").sort_index()[labels]
        scorings = group.pivot(index="run", columns="search", values="scoring").sort_index()[labels]
        rows += _pairs(table, scorings, searched_on, dataset, seed)
    facts = {
        "rows": "one per dataset searched on, dataset read off on and pair of searches; test accuracy of their n "
        "common runs, search less other",
        "zeros": "runs in which both are equally accurate",
        "difference": "mean, percentage points",
        "ci_low, ci_high": f"{LEVEL:.0%} percentile bootstrap interval of the difference, {RESAMPLES} resamples; with "
        "several scorings no narrower than the t interval of their means",
        "scorings, std_scorings": "independent score tables that one of the two read, and the standard deviation "
        "(ddof = 1) of the mean differences of these; 1: the interval is that of runs given one table, or of none",
        "std": "of the paired differences, ddof = 1",
        "probability": "that search is better than other in one run, zeros counted half",
        "p": "Wilcoxon's signed-rank test of runs given these scorings, two-sided, zeros by Pratt, ties by mid-ranks",
        "p_holm": "corrected by Holm over the pairs of one dataset searched on and dataset read off on",
        "rank_biserial": "matched pairs, (W+ - W-) / (n (n + 1) / 2), zeros on neither side",
        "detectable": f"difference that a paired t-test of n runs detects with {POWER:.0%} power at {1 - LEVEL:.0%}, "
        "given these scorings",
        "runs_needed": f"runs to detect {SMALL:g} points so",
    }
    COMPARISONS.write(output, pd.DataFrame(rows, columns=list(COMPARISONS.names)), facts)


def _pairs(
    table: pd.DataFrame, scorings: pd.DataFrame, searched_on: str, dataset: str, seed: int
) -> list[dict[str, Any]]:
    """Return the rows of one dataset searched on and one read off on; tables have a row per run, NaN: none."""
    labels = table.columns.tolist()
    accuracies = table.to_numpy(dtype=np.float64).T.copy()
    reads = scorings.to_numpy(dtype=np.float64).T.copy()
    resampled: dict[bytes, np.ndarray] = {}
    rows = []
    for one, two in combinations(range(len(labels)), 2):
        common = np.isfinite(accuracies[one]) & np.isfinite(accuracies[two])
        differences = np.round(accuracies[one][common] - accuracies[two][common], DECIMALS)
        n = differences.size
        if n < 2:
            raise SearchError(
                f"Searches '{labels[one]}' and '{labels[two]}' on '{searched_on}' have {n} "
                f"run{'' if n == 1 else 's'} in common: a comparison needs at least 2, give both the same runs."
            )
        if common.tobytes() not in resampled:
            rng = child_rng(seed, "bootstrap", "pairs", searched_on, dataset)
            resampled[common.tobytes()] = bootstrap_counts(n, rng)
        # Run r of every search that reads several score tables reads the same one.
        read = np.fmax(reads[one], reads[two])[common]
        rows.append(
            {"searched_on": searched_on, "dataset": dataset, "search": labels[one], "other": labels[two]}
            | _pair(differences, read, resampled[common.tobytes()])
        )
    adjusted = holm([row["p"] for row in rows])
    needed = runs_needed([row["std"] for row in rows], SMALL)
    for row, p_holm, runs in zip(rows, adjusted.tolist(), needed.tolist(), strict=True):
        row.update(p_holm=p_holm, runs_needed=runs)
    return rows


def _pair(differences: np.ndarray, read: np.ndarray, counts: np.ndarray) -> dict[str, Any]:
    """Return what paired differences say by themselves.

    Args:
        differences: of each common run, shape (n,).
        read: number of the score table that one of the two read in each run, shape (n,).
        counts: bootstrap resamples of the runs, shape (resamples, n).
    """
    low, high = interval_of_mean(differences, counts)
    between = group_means(differences, read)
    if between.size > 1:
        low, high = widened((low, high), nested_interval(differences, read))
    n, std = differences.size, float(differences.std(ddof=1))
    test = signed_rank(differences)
    return {
        "n": n,
        "zeros": int((differences == 0).sum()),
        "difference": float(differences.mean()),
        "ci_low": low,
        "ci_high": high,
        "std": std,
        "scorings": between.size,
        "std_scorings": float(between.std(ddof=1)) if between.size > 1 else np.nan,
        "probability": probability_of_winning(differences),
        "p": test.p,
        "rank_biserial": test.effect,
        "detectable": detectable_effect(n) * std / np.sqrt(n),
    }


def summarise_regret(
    run_paths: Sequence[str | Path], truth_paths: Mapping[str, str | Path], output: str | Path, seed: int
) -> None:
    """Summarise how far the chosen cells are from the best test accuracy of the space.

    Args:
        run_paths: run tables, in any number of blocks.
        truth_paths: ground-truth table of each dataset.
        output: table to write (.csv) with :data:`REGRET`: ``optimum`` is the highest test accuracy of the
            ground truth of the dataset read off on; of optimum less test accuracy, in points, over n runs: mean, std
            (ddof = 1), median, the bootstrap interval (95 %) of the mean, which mirrors that of the accuracy but never
            reaches below zero, and the worst run; ``at_optimum`` is the share of runs without regret.
        seed: master seed; the bootstrap of each row has its own stream.

    Raises:
        SearchError: a search has fewer than 2 runs, or a run appears twice.
        TruthError: a ground truth has no test accuracy.
        DataError: a table is missing, damaged or lacks a column.
    """
    runs = read_runs(run_paths)
    optima = {dataset: _optimum(path) for dataset, path in truth_paths.items()}
    rows = []
    for (search, searched_on, dataset), group in runs.groupby(["search", "searched_on", "dataset"], sort=False):
        group = group.sort_values("run")
        regret = optima[dataset] - group["test_accuracy"].to_numpy(dtype=np.float64)
        rng = child_rng(seed, "bootstrap", search, searched_on, dataset, "test_accuracy")
        scorings, bounds = group["scoring"].to_numpy(), (0.0, optima[dataset])
        summary = summarise_runs(regret, rng, search, searched_on, scorings, bounds)
        rows.append(
            {
                "search": search,
                "searched_on": searched_on,
                "dataset": dataset,
                "n": summary.n,
                "optimum": optima[dataset],
                "mean": summary.mean,
                "std": summary.std,
                "median": summary.median,
                "ci_low": summary.low,
                "ci_high": summary.high,
                "worst": np.nanmax(regret),
                "at_optimum": float((regret[np.isfinite(regret)] <= 0).mean()),
            }
        )
    facts = {
        "rows": "one per search, dataset searched on and dataset read off on",
        "optimum": "highest test accuracy of the ground truth, percent",
        "mean, std, median, worst": "of optimum less test accuracy of the chosen cell, points; std: ddof = 1",
        "ci_low, ci_high": f"{LEVEL:.0%} percentile bootstrap interval of the mean, {RESAMPLES} resamples; with "
        "several scorings no narrower than the t interval of their means",
        "at_optimum": "share of runs that chose a cell as accurate as the optimum",
    }
    REGRET.write(output, pd.DataFrame(rows, columns=list(REGRET.names)), facts)


def _optimum(path: str | Path) -> float:
    optimum = float(read_table(path, ("test_accuracy",))["test_accuracy"].max())
    if not np.isfinite(optimum):
        raise TruthError(f"'{path}' holds no test accuracy: regret needs at least one, check that table.")
    return optimum


def rank_searches(summary_path: str | Path, labels: Sequence[str], datasets: Sequence[str], output: str | Path) -> None:
    """Rank searches by mean test accuracy on every dataset, each searched by itself, and test the mean ranks.

    Rank 1 is the highest mean; equal means share the mean of their ranks. Friedman's test asks whether all searches
    rank alike (chi-squared approximation, ties corrected), Nemenyi's which mean ranks differ
    (:func:`tfnas.statistics.critical_difference`). Datasets are the blocks: there are few, and both approximations are
    rough.

    Source: Demšar 2006, "Statistical comparisons of classifiers over multiple data sets", JMLR 7.

    Args:
        summary_path: ``summaries/search.csv``.
        labels: searches to rank.
        datasets: datasets to rank on, at least 2.
        output: table to write (.csv) with :data:`RANKS`, the last four the same on all rows of a search, the
            last three on all rows; Friedman's are NaN where all searches tie on every dataset.

    Raises:
        SearchError: fewer than 3 searches or 2 datasets, or the summary lacks one of them.
        DataError: the summary is missing or lacks a column.
    """
    from scipy.stats import friedmanchisquare, rankdata

    if len(labels) < FEWEST_TO_RANK or len(datasets) < 2:
        raise SearchError(
            f"{len(labels)} searches on {len(datasets)} datasets cannot be ranked: Friedman's test needs at least "
            f"{FEWEST_TO_RANK} searches that are ranked, and 2 datasets, add some to the study."
        )
    table = read_table(summary_path, ("search", "searched_on", "dataset", "metric", "mean"))
    own = table[(table["searched_on"] == table["dataset"]) & (table["metric"] == "test_accuracy")]
    means = own.pivot(index="dataset", columns="search", values="mean").reindex(index=datasets, columns=labels)
    if means.isna().any(axis=None):
        dataset, label = means.stack(future_stack=True).loc[lambda values: values.isna()].index[0]
        raise SearchError(
            f"'{summary_path}' has no test accuracy of search '{label}' searched on '{dataset}': run the searches and "
            "their summary."
        )
    ranks = rankdata(-means.to_numpy(), axis=1)
    with np.errstate(invalid="ignore"):
        friedman = friedmanchisquare(*means.to_numpy().T)
    rows = [
        (label, dataset, means.loc[dataset, label], ranks[block, place], ranks[:, place].mean())
        for place, label in enumerate(labels)
        for block, dataset in enumerate(datasets)
    ]
    ranked = pd.DataFrame(rows, columns=list(RANKS.names[:5])).assign(
        friedman=float(friedman.statistic),
        friedman_p=float(friedman.pvalue),
        critical_difference=critical_difference(len(labels), len(datasets)),
    )
    facts = {
        "rows": "one per dataset searched on itself and ranked search: no references, and none with a limit of cost "
        "unless all have one",
        "mean": "mean test accuracy, percent",
        "rank": "1 is the highest mean, ties share the mean of their ranks; mean_rank: over datasets",
        "friedman": "Friedman's chi-squared over datasets, with p",
        "critical_difference": f"Nemenyi's, of mean ranks, {LEVEL:.0%}",
    }
    RANKS.write(output, ranked, facts)
