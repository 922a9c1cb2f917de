"""Write the best functionally distinct cells of each dataset by test accuracy."""

from tfnas.products import Exhibit, Named
from tfnas.report.rounding import escape, show
from tfnas.report.tables import RULE, row, tabular, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.best_cells import SCHEMA as BEST_CELLS

SPEC = Exhibit(kind="table", category="Ground truth", params=("reported",), needs={"best": "summaries/best-cells.csv"})


def make(inputs: Named, params: Named, output: Named) -> None:
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
                row(
                    [
                        cell,
                        show(values.valid_accuracy, "accuracy"),
                        show(values.test_accuracy, "accuracy"),
                        show(values.params, "count"),
                        show(values.flops, "value"),
                    ]
                )
            )
    unit = rf" ({escape(params.reported['unit'])})" if params.reported["unit"] else ""
    head = [row(["Cell", f"Validation{unit}", f"Test{unit}", "Parameters", "MFLOPs"])]
    write_tex(output.tex, tabular("lrrrr", head, body))
