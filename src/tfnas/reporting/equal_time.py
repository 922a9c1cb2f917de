"""Groups of searches at equal time in the report: the figure, the table, and the numbers that its sentences rest on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tfnas.equal_time import COLUMNS, GROUPS
from tfnas.files import read_table
from tfnas.reporting.names import dataset_title, search_titles, tex_title
from tfnas.reporting.rounding import MISSING, bold, show
from tfnas.reporting.style import COLOURS, GREY, WIDTH, figure_style, save
from tfnas.reporting.tables import long_tables, row, write_tex

if TYPE_CHECKING:
    from matplotlib.axes import Axes


TITLES = {
    "training-free": "Training-free, no prior",
    "training-free-prior": "Training-free, with a prior",
    "trained": "Trained",
    "hybrid": "Hybrid",
}
"""How figure and table call the groups."""

LINES = dict(zip(GROUPS, ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5))), strict=True))

MOMENTS = 10
"""Moments that the table shows, evenly spread over the logarithm of the seconds."""


def read_equal_time(path: str | Path) -> pd.DataFrame:
    """Read ``summaries/equal-time.csv`` and check its columns."""
    return read_table(path, COLUMNS)


def draw_equal_time(path: str | Path, datasets: list[str], output: str | Path) -> None:
    """Draw the best search of each group against seconds (logarithmic), a panel per dataset.

    Lines are mean test accuracies, bands the intervals of the mean. A strip below says which group leads where the
    interval of its lead does not hold zero; it is empty where that is undecided. The random cell is not drawn. The
    lower end of an axis leaves out what lies farther below the worst end than one and a half times what the best lies
    above it.

    Args:
        path: ``summaries/equal-time.csv``.
        datasets: datasets in the order of the panels.
        output: path of the PDF.
    """
    import matplotlib.pyplot as plt

    table = read_equal_time(path)
    table = table[(table["searches"] > 0) & (table["seconds"] > 0)]
    with figure_style():
        figure, panels = plt.subplots(1, len(datasets), figsize=(WIDTH, 2.6), layout="constrained", squeeze=False)
        handles: dict[str, Any] = {}
        for axes, dataset in zip(panels[0], datasets, strict=True):
            part = table[table["dataset"] == dataset]
            for group, colour in zip(GROUPS, COLOURS, strict=False):
                line = part[part["group"] == group]
                if not line.empty:
                    seconds = line["seconds"]
                    axes.fill_between(
                        seconds, line["low"], line["high"], color=colour, alpha=0.18, linewidth=0, step="post"
                    )
                    drawn = axes.step(seconds, line["mean"], where="post", color=colour, linestyle=LINES[group])
                    handles[TITLES[group]] = drawn[0]
            _frame(axes, part)
            axes.set_xlabel("seconds in all")
            if len(datasets) > 1:
                axes.set_title(dataset_title(dataset))
        panels[0][0].set_ylabel("test accuracy (%)")
        if handles:
            figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles))
        save(figure, output)


def _frame(axes: Axes, part: pd.DataFrame) -> None:
    """Scale a panel and draw the strip that says who leads."""
    from matplotlib.ticker import LogLocator, NullFormatter

    if part.empty:
        axes.text(0.5, 0.5, "no seconds known", ha="center", va="center", transform=axes.transAxes)
        return
    ends = part.groupby("group").last()
    lowest, highest = ends["mean"].min(), part["high"].max()
    bottom = max(lowest - 1.5 * (highest - lowest), part["low"].min())
    margin = 0.08 * (highest - bottom) or 0.5
    axes.set_ylim(bottom - 1.5 * margin, highest + margin)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=7))
    axes.xaxis.set_minor_formatter(NullFormatter())
    strip = {"transform": axes.get_xaxis_transform(), "clip_on": True, "zorder": 3}
    axes.plot([0, 1], [0.035, 0.035], color=GREY, linewidth=0.4, transform=axes.transAxes)
    for phase in phases_of(part):
        if phase["decided"]:
            colour = COLOURS[GROUPS.index(phase["leader"])]
            axes.fill_between([phase["from"], phase["to"]], 0, 0.035, color=colour, linewidth=0, **strip)


def write_equal_time_table(
    path: str | Path, searches: dict[str, dict[str, Any]], datasets: list[str], output: str | Path
) -> None:
    """Write the best search of each group at some moments: mean, interval, name; bold where it leads.

    It leads where the interval of its lead lies above zero.

    Args:
        path: ``summaries/equal-time.csv``.
        searches: ``search.use`` of the study.
        datasets: datasets in the order of the blocks.
        output: path of the table.
    """
    table = read_equal_time(path)
    titles = search_titles(searches)
    groups = [group for group in GROUPS if (table["group"] == group).any()]
    blocks: dict[str, list[str]] = {}
    for dataset in datasets:
        part = table[(table["dataset"] == dataset) & (table["seconds"] > 0)]
        body = []
        for seconds in shown_moments(part["seconds"].to_numpy()):
            rows = part[part["seconds"] == seconds]
            leads = _moment(rows)
            entries = rows.set_index("group").to_dict("index")
            cells = [
                _entry(entries.get(group), titles, leads["decided"] and leads["leader"] == group) for group in groups
            ]
            body.append(row([show(seconds, "seconds"), *cells]))
        blocks[dataset_title(dataset)] = body
    width = 0.88 / max(len(groups), 1)
    head = [row(["Seconds", *(TITLES[group] for group in groups)])]
    columns = "r" + rf"*{{{len(groups)}}}{{L{{{width - 0.02:.3f}\linewidth}}}}"
    write_tex(output, long_tables(columns, head, blocks))


def _entry(entry: dict[str, Any] | None, titles: dict[str, str], leads: bool) -> str:
    if entry is None or not entry["searches"]:
        return MISSING
    mean = show(entry["mean"], "accuracy")
    interval = f"[{show(entry['low'], 'accuracy')}, {show(entry['high'], 'accuracy')}]"
    return rf"{bold(mean) if leads else mean} {interval}\newline {tex_title(titles[entry['search']])}"


def shown_moments(seconds: np.ndarray, count: int = MOMENTS) -> list[float]:
    """Return those of some positive seconds that lie nearest to evenly spread ones on a logarithmic axis."""
    known = np.unique(seconds)
    if not known.size:
        return []
    wanted = np.linspace(np.log(known[0]), np.log(known[-1]), count)
    return known[np.unique(np.abs(np.log(known)[:, None] - wanted).argmin(axis=0))].tolist()


def phases_of(part: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the stretches of time in which the same group leads a dataset and the lead is decided, or is not.

    Args:
        part: rows of the summary of one dataset.

    Returns:
        ``leader``, ``decided`` (whether the interval of the lead to the next group lies above zero), ``from`` and
        ``to`` (seconds: the first moment of this stretch and of the next one, or the last moment of all), in order.
    """
    moments = [_moment(rows) | {"at": seconds} for seconds, rows in part[part["seconds"] > 0].groupby("seconds")]
    moments = [moment for moment in moments if moment["leader"] is not None]
    phases: list[dict[str, Any]] = []
    for moment in moments:
        if phases and (phases[-1]["leader"], phases[-1]["decided"]) == (moment["leader"], moment["decided"]):
            continue
        if phases:
            phases[-1]["to"] = moment["at"]
        phases.append({"leader": moment["leader"], "decided": moment["decided"], "from": moment["at"]})
    if phases:
        phases[-1]["to"] = moments[-1]["at"]
    return phases


def _moment(rows: pd.DataFrame) -> dict[str, Any]:
    """Return which group leads at a moment, and whether its lead is decided; None where no group has an answer."""
    own = rows[rows["searches"] > 0]
    if own.empty:
        return {"leader": None, "decided": False}
    first = own.loc[own["mean"].round(9).idxmax()]
    return {"leader": first["group"], "decided": bool(first["lead_low"] > 0)}
