r"""The tables that compare proxies: what they are, how good, how stable, in which order, and beside published values.

Like :mod:`tfnas.report.tables` each is made from result files alone. Tables that grow with the number of proxies may
break over pages (:func:`tfnas.report.tables.long_table`); *proxy* means ensembles, too.
"""

import itertools
from pathlib import Path

import pandas as pd

from tfnas.errors import ReportError
from tfnas.report.rounding import accuracy_decimals, bold, show
from tfnas.schemas.correlations import SCHEMA as CORRELATIONS
from tfnas.truth.metric import reported_name


def reported_correlations(correlations: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ``summaries/correlations.csv`` with the reported accuracy over all cells."""
    told = reported_name(set(correlations["accuracy"]))
    return correlations[(correlations["accuracy"] == told) & (correlations["cells"] == "all")]


def by_name(table: pd.DataFrame, path: str | Path, names: list[str], datasets: list[str]) -> pd.DataFrame:
    """Return a summary by (dataset, proxy), for these names and datasets.

    Raises:
        ReportError: a row is missing; the message names file, proxy and dataset.
    """
    indexed = table.set_index(["dataset", "proxy"])
    for dataset, name in itertools.product(datasets, names):
        if (dataset, name) not in indexed.index:
            raise ReportError(f"'{path}' has no row for proxy '{name}' on '{dataset}': run the summary again.")
    return indexed


def read_by_name(path: str | Path, names: list[str], datasets: list[str]) -> pd.DataFrame:
    """Return the rows of ``summaries/correlations.csv`` with the reported accuracy over all cells by (dataset, proxy).

    Raises:
        ReportError: a row is missing; the message names file, proxy and dataset.
    """
    return by_name(reported_correlations(CORRELATIONS.read(path)), path, names, datasets)


def rank_proxies(correlations: pd.DataFrame, names: list[str], datasets: list[str]) -> pd.DataFrame:
    """Rank proxies by Spearman's coefficient with the reported accuracy over all cells.

    Rank 1 is the largest coefficient; equal ones share the mean of their ranks, and an undefined one (NaN) ranks last.

    Args:
        correlations: ``summaries/correlations.csv``.
        names: the proxies and ensembles.
        datasets: the datasets.

    Returns:
        One row per name, the lowest mean rank first (then the largest mean coefficient). Columns: each dataset with
        the rank there, ``mean_rank`` and ``mean_spearman`` over the datasets.
    """
    table = reported_correlations(correlations)
    table = table.pivot(index="proxy", columns="dataset", values="spearman").reindex(index=names, columns=datasets)
    ranks = table.rank(ascending=False, na_option="bottom")
    ranks["mean_rank"], ranks["mean_spearman"] = ranks.mean(axis=1), table.mean(axis=1, skipna=False)
    return ranks.sort_values(["mean_rank", "mean_spearman"], ascending=[True, False], kind="stable")


def bold_if_best(value: float, best: float, kind: str = "correlation") -> str:
    """Return a value as a table prints it, bold where it is the best as printed."""
    text = show(value, kind)
    return bold(text) if round(value, {"correlation": 3, "accuracy": accuracy_decimals()}[kind]) == best else text
