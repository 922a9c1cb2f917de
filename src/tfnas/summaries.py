"""The summary tables of a study: what every search reached, and how well every proxy ranks.

``summaries/search.csv``: one row per search, dataset it searched on, dataset it is read off on, and accuracy
(:data:`SEARCH_COLUMNS`). ``summaries/correlations.csv``: one row per dataset, proxy, accuracy and set of cells
(:data:`CORRELATION_COLUMNS`). ``summaries/proxies.csv``: one row per dataset and proxy, what is left of the
correlation among the best cells and beside the costs (:data:`PROXY_COLUMNS`). ``summaries/proxy-pairs.csv``: one row
per dataset and pair of proxies (:data:`PAIR_COLUMNS`). How far scores depend on chance is in :mod:`tfnas.noise`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.cells import canonical_classes, codes_of, enumerate_cells, pruned_classes
from tfnas.files import read_facts, read_table
from tfnas.networks.skeleton import Skeleton, count_flops, count_parameters
from tfnas.runs import read_runs, summarise_runs
from tfnas.schemas.correlations import SCHEMA as CORRELATIONS
from tfnas.schemas.proxies import SCHEMA as PROXIES
from tfnas.schemas.proxy_pairs import SCHEMA as PAIRS
from tfnas.schemas.search import SCHEMA as SEARCH
from tfnas.score_table import ScoreTable, lowest_where_missing
from tfnas.seeds import child_rng
from tfnas.statistics import (
    FIRST,
    LEVEL,
    RESAMPLES,
    kendall,
    ndcg,
    partial_spearman,
    rank_with_missing,
    spearman,
    spearman_matrix,
)

ACCURACIES = ("valid_accuracy", "test_accuracy")
"""Accuracies that are summarised and correlated with; both of the full training, in percent."""

SEARCH_COLUMNS = SEARCH.names

CORRELATION_COLUMNS = CORRELATIONS.names

PROXY_COLUMNS = PROXIES.names

PAIR_COLUMNS = PAIRS.names

INTERVALS = (
    "95 %, on the scale of atanh: variance of the influence function (Croux and Dehon 2010), summed over classes of "
    "functionally identical cells, which count as one"
)
"""What the facts say of the intervals of correlations."""

TOP = 0.1
"""Share of the cells, those of highest accuracy, among which a proxy's ranking is looked at by itself."""


def summarise_searches(run_paths: Sequence[str | Path], output: str | Path, seed: int) -> None:
    """Summarise the runs of all searches of a study.

    Args:
        run_paths: run tables (:data:`tfnas.search.runner.COLUMNS`), in any number of blocks. Rows of the summary come
            in the order in which their searches first appear.
        output: table to write (.csv) with :data:`SEARCH_COLUMNS`: n, mean, std (ddof = 1), median and the interval
            (95 %) of the mean over runs, which are nested in ``scorings`` score tables
            (:func:`tfnas.statistics.summarise`); ``std_scorings`` is the standard deviation (ddof = 1) of the means of
            these; ``cells`` and the seconds are means per run.
        seed: master seed; the bootstrap of each row has its own stream.

    Raises:
        SearchError: a search has fewer than 2 runs, or a run appears twice.
        DataError: a run table is missing, damaged or lacks a column.
    """
    runs = read_runs(run_paths)
    keys = ["search", "searched_on", "dataset"]
    rows = []
    for (search, searched_on, dataset), group in runs.groupby(keys, sort=False):
        # Runs in their order, so that the bootstrap does not depend on how they were cut into blocks.
        group = group.sort_values("run")
        for metric in ACCURACIES:
            rng = child_rng(seed, "bootstrap", search, searched_on, dataset, metric)
            values = group[metric].to_numpy(dtype=np.float64)
            if metric == "valid_accuracy" and np.isnan(values).all():
                continue  # ground truth without validation accuracies
            summary = summarise_runs(values, rng, search, searched_on, group["scoring"].to_numpy())
            rows.append(
                {
                    "search": search,
                    "searched_on": searched_on,
                    "dataset": dataset,
                    "metric": metric,
                    "n": summary.n,
                    "mean": summary.mean,
                    "std": summary.std,
                    "median": summary.median,
                    "ci_low": summary.low,
                    "ci_high": summary.high,
                    "scorings": summary.scorings,
                    "std_scorings": summary.std_scorings,
                    **{
                        cost: group[cost].mean(skipna=False)
                        for cost in ("cells", "duplicates", "scoring_seconds", "training_seconds", "wall_seconds")
                    },
                }
            )
    facts = {
        "rows": "one per search, dataset searched on, dataset read off on and accuracy (percent, full training)",
        "std": "ddof = 1, over runs",
        "ci_low, ci_high": f"{LEVEL:.0%} percentile bootstrap interval of the mean, {RESAMPLES} resamples, seeded; "
        "with several scorings no narrower than the t interval of their means",
        "scorings": "independent score tables that the runs read; 1: the interval is that of runs given one table, or "
        "of a search that reads none",
        "std_scorings": "of the means of the runs of each scoring, ddof = 1; empty for a single one",
        "cells": "mean number of looks per run, repeats counted",
        "duplicates": "mean share of looks at a cell whose class of functionally identical cells had been looked at in "
        "the same way before",
        "seconds": "mean per run: scoring (from the score table), simulated training, own wall time of the search",
    }
    SEARCH.write(output, pd.DataFrame(rows, columns=list(SEARCH.names)), facts)


