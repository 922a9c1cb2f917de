"""Write our searches beside the published rows they match, and below them the rows that can only be quoted."""

from typing import Any

import pandas as pd

from tfnas.analysis.published import DIFFERS, TOLERATED, UNKNOWN, WITHIN, quoted_rows
from tfnas.analysis.published_rows import read_published
from tfnas.products import Exhibit, Named
from tfnas.report.names import GROUPS, accuracies_words, search_titles, tex_title
from tfnas.report.published import origin
from tfnas.report.rounding import MISSING, bold, escape, show, show_mean
from tfnas.report.tables import long_table, row, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.published import SCHEMA as PUBLISHED

METRIC_TITLES = {"valid_accuracy": "validation", "test_accuracy": "test"}
"""How the table calls the two accuracies."""

VERDICT_TITLES = {WITHIN: "within one s.d.", TOLERATED: "within tolerance", DIFFERS: bold("differs"), UNKNOWN: MISSING}
"""How the table prints a verdict."""

_COLUMNS = (
    r"w{l}{0.17\linewidth}w{l}{0.1\linewidth}*{2}{w{r}{0.15\linewidth}}w{r}{0.1\linewidth}w{r}{0.07\linewidth}"
    r"w{l}{0.15\linewidth}"
)
"""Columns of fixed width, so that the headings, which span them all, stretch none of them."""

SPEC = Exhibit(
    kind="table",
    category="Searches",
    needs={"against": "summaries/published.csv", "published": lambda study: study.published_files},
    params=("searches", "datasets"),
    when=lambda study: study.compares_published,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write our searches beside the published rows they match, and below them the rows that can only be quoted.

    Every published row has a heading (our search, how the row was found, by whom, where it was searched, its runs and
    note) and a line per dataset and accuracy: ours, theirs, difference, z-score and verdict. The table breaks over
    pages.
    """
    published_path = inputs.published[0]
    table = PUBLISHED.read(inputs.against)
    lines = {line["key"]: line for line in read_published(published_path)["search"]}
    titles = search_titles(params.searches)
    body: list[str] = []
    for group in GROUPS:
        for (key, label), part in table.groupby(["key", "search"], sort=False):
            if lines[key]["group"] == group:
                body += [r"\addlinespace"] if body else []
                heading = _heading(tex_title(titles[label]), lines[key])
                body.append(rf"\multicolumn{{7}}{{L{{0.94\linewidth}}}}{{{heading}}} \\*")
                body += _lines(part)
    head = [row(["", "Accuracy", "ours", "theirs", "difference", "$z$", "verdict"])]
    text = long_table(_COLUMNS, head, body)
    quoted = quoted_rows(published_path, params.datasets)
    if quoted:
        text += "\n" + _quoted_table(quoted, params.datasets)
    write_tex(output.tex, text)


def _heading(title: str, line: dict[str, Any]) -> str:
    on = line["searched_on"]
    told = ["each dataset searched by itself" if on == "each" else f"searched on {escape(dataset_title(on))}"]
    if "accuracies_of" in line["matches"]:
        told.append(escape(accuracies_words(line["matches"]["accuracies_of"])))
    if line.get("budget"):
        told.append(f"{show(line['budget'], 'seconds')} s")
    if line.get("runs"):
        told.append(f"{show(line['runs'], 'count')} run{'' if line['runs'] == 1 else 's'}")
    if line.get("tolerance"):
        told.append(f"tolerance {show(line['tolerance'], 'accuracy')}")
    note = f": {escape(line['note'])}" if line.get("note") else ""
    return rf"{title}, {origin(line)}~\citep{{{line['cite']}}}, {', '.join(told)}{note}"


def _lines(part: pd.DataFrame) -> list[str]:
    """Return the lines of a published row; the dataset stands in the first of its lines."""
    body, last = [], None
    for place, found in enumerate(part.itertuples(), start=1):
        cells = [
            escape(dataset_title(found.dataset)) if found.dataset != last else "",
            METRIC_TITLES[found.metric],
            show_mean(found.ours_mean, found.ours_std),
            rf"\quoted{{{show_mean(found.theirs_mean, found.theirs_std)}}}",
            show(found.difference, "accuracy"),
            show(found.z, "rank"),
            VERDICT_TITLES[found.verdict],
        ]
        # The first line stays with the heading, the last one with the line before it.
        body.append(row(cells) + ("*" if place in (1, len(part) - 1) and place < len(part) else ""))
        last = found.dataset
    return body


def _quoted_table(quoted: list[dict[str, Any]], datasets: list[str]) -> str:
    """Return the rows that are only quoted, by group: test accuracies as their sources print them."""
    shown = [dataset for dataset in datasets if any(dataset in line["values"] for line in quoted)]
    body: list[str] = []
    for group in GROUPS:
        lines = [line for line in quoted if line["group"] == group]
        if lines:
            body += [r"\addlinespace"] if body else []
            body.append(rf"\multicolumn{{{2 + len(shown)}}}{{l}}{{\emph{{{escape(GROUPS[group])}}}}} \\*")
            body += [_quoted_row(line, shown) for line in lines]
    head = [row(["Quoted", "runs", *(escape(dataset_title(dataset)) for dataset in shown)])]
    widths = rf"w{{l}}{{0.4\linewidth}}w{{r}}{{0.06\linewidth}}*{{{len(shown)}}}{{w{{r}}{{0.15\linewidth}}}}"
    return long_table(widths, head, body, captioned=False)


def _quoted_row(line: dict[str, Any], datasets: list[str]) -> str:
    found = "" if line["evidence"] == "P" else f", {origin(line)}"
    cells = [rf"{escape(line['method'])}{found}~\citep{{{line['cite']}}}", show(line.get("runs"), "count")]
    cells += [show_mean(*line["values"].get(dataset, {}).get("test_accuracy", (None, None))) for dataset in datasets]
    return row(rf"\quoted{{{cell}}}" for cell in cells)
