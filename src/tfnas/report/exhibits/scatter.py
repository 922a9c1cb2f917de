"""Draw score against validation accuracy of every cell, a panel per dataset, with its rank correlations on top."""

import zlib

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import BoundaryNorm

from tfnas.errors import ReportError
from tfnas.files import read_table
from tfnas.products import Exhibit, Named
from tfnas.report.panels import colour_bar
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.rounding import plain
from tfnas.report.style import COLOURS, WIDTH, figure_style, panels_of, save
from tfnas.report.titles import dataset_title
from tfnas.schemas.correlations import SCHEMA as CORRELATIONS
from tfnas.scoring.table import ScoreTable
from tfnas.truth.metric import SPLITS, TEST, VALID

WIDE = 1000
"""Scores that reach this many times their median are drawn on a logarithmic axis."""

SPEC = Exhibit(
    kind="figure",
    category="Proxies",
    params=("reported",),
    prints=("proxies",),
    each="proxy",
    shown=lambda study: study.scored[:4],
    needs={
        "scores": "scores/{dataset}.parquet",
        "truths": "truth/{dataset}.parquet",
        "correlations": "summaries/correlations.csv",
    },
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw score against validation accuracy of every cell, a panel per dataset, with its rank correlations on top.

    Cells without a finite score stand on the left edge as crosses; the least accurate three per cent of cells, which
    would squeeze all others, stand on the lower edge. Colour tells the number of convolution edges. Where the largest
    score is more than :data:`WIDE` times the median, the axis is logarithmic, and linear below the smallest hundredth.
    """
    correlations = CORRELATIONS.read(inputs.correlations)
    count = len(inputs.scores)
    with figure_style():
        width = WIDTH if count > 1 else 0.66 * WIDTH
        figure, panels = panels_of(1, count, 2.35 if count > 1 else 2.9, width)
        colours = plt.get_cmap("viridis_r", 7)
        norm = BoundaryNorm(np.arange(-0.5, 7), 7)
        for axes, dataset in zip(panels[0], inputs.scores, strict=True):
            table = ScoreTable.read(inputs.scores[dataset])
            truth = read_table(inputs.truths[dataset], ("arch", *SPLITS))
            shown = shown_accuracy(truth)
            accuracy = truth[shown].to_numpy()
            panels[0][0].set_ylabel(f"{SPLITS[shown]} {params.reported['metric']}")
            score = table.scores(params.proxy)[table.pool.places_of(truth["arch"], f"'{inputs.truths[dataset]}'")]
            convolutions = truth["arch"].str.count("nor_conv").to_numpy()
            coloured = bool(convolutions.any())
            finite = np.isfinite(score)
            high, low = np.nanmax(accuracy), np.nanquantile(accuracy, 0.03)
            low -= 0.05 * (high - low)
            accuracy = np.maximum(accuracy, low)
            axes.set_ylim(low - 0.03 * (high - low), high + 0.04 * (high - low))
            left = score[finite].min() - 0.04 * np.ptp(score[finite])
            positive = score[finite & (score > 0)]
            if positive.size and positive.max() > WIDE * np.median(positive):
                smallest = np.quantile(positive, 0.01)
                axes.set_xscale("symlog", linthresh=smallest)
                powers = np.linspace(np.log10(smallest), np.log10(positive.max()), 4)[1:].astype(int)
                axes.set_xticks([0, *(10.0**powers)], ["0", *(rf"$10^{{{power}}}$" for power in powers)])
                axes.set_xticks([], minor=True)
                left = min(score[finite].min(), 0) - smallest
            # In a mixed order, or one colour hides the others.
            mixed = truth["arch"].map(lambda text: zlib.crc32(text.encode())).to_numpy()
            order = np.argsort(mixed, kind="stable")
            order = order[finite[order]]
            points = axes.scatter(
                score[order],
                accuracy[order],
                c=convolutions[order] if coloured else COLOURS[0],
                cmap=colours if coloured else None,
                norm=norm if coloured else None,
                s=2.2,
                linewidths=0,
                alpha=0.75,
                rasterized=True,
            )
            if not finite.all():
                edge = np.full((~finite).sum(), left)
                axes.plot(edge, accuracy[~finite], "x", color=COLOURS[1], markersize=3.5, clip_on=False)
            tau, rho = _coefficients(correlations, (dataset, params.proxy, shown, "all"), inputs.correlations)
            name = f"{dataset_title(dataset)}\n" if count > 1 else ""
            axes.set_title(rf"{name}$\tau$ = {tau}, $\rho$ = {rho}")
        figure.supxlabel(f"{proxy_title(params.proxy)} score", fontsize=plt.rcParams["axes.labelsize"])
        if coloured:
            bar = colour_bar(figure, points, panels[0].tolist(), "convolution edges", ticks=range(7), aspect=28)
            bar.solids.set_alpha(1)
        save(figure, output.pdf)


def shown_accuracy(truth: pd.DataFrame) -> str:
    """Return the column of the accuracy that is drawn: validation, or test where nobody knows the former."""
    return TEST if truth[VALID].isna().all() else VALID


def _coefficients(correlations: pd.DataFrame, key: tuple[str, ...], path: str) -> tuple[str, ...]:
    """Return Kendall's and Spearman's coefficient of a proxy with an accuracy over all cells, as printed."""
    entries = correlations.set_index(["dataset", "proxy", "accuracy", "cells"])
    if key not in entries.index:
        raise ReportError(f"'{path}' has no row for proxy '{key[1]}' on '{key[0]}': run the summary.")
    return tuple(plain(entries.loc[key, name], "correlation") for name in ("kendall", "spearman"))
