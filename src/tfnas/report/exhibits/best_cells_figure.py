"""Draw the best functionally distinct cells of each dataset by test accuracy, a row per dataset."""

import matplotlib.pyplot as plt

from tfnas.products import Exhibit, Named
from tfnas.report.drawing import draw_cell, operation_legend
from tfnas.report.rounding import MISSING, plain
from tfnas.report.style import WIDTH, figure_style, save
from tfnas.report.titles import dataset_title
from tfnas.schemas.best_cells import SCHEMA as BEST_CELLS
from tfnas.spaces.nats_tss import OPERATIONS, Cell

SPEC = Exhibit(
    kind="figure",
    category="Ground truth",
    needs={"best": "summaries/best-cells.csv"},
    when=lambda study: "cell" in study.space.offers,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw the best functionally distinct cells of each dataset by test accuracy, a row per dataset."""
    count = 4
    table = BEST_CELLS.read(inputs.best)
    datasets = list(dict.fromkeys(table["dataset"]))
    rows = len(datasets)
    with figure_style():
        height = 1.12 * rows + 0.3
        figure, panels = plt.subplots(rows, count, figsize=(WIDTH, height), squeeze=False)
        edges = {"left": 0.03 if rows > 1 else 0.005, "right": 0.995, "top": 1 - 0.16 / height, "bottom": 0.3 / height}
        figure.subplots_adjust(**edges, wspace=0.06, hspace=0.2)
        for row, dataset in zip(panels, datasets, strict=True):
            best = table[table["dataset"] == dataset].head(count)
            for axes in row[len(best) :]:
                axes.set_axis_off()
            for axes, values in zip(row, best.itertuples(), strict=False):
                draw_cell(axes, Cell.parse(values.arch), node_names=False)
                test, valid = plain(values.test_accuracy, "accuracy"), plain(values.valid_accuracy, "accuracy")
                axes.set_title(f"{test} (valid. {valid})" if test != MISSING else f"valid. {valid}", fontsize=8, pad=1)
            if rows > 1:
                row[0].text(-0.62, 0.25, dataset_title(dataset), rotation=90, ha="center", va="center", fontsize=8)
        operation_legend(
            panels[-1][0],
            tuple(name for name in reversed(OPERATIONS) if name != "none"),
            4,
            loc="lower center",
            bbox_to_anchor=(0.5, 0.0),
            bbox_transform=figure.transFigure,
        )
        save(figure, output.pdf)
