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
from tfnas.letters import TEX

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

DRAWN = ("panel", "kind", "series", "x", "y", "x_end", "y_end", "value")
"""Columns of the CSV behind a figure."""

_LETTERS = {code[1:-1] if code.startswith("$") else code.removesuffix("{}"): letter for letter, code in TEX.items()}

SYMBOLS = {
    **{code: letter for code, letter in _LETTERS.items() if code.startswith("\\")},
    r"\,": "",
    r"\textpm": "±",
    r"\times": "x",
    r"\rho": "rho",
    r"\tau": "tau",
    r"\textminus": "-",
    r"\quad": " ",
    r"\newline": " ",
    "~": " ",
    "---": "-",
    "--": "-",
}
"""What stands in the CSV for commands of LaTeX, among them those that stand for letters (:mod:`tfnas.letters`)."""

COMMAND = re.compile(
    "|".join(
        re.escape(code) + (r"(?![a-zA-Z])(?:\{\}|\s*)" if code[-1].isalpha() else "")
        for code in sorted(SYMBOLS, key=len, reverse=True)
    )
    + r"|\\allowbreak\s*|~?\\cite[tp]?\*?\{[^}]*\}|\\phantom\{[^}]*\}|\\[a-zA-Z]+\*?(?:\[[^\]]*\])?|[{}$]"
)
"""A command with a symbol, one without (which goes, its argument stays), a citation, an empty space, or a bracket."""


def write_drawn(figure: Figure, output: str | Path) -> None:
    """Write what a figure draws: a row for each point, line segment, bar, entry of a heat map, text and named tick.

    Args:
        figure: the finished figure.
        output: path of the CSV, columns :data:`DRAWN`; ``panel`` is the title of the axes, or their number; ``series``
            is the label of what is drawn, or the text; x and y are in the units of the axes, empty where a line runs
            over the whole panel or a text stands at a place of the panel; ``value`` is what a colour stands for.
            Scales of colours are left out.
    """
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    _write(output, DRAWN, (line for number, axes in enumerate(panels, 1) for line in _panel(axes, number)))


def _panel(axes: Axes, number: int) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a panel, the name of the panel first."""
    panel = axes.get_title().replace("\n", " ") or str(number)
    members = {artist: container for container in axes.containers for artist in container.get_children()}
    caps = {cap for container in axes.containers for cap in getattr(container, "lines", ((), ()))[1]}
    artists = (*axes.lines, *axes.collections, *axes.patches, *axes.images, *axes.texts)
    for artist in (artist for artist in artists if artist not in caps):
        name = _name(artist) or _name(members.get(artist, artist))
        for kind, *numbers in _rows(artist, axes):
            yield (panel, kind, name, *numbers, *[""] * (len(DRAWN) - 3 - len(numbers)))
    for place, axis in enumerate((axes.xaxis, axes.yaxis)):
        for position, text in _named_ticks(axis):
            yield (panel, "tick", text, *([position, ""], ["", position])[place], "", "", "")


def _rows(artist: Any, axes: Axes) -> Iterator[tuple[Any, ...]]:
    """Yield kind and numbers (the columns from ``x`` on) of each thing that an artist draws."""
    within = artist.get_transform().contains_branch_seperately(axes.transData)
    if hasattr(artist, "get_text"):
        yield ("text", *_in_data(artist.get_position(), within))
    elif hasattr(artist, "get_xdata"):
        points = zip(*(np.atleast_1d(values) for values in artist.get_data(orig=True)), strict=True)
        yield from (("point", *_in_data(point, within)) for point in points if any(within))
    elif hasattr(artist, "get_segments"):
        ends = (pair for segment in artist.get_segments() for pair in itertools.pairwise(segment))
        yield from (("segment", *start, *end) for start, end in ends)
    elif hasattr(artist, "get_offsets"):
        yield from _shapes(artist, within)
    elif hasattr(artist, "get_array"):
        array = np.asarray(artist.get_array())
        if array.ndim == 2:
            yield from (("entry", column, row, "", "", value) for (row, column), value in np.ndenumerate(array))
        else:
            yield ("picture", array.shape[1], array.shape[0])
    elif hasattr(artist, "get_x"):
        x, y = artist.get_x(), artist.get_y()
        yield ("bar", x, y, x + artist.get_width(), y + artist.get_height())
    elif hasattr(artist, "get_xy"):
        yield from (("outline", *point) for point in artist.get_xy())
    elif not hasattr(artist, "get_arrowstyle"):
        vertices = artist.get_path().vertices
        yield ("curve", *vertices[0], *vertices[-1])


def _shapes(collection: Any, within: Iterable[bool]) -> Iterator[tuple[Any, ...]]:
    """Yield the points at which shapes stand, with what their colours stand for, or the outlines of shapes."""
    from matplotlib.transforms import IdentityTransform

    if isinstance(collection.get_offset_transform(), IdentityTransform):
        vertices = (point for path in collection.get_paths() for point in path.vertices)
        yield from (("outline", *_in_data(point, within)) for point in vertices)
        return
    offsets, values = np.ma.getdata(collection.get_offsets()), collection.get_array()
    for place, point in enumerate(offsets):
        shade = values[place] if values is not None and values.ndim == 1 and len(values) == len(offsets) else ""
        yield ("point", *point, "", "", shade)


def _in_data(point: Iterable[Any], within: Iterable[bool]) -> tuple[Any, ...]:
    """Return the coordinates that are in the units of the axes, the others empty."""
    return tuple(value if inside else "" for value, inside in zip(point, within, strict=True))


def _named_ticks(axis: Axis) -> Iterator[tuple[float, str]]:
    """Yield place and text of ticks that have names, such as those of the proxies of a heat map."""
    from matplotlib.ticker import FixedLocator, FuncFormatter

    if isinstance(axis.get_major_locator(), FixedLocator) and isinstance(axis.get_major_formatter(), FuncFormatter):
        yield from ((place, axis.get_major_formatter()(place)) for place in axis.get_majorticklocs())


def _name(artist: Any) -> str:
    """Return the text of an artist or its label, empty where matplotlib gave it one of its own."""
    if hasattr(artist, "get_text"):
        return artist.get_text()
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
    return " ".join(COMMAND.sub(lambda found: SYMBOLS.get(found[0].removesuffix("{}").rstrip(), ""), text).split())


def _write(output: str | Path, names: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    with atomic(output) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
