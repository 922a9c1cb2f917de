"""Write all searches of the leagues on every dataset."""

from tfnas.products import Exhibit, Named
from tfnas.report.detail import MOST_WITH_STD
from tfnas.report.names import search_titles, tex_title
from tfnas.report.rounding import escape, show_mean
from tfnas.report.tables import long_tables, row, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.leagues import SCHEMA as LEAGUES

SPEC = Exhibit(
    kind="table",
    category="Searches",
    needs={"summary": "summaries/leagues.csv"},
    params=("searches", "datasets"),
    when=lambda study: study.leagues,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write all searches of the leagues with their test accuracies on every dataset, the one chosen for it bold."""
    summary = LEAGUES.read(inputs.summary)
    titles = {label: tex_title(title) for label, title in search_titles(params.searches).items()}
    count = len(params.datasets)
    spread = count <= MOST_WITH_STD
    blocks: dict[str, list[str]] = {}
    for league, part in summary.groupby("league", sort=False):
        entries = part.set_index(["search", "held_out"])
        for search in dict.fromkeys(part["search"]):
            found = [entries.loc[(search, dataset)] for dataset in params.datasets]
            means = [show_mean(entry["mean"], entry["std"] if spread else None, entry["chosen"]) for entry in found]
            blocks.setdefault(league, []).append(row([titles[search], *means]))
    columns = rf"L{{0.34\linewidth}}*{{{count}}}{{w{{r}}{{{0.54 / count:.3f}\linewidth}}}}"
    head = [row(["Search", *(escape(dataset_title(dataset)) for dataset in params.datasets)])]
    write_tex(output.tex, long_tables(columns, head, blocks))
