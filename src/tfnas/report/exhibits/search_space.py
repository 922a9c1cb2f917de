"""Draw how a genotype becomes a network: the string, the cell it describes, the macro skeleton around it."""

from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from tfnas.products import Exhibit, Named
from tfnas.report.drawing import draw_cell
from tfnas.report.style import OPERATION_STYLES, WIDTH, figure_style, save
from tfnas.spaces.nats_tss import Cell

EXAMPLE_CELL = Cell(("nor_conv_3x3", "avg_pool_3x3", "nor_conv_1x1", "skip_connect", "none", "nor_conv_3x3"))
"""The cell that the picture of the search space shows: all five operations appear in it."""

SPEC = Exhibit(
    kind="figure",
    category="Setup",
    params={"skeleton": lambda study: study.config["skeleton"]},
    when=lambda study: "cell" in study.space.offers,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw how a genotype becomes a network: the string, the cell it describes, the macro skeleton around it."""
    with figure_style():
        figure = plt.figure(figsize=(WIDTH, 3.55))
        upper = figure.add_axes((0.0, 0.87, 1.0, 0.12))
        middle = figure.add_axes((0.16, 0.33, 0.68, 0.54))
        lower = figure.add_axes((0.0, 0.0, 1.0, 0.30))
        for axes in (upper, lower):
            axes.set_axis_off()
        pieces = [("|", "black")]
        operations = iter(EXAMPLE_CELL.operations)
        for target in range(1, 4):
            for source, operation in zip(range(target), operations, strict=False):
                colour = OPERATION_STYLES[operation][0] if operation != "none" else "#888888"
                pieces += [(f"{operation}~{source}", colour), ("|", "black")]
            if target < 3:
                pieces += [("+", "black"), ("|", "black")]
        length = sum(len(text) for text, _ in pieces)
        place = 0.5 - length * 0.00955 / 2
        for text, colour in pieces:
            upper.text(place, 0.5, text, family="DejaVu Sans Mono", fontsize=7.2, color=colour, va="center")
            place += len(text) * 0.00955
        draw_cell(middle, EXAMPLE_CELL, names=True)
        _draw_skeleton(lower, params.skeleton)
        for height, letter in ((0.93, "(a)"), (0.66, "(b)"), (0.24, "(c)")):
            figure.text(0.0, height, letter, fontsize=9, va="center")
        save(figure, output.pdf)


def _draw_skeleton(axes: Axes, skeleton: dict[str, int]) -> None:
    channels, cells = skeleton["channels"], skeleton["cells_per_stage"]
    blocks = [("image", 0.75, "#FFFFFF"), ("conv 3×3\nBN", 0.95, "#F0F0F0")]
    for stage in range(3):
        if stage:
            blocks.append(("residual\nstride 2", 0.95, "#F7E3D4"))
        blocks.append((f"cell × {cells}\n{channels * 2**stage} channels", 1.3, "#D6E6F4"))
    blocks += [("BN, ReLU\navg pool", 0.95, "#F0F0F0"), ("linear", 0.7, "#F0F0F0")]
    gap, start = 0.2, 0.55
    axes.set_xlim(0, start + sum(width for _, width, _ in blocks) + gap * (len(blocks) - 1) + 0.05)
    axes.set_ylim(-0.62, 0.62)
    left = start
    for number, (text, width, colour) in enumerate(blocks):
        style: dict[str, Any] = {"boxstyle": "round,pad=0,rounding_size=0.07", "facecolor": colour, "linewidth": 0.7}
        axes.add_patch(FancyBboxPatch((left, -0.36), width, 0.72, **style))
        axes.text(left + width / 2, 0, text, ha="center", va="center", fontsize=7.6, linespacing=1.25)
        if number + 1 < len(blocks):
            look: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 6, "linewidth": 0.7, "color": "black"}
            axes.add_patch(FancyArrowPatch((left + width, 0), (left + width + gap, 0), **look, shrinkA=0, shrinkB=0))
        left += width + gap
