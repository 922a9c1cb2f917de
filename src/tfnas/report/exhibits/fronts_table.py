"""Write for each search with two objectives its share of the true front's hypervolume, searched on each dataset."""

from tfnas.products import Exhibit, Named
from tfnas.report.names import search_titles, tex_title
from tfnas.report.rounding import escape, show
from tfnas.report.tables import row, tabular, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.fronts import SCHEMA as FRONTS
from tfnas.search.constraints import COUNTED

SPEC = Exhibit(
    kind="table",
    category="Hardware",
    needs={"summary": "summaries/fronts.csv"},
    params={"searches": "front_searches", "datasets": "datasets"},
    when=lambda study: study.front_searches,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write for each search with two objectives its share of the true front's hypervolume, searched on each dataset."""
    summary = FRONTS.read(inputs.summary)
    own = summary[summary["searched_on"] == summary["dataset"]].set_index(["search", "dataset"])
    titles = search_titles(dict(params.searches))
    body = []
    for search in dict.fromkeys(summary["search"]):
        cost = params.searches[search]["cost"]
        line = [tex_title(titles[search]), escape(cost if cost in COUNTED else f"latency on {cost}")]
        for dataset in params.datasets:
            entry = own.loc[(search, dataset)]
            share = f"{show(entry['mean'], 'share')} [{show(entry.ci_low, 'share')}, {show(entry.ci_high, 'share')}]"
            line += [share, show(entry["cells"], "rank")]
        body.append(row(line))
    head = [
        row(["", "", *(rf"\multicolumn{{2}}{{c}}{{{escape(dataset_title(dataset))}}}" for dataset in params.datasets)]),
        row(["Search", "Cost", *(["share (\\%)", "cells"] * len(params.datasets))]),
    ]
    write_tex(output.tex, tabular("ll" + "rr" * len(params.datasets), head, body))
