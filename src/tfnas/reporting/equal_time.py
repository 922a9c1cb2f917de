"""Groups of searches at equal time in the report: the figure, the table, and the numbers that its sentences rest on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tfnas.equal_time import COLUMNS, GROUPS, REFERENCE
from tfnas.files import read_table
from tfnas.reporting.names import dataset_title, equal_time_groups, search_titles, tex_title
from tfnas.reporting.rounding import MISSING, bold, show
from tfnas.reporting.style import COLOURS, GREY, WIDTH, figure_style, save
from tfnas.reporting.tables import long_tables, row, write_tex
from tfnas.reporting.wording import MOST_NAMES, counted, interval_sign, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tfnas.reporting.comparison_tables import Pairs
    from tfnas.reporting.numbers import Numbers

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

MOST_TOLD = 6
"""Stretches of time with a decided lead that prose lists; of more it gives the number of changes."""


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
                    settings = {"color": colour, "label": TITLES[group]}
                    axes.fill_between(
                        seconds, line["low"], line["high"], alpha=0.18, linewidth=0, step="post", **settings
                    )
                    drawn = axes.step(seconds, line["mean"], where="post", linestyle=LINES[group], **settings)
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
            leads = f"{TITLES[phase['leader']]} leads"
            axes.fill_between([phase["from"], phase["to"]], 0, 0.035, color=colour, linewidth=0, label=leads, **strip)


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


def add_equal_time(
    numbers: Numbers, path: str | Path, searches: dict[str, dict[str, Any]], datasets: list[str], pairs: Pairs
) -> None:
    """Add what groups of searches have found at equal time.

    Keys begin with ``equal.{dataset}``. Moments are ``early``, at which the training-free search ends that is best at
    the end (one without a prior, or one with where there is no other), and ``late``, the end of all searches. Of each:
    ``.{moment}.seconds``; ``.leader`` and ``.second`` (groups) and ``.rival``, the group that the first sentence sets
    beside the leader: that of the training-free search, or the second where that leads; of each group with an answer
    ``.{group}.test``, ``.low``, ``.high``, ``.title``, ``.prior``, ``.searches``, ``.behind`` (points to the leader)
    and ``.told`` (whether the interval of that difference lies on one side of zero; of the leader: of its lead to the
    second; at the end of all searches the corrected test of the same two, too, as wherever one search is called
    better) and ``.same`` (whether there is no difference in any run); ``.kinds``, the groups of the study whose time is
    known; and where a group alone has an answer ``.random.test`` and ``.random.side``: the random cell, and whether the
    interval of the difference of that group to it lies above, below or around zero. ``.unknown`` names the searches
    whose seconds nobody knows, ``.unknown_count`` counts them.
    ``.phases`` counts stretches of time with one
    leader (:func:`phases_of`), each with ``.phase.{number}.leader``, ``.decided``, ``.from`` and ``.to``, and
    ``.changes`` the borders between them; ``.few`` says whether at most :data:`MOST_TOLD` of them are decided.
    ``.chosen_by`` says by which accuracy the best was chosen.

    Args:
        numbers: the numbers so far.
        path: ``summaries/equal-time.csv``.
        searches: ``search.use`` of the study.
        datasets: datasets in the order of the study.
        pairs: every search against every other, at their ends.
    """
    table = read_equal_time(path)
    titles = search_titles(searches)
    for dataset in datasets:
        part = table[table["dataset"] == dataset]
        if part.empty:
            continue
        before = f"equal.{dataset}"
        numbers.add(f"{before}.chosen_by", part["chosen_by"].iloc[0], "text")
        _add_unknown(numbers, before, part, searches, titles)
        last = part[part["seconds"] == part["seconds"].max()].set_index("group")
        base = next((group for group in GROUPS[:2] if group in last.index), None)
        if base is not None:
            early = _end_of(part, last.loc[base, "search"])
            at_end = early["seconds"].iloc[0] == part["seconds"].max()
            _add_moment(numbers, f"{before}.early", early, titles, base, (dataset, pairs) if at_end else None)
            numbers.add(f"{before}.early.kinds", len(last), "count")
        end = part[part["seconds"] == part["seconds"].max()]
        _add_moment(numbers, f"{before}.late", end, titles, base, (dataset, pairs))
        numbers.add(f"{before}.late.kinds", len(last), "count")
        phases = phases_of(part)
        numbers.add(f"{before}.phases", len(phases), "count")
        numbers.add(f"{before}.changes", max(len(phases) - 1, 0), "count")
        few = sum(phase["decided"] for phase in phases) <= MOST_TOLD
        numbers.add(f"{before}.few", few, "text")
        for number, phase in enumerate(phases):
            for name, kind in (("leader", "text"), ("decided", "text"), ("from", "seconds"), ("to", "seconds")):
                numbers.add(f"{before}.phase.{number}.{name}", phase[name], kind)


def _add_unknown(
    numbers: Numbers, before: str, part: pd.DataFrame, searches: dict[str, dict[str, Any]], titles: dict[str, str]
) -> None:
    """Add which searches are not compared because nobody knows their seconds: those that end at no moment."""
    ended = {name for names in part["end_of"].dropna() for name in str(names).split(", ")}
    unknown = [titles[label] for label in equal_time_groups(searches) if label not in ended]
    words = listed(unknown) if 0 < len(unknown) <= MOST_NAMES else counted(len(unknown), "search", "searches")
    numbers.title(f"{before}.unknown", words)
    numbers.add(f"{before}.unknown_count", len(unknown), "count")


def _end_of(part: pd.DataFrame, search: str) -> pd.DataFrame:
    """Return the rows of the moment at which a search ends."""
    ends = [search in str(names).split(", ") for names in part["end_of"]]
    return part[part["seconds"] == part.loc[ends, "seconds"].iloc[0]]


def _add_moment(
    numbers: Numbers,
    before: str,
    rows: pd.DataFrame,
    titles: dict[str, str],
    base: str | None,
    tested: tuple[str, Pairs] | None,
) -> None:
    """Add one moment: its seconds, the answer of each group, and who leads; where all have ended, by the test, too."""
    numbers.add(f"{before}.seconds", float(rows["seconds"].iloc[0]), "seconds")
    own = rows[rows["searches"] > 0].set_index("group")
    order = own["mean"].round(9).sort_values(ascending=False, kind="stable").index.tolist()
    leader, second = order[0], (order[1] if len(order) > 1 else None)
    rival = base if base in order and base != leader else second
    for name, value in (("leader", leader), ("second", second or ""), ("rival", rival or "")):
        numbers.add(f"{before}.{name}", value, "text")
    for group, entry in own.iterrows():
        for name in ("test", "low", "high"):
            numbers.add(f"{before}.{group}.{name}", entry["mean" if name == "test" else name], "accuracy")
        numbers.title(f"{before}.{group}.title", titles[entry["search"]])
        numbers.add(f"{before}.{group}.prior", bool(entry["prior"]), "text")
        numbers.add(f"{before}.{group}.searches", int(entry["searches"]), "count")
        numbers.add(f"{before}.{group}.behind", abs(entry["lead"]), "accuracy")
        told = entry["lead_low"] > 0 or entry["lead_high"] < 0
        rival_group = second if group == leader else leader
        if told and tested and rival_group is not None:
            dataset, pairs = tested
            told = pairs.between(dataset, entry["search"], own.loc[rival_group, "search"]).verdict != "undecided"
        numbers.add(f"{before}.{group}.told", bool(told), "text")
        same = entry["lead"] == entry["lead_low"] == entry["lead_high"] == 0
        numbers.add(f"{before}.{group}.same", bool(same), "text")
    drawn = rows[rows["group"] == REFERENCE]
    if second is None and not drawn.empty:
        numbers.add(f"{before}.random.test", drawn["mean"].iloc[0], "accuracy")
        side = interval_sign(*own.loc[leader, ["lead_low", "lead_high"]])
        numbers.add(f"{before}.random.side", side, "text")
