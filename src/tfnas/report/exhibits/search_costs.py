"""Write what the runs cost by the score table, by this machine and by papers."""

from tfnas.analysis.search_costs import PRICINGS
from tfnas.errors import ReportError
from tfnas.products import Exhibit, Named
from tfnas.report.names import search_group, search_titles, tex_title
from tfnas.report.rounding import MISSING
from tfnas.report.tables import long_tables, row, seconds_of_run, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.search_costs import SCHEMA as PRICES

SPEC = Exhibit(
    kind="table",
    category="Searches",
    needs={"prices": "summaries/search-costs.csv"},
    params=("searches", "datasets"),
    when=lambda study: study.has_contest,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write what one run of every search costs: scoring priced in every known way, simulated training, own time, sums.

    A pricing that no search of the table has (no published rate, for one) has no column.

    Raises:
        ReportError: the summary lacks a search.
    """
    prices = PRICES.read(inputs.prices).set_index(["search", "dataset", "pricing"])
    labels = [label for label, settings in params.searches.items() if search_group(settings) != "reference"]
    scoring = prices["scoring_seconds"].unstack("pricing")
    pricings = [name for name in PRICINGS if (scoring[name] > 0).any()] or ["table"]
    titles = search_titles(params.searches)
    blocks: dict[str, list[str]] = {}
    for dataset in params.datasets:
        body = blocks.setdefault(dataset_title(dataset), [])
        for label in labels:
            if (label, dataset, "table") not in prices.index:
                raise ReportError(
                    f"'{inputs.prices}' has no price of search '{label}' on '{dataset}': reprice the runs."
                )
            entries = [prices.loc[label, dataset, name] for name in pricings]
            known = entries[0]
            cells = [
                seconds_of_run(entry["scoring_seconds"]) if entry["scored_cells"] else MISSING for entry in entries
            ]
            cells += [seconds_of_run(known["training_seconds"]), seconds_of_run(known["wall_seconds"])]
            cells += [seconds_of_run(entry["total_seconds"]) for entry in entries]
            body.append(row([tex_title(titles[label]), *cells]))
    count = len(pricings)
    names = {"table": "table", "machine": "here", "paper": "paper"}
    shown = [names[name] for name in pricings]
    last = 3 + 2 * count
    head = [
        row(
            [
                "",
                rf"\multicolumn{{{count}}}{{c}}{{scoring}}",
                "training",
                "own",
                rf"\multicolumn{{{count}}}{{c}}{{all together}}",
            ]
        ),
        rf"\cmidrule(lr){{2-{1 + count}}}\cmidrule(lr){{{last + 1 - count}-{last}}}",
        row(["Search", *shown, "", "", *shown]),
    ]
    columns = r"L{0.27\linewidth}" + rf"*{{{2 + 2 * count}}}{{w{{r}}{{0.07\linewidth}}}}"
    write_tex(output.tex, long_tables(columns, head, blocks))
