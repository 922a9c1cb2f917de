"""The tables of the report: one function per table, each from result files to a LaTeX ``tabular`` (booktabs).

Captions stand in the templates, so that editing one rewrites no table. Best values are bold: the largest printed mean
of a column among the searches that are ranked (no references, none with a limit), published rows left out; equal
printed values are all bold.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from tfnas.errors import ReportError
from tfnas.files import atomic
from tfnas.report.behind import write_printed
from tfnas.report.rounding import MISSING, escape, show

RULE = r"\midrule"

LONGEST_LIST = 12
"""Lists of facts with more entries are counted rather than printed."""


def tabular(columns: str, head: Iterable[str], body: Iterable[str]) -> str:
    r"""Return a booktabs ``tabular``.

    Args:
        columns: column specification.
        head: lines of the head, complete with ``\\``.
        body: lines of the body, complete with ``\\`` (or a rule).
    """
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", *head, RULE, *body, r"\bottomrule", r"\end{tabular}"]
    return "\n".join(lines) + "\n"


def long_table(columns: str, head: Iterable[str], body: Iterable[str], captioned: bool = True) -> str:
    r"""Return a booktabs ``longtable``, which may break over pages and repeats its head.

    Its caption is what the template puts into ``\longcaption`` (environment ``longtab`` of ``main.tex``).

    Args:
        columns: column specification.
        head: lines of the head, complete with ``\\``.
        body: lines of the body, complete with ``\\`` (or a rule).
        captioned: whether it has the caption; without it it continues the table before, and counts as part of it.
    """
    top = [r"\toprule", *head, RULE]
    name, caption = ("longtable", [r"\longcaption \\"]) if captioned else ("longtable*", [])
    lines = [rf"\begin{{{name}}}{{{columns}}}", *caption, *top, r"\endfirsthead", *top, r"\endhead"]
    return "\n".join([*lines, r"\bottomrule", r"\endfoot", *body, rf"\end{{{name}}}"]) + "\n"


def long_tables(columns: str, head: Iterable[str], blocks: dict[str, list[str]]) -> str:
    """Return long tables for the blocks of one table, under one caption; each repeats head and title of its block.

    A single block has no title. Give columns fixed widths, so that they stand below each other.

    Args:
        columns: column specification.
        head: lines of the head.
        blocks: lines of the body by title of their block.
    """
    tables = []
    for place, (title, body) in enumerate(blocks.items()):
        heading = [rf"\emph{{{escape(title)}}} \\"] if len(blocks) > 1 else []
        tables.append(long_table(columns, [*heading, *head], body, captioned=place == 0))
    return "\n".join(tables)


def row(cells: Iterable[str]) -> str:
    """Return a row of a table from its finished cells."""
    return " & ".join(cells) + r" \\"


def write_tex(output: str | Path, text: str) -> None:
    """Write a table, and what it prints as CSV beside it, each atomically."""
    with atomic(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    write_printed(text, Path(output).with_suffix(".csv"))


def fact(facts: dict[str, Any], key: str, place: str | Path) -> Any:
    """Return ``facts[key]``.

    Raises:
        ReportError: the key is missing; the message names key and file.
    """
    if key not in facts:
        raise ReportError(f"The facts of '{place}' lack '{key}', which the report prints: make that file again.")
    return facts[key]


def family_facts(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the facts of a score table say of each family of proxies."""
    return list(facts["families"].values()) if facts.get("families") else [facts]


def told(facts: dict[str, Any], key: str, place: str | Path) -> str:
    """Return what the families of proxies in a score table say under a key, each value once.

    Raises:
        ReportError: a family lacks the key.
    """
    return ", ".join(dict.fromkeys(str(fact(part, key, place)) for part in family_facts(facts)))


def block_heading(text: str, width: int) -> str:
    """Return a row with a heading in italics above the rows of a dataset or a group; it stays with the next row."""
    return rf"\multicolumn{{{width}}}{{l}}{{\emph{{{escape(text)}}}}} \\*"


def with_interval(value: float, low: float, high: float, kind: str = "correlation") -> str:
    """Return a value with its interval in brackets, which is left out where there is none."""
    text = show(value, kind)
    known = math.isfinite(low) and math.isfinite(high)
    return f"{text} [{show(low, kind)}, {show(high, kind)}]" if known else text


def listing(values: list[Any]) -> str:
    """Return the values of a fact, joined; more than :data:`LONGEST_LIST` are counted."""
    if len(values) > LONGEST_LIST:
        return f"{len(values)} values, in the file"
    return ", ".join(str(value) for value in values)


def breakable(text: str) -> str:
    """Return escaped text in which words longer than 40 characters (digests) may break."""
    words = []
    for word in text.split(" "):
        pieces = [word[place : place + 32] for place in range(0, len(word), 32)] if len(word) > 40 else [word]
        words.append(r"\allowbreak ".join(escape(piece) for piece in pieces))
    return " ".join(words)


def summary_entry(
    summary: pd.DataFrame, label: str, searched_on: str, dataset: str, metric: str, place: str | Path
) -> Any:
    """Return the row of a search as a named tuple.

    Raises:
        ReportError: the summary has no such row.
    """
    rows = summary[
        (summary["search"] == label)
        & (summary["searched_on"] == searched_on)
        & (summary["dataset"] == dataset)
        & (summary["metric"] == metric)
    ]
    if rows.empty:
        raise ReportError(
            f"'{place}' has no {metric} on '{dataset}' of search '{label}' searched on '{searched_on}': "
            "run the searches and their summary."
        )
    return next(rows.itertuples())


def seconds_of_run(seconds: float) -> str:
    """Return seconds, nothing where nothing was spent and a question mark where nobody knows."""
    return MISSING if not seconds else "?" if math.isnan(seconds) else show(seconds, "seconds")
