"""One look for all figures: size, fonts, colours that colour-blind readers and grey printers tell apart, and saving."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from tfnas.files import atomic
from tfnas.report.behind import write_drawn

WIDTH = 6.3
"""Text width of the report in inches: figures are drawn at the size at which they are printed."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31", "#7F7F7F")
"""Okabe and Ito's palette (2008), in the order in which it is used, with two greys-and-browns behind."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
"""Markers, so that nothing is told by colour alone."""


def colour_of(place: int) -> str:
    """Return the colour of one of many things by its place among them."""
    return COLOURS[place % len(COLOURS)]


def marker_of(place: int) -> str:
    """Return a marker that together with :func:`colour_of` is another one for each of the first 81 places."""
    return MARKERS[(place + place // len(COLOURS)) % len(MARKERS)]


GREY = "#6B6B6B"

OPERATION_STYLES: dict[str, tuple[str, Any, float, str]] = {
    "nor_conv_3x3": ("#0072B2", "-", 2.2, "conv 3×3"),
    "nor_conv_1x1": ("#56B4E9", "-", 1.6, "conv 1×1"),
    "avg_pool_3x3": ("#D55E00", (0, (4, 1.6)), 1.6, "avg pool 3×3"),
    "skip_connect": ("#444444", (0, (1.2, 1.2)), 1.6, "skip"),
    "none": ("#BBBBBB", (0, (1, 3)), 0.9, "none"),
}
"""How an operation is drawn: colour, line style, line width, name."""

_SETTINGS: dict[Any, Any] = {
    **{"font.family": "STIXGeneral", "mathtext.fontset": "stix"},
    **dict.fromkeys(("font.size", "axes.titlesize", "axes.labelsize"), 9),
    **dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize"), 8),
    **{"axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True},
    **dict.fromkeys(("axes.linewidth", "xtick.major.width", "ytick.major.width"), 0.6),
    **{"xtick.minor.width": 0.4, "grid.color": "#E4E4E4", "grid.linewidth": 0.5, "lines.linewidth": 1.2},
    **{"legend.frameon": False, "savefig.dpi": 300, "pdf.fonttype": 42, "svg.hashsalt": "tfnas"},
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Use the style of the report within the block, on a backend that needs no screen."""
    matplotlib.use("Agg")
    with matplotlib.rc_context(_SETTINGS):
        yield


def panels_of(rows: int, columns: int, height: float, width: float = WIDTH, **more: Any) -> tuple[Figure, Any]:
    """Return a figure (inches) that lays itself out, and its panels, shape (rows, columns)."""
    return plt.subplots(rows, columns, figsize=(width, height), layout="constrained", squeeze=False, **more)


def save(figure: Figure, output: str | Path) -> None:
    """Write a figure as vector PDF at ``output``, as PNG and as the CSV behind it, without dates, and close it.

    Args:
        figure: the figure.
        output: path that ends in ``.pdf``.
    """
    output = Path(output)
    try:
        undated = {"CreationDate": None, "Producer": None, "Creator": "tfnas"}
        with atomic(output) as temporary:
            figure.savefig(temporary, format="pdf", metadata=undated)
        with atomic(output.with_suffix(".png")) as temporary:
            figure.savefig(temporary, format="png", dpi=200, metadata={"Software": None})
        write_drawn(figure, output.with_suffix(".csv"))
    finally:
        plt.close(figure)
