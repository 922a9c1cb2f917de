"""Write what stands at the top of every order: nDCG, and the cell with the highest score; the best bold."""

from tfnas.products import Exhibit, Named
from tfnas.report.proxy_tables import bold_if_best, by_name, read_by_name
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.rounding import accuracy_decimals, escape, show
from tfnas.report.tables import long_table, row, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.proxies import SCHEMA as PROXIES

SPEC = Exhibit(
    kind="table",
    category="Proxies",
    params=("scored", "datasets"),
    needs={"quality": "summaries/proxies.csv", "correlations": "summaries/correlations.csv"},
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write what stands at the top of every order: nDCG, and the cell with the highest score; the best bold.

    The reported accuracy of that cell (the mean of equal ones), behind it in brackets the percentage of cells that
    are more accurate.

    Raises:
        ReportError: a summary lacks a proxy on a dataset.
    """
    quality = by_name(PROXIES.read(inputs.quality), inputs.quality, params.scored, params.datasets)
    gains = read_by_name(inputs.correlations, params.scored, params.datasets)["ndcg"]
    best = {dataset: gains[dataset][params.scored].round(3).max() for dataset in params.datasets}
    best_first = {
        dataset: quality.loc[dataset]["first_accuracy"][params.scored].round(accuracy_decimals()).max()
        for dataset in params.datasets
    }
    body = []
    for name in params.scored:
        cells = [escape(proxy_title(name))]
        for dataset in params.datasets:
            first = quality.loc[(dataset, name)]
            cells.append(bold_if_best(gains[dataset, name], best[dataset]))
            cells.append(bold_if_best(first["first_accuracy"], best_first[dataset], "accuracy"))
            cells.append(f"({show(first['first_better'], 'share')})")
        body.append(row(cells))
    titles = [rf"\multicolumn{{3}}{{c}}{{{escape(dataset_title(dataset))}}}" for dataset in params.datasets]
    head = [
        row(["", *titles]),
        "".join(rf"\cmidrule(lr){{{2 + 3 * place}-{4 + 3 * place}}}" for place in range(len(params.datasets))),
        row(["Proxy", *[r"nDCG", r"\multicolumn{2}{c}{first cell}"] * len(params.datasets)]),
    ]
    number = rf"w{{r}}{{{0.6 / (3 * len(params.datasets)):.3f}\linewidth}}" if len(params.datasets) > 2 else "r"
    write_tex(output.tex, long_table(r"L{0.22\linewidth}" + 3 * len(params.datasets) * number, head, body))
