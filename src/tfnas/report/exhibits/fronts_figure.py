"""Draw for each cost and dataset, searched by itself, all cells, the true front, and a front of each search."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from tfnas.analysis.fronts import allowed, reported_accuracies
from tfnas.products import Exhibit, Named
from tfnas.report.cost_titles import cost_title
from tfnas.report.names import search_titles
from tfnas.report.panels import legend_of
from tfnas.report.style import GREY, colour_of, figure_style, marker_of, panels_of, save
from tfnas.report.titles import dataset_title
from tfnas.schemas.front_cells import SCHEMA as CELLS
from tfnas.schemas.fronts import SCHEMA as FRONTS
from tfnas.search.pareto import pareto_front

LOWEST = 5
"""Percentile of the test accuracies of the space below which a panel shows nothing."""

SPEC = Exhibit(
    kind="figure",
    category="Hardware",
    params={"searches": "front_searches", "reported": "reported"},
    when=lambda study: study.front_searches,
    needs={
        "summary": "summaries/fronts.csv",
        "cells": "summaries/front-cells.parquet",
        "truths": "truth/{dataset}.parquet",
        "latencies": lambda study: study.latencies_by_dataset,
    },
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw for each cost and dataset, searched by itself, all cells, the true front, and a front of each search.

    The front of a search is that of the run whose share of hypervolume is the median one.
    """
    summary, cells = FRONTS.read(inputs.summary), CELLS.read(inputs.cells)
    summary = summary[summary["searched_on"] == summary["dataset"]]
    cells = cells[cells["searched_on"] == cells["dataset"]]
    costs, datasets = list(dict.fromkeys(summary["cost"])), list(inputs.truths)
    titles = search_titles(dict(params.searches))
    places = {search: place for place, search in enumerate(dict.fromkeys(summary["search"]))}
    with figure_style():
        figure, panels = panels_of(len(costs), len(datasets), 2.7 * len(costs))
        for cost, line in zip(costs, panels, strict=True):
            for dataset, axes in zip(datasets, line, strict=True):
                rows = summary[(summary["cost"] == cost) & (summary["dataset"] == dataset)]
                search = rows["search"].iloc[0]
                _background(axes, inputs, search, params.searches[search], dataset)
                for entry in rows.itertuples():
                    place = places[entry.search]
                    own = cells[(cells["search"] == entry.search) & (cells["dataset"] == dataset)]
                    front = own[own["run"] == entry.median_run]
                    axes.plot(
                        front["cost"],
                        front["accuracy"],
                        marker_of(place),
                        markersize=4,
                        color=colour_of(place),
                        label=titles[entry.search],
                    )
                axes.set_xlabel(cost_title(cost))
                axes.set_title(dataset_title(dataset))
            line[0].set_ylabel(params.reported["label"])
        handles = legend_of(panels[:, 0])
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=2)
        save(figure, output.pdf)


def _background(axes: Axes, inputs: Named, search: str, settings: dict[str, Any], dataset: str) -> None:
    """Draw all cells and the true front of the whole space, whatever cells a search keeps to."""
    free = {search: {key: value for key, value in settings.items() if key not in ("constraint", "accuracies_of")}}
    codes, costs = allowed(free, search, inputs.truths, dataset, inputs.latencies.get(dataset))
    values = reported_accuracies(inputs.truths[dataset])[codes]
    axes.plot(costs, values, ".", color="#CCCCCC", markersize=1, rasterized=True, zorder=1)
    front = pareto_front(values, costs)
    axes.step(costs[front], values[front], where="post", color=GREY, linewidth=1, label="true front", zorder=2)
    low, high = np.percentile(values, LOWEST), values.max()
    axes.set_ylim(low, high + 0.05 * (high - low))