def summarise_correlations(
    score_paths: Mapping[str, str | Path], truth_paths: Mapping[str, str | Path], output: str | Path
) -> None:
    """Correlate every proxy with the accuracies of every dataset.

    Args:
        score_paths: score table of each dataset.
        truth_paths: ground-truth table of each dataset; datasets that have no score table are left out.
        output: table to write (.csv) with :data:`CORRELATION_COLUMNS`. ``cells`` is ``all`` (every cell with a row in
            the score table and an accuracy), ``pruned`` (of the cells that are equal once edges off every path carry
            ``none`` the first in the order of codes) or ``distinct`` (of each class of functionally identical cells the
            first); ``n`` counts them, ``nan`` those whose score is not finite and which rank last; ``ndcg`` looks at
            the first :data:`tfnas.statistics.FIRST` places; ``seconds`` is the mean scoring time of a cell. A proxy
            whose scores are all NaN gets NaN correlations.

    Raises:
        DataError: a table is missing, damaged or lacks a column.
    """
    rows = []
    for dataset, path in score_paths.items():
        scores = ScoreTable.read(path)
        truth = read_table(truth_paths[dataset], ("arch", "test_accuracy"))
        for proxy in scores.proxies:
            joined = _in_code_order(scores.rows(proxy).merge(truth, on="arch"), path)
            sets = {"all": joined, "pruned": _first_of(joined, pruned_classes())}
            sets["distinct"] = _first_of(joined, canonical_classes())
            for accuracy in ACCURACIES:
                if accuracy not in truth.columns or truth[accuracy].isna().all():
                    continue
                for cells, part in sets.items():
                    rows.append({"dataset": dataset, "proxy": proxy, "accuracy": accuracy, "cells": cells})
                    rows[-1].update(
                        _correlations(part["score"], part[accuracy], canonical_classes()[part["code"]]),
                        seconds=part["seconds"].mean(),
                    )
    facts = {
        "spearman": "mid-ranks for ties",
        "kendall": "tau-b",
        "intervals": INTERVALS,
        "ndcg": f"normalised discounted cumulative gain of the first {FIRST} places, gain 2^accuracy - 1 (percent)",
        "cells": "all: every cell with a row in the score table and an accuracy; pruned: one of those that are equal "
        "once edges off every path carry none; distinct: one per functional class; the first in the order of codes",
        "nan": "scores that are not finite; they count as the lowest finite score of the proxy",
        "seconds": "mean scoring seconds per cell",
    }
    CORRELATIONS.write(output, pd.DataFrame(rows, columns=list(CORRELATIONS.names)), facts)


def summarise_proxies(
    score_paths: Mapping[str, str | Path],
    truth_paths: Mapping[str, str | Path],
    names: Sequence[str],
    output: str | Path,
) -> None:
    """Correlate every proxy with the test accuracy among the best cells, and given parameters and FLOPs.

    Args:
        score_paths: score table of each dataset; the facts beside it name the skeleton that costs are counted for.
        truth_paths: ground-truth table of each dataset.
        names: proxies and ensembles, in the order of the rows.
        output: table to write (.csv) with :data:`PROXY_COLUMNS`. ``n`` counts the cells with a row in the score table
            and a test accuracy, ``top_n`` the tenth of them (rounded up) with the highest test accuracy; of equally
            accurate cells at the boundary those with the smaller code belong to it. ``first_cells`` counts the cells
            with the highest score, ``first_arch`` is the one of them with the smallest code, ``first_accuracy`` their
            mean test accuracy (percent), and ``first_better`` the share of the n cells that are more accurate than
            that. Scores that are not finite count as the lowest finite score of the proxy among the n.

    Raises:
        UnknownNameError: a score table does not hold a name.
        DataError: a table or its facts are missing, damaged or lack a column.
    """
    rows = []
    for dataset, path in score_paths.items():
        scores = _by_name(path, names)
        truth = read_table(truth_paths[dataset], ("arch", "test_accuracy"))
        costs = _costs(Skeleton(**read_facts(path)["skeleton"]))
        for name in names:
            joined = _in_code_order(scores[name].merge(truth, on="arch"), path)
            joined = joined[np.isfinite(joined["test_accuracy"])]
            groups = canonical_classes()[joined["code"]]
            x, y, _ = rank_with_missing(joined["score"], joined["test_accuracy"])
            rows.append({"dataset": dataset, "proxy": name, "n": len(x)})
            rows[-1].update(_top(x, y, groups), **_first(x, y, joined["arch"]))
            partial = partial_spearman(x, y, costs[joined["code"]], groups=groups)
            rows[-1].update(
                partial_spearman=partial.value,
                partial_spearman_low=partial.low,
                partial_spearman_high=partial.high,
            )
    facts = {
        "rows": "one per dataset and proxy or ensemble; test accuracy, all cells",
        "top": f"among the top_n = ceil({TOP:g} n) cells of highest test accuracy; ties at the boundary by cell code",
        "first": "the cells with the highest score: their number, the first of them in the order of codes, their mean "
        "test accuracy (percent), and the share of all cells that are more accurate",
        "partial_spearman": "mid-ranks of score and accuracy regressed on those of parameters and FLOPs (with "
        "intercept), Pearson's correlation of the residuals; NaN where a side has none",
        "intervals": INTERVALS,
        "nan": "scores that are not finite count as the lowest finite score of the proxy",
    }
    PROXIES.write(output, pd.DataFrame(rows, columns=list(PROXIES.names)), facts)


