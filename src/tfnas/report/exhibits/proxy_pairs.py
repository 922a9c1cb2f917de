"""Draw Spearman's coefficient of every two proxies on a dataset as a heat map, and with test accuracy above it."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from tfnas.products import Exhibit, Named
from tfnas.report.detail import MOST_WITH_VALUES
from tfnas.report.panels import colour_bar, squares
from tfnas.report.proxy_figures import read_pairs
from tfnas.report.proxy_tables import read_by_name
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.rounding import plain
from tfnas.report.style import WIDTH, figure_style, save

SPEC = Exhibit(
    kind="figure",
    category="Proxies",
    needs={"pairs": "summaries/proxy-pairs.csv", "correlations": "summaries/correlations.csv"},
    params=("datasets", "scored", "reported"),
    when=lambda study: len(study.scored) > 2,
    each="dataset",
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw Spearman's coefficient of every two proxies on a dataset as a heat map, and with test accuracy above it.

    The order is that of :func:`cluster_order` for the mean over all datasets of the study, so that the pictures of two
    datasets can be laid side by side. A bar marks negative coefficients; undefined ones are white.

    Raises:
        ReportError: the correlations lack a proxy on the dataset.
    """
    pairs = read_pairs(inputs.pairs, params.scored, params.datasets)
    accuracy = read_by_name(inputs.correlations, params.scored, [params.dataset])["spearman"]
    order = cluster_order(pairs.mean(axis=0))
    matrix = pairs[params.datasets.index(params.dataset)][np.ix_(order, order)]
    against = np.array([[accuracy[params.dataset, params.scored[place]] for place in order]])
    titles = [proxy_title(params.scored[place]) for place in order]
    count = len(params.scored)
    size = 4.4 if count > MOST_WITH_VALUES else max(1.3, 0.33 * count)
    font = min(8.0, 0.8 * 72 * size / count)
    with figure_style():
        figure, (upper, lower) = plt.subplots(
            2,
            1,
            sharex=True,
            layout="constrained",
            height_ratios=[1, count],
            figsize=(min(WIDTH, size + 1.9), size * (1 + 1 / count) + 1.5),
        )
        for axes, values in ((upper, against), (lower, matrix)):
            image = squares(axes, values, cmap="RdBu_r", vmin=-1, vmax=1)
            axes.tick_params(labelsize=font)
            _mark(axes, values, font, count <= MOST_WITH_VALUES)
        upper.set_yticks([0], [params.reported["words"]])
        upper.tick_params(labelbottom=False)
        lower.set_yticks(range(count), titles)
        lower.set_xticks(range(count), titles, rotation=90)
        label, ticks = "Spearman's $\\rho$", [-1, -0.5, 0, 0.5, 1]
        colour_bar(figure, image, [upper, lower], label, ticks=ticks, shrink=0.6, aspect=28)
        save(figure, output.pdf)


def cluster_order(similarity: np.ndarray) -> list[int]:
    """Return the places of names in an order that puts alike ones side by side.

    Hierarchical clustering with average linkage of the distance 1 - similarity, leaves ordered so that the sum of
    distances of neighbours is smallest. An undefined similarity counts as 0.

    Source: Bar-Joseph, Gifford, Jaakkola 2001, "Fast optimal leaf ordering for hierarchical clustering",
    Bioinformatics 17 (as ``scipy.cluster.hierarchy.linkage`` implements it).

    Args:
        similarity: symmetric, shape (n, n) with n at least 2, values from -1 to 1 or NaN.
    """
    distance = 1 - np.nan_to_num(similarity)
    distance = (distance + distance.T) / 2
    np.fill_diagonal(distance, 0)
    return leaves_list(linkage(squareform(distance), "average", optimal_ordering=True)).tolist()


def _mark(axes: Axes, values: np.ndarray, font: float, written: bool) -> None:
    """Write the values into their squares where there is room, else a bar into those with a negative value."""
    for (row, column), value in np.ndenumerate(values):
        if not np.isfinite(value) or not (written or value < 0):
            continue
        text = plain(value, "correlation") if written else "\N{MINUS SIGN}"
        colour = "white" if abs(value) > 0.6 else "black"
        axes.text(column, row, text, ha="center", va="center_baseline", fontsize=0.8 * font, color=colour)
