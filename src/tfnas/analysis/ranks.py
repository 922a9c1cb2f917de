"""Rank the searches over datasets."""

import numpy as np
import pandas as pd

from tfnas.analysis.statistics import critical_difference
from tfnas.errors import SearchError
from tfnas.files import read_table
from tfnas.products import Named, Summary
from tfnas.schemas.ranks import SCHEMA as RANKS
from tfnas.truth.metric import reported_name

FEWEST_TO_RANK = 3
"""Searches from which on Friedman's test is defined."""

SPEC = Summary(
    category="Searches",
    needs={"summary": "summaries/search.csv"},
    params=("contenders", "datasets"),
    when=lambda study: study.ranks_searches,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Rank searches by mean reported accuracy on every dataset, each searched by itself, and test the mean ranks.

    Rank 1 is the highest mean; equal means share the mean of their ranks. Friedman's test asks whether all searches
    rank alike (chi-squared approximation, ties corrected), Nemenyi's which mean ranks differ
    (:func:`tfnas.analysis.statistics.critical_difference`). Datasets are the blocks: there are few, and both
    approximations are rough.

    Source: Demšar 2006, "Statistical comparisons of classifiers over multiple data sets", JMLR 7.

    Args:
        inputs: ``summary``: ``summaries/search.csv``.
        params: ``contenders``: searches to rank. ``datasets``: datasets to rank on, at least 2.
        output: ``table``: table to write (.csv) with :data:`RANKS`, the last four the same on all rows of a search, the
            last three on all rows; Friedman's are NaN where all searches tie on every dataset.

    Raises:
        SearchError: fewer than 3 searches or 2 datasets, or the summary lacks one of them.
        DataError: the summary is missing or lacks a column.
    """
    from scipy.stats import friedmanchisquare, rankdata

    labels, datasets = params.contenders, params.datasets
    if len(labels) < FEWEST_TO_RANK or len(datasets) < 2:
        raise SearchError(
            f"{len(labels)} searches on {len(datasets)} datasets cannot be ranked: Friedman's test needs at least "
            f"{FEWEST_TO_RANK} searches that are ranked, and 2 datasets, add some to the study."
        )
    table = read_table(inputs.summary, ("search", "searched_on", "dataset", "metric", "mean"))
    own = table[(table["searched_on"] == table["dataset"]) & (table["metric"] == reported_name(set(table["metric"])))]
    means = own.pivot(index="dataset", columns="search", values="mean").reindex(index=datasets, columns=labels)
    if means.isna().any(axis=None):
        dataset, label = means.stack(future_stack=True).loc[lambda values: values.isna()].index[0]
        raise SearchError(
            f"'{inputs.summary}' has no accuracy of search '{label}' searched on '{dataset}': run the searches "
            "and their summary."
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
    RANKS.write_rows(output.table, ranked)
