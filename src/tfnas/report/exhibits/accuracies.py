"""Draw the ground truth: histogram of accuracies, and accuracy at the early stop against final test accuracy."""

import numpy as np

from tfnas.files import read_table
from tfnas.products import Exhibit, Named
from tfnas.report.panels import name_panels, say
from tfnas.report.style import COLOURS, figure_style, panels_of, save

SPEC = Exhibit(kind="figure", category="Ground truth", needs={"truths": "truth/{dataset}.parquet"})


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw the ground truth: histogram of accuracies, and accuracy at the early stop against final test accuracy."""
    count = len(inputs.truths)
    with figure_style():
        shape = (1, 2) if count == 1 else (2, count)
        figure, panels = panels_of(*shape, 2.3 if count == 1 else 4.0)
        pairs = [tuple(panels[0])] if count == 1 else list(zip(panels[0], panels[1], strict=True))
        name_panels([upper for upper, _ in pairs], list(inputs.truths))
        for path, (upper, lower) in zip(inputs.truths.values(), pairs, strict=True):
            table = read_table(path, ("valid_accuracy", "test_accuracy", "early_valid_accuracy"))
            low = float(np.nanquantile(table[["valid_accuracy", "test_accuracy"]], 0.03))
            high = float(np.nanmax(table[["valid_accuracy", "test_accuracy"]].to_numpy()))
            bins = np.linspace(low, high, 61)
            for column, colour, line, name in (
                ("valid_accuracy", COLOURS[0], "-", "validation"),
                ("test_accuracy", COLOURS[1], "--", "test"),
            ):
                values = table[column].dropna()
                upper.hist(values, bins, histtype="stepfilled", color=colour, alpha=0.18, linewidth=0)
                upper.hist(values, bins, histtype="step", color=colour, linestyle=line, label=name)
            upper.set_xlabel("accuracy (%)")
            upper.set_ylabel("cells")
            upper.legend(loc="upper left", handlelength=1.6)
            shown = table[(table["test_accuracy"] >= low)].dropna(subset=["early_valid_accuracy"])
            lower.set_xlabel("valid. accuracy, early stop (%)")
            lower.set_ylabel("test accuracy (%)")
            if shown.empty:
                say(lower, "no early stop")
                continue
            early = shown["early_valid_accuracy"]
            lower.hexbin(
                early,
                shown["test_accuracy"],
                gridsize=48,
                bins="log",
                cmap="Blues",
                mincnt=1,
                linewidths=0.1,
                rasterized=True,
            )
            lower.set_xlim(float(early.quantile(0.005)), float(early.max()) + 0.5)
        save(figure, output.pdf)
