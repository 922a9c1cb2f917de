"""Draw what every search has found after so many looks at accuracies."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from tfnas.products import Exhibit, Named
from tfnas.report.curve_panels import draw_curve, legend_beside, panels_by_block, scale_curves
from tfnas.report.names import GROUPS, by_group, equal_time_groups, search_titles
from tfnas.report.panels import name_panels, say
from tfnas.report.style import GREY, figure_style, save
from tfnas.schemas.query_curves import SCHEMA as QUERY_CURVES

WITHOUT = {"training-free": "no look, no prior", "training-free-prior": "no look, with a prior"}
"""Groups of searches that look at no accuracy, and how the legend tells the best of each."""

LINES = dict(zip(WITHOUT, ((0, (1.2, 1.2)), (0, (5, 2))), strict=True))

SPEC = Exhibit(
    kind="figure",
    category="Searches",
    needs={"table": "summaries/query-curves.csv"},
    params=("searches", "datasets", "reported"),
    when=lambda study: study.has_contest,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw the test accuracy of the incumbent against looks at early accuracies, a column of panels per dataset.

    Searches that look at accuracies alone and those that look at scores, too, have a row of panels each. Lines are
    means over runs, bands reach from the lower to the upper quartile; a line ends where all runs are over, and a search
    that has an answer only at its end is a marker. Of the searches that look at no accuracy a grey line marks the
    highest mean, one with and one without a prior. The axis is logarithmic from 1 on.
    """
    table = QUERY_CURVES.read(inputs.table)
    titles, groups = search_titles(params.searches), equal_time_groups(params.searches)
    drawn = [label for label in params.searches if (table["search"][table["queries"] > 0] == label).any()]
    rows = by_group({label: params.searches[label] for label in drawn})
    blocks = {GROUPS[group]: labels for group, labels in rows.items()} or {"": []}
    with figure_style():
        heights = [max(2.0, 0.6 + 0.155 * len(labels)) for labels in blocks.values()]
        figure, panels = panels_by_block(heights, params.datasets)
        for line, (heading, labels) in enumerate(blocks.items()):
            handles: dict[str, Any] = {}
            for axes, dataset in zip(panels[line], params.datasets, strict=True):
                here = table[table["dataset"] == dataset]
                handles |= _draw_without(axes, here, groups)
                for place, label in enumerate(labels):
                    part = here[here["search"] == label]
                    if not part.empty:
                        handles[titles[label]] = draw_curve(axes, part, place, "queries")
            legend_beside(panels[line][-1], handles, heading)
            panels[line][0].set_ylabel(params.reported["label"])
        for column, dataset in enumerate(params.datasets):
            axes, here = panels[-1][column], table[table["dataset"] == dataset]
            axes.set_xlabel("looks at accuracies")
            if (here["queries"] > 0).any():
                scale_curves(axes, here[here["queries"] > 0], here["mean"].max())
            else:
                say(axes, "no search looks at accuracies")
        name_panels(panels[0], params.datasets)
        save(figure, output.pdf)


def _draw_without(axes: Axes, table: pd.DataFrame, groups: dict[str, str]) -> dict[str, Any]:
    """Draw the highest mean of each group that looks at no accuracy as a line, and return what stands in the legend."""
    handles = {}
    for group, words in WITHOUT.items():
        means = table["mean"][table["search"].map(groups) == group]
        if not means.empty:
            line: dict[str, Any] = {"linestyle": LINES[group], "linewidth": 1, "label": words}
            handles[words] = axes.axhline(means.max(), color=GREY, zorder=1, **line)
    return handles
