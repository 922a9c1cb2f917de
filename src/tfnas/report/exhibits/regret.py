"""Write mean and median regret of every search, in the groups of the table of searches."""

from tfnas.products import Exhibit, Named
from tfnas.report.comparison_tables import read_regret
from tfnas.report.names import GROUPS, by_group, contenders, search_titles, tex_title
from tfnas.report.rounding import bold, escape, show
from tfnas.report.tables import RULE, block_heading, row, tabular, write_tex
from tfnas.report.titles import dataset_title

SPEC = Exhibit(
    kind="table", category="Searches", needs={"regret": "summaries/regret.csv"}, params=("searches", "datasets")
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write mean and median regret of every search, in the groups of the table of searches.

    With one dataset also the interval of the mean, the worst run, and the share of runs that found the optimum. The
    smallest printed mean and median of a dataset among the ranked searches are bold.

    Raises:
        ReportError: the summary lacks a search on a dataset.
    """
    table = read_regret(inputs.regret, list(params.searches), params.datasets)
    titles = search_titles(params.searches)
    alone = len(params.datasets) == 1
    rivals = contenders(params.searches)
    least = {
        (dataset, name): min((round(table.loc[(label, dataset), name], 2) for label in rivals), default=None)
        for dataset in params.datasets
        for name in ("mean", "median")
    }
    width = 1 + (5 if alone else 2 * len(params.datasets))
    body: list[str] = []
    for group, labels in by_group(params.searches).items():
        body += [RULE] if body else []
        body.append(block_heading(GROUPS[group], width))
        for label in labels:
            cells = [tex_title(titles[label])]
            for dataset in params.datasets:
                line = table.loc[(label, dataset)]
                for name in ("mean", "median"):
                    best = label in rivals and round(line[name], 2) == least[dataset, name]
                    text = show(line[name], "accuracy")
                    cells.append(bold(text) if best else text)
                if alone:
                    interval = f"[{show(line['ci_low'], 'accuracy')}, {show(line['ci_high'], 'accuracy')}]"
                    cells.insert(2, interval)
                    cells += [show(line["worst"], "accuracy"), show(line["at_optimum"], "share")]
            body.append(row(cells))
    if alone:
        head = [row(["Search", "Mean", r"[95\,\%]", "Median", "Worst run", r"At the optimum (\%)"])]
        return write_tex(output.tex, tabular("lrlrrr", head, body))
    titled = [rf"\multicolumn{{2}}{{c}}{{{escape(dataset_title(dataset))}}}" for dataset in params.datasets]
    head = [
        row(["", *titled]),
        " ".join(rf"\cmidrule(lr){{{2 + 2 * place}-{3 + 2 * place}}}" for place in range(len(params.datasets))),
        row(["Search", *["mean", "median"] * len(params.datasets)]),
    ]
    return write_tex(output.tex, tabular("l" + "rr" * len(params.datasets), head, body))
