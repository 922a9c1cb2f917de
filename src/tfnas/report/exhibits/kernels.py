"""Draw the normalised NASWOT kernels of a few cells as heat maps, the least accurate cell first."""

from tfnas.datasets.images import load_npz
from tfnas.products import Exhibit, Named
from tfnas.report.rounding import plain
from tfnas.report.style import figure_style, panels_of, save

KERNEL_COLUMNS = 6
"""Kernels side by side."""

SPEC = Exhibit(
    kind="figure",
    category="Proxies",
    params=("reported",),
    needs={"kernels": "kernels/{dataset}.npz"},
    when=lambda study: study.computes and "naswot" in study.proxies and "cell" in study.space.offers,
    each="dataset",
    shown=lambda study: study.datasets[:1],
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw the normalised NASWOT kernels of a few cells as heat maps, the least accurate cell first.

    All share one colour scale, from the smallest entry of all to 1.

    Raises:
        DataError: the file is missing or damaged.
    """
    arrays = load_npz(inputs.kernels)
    maps, accuracies, scores = (arrays[name] for name in ("kernels", "accuracies", "scores"))
    columns = min(KERNEL_COLUMNS, len(maps))
    rows = -(-len(maps) // columns)
    with figure_style():
        figure, panels = panels_of(rows, columns, 1.25 * rows)
        for axes in panels.flat:
            axes.set_axis_off()
        for axes, values, accuracy, score in zip(panels.flat, maps, accuracies, scores, strict=False):
            image = axes.imshow(values, vmin=maps.min(), vmax=1, cmap="viridis", interpolation="nearest")
            result = f"{plain(accuracy, 'accuracy')} {params.reported['unit']}".rstrip()
            axes.set_title(f"{result} ({plain(score, 'value')})", fontsize=7)
        figure.colorbar(image, ax=panels, label="share of ReLUs that agree", shrink=0.9, aspect=30)
        save(figure, output.pdf)
