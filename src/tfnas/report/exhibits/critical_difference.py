"""Draw the mean ranks of searches over datasets on a line; bars join those that Nemenyi's test does not tell apart."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from tfnas.products import Exhibit, Named
from tfnas.report.comparison_tables import read_ranks
from tfnas.report.names import search_titles
from tfnas.report.rounding import plain
from tfnas.report.style import COLOURS, GREY, WIDTH, figure_style, save

SPEC = Exhibit(
    kind="figure",
    category="Searches",
    needs={"ranks": "summaries/ranks.csv"},
    params=("searches",),
    when=lambda study: study.ranks_searches,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw the mean ranks of searches over datasets on a line; bars join those that Nemenyi's test does not tell apart.

    Source: Demšar 2006, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, figure 1.
    """
    table = read_ranks(inputs.ranks)
    ranks = table["mean_rank"].to_numpy()
    critical = float(table["critical_difference"].iloc[0])
    titles = search_titles(params.searches)
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
        save(figure, output.pdf)


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


def _draw_critical(axes: Axes, length: float, critical: float) -> None:
    """Draw how long the critical difference is; one that is longer than the line of ranks ends in an arrow."""
    y = 2.2
    axes.plot([1, 1 + length], [y, y], color="black", linewidth=1.2)
    axes.plot([1, 1], [y - 0.25, y + 0.25], color="black", linewidth=0.8)
    end = "|" if length == critical else ">"
    axes.plot([1 + length], [y], marker=end, color="black", markersize=5)
    text = f"critical difference {plain(critical, 'rank')}"
    axes.text(1 + length / 2, y + 0.3, text, ha="center", va="bottom", fontsize=8)
