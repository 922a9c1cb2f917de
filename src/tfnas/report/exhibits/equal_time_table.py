"""Write what groups of searches have found after the same seconds."""

from typing import Any

import numpy as np

from tfnas.analysis.equal_time import GROUPS
from tfnas.products import Exhibit, Named
from tfnas.report.equal_time_phases import TITLES, leads_of
from tfnas.report.names import search_titles, tex_title
from tfnas.report.rounding import MISSING, bold, show
from tfnas.report.tables import long_tables, row, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.equal_time import SCHEMA as EQUAL_TIME

MOMENTS = 10
"""Moments that the table shows, evenly spread over the logarithm of the seconds."""

SPEC = Exhibit(
    kind="table",
    category="Searches",
    needs={"table": "summaries/equal-time.csv"},
    params=("searches", "datasets"),
    when=lambda study: study.has_contest,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write the best search of each group at some moments: mean, interval, name; bold where it leads.

    It leads where the interval of its lead lies above zero.
    """
    table = EQUAL_TIME.read(inputs.table)
    titles = search_titles(params.searches)
    groups = [group for group in GROUPS if (table["group"] == group).any()]
    blocks: dict[str, list[str]] = {}
    for dataset in params.datasets:
        part = table[(table["dataset"] == dataset) & (table["seconds"] > 0)]
        body = []
        for seconds in shown_moments(part["seconds"].to_numpy()):
            rows = part[part["seconds"] == seconds]
            leads = leads_of(rows)
            entries = rows.set_index("group").to_dict("index")
            cells = [
                _entry(entries.get(group), titles, leads["decided"] and leads["leader"] == group) for group in groups
            ]
            body.append(row([show(seconds, "seconds"), *cells]))
        blocks[dataset_title(dataset)] = body
    width = 0.88 / max(len(groups), 1)
    head = [row(["Seconds", *(TITLES[group] for group in groups)])]
    columns = "r" + rf"*{{{len(groups)}}}{{L{{{width - 0.02:.3f}\linewidth}}}}"
    write_tex(output.tex, long_tables(columns, head, blocks))


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
