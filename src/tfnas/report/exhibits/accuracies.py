"""Draw the ground truth: histogram of accuracies, and accuracy at the early stop against the reported one."""

import numpy as np

from tfnas.files import read_table
from tfnas.products import Exhibit, Named
from tfnas.report.panels import name_panels, say
from tfnas.report.style import COLOURS, figure_style, panels_of, save
from tfnas.truth.metric import SPLITS, TEST, VALID, reported

SPEC = Exhibit(
    kind="figure", category="Ground truth", params=("reported",), needs={"truths": "truth/{dataset}.parquet"}
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw the ground truth: histogram of accuracies, and accuracy at the early stop against the reported one."""
    count = len(inputs.truths)
    with figure_style():
        shape = (1, 2) if count == 1 else (2, count)
        figure, panels = panels_of(*shape, 2.3 if count == 1 else 4.0)
        pairs = [tuple(panels[0])] if count == 1 else list(zip(panels[0], panels[1], strict=True))
        name_panels([upper for upper, _ in pairs], list(inputs.truths))
        for path, (upper, lower) in zip(inputs.truths.values(), pairs, strict=True):
            table = read_table(path, (VALID, TEST, "early_valid_accuracy"))
            told = reported(table)
            low = float(np.nanquantile(table[[VALID, TEST]], 0.03))
            high = float(np.nanmax(table[[VALID, TEST]].to_numpy()))
            bins = np.linspace(low, high, 61)
            for (column, name), colour, line in zip(SPLITS.items(), COLOURS, ("-", "--"), strict=False):
                values = table[column].dropna()
                if values.empty and column != told:
                    continue
                upper.hist(values, bins, histtype="stepfilled", color=colour, alpha=0.18, linewidth=0)
                upper.hist(values, bins, histtype="step", color=colour, linestyle=line, label=name)
            upper.set_xlabel(params.reported["metric"])
            upper.set_ylabel("cells")
            upper.legend(loc="upper left", handlelength=1.6)
            shown = table[(table[told] >= low)].dropna(subset=["early_valid_accuracy"])
            lower.set_xlabel(params.reported["early"])
            lower.set_ylabel(params.reported["label"])
            if shown.empty:
                say(lower, "no early stop")
                continue
            early = shown["early_valid_accuracy"]
            lower.hexbin(
                early, shown[told], gridsize=48, bins="log", cmap="Blues", mincnt=1, linewidths=0.1, rasterized=True
            )
            lower.set_xlim(float(early.quantile(0.005)), float(early.max()) + 0.5)
        save(figure, output.pdf)
