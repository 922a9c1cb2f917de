"""Write the best functionally distinct cells of each dataset by test accuracy."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.products import Exhibit
from tfnas.report.rounding import escape, show
from tfnas.report.tables import RULE, row, tabular, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.best_cells import SCHEMA as BEST_CELLS

SPEC = Exhibit(
    kind="table",
    name="best-cells",
    category="Ground truth",
    message="Writing the table of the best cells",
    needs={"best": "summaries/best-cells.csv"},
    local=True,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Write the best functionally distinct cells of each dataset by test accuracy."""
    body: list[str] = []
    table = BEST_CELLS.read(inputs.best)
    blocks = dict(list(table.groupby("dataset", sort=False)))
    for dataset, best in blocks.items():
        if len(blocks) > 1:
            body += [RULE] if body else []
            body.append(rf"\multicolumn{{5}}{{l}}{{\emph{{{escape(dataset_title(dataset))}}}}} \\")
        for values in best.itertuples():
            cell = rf"\cellstring{{{escape(values.arch)}}}"
            body.append(
                row([
                    cell, show(values.valid_accuracy, "accuracy"), show(values.test_accuracy, "accuracy"),
                    show(values.params, "count"), show(values.flops, "value"),
                ])
            )  # fmt: skip
    head = [row(["Cell", "Validation (\\%)", "Test (\\%)", "Parameters", "MFLOPs"])]
    write_tex(output.tex, tabular("lrrrr", head, body))
