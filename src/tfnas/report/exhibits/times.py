"""Write the cost of one run of every search on every dataset: cells, scoring, simulated training, own wall seconds."""

from tfnas.products import Exhibit, Named
from tfnas.report.names import by_group, search_titles, tex_title
from tfnas.report.rounding import escape, show
from tfnas.report.tables import row, seconds_of_run, summary_entry, tabular, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.search import SCHEMA as SEARCH
from tfnas.truth.metric import reported_name

SPEC = Exhibit(
    kind="table", category="Searches", needs={"summary": "summaries/search.csv"}, params=("searches", "datasets")
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write the cost of one run of every search on every dataset: cells, scoring, simulated training, own wall seconds.

    Beside the cells stands the share of looks at a cell whose class had been looked at in the same way before.
    """
    summary = SEARCH.read(inputs.summary)
    titles, metric = search_titles(params.searches), reported_name(set(summary["metric"]))
    body: list[str] = []
    wide = len(params.datasets) == 1
    for labels in by_group(params.searches).values():
        body += [r"\addlinespace"] if body else []
        for label in labels:
            cells = [tex_title(titles[label])]
            for dataset in params.datasets:
                value = summary_entry(summary, label, dataset, dataset, metric, inputs.summary)
                cells += [show(value.cells, "count"), show(value.duplicates, "share")]
                cells += [seconds_of_run(value.scoring_seconds), seconds_of_run(value.training_seconds)]
                if wide:
                    cells.append(show(value.wall_seconds, "seconds"))
            body.append(row(cells))
    names = ["looks", "again", "scoring", "training"]
    if wide:
        head = [row(["Search", "Looks", r"Again (\%)", "Scoring (s)", "Training (s)", "Own time (s)"])]
        return write_tex(output.tex, tabular("lrrrrr", head, body))
    head = [
        row(["", *(rf"\multicolumn{{4}}{{c}}{{{escape(dataset_title(dataset))}}}" for dataset in params.datasets)]),
        " ".join(rf"\cmidrule(lr){{{2 + 4 * i}-{5 + 4 * i}}}" for i in range(len(params.datasets))),
        row(["Search", *(names * len(params.datasets))]),
    ]
    return write_tex(output.tex, tabular("l" + "rrrr" * len(params.datasets), head, body))
