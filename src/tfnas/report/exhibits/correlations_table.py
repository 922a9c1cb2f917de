"""Write the rank correlations of every proxy and ensemble, with 95 % intervals."""

import math
from pathlib import Path

import pandas as pd

from tfnas.errors import ReportError
from tfnas.products import Exhibit, Named
from tfnas.report.detail import MOST_IN_FULL
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.rounding import escape, show
from tfnas.report.tables import RULE, block_heading, long_tables, row, tabular, with_interval, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.correlations import SCHEMA as CORRELATIONS
from tfnas.truth.metric import SPLITS, reported_name

SPEC = Exhibit(
    kind="table",
    category="Proxies",
    needs={"correlations": "summaries/correlations.csv"},
    params=("datasets",),
    prints=("proxies",),
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write the rank correlations of every proxy and ensemble, with 95 % intervals.

    Up to :data:`MOST_IN_FULL` names: a row for each accuracy and set of cells. Beyond that a table that may break over
    pages (:func:`long_table`), with one row per name and dataset.

    Raises:
        ReportError: the summary has no row for one of the datasets.
    """
    table = CORRELATIONS.read(inputs.correlations)
    for dataset in params.datasets:
        if not (table["dataset"] == dataset).any():
            raise ReportError(f"'{inputs.correlations}' has no row for dataset '{dataset}': run the summary again.")
    if table["proxy"].nunique() > MOST_IN_FULL:
        _write_long_correlations(table, params.datasets, output.tex)
        return
    body: list[str] = []
    for dataset in params.datasets:
        part = table[table["dataset"] == dataset]
        body += [RULE] if body else []
        body += [block_heading(dataset_title(dataset), 8)] if len(params.datasets) > 1 else []
        for proxy in dict.fromkeys(part["proxy"]):
            name = escape(proxy_title(proxy))
            for values in part[part["proxy"] == proxy].itertuples():
                accuracy = SPLITS[values.accuracy]
                body.append(
                    row(
                        [
                            name,
                            accuracy,
                            values.cells,
                            show(values.n, "count"),
                            show(values.nan, "count"),
                            with_interval(values.spearman, values.spearman_low, values.spearman_high),
                            with_interval(values.kendall, values.kendall_low, values.kendall_high),
                            show(values.seconds, "seconds"),
                        ]
                    )
                )
                name = ""
    names = ["Proxy", "Accuracy", "Cells", "$n$", "NaN", r"Spearman $\rho$ [95\,\%]", r"Kendall $\tau_b$ [95\,\%]"]
    write_tex(output.tex, tabular("lllrrllr", [row([*names, "s/cell"])], body))


def _write_long_correlations(table: pd.DataFrame, datasets: list[str], output: str | Path) -> None:
    entries, told = table.set_index(["dataset", "proxy", "accuracy", "cells"]), reported_name(set(table["accuracy"]))

    def entry(*key: str) -> pd.Series | dict[str, float]:
        return entries.loc[key] if key in entries.index else dict.fromkeys(entries.columns, math.nan)

    blocks: dict[str, list[str]] = {}
    for dataset in datasets:
        body = blocks.setdefault(dataset_title(dataset), [])
        for proxy in dict.fromkeys(table["proxy"][table["dataset"] == dataset]):
            every, distinct = (entry(dataset, proxy, told, cells) for cells in ("all", "distinct"))
            valid = entry(dataset, proxy, "valid_accuracy", "all")
            cells = [
                with_interval(every[name], every[f"{name}_low"], every[f"{name}_high"])
                for name in ("spearman", "kendall")
            ]
            more = (distinct["spearman"], distinct["kendall"], valid["spearman"])
            body.append(row([escape(proxy_title(proxy)), *cells, *(show(value, "correlation") for value in more)]))
    head = [
        row(["", r"\multicolumn{2}{c}{all cells}", r"\multicolumn{2}{c}{distinct cells}", "validation"]),
        r"\cmidrule(lr){2-3}\cmidrule(lr){4-5}\cmidrule(lr){6-6}",
        row(["Proxy", r"$\rho$ [95\,\%]", r"$\tau_b$ [95\,\%]", r"$\rho$", r"$\tau_b$", r"$\rho$"]),
    ]
    columns = r"L{0.25\linewidth}*{2}{w{l}{0.19\linewidth}}*{3}{w{r}{0.075\linewidth}}"
    write_tex(output, long_tables(columns, head, blocks))
