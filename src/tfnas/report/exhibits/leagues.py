"""Write the search chosen out of every league for each dataset held out."""

import pandas as pd

from tfnas.products import Exhibit, Named
from tfnas.report.names import search_titles, tex_title
from tfnas.report.rounding import MISSING, escape, show, show_mean
from tfnas.report.tables import row, tabular, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.leagues import SCHEMA as LEAGUES

SPEC = Exhibit(
    kind="table",
    category="Searches",
    needs={"summary": "summaries/leagues.csv"},
    params=("searches", "reported"),
    when=lambda study: study.leagues,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write the search chosen out of every league for each dataset held out."""
    summary = LEAGUES.read(inputs.summary)
    titles = {label: tex_title(title) for label, title in search_titles(params.searches).items()}
    body: list[str] = []
    for league, part in summary.groupby("league", sort=False):
        body += [r"\addlinespace"] if body else []
        name = escape(league)
        for entry in part[part["chosen"]].itertuples():
            least = part["regret"][part["held_out"] == entry.held_out].min()
            interval = f"[{show(entry.ci_low, 'accuracy')}, {show(entry.ci_high, 'accuracy')}]"
            regrets = [show(value, "accuracy") for value in (entry.regret, entry.elsewhere, least)]
            others = part[(part["held_out"] == entry.held_out) & part["equal"] & ~part["chosen"]]["mean"]
            cells = [name, escape(dataset_title(entry.held_out)), titles[entry.search]]
            body.append(row([*cells, show_mean(entry.mean, entry.std), interval, _equals(others), *regrets]))
            name = ""
    result = escape(params.reported["words"].capitalize())
    columns = ["League", "Held out", "Chosen search", result, r"[95\,\%]", "Equals", "held out", "elsewhere", "least"]
    head = [row([r"\multicolumn{6}{c}{}", r"\multicolumn{3}{c}{Regret}"]), r"\cmidrule(lr){7-9}", row(columns)]
    write_tex(output.tex, tabular(r"llL{0.36\linewidth}lllrrr", head, body))


def _equals(means: pd.Series) -> str:
    """Return how many searches do as well elsewhere as the chosen one, and the range of what they reach."""
    if means.empty:
        return MISSING
    low, high = show(means.min(), "accuracy"), show(means.max(), "accuracy")
    return f"{len(means)}: {low}" + (f" to {high}" if high != low else "")
