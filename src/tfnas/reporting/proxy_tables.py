r"""The tables that compare proxies: what they are, how good, how stable, in which order, and beside published values.

Like :mod:`tfnas.reporting.tables` each is made from result files alone. Tables that grow with the number of proxies may
break over pages (:func:`tfnas.reporting.tables.long_table`); *proxy* means ensembles, too.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from tfnas.errors import ReportError
from tfnas.files import read_table
from tfnas.reporting.names import dataset_title, proxy_title
from tfnas.reporting.published import COEFFICIENTS, compare, origin, quoted_correlations
from tfnas.reporting.rounding import MISSING, bold, escape, show
from tfnas.reporting.tables import (
    CORRELATION_COLUMNS,
    block_heading,
    long_table,
    long_tables,
    row,
    tabular,
    with_interval,
    write_tex,
)

QUALITY_COLUMNS = (
    "dataset", "proxy", "n", "top_n", "top_spearman", "top_spearman_low", "top_spearman_high", "top_kendall",
    "partial_spearman", "partial_spearman_low", "partial_spearman_high", "first_cells", "first_arch", "first_accuracy",
    "first_better",
)  # fmt: skip
"""Columns of ``summaries/proxies.csv``."""

NOISE_COLUMNS = (
    "dataset", "proxy", "cells", "initialisation_spearman", "initialisation_shift", "batch_spearman", "batch_shift",
    "twins", "twin_spearman",
)  # fmt: skip
"""Columns of ``summaries/noise.csv``."""


def test_correlations(correlations: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ``summaries/correlations.csv`` with test accuracy over all cells."""
    return correlations[(correlations["accuracy"] == "test_accuracy") & (correlations["cells"] == "all")]


def by_name(table: pd.DataFrame, path: str | Path, names: list[str], datasets: list[str]) -> pd.DataFrame:
    """Return a summary by (dataset, proxy), for these names and datasets.

    Raises:
        ReportError: a row is missing; the message names file, proxy and dataset.
    """
    indexed = table.set_index(["dataset", "proxy"])
    for dataset in datasets:
        for name in names:
            if (dataset, name) not in indexed.index:
                raise ReportError(f"'{path}' has no row for proxy '{name}' on '{dataset}': run the summary again.")
    return indexed


def rank_proxies(correlations: pd.DataFrame, names: list[str], datasets: list[str]) -> pd.DataFrame:
    """Rank proxies by Spearman's coefficient with test accuracy over all cells.

    Rank 1 is the largest coefficient; equal ones share the mean of their ranks, and an undefined one (NaN) ranks last.

    Args:
        correlations: ``summaries/correlations.csv``.
        names: the proxies and ensembles.
        datasets: the datasets.

    Returns:
        One row per name, the lowest mean rank first (then the largest mean coefficient). Columns: each dataset with
        the rank there, ``mean_rank`` and ``mean_spearman`` over the datasets.
    """
    table = test_correlations(correlations)
    table = table.pivot(index="proxy", columns="dataset", values="spearman").reindex(index=names, columns=datasets)
    ranks = table.rank(ascending=False, na_option="bottom")
    ranks["mean_rank"], ranks["mean_spearman"] = ranks.mean(axis=1), table.mean(axis=1, skipna=False)
    return ranks.sort_values(["mean_rank", "mean_spearman"], ascending=[True, False], kind="stable")


