"""Draw what every search has found after so many seconds."""

from typing import Any

from tfnas.products import Exhibit, Named
from tfnas.report.curve_panels import draw_curve, legend_beside, panels_by_block, scale_curves
from tfnas.report.names import GROUPS, by_group, search_titles
from tfnas.report.panels import name_panels, say
from tfnas.report.style import figure_style, save
from tfnas.schemas.curves import SCHEMA as CURVES

MOST_IN_ONE_ROW = 6
"""Searches that one row of panels holds; more are split into a row for each group."""

SPEC = Exhibit(
    kind="figure",
    category="Searches",
    needs={"curves": "summaries/curves.csv"},
    params=("searches", "datasets", "reported"),
    when=lambda study: study.has_contest,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw the test accuracy of the incumbent against seconds (logarithmic), a column of panels per dataset.

    Lines are means over runs, bands reach from the lower to the upper quartile. A line ends where all runs are over. A
    search that has an answer only at its end is a marker there, with a bar between the quartiles. More than
    :data:`MOST_IN_ONE_ROW` searches are split into a row of panels for each group. The lower end of an axis leaves out
    what lies farther below the worst end than the ends lie apart.
    """
    table = CURVES.read(inputs.curves)
    titles = search_titles(params.searches)
    drawn = [label for label in params.searches if label in set(table["search"])]
    blocks = {"": drawn}
    if len(drawn) > MOST_IN_ONE_ROW:
        groups = by_group({label: params.searches[label] for label in drawn})
        blocks = {GROUPS[group]: labels for group, labels in groups.items()}
    with figure_style():
        least = (2.5, 1.9, 1.9, 1.4)[min(len(blocks), 4) - 1]
        heights = [max(least, 0.3 + 0.155 * len(labels)) for labels in blocks.values()]
        figure, panels = panels_by_block(heights, params.datasets)
        for line, (heading, labels) in enumerate(blocks.items()):
            handles: dict[str, Any] = {}
            for axes, dataset in zip(panels[line], params.datasets, strict=True):
                for place, label in enumerate(labels):
                    part = table[(table["dataset"] == dataset) & (table["search"] == label)]
                    if not part.empty:
                        handles[titles[label]] = draw_curve(axes, part, place)
            if handles:
                legend_beside(panels[line][-1], handles, heading)
            panels[line][0].set_ylabel(params.reported["label"])
        for column, dataset in enumerate(params.datasets):
            axes, part = panels[-1][column], table[table["dataset"] == dataset]
            axes.set_xlabel("seconds")
            if part.empty:
                say(axes, "no seconds known")
            else:
                scale_curves(axes, part, part["mean"].max())
        name_panels(panels[0], params.datasets)
        save(figure, output.pdf)
