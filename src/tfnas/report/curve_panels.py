"""Curves of the incumbent over seconds or looks, as figures draw them."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfnas.report.panels import logarithmic
from tfnas.report.style import COLOURS, colour_of, marker_of, panels_of

LINES = ("-", (0, (4, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))


def panels_by_block(heights: list[float], datasets: list[str]) -> tuple[Figure, Any]:
    """Return a figure with a row of panels for each height (inches) and a column for each dataset, and the panels."""
    shape, height = (len(heights), len(datasets)), 0.2 + sum(heights)
    return panels_of(*shape, height, height_ratios=heights, sharex="col", sharey="col")


def legend_beside(axes: Axes, handles: dict[str, Any], heading: str) -> None:
    """Put the legend of a row of panels to the right of its last one, under the heading of its searches."""
    axes.legend(
        handles.values(),
        handles.keys(),
        loc="center left",
        bbox_to_anchor=(1.02, 0.5),
        borderaxespad=0,
        title=heading.replace(": ", ":\n") or None,
        title_fontsize=8,
        alignment="left",
        fontsize=7.5,
    )


def draw_curve(axes: Axes, part: pd.DataFrame, place: int, clock: str = "seconds") -> Any:
    """Draw the curve of one search, or a marker where it is a single point, and return what stands in the legend.

    Args:
        axes: where to draw.
        part: rows of ``summaries/curves.csv`` or ``query-curves.csv`` of one search on one dataset.
        place: of the search among those drawn; decides colour, line and marker.
        clock: ``seconds`` or ``queries``.
    """
    settings = {"color": colour_of(place), "label": part["search"].iloc[0]}
    seconds, mean = part[clock].to_numpy(), part["mean"].to_numpy()
    low, high = part["quartile_low"].to_numpy(), part["quartile_high"].to_numpy()
    if len(part) == 1:
        axes.vlines(seconds, low, high, linewidth=0.9, **settings)
        return axes.plot(seconds, mean, marker_of(place), markersize=4.5, linestyle="none", zorder=3, **settings)[0]
    axes.fill_between(seconds, low, high, alpha=0.13, linewidth=0, **settings)
    axes.plot(seconds[-1:], mean[-1:], "|", markersize=6, **settings)
    return axes.plot(seconds, mean, linestyle=LINES[place // len(COLOURS) % len(LINES)], **settings)[0]


def scale_curves(axes: Axes, part: pd.DataFrame, best: float) -> None:
    """Scale the panels of a dataset: what lies farther below the worst end than the ends lie apart is left out.

    Args:
        axes: the panel; its horizontal axis becomes logarithmic.
        part: rows of ``summaries/curves.csv`` or ``query-curves.csv`` whose ends decide, all of one dataset.
        best: highest mean that has to be seen.
    """
    ends = part.groupby("search").last()
    lowest, highest = ends["mean"].min(), max(best, ends["quartile_high"].max())
    bottom = max(lowest - (highest - lowest), part["quartile_low"].min())
    margin = 0.05 * (highest - bottom) or 0.5
    axes.set_ylim(bottom - margin, highest + margin)
    logarithmic(axes)