def write_proxy_table(correlations_path: str | Path, names: list[str], datasets: list[str], output: str | Path) -> None:
    """Write what every proxy is: title, source, what it needs, which raw value is better, seconds per cell.

    Args:
        correlations_path: ``summaries/correlations.csv``.
        names: the proxies and ensembles of the study.
        datasets: datasets in the order of the study.
        output: path of the table.

    Raises:
        ReportError: the summary lacks a proxy on a dataset.
    """
    from tfnas.proxies.registry import describe, ensembles

    table = test_correlations(read_table(correlations_path, CORRELATION_COLUMNS))
    entries = by_name(table, correlations_path, names, datasets)
    body: list[str] = []
    in_ensembles = False
    for name in names:
        proxy = describe(name)
        if name in ensembles() and not in_ensembles:
            in_ensembles = True
            body += [r"\addlinespace", block_heading("Ensembles", 3 + len(datasets))]
        seconds = [show(entries.loc[(dataset, name), "seconds"], "seconds") for dataset in datasets]
        cite = rf"~\citep{{{proxy.reference[0]}}}" if proxy.reference[0] else ""
        arrow = r"$\uparrow$" if proxy.direction > 0 else r"$\downarrow$"
        body.append(row([escape(proxy.title) + cite, escape(_needs(proxy)), arrow, *seconds]))
    count = len(datasets)
    if count == 1:
        head = [row(["Proxy", "Needs", "Better", "s/cell"])]
    else:
        titles = [escape(dataset_title(dataset)) for dataset in datasets]
        head = [
            row(["", "", "", rf"\multicolumn{{{count}}}{{c}}{{Seconds per cell}}"]),
            rf"\cmidrule(lr){{4-{3 + count}}}",
            row(["Proxy", "Needs", "Better", *titles]),
        ]
    widths = {1: 0.44, 2: 0.38, 3: 0.27}.get(count, 0.2)
    columns = rf"L{{0.27\linewidth}}L{{{widths}\linewidth}}c" + "r" * count
    write_tex(output, long_table(columns, head, body))


def _needs(proxy: Any) -> str:
    """Return what a proxy needs, or of which proxies an ensemble is made."""
    if hasattr(proxy, "members"):
        return f"{proxy.rule.replace('_', ' ')} of {', '.join(proxy_title(member) for member in proxy.members)}"
    return ", ".join(proxy.needs)


def write_quality_table(
    quality_path: str | Path,
    correlations_path: str | Path,
    names: list[str],
    datasets: list[str],
    output: str | Path,
    noise_path: str | Path | None = None,
) -> None:
    """Write how good and how stable every score is, in blocks by dataset.

    Correlation with test accuracy in the best tenth of cells, partial correlation given parameters and FLOPs, cells
    without a score; with ``noise_path`` also how two initialisations, two mini-batches and twins agree, with the mean
    shift of ranks (percent of the cells) or the number of pairs in brackets. Ensembles have no noise of their own.

    Args:
        quality_path: ``summaries/proxies.csv``.
        correlations_path: ``summaries/correlations.csv``.
        names: the proxies and ensembles of the study.
        datasets: datasets in the order of the study.
        output: path of the table.
        noise_path: ``summaries/noise.csv``, None where the study measures no noise.

    Raises:
        ReportError: a summary lacks a proxy on a dataset.
    """
    quality = by_name(read_table(quality_path, QUALITY_COLUMNS), quality_path, names, datasets)
    table = test_correlations(read_table(correlations_path, CORRELATION_COLUMNS))
    correlations = by_name(table, correlations_path, names, datasets)
    noise = None if noise_path is None else read_table(noise_path, NOISE_COLUMNS).set_index(["dataset", "proxy"])
    twins = noise is not None and bool((noise["twins"] > 0).any())
    blocks: dict[str, list[str]] = {}
    for dataset in datasets:
        body = blocks.setdefault(dataset_title(dataset), [])
        for name in names:
            key = (dataset, name)
            values = quality.loc[key]
            cells = [
                with_interval(*(values[f"{kind}_spearman{end}"] for end in ("", "_low", "_high")))
                for kind in ("top", "partial")
            ]
            cells.append(show(int(correlations.loc[key, "nan"]), "count"))
            if noise is not None:
                cells += _stability(noise.loc[key], twins) if key in noise.index else [MISSING] * (2 + twins)
            body.append(row([escape(proxy_title(name)), *cells]))
    names_of_columns = ["Proxy", r"Best tenth [95\,\%]", r"Partial [95\,\%]", "NaN"]
    if noise is not None:
        names_of_columns += ["Initialisations", "Mini-batches", *(["Twins"] if twins else [])]
    columns = r"L{0.19\linewidth}*{2}{w{l}{0.19\linewidth}}w{r}{0.045\linewidth}"
    columns += r"w{r}{0.088\linewidth}" * (len(names_of_columns) - 4)
    write_tex(output, long_tables(columns, [row(names_of_columns)], blocks))


