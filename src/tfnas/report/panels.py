"""What several figures draw alike: names of panels, legends, axes, squares with their scale of colours."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from tfnas.report.titles import dataset_title


def name_panels(panels: Sequence[Axes], datasets: Sequence[str]) -> None:
    """Write the dataset of each panel above it, where there are several."""
    for axes, dataset in zip(panels, datasets, strict=True):
        if len(datasets) > 1:
            axes.set_title(dataset_title(dataset))


def say(axes: Axes, text: str) -> None:
    """Write into the middle of a panel why nothing is drawn there."""
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)


def legend_of(panels: Iterable[Axes]) -> dict[str, Any]:
    """Return what stands in the legends of some panels: a handle for each name, each name once."""
    named: dict[str, Any] = {}
    for axes in panels:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            named.setdefault(name, handle)
    return named


def logarithmic(axes: Axes, ticks: int = 7) -> None:
    """Make the horizontal axis of a panel logarithmic, with at most so many ticks, and numbers at these alone."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=ticks))
    axes.xaxis.set_minor_formatter(NullFormatter())


def squares(axes: Axes, values: np.ndarray, **more: Any) -> Any:
    """Draw a matrix as squares without any frame, and return the image."""
    image = axes.imshow(values, aspect="auto", interpolation="nearest", **more)
    axes.grid(False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return image


def colour_bar(figure: Figure, image: Any, panels: Any, label: str, **more: Any) -> Any:
    """Draw the scale of colours beside panels, with a thin frame, and return it."""
    bar = figure.colorbar(image, ax=panels, pad=0.02, **more)
    bar.set_label(label)
    bar.outline.set_linewidth(0.4)
    bar.ax.tick_params(length=0)
    return bar
