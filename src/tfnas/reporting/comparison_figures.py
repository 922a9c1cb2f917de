"""The figures that set searches against each other; like all figures from result files alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfnas.reporting.comparison_tables import Pairs, matrix, read_ranks, read_regret
from tfnas.reporting.names import search_titles
from tfnas.reporting.rounding import plain
from tfnas.reporting.style import COLOURS, GREY, WIDTH, figure_style, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_WITH_DIFFERENCES = 11
"""Searches up to which the squares of the picture are large enough for the differences."""


def draw_comparisons(
    comparisons_path: str | Path,
    regret_path: str | Path,
    searches: dict[str, dict[str, Any]],
    dataset: str,
    output: str | Path,
) -> None:
    """Draw every search against every other on a dataset searched by itself, best mean first.

    Colour is the probability that the search of the row is better than that of the column in one run. Up to
    :data:`MOST_WITH_DIFFERENCES` searches the difference of their means is written into the square. A hollow circle
    marks pairs that the corrected signed-rank test does not tell apart.

    Args:
        comparisons_path: ``summaries/comparisons.csv``.
        regret_path: ``summaries/regret.csv``, which gives the order.
        searches: ``search.use`` of the study.
        dataset: the dataset.
        output: path of the PDF.

    Raises:
        ReportError: a summary lacks a search or a pair.
    """
    import matplotlib.pyplot as plt

    pairs = Pairs(comparisons_path)
    regret = read_regret(regret_path, list(searches), [dataset])
    labels = sorted(searches, key=lambda label: regret.loc[(label, dataset), "mean"])
    titles = search_titles(searches)
    wins, differences, apart = (
        matrix(pairs, dataset, labels, name) for name in ("probability", "difference", "told_apart")
    )
    count = len(labels)
    written = count <= MOST_WITH_DIFFERENCES
    size = max(1.3, 0.36 * count) if written else min(4.4, 0.2 * count)
    font = min(8.0, 0.8 * 72 * size / count)
    with figure_style():
        figure, axes = plt.subplots(layout="constrained", figsize=(min(WIDTH, size + 2.4), min(size + 1.7, 6.0)))
        image = axes.imshow(wins, cmap="RdBu", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        axes.set_xticks(range(count), [titles[label] for label in labels], rotation=90, fontsize=font)
        axes.set_yticks(range(count), [titles[label] for label in labels], fontsize=font)
        axes.grid(False)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        for (i, j), value in np.ndenumerate(wins):
            if i == j:
                continue
            colour = "white" if abs(value - 0.5) > 0.34 else "black"
            if written:
                text = plain(differences[i, j], "accuracy")
                axes.text(j, i, text, ha="center", va="center_baseline", fontsize=0.72 * font, color=colour)
            if not apart[i, j]:
                place = (j, i - 0.34) if written else (j, i)
                axes.plot(*place, "o", markersize=2.2, markerfacecolor="none", markeredgewidth=0.5, color=colour)
        bar = figure.colorbar(image, ax=axes, shrink=0.7, aspect=26, pad=0.02, ticks=[0, 0.25, 0.5, 0.75, 1])
        bar.set_label("probability that the row wins a run")
        bar.outline.set_linewidth(0.4)
        bar.ax.tick_params(length=0)
        save(figure, output)


def cliques(ranks: np.ndarray, critical: float) -> list[tuple[int, int]]:
    """Return the groups that mean ranks do not tell apart, as (first, last), both included, none within another.

    Args:
        ranks: mean ranks in increasing order, shape (k,).
        critical: the critical difference; ranks that far apart or farther differ.
    """
    groups: list[tuple[int, int]] = []
    for first in range(len(ranks)):
        last = int(np.searchsorted(ranks, ranks[first] + critical, side="left")) - 1
        if last > first and (not groups or last > groups[-1][1]):
            groups.append((first, last))
    return groups


def draw_critical_difference(ranks_path: str | Path, searches: dict[str, dict[str, Any]], output: str | Path) -> None:
    """Draw the mean ranks of searches over datasets on a line; bars join those that Nemenyi's test does not tell apart.

    Source: Demšar 2006, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, figure 1.

    Args:
        ranks_path: ``summaries/ranks.csv``.
        searches: ``search.use`` of the study.
        output: path of the PDF.
    """
    import matplotlib.pyplot as plt

    table = read_ranks(ranks_path)
    ranks = table["mean_rank"].to_numpy()
    critical = float(table["critical_difference"].iloc[0])
    titles = search_titles(searches)
    names = [titles[label] for label in table.index]
    count = len(ranks)
    groups = cliques(ranks, critical)
    left = -(-count // 2)
    step, bars = 1.0, 0.55 * len(groups)
    with figure_style():
        height = 0.75 + 0.155 * left + 0.09 * len(groups)
        figure, axes = plt.subplots(figsize=(WIDTH, height), layout="constrained")
        axes.set_axis_off()
        axes.grid(False)
        margin = 0.75 * (count - 1)
        axes.set_xlim(1 - margin, count + margin)
        axes.set_ylim(-(bars + left * step + 1.0), 3.4)
        axes.plot([1, count], [0, 0], color="black", linewidth=0.8)
        spacing = -(-count // 13)
        for tick in range(1, count + 1):
            axes.plot([tick, tick], [0, 0.35], color="black", linewidth=0.6)
            if (tick - 1) % spacing == 0:
                axes.text(tick, 0.5, str(tick), ha="center", va="bottom", fontsize=8)
        _draw_critical(axes, min(critical, count - 1.0), critical)
        for place, (first, last) in enumerate(groups):
            y = -0.45 - 0.55 * place
            axes.plot([ranks[first] - 0.05, ranks[last] + 0.05], [y, y], color=COLOURS[1], linewidth=2.2)
        for place, (rank, name) in enumerate(zip(ranks, names, strict=True)):
            on_left = place < left
            y = -(bars + 0.9 + step * (place if on_left else count - 1 - place))
            end = 1 - 0.02 * count if on_left else count + 0.02 * count
            axes.plot([rank, rank, end], [0, y, y], color=GREY, linewidth=0.6)
            text = f"{name}  {plain(rank, 'rank')}" if on_left else f"{plain(rank, 'rank')}  {name}"
            shift = -0.01 * count if on_left else 0.01 * count
            axes.text(end + shift, y, text, ha="right" if on_left else "left", va="center", fontsize=7.5)
        save(figure, output)


def _draw_critical(axes: Axes, length: float, critical: float) -> None:
    """Draw how long the critical difference is; one that is longer than the line of ranks ends in an arrow."""
    y = 2.2
    axes.plot([1, 1 + length], [y, y], color="black", linewidth=1.2)
    axes.plot([1, 1], [y - 0.25, y + 0.25], color="black", linewidth=0.8)
    end = "|" if length == critical else ">"
    axes.plot([1 + length], [y], marker=end, color="black", markersize=5)
    text = f"critical difference {plain(critical, 'rank')}"
    axes.text(1 + length / 2, y + 0.3, text, ha="center", va="bottom", fontsize=8)
