"""The numbers behind an exhibit, as CSV beside it: every point that a figure draws, every entry that a table prints.

Both are read off the finished exhibit, so that they cannot say anything else. Numbers that are not rounded stand in the
summaries that the exhibit is made of.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfnas.files import atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRAWN = ("panel", "kind", "series", "x", "y", "x_end", "y_end", "value")
"""Columns of the CSV behind a figure."""

SYMBOLS = {
    r"\,": "", r"\textpm": "±", r"\pm": "±", r"\times": "x", r"\%": "%", r"\_": "_", r"\&": "&", r"\#": "#", r"\$": "$",
    r"\rho": "rho", r"\tau": "tau", "~": " ", "$": "", "---": "-", "--": "-", r"\{": "{", r"\}": "}",
}  # fmt: skip
"""What stands in the CSV for commands of LaTeX."""


def write_drawn(figure: Figure, output: str | Path) -> None:
    """Write what a figure draws: a row for each point, line segment, bar, entry of a heat map and text.

    Args:
        figure: the finished figure.
        output: path of the CSV, columns :data:`DRAWN`; ``panel`` is the title of the axes, or their number; x and y are
            in the units of the axes; ``value`` is what a colour stands for.
    """
    panels = (line for number, axes in enumerate(figure.axes, 1) for line in _panel(axes, number))
    _write(output, DRAWN, panels)


def _panel(axes: Axes, number: int) -> Iterator[tuple[Any, ...]]:
    panel = axes.get_title().replace("\n", " ") or str(number)
    for line in axes.lines:
        for x, y in zip(*(np.atleast_1d(values) for values in line.get_data(orig=True)), strict=True):
            yield (panel, "point", _name(line), x, y, "", "", "")
    for collection in axes.collections:
        segments = collection.get_segments() if hasattr(collection, "get_segments") else []
        for segment in segments:
            for start, end in itertools.pairwise(segment):
                yield (panel, "segment", _name(collection), *start, *end, "")
        offsets = np.ma.getdata(collection.get_offsets()) if not len(segments) else []
        values = collection.get_array()
        for place, (x, y) in enumerate(offsets):
            shade = values[place] if values is not None and values.ndim == 1 and len(values) == len(offsets) else ""
            yield (panel, "point", _name(collection), x, y, "", "", shade)
    for patch in axes.patches:
        if hasattr(patch, "get_width") and hasattr(patch, "get_x"):
            x, y = patch.get_x(), patch.get_y()
            yield (panel, "bar", _name(patch), x, y, x + patch.get_width(), y + patch.get_height(), "")
        elif hasattr(patch, "get_xy") and np.ndim(patch.get_xy()) == 2:
            for x, y in patch.get_xy():
                yield (panel, "outline", _name(patch), x, y, "", "", "")
    for image in axes.images:
        array = np.asarray(image.get_array())
        if array.ndim == 2:
            for (row, column), value in np.ndenumerate(array):
                yield (panel, "entry", _name(image), column, row, "", "", value)
        else:
            yield (panel, "picture", _name(image), array.shape[1], array.shape[0], "", "", "")
    for text in axes.texts:
        yield (panel, "text", text.get_text(), *text.get_position(), "", "", "")


def _name(artist: Any) -> str:
    """Return the label of an artist, empty where matplotlib gave it one of its own."""
    label = str(artist.get_label() or "")
    return "" if label.startswith("_") else label


def write_printed(tex: str, output: str | Path) -> None:
    """Write what a table of LaTeX prints: a row for each of its rows, headings between them in the column ``group``.

    Args:
        tex: text of the table.
        output: path of the CSV.
    """
    head: list[list[str]] = []
    in_head, group, rows = False, "", []
    for line in (line.strip() for line in tex.splitlines()):
        if line == r"\toprule":
            head, in_head = [], True
        elif line in (r"\midrule", r"\endhead"):
            in_head = False
        elif line.endswith(r"\\"):
            cells = list(_cells(line.removesuffix(r"\\")))
            if in_head and len(cells) > 1:
                head.append(cells)
            elif len(set(filter(None, cells))) == 1 and ("multicolumn" in line or len(cells) == 1):
                group = next(filter(None, cells))
            elif not in_head and r"\longcaption" not in line:
                rows.append([group, *cells])
    width = max(map(len, rows), default=1)
    names = [" ".join(dict.fromkeys(filter(None, parts))) for parts in zip(*head, strict=False)]
    names = [name or f"column {place}" for place, name in enumerate(names, 1)]
    names += [f"column {place}" for place in range(len(names) + 1, width)]
    _write(output, ["group", *names], (row + [""] * (width - len(row)) for row in rows))


def _cells(line: str) -> Iterator[str]:
    r"""Yield the cells of a row without LaTeX; one that spans columns is repeated for each of them."""
    for cell in re.split(r"(?<!\\)&", line):
        span = re.match(r"\s*\\multicolumn\{(\d+)\}\{[^}]*\}", cell)
        text = without_latex(cell[span.end() :] if span else cell)
        yield from [text] * (int(span.group(1)) if span else 1)


def without_latex(text: str) -> str:
    """Return the text that a piece of LaTeX prints, citations left out."""
    text = re.sub(r"~?\\cite[tp]?\*?\{[^}]*\}", "", text)
    for command, symbol in SYMBOLS.items():
        text = text.replace(command, symbol)
    text = re.sub(r"\\[a-zA-Z]+\*?(\[[^\]]*\])?", "", text)
    return " ".join(re.sub(r"(?<!\\)[{}]", "", text).split())


def _write(output: str | Path, names: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    with atomic(output) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
