"""Write what searches with a limit chose, in blocks by dataset, each searched by itself."""

from tfnas.products import Exhibit, Named
from tfnas.report.cost_titles import cost_title
from tfnas.report.names import search_titles, tex_title
from tfnas.report.rounding import escape, show
from tfnas.report.tables import row, tabular, with_interval, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.cost_limits import SCHEMA as LIMITS
from tfnas.search.constraints import limits_of

SPEC = Exhibit(
    kind="table",
    category="Hardware",
    needs={"summary": "summaries/cost-limits.csv"},
    params=("searches", "datasets", "reported"),
    when=lambda study: study.limited_searches,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write what searches with a limit chose, in blocks by dataset, each searched by itself.

    Columns: the cost with its limit, the share of runs whose cell keeps to it, the mean cost of the chosen cells, their
    test accuracy with its interval, and the best test accuracy within all limits of the search.
    """
    summary = LIMITS.read(inputs.summary)
    own = summary[summary["searched_on"] == summary["dataset"]]
    titles = search_titles(dict(params.searches))
    body: list[str] = []
    for dataset in params.datasets:
        if len(params.datasets) > 1:
            body += [r"\addlinespace"] if body else []
            body.append(rf"\multicolumn{{6}}{{l}}{{\emph{{{escape(dataset_title(dataset))}}}}} \\")
        for entry in own[own["dataset"] == dataset].itertuples():
            kept = limits_of(params.searches[entry.search].get("constraint", {})).get(entry.cost)
            relation = r"$\leq$" if kept == entry.limit else "about"
            cells = [tex_title(titles[entry.search]), f"{escape(cost_title(entry.cost))} {relation} {entry.limit:.12g}"]
            cells += [show(entry.within, "share"), show(entry.cost_mean, "value")]
            accuracy = with_interval(entry.mean, entry.ci_low, entry.ci_high, "accuracy")
            body.append(row([*cells, accuracy, show(entry.best, "accuracy")]))
    head = [
        row(["", "", "runs within", "mean", rf"{escape(params.reported['words'])} [95\,\%]", "best"]),
        row(["Search", "Limit", r"limit (\%)", "cost", "of the chosen cells", "within"]),
    ]
    write_tex(output.tex, tabular(r"lL{0.24\linewidth}rrrr", head, body))
