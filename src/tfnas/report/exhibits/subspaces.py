"""Write the sub-spaces of the study with the distribution of their FLOPs, and their accuracies beside it."""

from tfnas.products import Exhibit, Named
from tfnas.report.rounding import MISSING, escape, show
from tfnas.report.tables import row, tabular, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.subspaces import SCHEMA as SPACES
from tfnas.search.constraints import constraint_words

SPEC = Exhibit(
    kind="table",
    category="Hardware",
    needs={"summary": "summaries/subspaces.csv"},
    params=("subspaces", "datasets", "reported"),
    when=lambda study: study.subspaces,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write the sub-spaces of the study with the distribution of their FLOPs, and their accuracies beside it."""
    summary = SPACES.read(inputs.summary)
    body = []
    for dataset in params.datasets:
        if len(params.datasets) > 1:
            body.append(rf"\multicolumn{{8}}{{l}}{{\emph{{{escape(dataset_title(dataset))}}}}} \\")
        for entry in summary[summary["dataset"] == dataset].itertuples():
            kept = escape(constraint_words(params.subspaces[entry.space])) or MISSING
            cells = [escape(entry.space), kept, show(entry.cells, "count")]
            cells += [show(value, "value") for value in (entry.flops_mean, entry.flops_20, entry.flops_80)]
            cells += [show(value, "accuracy") for value in (entry.accuracy_median, entry.accuracy_best)]
            body.append(row(cells))
    head = [
        row(
            [
                "",
                "",
                "",
                r"\multicolumn{3}{c}{FLOPs (millions)}",
                rf"\multicolumn{{2}}{{c}}{{{escape(params.reported['words'])}}}",
            ]
        ),
        row(["Sub-space", "Cells with", "Cells", "mean", "20\\,\\%", "80\\,\\%", "median", "best"]),
    ]
    write_tex(output.tex, tabular(r"lL{0.3\linewidth}rrrrrr", head, body))
