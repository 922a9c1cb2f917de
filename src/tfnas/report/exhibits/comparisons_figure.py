"""Draw every search against every other on a dataset searched by itself, best mean first."""

import matplotlib.pyplot as plt
import numpy as np

from tfnas.products import Exhibit, Named
from tfnas.report.comparison_tables import Pairs, matrix, read_regret
from tfnas.report.detail import MOST_WITH_DIFFERENCES
from tfnas.report.names import search_titles
from tfnas.report.panels import colour_bar, squares
from tfnas.report.rounding import plain
from tfnas.report.style import WIDTH, figure_style, save

SPEC = Exhibit(
    kind="figure",
    category="Searches",
    needs={"comparisons": "summaries/comparisons.csv", "regret": "summaries/regret.csv"},
    params=("searches",),
    when=lambda study: len(study.searches) > 1,
    each="dataset",
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw every search against every other on a dataset searched by itself, best mean first.

    Colour is the probability that the search of the row is better than that of the column in one run. Up to
    :data:`MOST_WITH_DIFFERENCES` searches the difference of their means is written into the square. A hollow circle
    marks pairs that the corrected signed-rank test does not tell apart.

    Raises:
        ReportError: a summary lacks a search or a pair.
    """
    pairs = Pairs(inputs.comparisons)
    regret = read_regret(inputs.regret, list(params.searches), [params.dataset])
    labels = sorted(params.searches, key=lambda label: regret.loc[(label, params.dataset), "mean"])
    titles = search_titles(params.searches)
    wins, differences, apart = (
        matrix(pairs, params.dataset, labels, name) for name in ("probability", "difference", "told_apart")
    )
    count = len(labels)
    written = count <= MOST_WITH_DIFFERENCES
    size = max(1.3, 0.36 * count) if written else min(4.4, 0.2 * count)
    font = min(8.0, 0.8 * 72 * size / count)
    with figure_style():
        figure, axes = plt.subplots(layout="constrained", figsize=(min(WIDTH, size + 2.4), min(size + 1.7, 6.0)))
        image = squares(axes, wins, cmap="RdBu", vmin=0, vmax=1)
        axes.set_xticks(range(count), [titles[label] for label in labels], rotation=90, fontsize=font)
        axes.set_yticks(range(count), [titles[label] for label in labels], fontsize=font)
        for (i, j), value in np.ndenumerate(wins):
            if i == j:
                continue
            colour = "white" if abs(value - 0.5) > 0.34 else "black"
            if written:
                text = plain(differences[i, j], "accuracy")
                axes.text(j, i, text, ha="center", va="center_baseline", fontsize=0.72 * font, color=colour)
            if not apart[i, j]:
                place = (j, i - 0.34) if written else (j, i)
                axes.plot(*place, "o", markersize=2.2, markerfacecolor="none", markeredgewidth=0.5, color=colour)
        label, ticks = "probability that the row wins a run", [0, 0.25, 0.5, 0.75, 1]
        colour_bar(figure, image, axes, label, ticks=ticks, shrink=0.7, aspect=26)
        save(figure, output.pdf)
