"""Draw a cell, and the way from a cell to a network."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, PathPatch
from matplotlib.path import Path

from tfnas.report.style import OPERATION_STYLES
from tfnas.spaces.nats_tss import EDGES, Cell

_CURVES = {(0, 1): 0.0, (1, 2): 0.0, (2, 3): 0.0, (0, 2): 0.95, (1, 3): -0.95, (0, 3): 1.9}
"""Height of the control point above the line of nodes, in units of the distance of two nodes."""


def draw_cell(axes: Axes, cell: Cell, names: bool = False, node_names: bool = True) -> None:
    """Draw a cell as a graph: four nodes on a line, an arrow for each edge that carries an operation.

    Args:
        axes: where to draw; its frame is removed.
        cell: the cell.
        names: write the operation beside each edge (else only colour and line style tell it), and draw ``none``
            faintly; without names edges that carry ``none`` are left out.
        node_names: write 0 to 3 into the nodes.
    """
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(-0.28, 3.28)
    axes.set_ylim(-0.68, 1.18)
    axes.grid(False)
    for (source, target), operation in zip(EDGES, cell.operations, strict=True):
        if operation == "none" and not names:
            continue
        colour, line, width, name = OPERATION_STYLES[operation]
        height = _CURVES[source, target]
        middle = ((source + target) / 2, height)
        path = Path([(source, 0), middle, (target, 0)], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
        curve = {"edgecolor": colour, "linestyle": line, "linewidth": width, "label": operation}
        axes.add_patch(PathPatch(path, facecolor="none", zorder=1, **curve))
        if operation != "none":
            _arrow_head(axes, (source, target), height, colour)
        if names:
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8} if height else None
            axes.text(
                middle[0],
                height / 2 + (0.0 if height else 0.11),
                name,
                ha="center",
                va="center",
                fontsize=8,
                color=colour if operation != "none" else "#888888",
                bbox=box,
                zorder=3,
            )
    for node in range(4):
        axes.plot(node, 0, "o", markersize=11 if node_names else 5, color="white", markeredgecolor="black", zorder=2)
        if node_names:
            axes.text(node, 0, str(node), ha="center", va="center_baseline", fontsize=8, zorder=4)


def _arrow_head(axes: Axes, edge: tuple[int, int], height: float, colour: str) -> None:
    """Draw the arrow head in the middle of the last third of the curve, where the lines have parted."""
    source, target = edge
    points = []
    for place in (0.70, 0.74):
        x = (1 - place) ** 2 * source + 2 * place * (1 - place) * (source + target) / 2 + place**2 * target
        points.append((x, 2 * place * (1 - place) * height))
    look: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 8, "color": colour, "linewidth": 0.5, "zorder": 2}
    axes.add_patch(FancyArrowPatch(*points, **look, shrinkA=0, shrinkB=0))


def operation_legend(axes: Axes, operations: tuple[str, ...], columns: int, **settings: Any) -> None:
    """Add a legend that says which line is which operation."""
    handles = []
    for colour, line, width, name in (OPERATION_STYLES[operation] for operation in operations):
        handles.append(Line2D([], [], color=colour, linestyle=line, linewidth=width, label=name))
    axes.legend(handles=handles, ncol=columns, handlelength=2.6, columnspacing=1.4, **settings)