def write_first_table(
    quality_path: str | Path, correlations_path: str | Path, names: list[str], datasets: list[str], output: str | Path
) -> None:
    """Write what stands at the top of every order: nDCG, and the cell with the highest score; the best bold.

    Test accuracy of that cell (the mean of equal ones) in percent, behind it in brackets the percentage of cells that
    are more accurate.

    Args:
        quality_path: ``summaries/proxies.csv``.
        correlations_path: ``summaries/correlations.csv``.
        names: the proxies and ensembles of the study.
        datasets: datasets in the order of the study.
        output: path of the table.

    Raises:
        ReportError: a summary lacks a proxy on a dataset.
    """
    quality = by_name(read_table(quality_path, QUALITY_COLUMNS), quality_path, names, datasets)
    table = test_correlations(read_table(correlations_path, CORRELATION_COLUMNS))
    gains = by_name(table, correlations_path, names, datasets)["ndcg"]
    best = {dataset: gains[dataset][names].round(3).max() for dataset in datasets}
    best_first = {dataset: quality.loc[dataset]["first_accuracy"][names].round(2).max() for dataset in datasets}
    body = []
    for name in names:
        cells = [escape(proxy_title(name))]
        for dataset in datasets:
            first = quality.loc[(dataset, name)]
            cells.append(_bold_if_best(gains[dataset, name], best[dataset]))
            cells.append(_bold_if_best(first["first_accuracy"], best_first[dataset], "accuracy"))
            cells.append(f"({show(first['first_better'], 'share')})")
        body.append(row(cells))
    titles = [rf"\multicolumn{{3}}{{c}}{{{escape(dataset_title(dataset))}}}" for dataset in datasets]
    head = [
        row(["", *titles]),
        "".join(rf"\cmidrule(lr){{{2 + 3 * place}-{4 + 3 * place}}}" for place in range(len(datasets))),
        row(["Proxy", *[r"nDCG", r"\multicolumn{2}{c}{first cell}"] * len(datasets)]),
    ]
    number = rf"w{{r}}{{{0.6 / (3 * len(datasets)):.3f}\linewidth}}" if len(datasets) > 2 else "r"
    write_tex(output, long_table(r"L{0.22\linewidth}" + 3 * len(datasets) * number, head, body))


def _stability(values: pd.Series, twins: bool) -> list[str]:
    """Return the agreement of initialisations and mini-batches, with the shift of ranks, and of twins."""
    cells = []
    for kind in ("initialisation", "batch"):
        shift = show(values[f"{kind}_shift"] / 100, "share")
        cells.append(f"{show(values[f'{kind}_spearman'], 'correlation')} ({shift})")
    if twins:
        count = int(values["twins"])
        cells.append(f"{show(values['twin_spearman'], 'correlation')} ({show(count, 'count')})" if count else MISSING)
    return cells


def write_ranking_table(
    correlations_path: str | Path, names: list[str], datasets: list[str], output: str | Path
) -> None:
    """Write the order of proxies (:func:`rank_proxies`): coefficient and rank on every dataset, and their means.

    The largest printed coefficient of a column is bold.

    Args:
        correlations_path: ``summaries/correlations.csv``.
        names: the proxies and ensembles of the study.
        datasets: datasets in the order of the study.
        output: path of the table.

    Raises:
        ReportError: the summary lacks a proxy on a dataset.
    """
    table = read_table(correlations_path, CORRELATION_COLUMNS)
    entries = by_name(test_correlations(table), correlations_path, names, datasets)["spearman"]
    ranks = rank_proxies(table, names, datasets)
    several = len(datasets) > 1
    best = {dataset: entries[dataset].round(3).max() for dataset in datasets}
    best_mean = ranks["mean_spearman"].round(3).max()
    body = []
    for name, line in ranks.iterrows():
        cells = [escape(proxy_title(name))]
        for dataset in datasets:
            cells += [_bold_if_best(entries[dataset, name], best[dataset]), _rank(line[dataset])]
        if several:
            cells += [_bold_if_best(line["mean_spearman"], best_mean), show(line["mean_rank"], "rank")]
        body.append(row(cells))
    titles = [escape(dataset_title(dataset)) for dataset in datasets] + (["Mean"] if several else [])
    pairs = range(len(titles))
    head = [
        row(["", *(rf"\multicolumn{{2}}{{c}}{{{title}}}" for title in titles)]),
        "".join(rf"\cmidrule(lr){{{2 + 2 * pair}-{3 + 2 * pair}}}" for pair in pairs),
        row(["Proxy", *[r"$\rho$", "rank"] * len(titles)]),
    ]
    write_tex(output, tabular("l" + "rr" * len(titles), head if several else head[2:], body))