def summarise_pairs(score_paths: Mapping[str, str | Path], names: Sequence[str], output: str | Path) -> None:
    """Correlate the scores of every two proxies.

    Args:
        score_paths: score table of each dataset.
        names: proxies and ensembles, in the order of the rows.
        output: table to write (.csv) with :data:`PAIR_COLUMNS`: every ordered pair, the diagonal included; Spearman's
            correlation of the oriented scores of all cells that have a row for every name. Scores that are not finite
            count as the lowest finite score of the proxy; a proxy with one score for all cells has NaN.

    Raises:
        UnknownNameError: a score table does not hold a name.
        DataError: a table is missing, damaged or lacks a column.
    """
    rows = []
    for dataset, path in score_paths.items():
        columns = [table.set_index("arch")["score"] for table in _by_name(path, names).values()]
        scores = pd.concat(columns, axis=1, join="inner").to_numpy(dtype=np.float64).T
        matrix = spearman_matrix(np.stack([lowest_where_missing(row) for row in scores]))
        rows += [
            (dataset, name, other, value)
            for name, values in zip(names, matrix, strict=True)
            for other, value in zip(names, values, strict=True)
        ]
    facts = {
        "rows": "one per dataset and ordered pair of proxies or ensembles, each with itself included; all cells",
        "spearman": "of oriented scores (larger is better), mid-ranks for ties",
        "nan": "scores that are not finite count as the lowest finite score of the proxy",
    }
    PAIRS.write(output, pd.DataFrame(rows, columns=list(PAIRS.names)), facts)


def _by_name(path: str | Path, names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return the rows of each name of a score table."""
    table = ScoreTable.read(path)
    return {name: table.rows(name) for name in names}


def _costs(skeleton: Skeleton) -> np.ndarray:
    """Return parameters and multiply-accumulates of every cell by its code, shape (15625, 2)."""
    return np.array([(count_parameters(cell, skeleton), count_flops(cell, skeleton)) for cell in enumerate_cells()])


def _top(scores: np.ndarray, accuracies: np.ndarray, groups: np.ndarray) -> dict[str, Any]:
    """Correlate among the best cells; arrays come in the order of codes."""
    best = np.argsort(-accuracies, kind="stable")[: math.ceil(TOP * len(accuracies))]
    rho, tau = spearman(scores[best], accuracies[best], groups=groups[best]), kendall(scores[best], accuracies[best])
    return {
        "top_n": rho.n,
        "top_spearman": rho.value,
        "top_spearman_low": rho.low,
        "top_spearman_high": rho.high,
        "top_kendall": tau.value,
    }


def _first(scores: np.ndarray, accuracies: np.ndarray, names: pd.Series) -> dict[str, Any]:
    """Return what the highest score stands for; arrays come in the order of codes."""
    if not scores.size:
        return {"first_cells": 0, "first_arch": None, "first_accuracy": math.nan, "first_better": math.nan}
    first = np.flatnonzero(scores == scores.max())
    accuracy = float(accuracies[first].mean())
    return {
        "first_cells": first.size,
        "first_arch": names.iloc[first[0]],
        "first_accuracy": accuracy,
        "first_better": float((accuracies > accuracy).mean()),
    }


def _first_of(table: pd.DataFrame, classes: np.ndarray) -> pd.DataFrame:
    """Return of each class of cells (by code) the first row of a table that comes in the order of codes."""
    return table[~pd.Series(classes[table["code"]], index=table.index).duplicated()]


def _in_code_order(table: pd.DataFrame, path: str | Path) -> pd.DataFrame:
    return table.assign(code=codes_of(table["arch"], f"'{path}'")).sort_values("code", ignore_index=True)


def _correlations(scores: pd.Series, accuracies: pd.Series, groups: np.ndarray) -> dict[str, float]:
    values = accuracies.to_numpy(dtype=np.float64, na_value=np.nan)
    x, y, missing = rank_with_missing(scores, values)
    groups = groups[np.isfinite(values)]
    rho, tau = spearman(x, y, groups=groups), kendall(x, y, groups=groups)
    return {
        "n": rho.n,
        "nan": missing,
        "spearman": rho.value,
        "spearman_low": rho.low,
        "spearman_high": rho.high,
        "kendall": tau.value,
        "kendall_low": tau.low,
        "kendall_high": tau.high,
        "ndcg": ndcg(x, y),
    }
