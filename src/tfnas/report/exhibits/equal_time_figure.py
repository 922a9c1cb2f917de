"""Draw what groups of searches have found after the same seconds."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from tfnas.analysis.equal_time import GROUPS
from tfnas.products import Exhibit, Named
from tfnas.report.equal_time_phases import TITLES, phases_of
from tfnas.report.panels import logarithmic, name_panels, say
from tfnas.report.style import COLOURS, GREY, figure_style, panels_of, save
from tfnas.schemas.equal_time import SCHEMA as EQUAL_TIME

LINES = dict(zip(GROUPS, ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5))), strict=True))

SPEC = Exhibit(
    kind="figure",
    category="Searches",
    needs={"table": "summaries/equal-time.csv"},
    params=("datasets", "reported"),
    when=lambda study: study.has_contest,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw the best search of each group against seconds (logarithmic), a panel per dataset.

    Lines are mean test accuracies, bands the intervals of the mean. A strip below says which group leads where the
    interval of its lead does not hold zero; it is empty where that is undecided. The random cell is not drawn. The
    lower end of an axis leaves out what lies farther below the worst end than one and a half times what the best lies
    above it.
    """
    table = EQUAL_TIME.read(inputs.table)
    table = table[(table["searches"] > 0) & (table["seconds"] > 0)]
    with figure_style():
        figure, panels = panels_of(1, len(params.datasets), 2.6)
        name_panels(panels[0], params.datasets)
        handles: dict[str, Any] = {}
        for axes, dataset in zip(panels[0], params.datasets, strict=True):
            part = table[table["dataset"] == dataset]
            for group, colour in zip(GROUPS, COLOURS, strict=False):
                line = part[part["group"] == group]
                if not line.empty:
                    seconds = line["seconds"]
                    settings = {"color": colour, "label": TITLES[group]}
                    axes.fill_between(
                        seconds, line["low"], line["high"], alpha=0.18, linewidth=0, step="post", **settings
                    )
                    drawn = axes.step(seconds, line["mean"], where="post", linestyle=LINES[group], **settings)
                    handles[TITLES[group]] = drawn[0]
            _frame(axes, part)
            axes.set_xlabel("seconds in all")
        panels[0][0].set_ylabel(params.reported["label"])
        if handles:
            figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles))
        save(figure, output.pdf)


def _frame(axes: Axes, part: pd.DataFrame) -> None:
    """Scale a panel and draw the strip that says who leads."""
    if part.empty:
        say(axes, "no seconds known")
        return
    ends = part.groupby("group").last()
    lowest, highest = ends["mean"].min(), part["high"].max()
    bottom = max(lowest - 1.5 * (highest - lowest), part["low"].min())
    margin = 0.08 * (highest - bottom) or 0.5
    axes.set_ylim(bottom - 1.5 * margin, highest + margin)
    logarithmic(axes)
    strip: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "clip_on": True, "zorder": 3}
    axes.plot([0, 1], [0.035, 0.035], color=GREY, linewidth=0.4, transform=axes.transAxes)
    for phase in phases_of(part):
        if phase["decided"]:
            colour = COLOURS[GROUPS.index(phase["leader"])]
            leads = f"{TITLES[phase['leader']]} leads"
            axes.fill_between([phase["from"], phase["to"]], 0, 0.035, color=colour, linewidth=0, label=leads, **strip)
