"""What the report shows of costs: fronts beside the true ones, their quality, and sub-spaces."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfnas.files import read_table
from tfnas.fronts import CELL_COLUMNS, FRONT_COLUMNS, SPACE_COLUMNS, allowed, test_accuracies
from tfnas.hardware import COUNTED, constraint_words, limits_of
from tfnas.limits import LIMIT_COLUMNS
from tfnas.pareto import pareto_front
from tfnas.reporting.names import dataset_title, search_group, search_titles, tex_title
from tfnas.reporting.rounding import MISSING, escape, show
from tfnas.reporting.style import GREY, WIDTH, colour_of, figure_style, marker_of, save
from tfnas.reporting.tables import row, tabular, with_interval, write_tex

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tfnas.reporting.numbers import Numbers

LOWEST = 5
"""Percentile of the test accuracies of the space below which a panel shows nothing."""


def cost_title(cost: str) -> str:
    """Return a cost with its unit."""
    return {"params": "parameters", "flops": "FLOPs (millions)"}.get(cost, f"latency on {cost} (ms)")


def draw_fronts(
    summary_path: str | Path,
    cells_path: str | Path,
    truth_paths: Mapping[str, str | Path],
    latency_paths: Mapping[str, str | Path],
    searches: Mapping[str, dict[str, Any]],
    output: str | Path,
) -> None:
    """Draw for each cost and dataset, searched by itself, all cells, the true front, and a front of each search.

    The front of a search is that of the run whose share of hypervolume is the median one.

    Args:
        summary_path: ``summaries/fronts.csv``.
        cells_path: ``summaries/front-cells.parquet``.
        truth_paths: ground truth of every dataset.
        latency_paths: latencies of the datasets that have any.
        searches: settings of all searches of the study by label.
        output: path of the PDF.
    """
    import matplotlib.pyplot as plt

    summary, cells = read_table(summary_path, FRONT_COLUMNS), read_table(cells_path, CELL_COLUMNS)
    summary = summary[summary["searched_on"] == summary["dataset"]]
    cells = cells[cells["searched_on"] == cells["dataset"]]
    costs, datasets = list(dict.fromkeys(summary["cost"])), list(truth_paths)
    titles = search_titles(dict(searches))
    places = {search: place for place, search in enumerate(dict.fromkeys(summary["search"]))}
    with figure_style():
        figure, panels = plt.subplots(
            len(costs), len(datasets), figsize=(WIDTH, 2.7 * len(costs)), layout="constrained", squeeze=False
        )
        for cost, line in zip(costs, panels, strict=True):
            for dataset, axes in zip(datasets, line, strict=True):
                rows = summary[(summary["cost"] == cost) & (summary["dataset"] == dataset)]
                _background(axes, searches, rows["search"].iloc[0], truth_paths, dataset, latency_paths)
                for entry in rows.itertuples():
                    place = places[entry.search]
                    front = cells[
                        (cells["search"] == entry.search)
                        & (cells["dataset"] == dataset)
                        & (cells["run"] == entry.median_run)
                    ]
                    axes.plot(
                        front["cost"], front["test_accuracy"], marker_of(place), markersize=4,
                        color=colour_of(place), label=titles[entry.search],
                    )  # fmt: skip
                axes.set_xlabel(cost_title(cost))
                axes.set_title(dataset_title(dataset))
            line[0].set_ylabel("test accuracy (%)")
        handles = {
            label: handle
            for axes in panels[:, 0]
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=2)
        save(figure, output)


def _background(
    axes: Axes,
    searches: Mapping[str, dict[str, Any]],
    search: str,
    truth_paths: Mapping[str, str | Path],
    dataset: str,
    latency_paths: Mapping[str, str | Path],
) -> None:
    """Draw all cells and the true front of the whole space, whatever cells a search keeps to."""
    import numpy as np

    kept_to = ("constraint", "accuracies_of")
    free = {search: {key: value for key, value in searches[search].items() if key not in kept_to}}
    codes, costs = allowed(free, search, truth_paths, dataset, latency_paths.get(dataset))
    values = test_accuracies(truth_paths[dataset])[codes]
    axes.plot(costs, values, ".", color="#CCCCCC", markersize=1, rasterized=True, zorder=1)
    front = pareto_front(values, costs)
    axes.step(costs[front], values[front], where="post", color=GREY, linewidth=1, label="true front", zorder=2)
    low, high = np.percentile(values, LOWEST), values.max()
    axes.set_ylim(low, high + 0.05 * (high - low))


def write_fronts_table(
    summary_path: str | Path, searches: Mapping[str, dict[str, Any]], datasets: list[str], output: str | Path
) -> None:
    """Write for each search with two objectives its share of the true front's hypervolume, searched on each dataset.

    Args:
        summary_path: ``summaries/fronts.csv``.
        searches: settings of all searches of the study by label.
        datasets: the datasets of the study.
        output: path of the table.
    """
    summary = read_table(summary_path, FRONT_COLUMNS)
    own = summary[summary["searched_on"] == summary["dataset"]].set_index(["search", "dataset"])
    titles = search_titles(dict(searches))
    body = []
    for search in dict.fromkeys(summary["search"]):
        cost = searches[search]["cost"]
        line = [tex_title(titles[search]), escape(cost if cost in COUNTED else f"latency on {cost}")]
        for dataset in datasets:
            entry = own.loc[(search, dataset)]
            share = f"{show(entry['mean'], 'share')} [{show(entry.ci_low, 'share')}, {show(entry.ci_high, 'share')}]"
            line += [share, show(entry["cells"], "rank")]
        body.append(row(line))
    head = [
        row(["", "", *(rf"\multicolumn{{2}}{{c}}{{{escape(dataset_title(dataset))}}}" for dataset in datasets)]),
        row(["Search", "Cost", *(["share (\\%)", "cells"] * len(datasets))]),
    ]
    write_tex(output, tabular("ll" + "rr" * len(datasets), head, body))


def write_limits_table(
    summary_path: str | Path, searches: Mapping[str, dict[str, Any]], datasets: list[str], output: str | Path
) -> None:
    """Write what searches with a limit chose, in blocks by dataset, each searched by itself.

    Columns: the cost with its limit, the share of runs whose cell keeps to it, the mean cost of the chosen cells, their
    test accuracy with its interval, and the best test accuracy within all limits of the search.

    Args:
        summary_path: ``summaries/limits.csv``.
        searches: settings of all searches of the study by label.
        datasets: the datasets of the study.
        output: path of the table.
    """
    summary = read_table(summary_path, LIMIT_COLUMNS)
    own = summary[summary["searched_on"] == summary["dataset"]]
    titles = search_titles(dict(searches))
    body = []
    for dataset in datasets:
        if len(datasets) > 1:
            body += [r"\addlinespace"] if body else []
            body.append(rf"\multicolumn{{6}}{{l}}{{\emph{{{escape(dataset_title(dataset))}}}}} \\")
        for entry in own[own["dataset"] == dataset].itertuples():
            kept = limits_of(searches[entry.search].get("constraint", {})).get(entry.cost)
            relation = r"$\leq$" if kept == entry.limit else "about"
            body.append(
                row(
                    [
                        tex_title(titles[entry.search]),
                        f"{escape(cost_title(entry.cost))} {relation} {entry.limit:.12g}",
                        show(entry.within, "share"),
                        show(entry.cost_mean, "value"),
                        with_interval(entry.mean, entry.ci_low, entry.ci_high, "accuracy"),
                        show(entry.best, "accuracy"),
                    ]
                )
            )
    head = [
        row(["", "", "runs within", "mean", r"test accuracy [95\,\%]", "best"]),
        row(["Search", "Limit", r"limit (\%)", "cost", "of the chosen cells", "within"]),
    ]
    write_tex(output, tabular(r"lL{0.24\linewidth}rrrr", head, body))


def write_spaces_table(
    summary_path: str | Path, spaces: Mapping[str, dict[str, Any]], datasets: list[str], output: str | Path
) -> None:
    """Write the sub-spaces of the study with the distribution of their FLOPs, and their accuracies beside it.

    Args:
        summary_path: ``summaries/spaces.csv``.
        spaces: ``search.subspaces`` of the study.
        datasets: the datasets of the study.
        output: path of the table.
    """
    summary = read_table(summary_path, SPACE_COLUMNS)
    body = []
    for dataset in datasets:
        if len(datasets) > 1:
            body.append(rf"\multicolumn{{8}}{{l}}{{\emph{{{escape(dataset_title(dataset))}}}}} \\")
        for entry in summary[summary["dataset"] == dataset].itertuples():
            body.append(
                row(
                    [
                        escape(entry.space),
                        escape(constraint_words(spaces[entry.space])) or MISSING,
                        show(entry.cells, "count"),
                        *(show(value, "value") for value in (entry.flops_mean, entry.flops_20, entry.flops_80)),
                        *(show(value, "accuracy") for value in (entry.accuracy_median, entry.accuracy_best)),
                    ]
                )
            )
    head = [
        row(["", "", "", r"\multicolumn{3}{c}{FLOPs (millions)}", r"\multicolumn{2}{c}{test accuracy}"]),
        row(["Sub-space", "Cells with", "Cells", "mean", "20\\,\\%", "80\\,\\%", "median", "best"]),
    ]
    write_tex(output, tabular(r"lL{0.3\linewidth}rrrrrr", head, body))


def add_limits(numbers: Numbers, summary_path: str | Path, searches: Mapping[str, dict[str, Any]]) -> None:
    """Add, for each dataset searched by itself, the best search that keeps to its limit in every run; no references.

    Keys: ``limits.{dataset}.first.title``, ``.test`` (mean test accuracy), ``.below`` (points below the best cell
    within the limit), and ``limits.{dataset}.left.title`` with ``.share``, the search that most often leaves its limit,
    if any does.
    """
    summary = read_table(summary_path, LIMIT_COLUMNS)
    rivals = [label for label, settings in searches.items() if search_group(settings) != "reference"]
    own = summary[(summary["searched_on"] == summary["dataset"]) & summary["search"].isin(rivals)]
    for dataset, part in own.groupby("dataset", sort=False):
        before = f"limits.{dataset}"
        kept = part.groupby("search", sort=False).filter(lambda rows: (rows["within"] == 1).all())
        if len(kept):
            first = kept.loc[kept["mean"].idxmax()]
            numbers.title(f"{before}.first.title", numbers.value(f"title.search.{first['search']}"))
            numbers.add(f"{before}.first.test", first["mean"], "accuracy")
            numbers.add(f"{before}.first.below", first["best"] - first["mean"], "accuracy")
        left = part.loc[part["within"].idxmin()]
        if left["within"] < 1:
            numbers.title(f"{before}.left.title", numbers.value(f"title.search.{left['search']}"))
            numbers.add(f"{before}.left.share", 1 - left["within"], "share")


def add_fronts(numbers: Numbers, summary_path: str | Path) -> None:
    """Add, for each dataset searched by itself, the search whose fronts have the largest mean share of hypervolume.

    Keys: ``fronts.{dataset}.first.title`` and ``.share``, where a share is known.
    """
    summary = read_table(summary_path, FRONT_COLUMNS)
    own = summary[(summary["searched_on"] == summary["dataset"]) & summary["mean"].notna()]
    for dataset, part in own.groupby("dataset", sort=False):
        first = part.loc[part["mean"].idxmax()]
        numbers.title(f"fronts.{dataset}.first.title", numbers.value(f"title.search.{first['search']}"))
        numbers.add(f"fronts.{dataset}.first.share", first["mean"], "share")