def _bold_if_best(value: float, best: float, kind: str = "correlation") -> str:
    text = show(value, kind)
    return bold(text) if round(value, {"correlation": 3, "accuracy": 2}[kind]) == best else text


def _rank(rank: float) -> str:
    """Return a rank, with its half where two proxies share it."""
    return show(rank, "rank").replace(".0", r"\phantom{.0}")


def write_published_table(
    correlations_path: str | Path,
    published_path: str | Path,
    names: list[str],
    datasets: list[str],
    output: str | Path,
) -> None:
    """Write our correlations beside the published ones, with the difference; large differences are bold.

    Every published row has a heading (accuracy, cells, source, how it was found) and a line per coefficient.

    Args:
        correlations_path: ``summaries/correlations.csv``.
        published_path: ``report/published.yaml``.
        names: the proxies and ensembles of the study.
        datasets: datasets of the study; those without a published value have no columns.
        output: path of the table.
    """
    table = read_table(correlations_path, CORRELATION_COLUMNS)
    quoted = quoted_correlations(published_path, names, datasets)
    shown = [dataset for dataset in datasets if any(dataset in line["values"] for line in quoted)]
    width = 1 + 3 * len(shown)
    # Columns of fixed width, so that the headings, which span them all, stretch none of them.
    number = rf"w{{r}}{{{0.62 / (3 * len(shown)):.3f}\linewidth}}"
    body: list[str] = []
    for line in quoted:
        found = {(entry.coefficient, entry.dataset): entry for entry in compare(line, table, shown)}
        if not found:
            continue
        body += [r"\addlinespace"] if body else []
        body.append(rf"\multicolumn{{{width}}}{{L{{0.78\linewidth}}}}{{{_published_heading(line)}}} \\*")
        for coefficient in COEFFICIENTS:
            cells = [_difference(found.get((coefficient, dataset))) for dataset in shown]
            if any(key[0] == coefficient for key in found):
                body.append(
                    row([rf"\quad${COEFFICIENTS[coefficient]}$", *(cell for triple in cells for cell in triple)])
                )
    titles = [rf"\multicolumn{{3}}{{c}}{{{escape(dataset_title(dataset))}}}" for dataset in shown]
    head = [
        row(["", *titles]),
        "".join(rf"\cmidrule(lr){{{2 + 3 * place}-{4 + 3 * place}}}" for place in range(len(shown))),
        row(["", *["ours", "theirs", "difference"] * len(shown)]),
    ]
    write_tex(output, long_table(r"w{l}{0.12\linewidth}" + 3 * len(shown) * number, head, body))


def _published_heading(line: dict[str, Any]) -> str:
    count = f"{show(line['n'], 'count')} " if "n" in line else ""
    cells = f"all {count}cells" if line["cells"] == "all" else f"{count}{escape(line['cells'])} cells"
    note = f": {escape(line['note'])}" if line.get("note") else ""
    what = f"{line['accuracy']} accuracy, {cells}, {origin(line)}"
    return rf"{escape(proxy_title(line['proxy']))}, {what}~\citep{{{line['cite']}}}{note}"


def _difference(entry: Any) -> list[str]:
    if entry is None:
        return [MISSING] * 3
    difference = show(round(entry.difference, 3), "correlation")
    if not entry.alike and math.isfinite(entry.difference):
        difference = bold(difference)
    return [show(entry.ours, "correlation"), rf"\quoted{{{show(entry.theirs, 'correlation')}}}", difference]
