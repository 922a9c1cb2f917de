"""Write for each dataset held out the ensemble of every size that is best on the other datasets; the chosen bold."""

from pathlib import Path

from tfnas.analysis.held_out import SPEARMAN, TOP_CELL
from tfnas.products import Exhibit, Named
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.rounding import bold, escape, show
from tfnas.report.tables import RULE, block_heading, row, tabular, with_interval, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.ensemble_choice import SCHEMA as ENSEMBLE_CHOICE

SPEC = Exhibit(
    kind="table",
    category="Proxies",
    params=("reported",),
    needs={"summary": "summaries/ensemble-choice.csv"},
    prints=("proxies",),
    when=lambda study: study.ensemble_choice["proxies"],
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    write_ensemble_choice_table(inputs.summary, SPEARMAN, params.reported["unit"], output.tex)


def write_ensemble_choice_table(summary_path: str | Path, by: str, unit: str, output: str | Path) -> None:
    """Write for each dataset held out the ensemble of every size that is best on the other datasets; the chosen bold.

    Members, mean correlation (or regret) elsewhere, correlation on the dataset held out with its interval, test
    accuracy of the cell with the highest score there, and what hindsight would have reached with that size.

    Args:
        summary_path: ``summaries/ensemble-choice.csv``.
        by: the criterion of the choice, :data:`tfnas.analysis.held_out.SPEARMAN` or ``TOP_CELL``.
        unit: of the reported metric, empty for none.
        output: path of the table.
    """
    kind = {SPEARMAN: "correlation", TOP_CELL: "accuracy"}[by]
    summary = ENSEMBLE_CHOICE.read(summary_path)
    body: list[str] = []
    for dataset, part in summary[summary["by"] == by].groupby("held_out", sort=False):
        body += [RULE] if body else []
        body.append(block_heading(dataset_title(dataset), 6))
        for entry in part.itertuples():
            members = ", ".join(proxy_title(name) for name in entry.members.split())
            correlation = with_interval(entry.spearman, entry.spearman_low, entry.spearman_high)
            cells = [show(entry.size, "count"), escape(members), show(entry.elsewhere, kind), correlation]
            cells += [show(entry.top_accuracy, "accuracy"), show(entry.best, kind)]
            body.append(row([bold(cell) for cell in cells] if entry.chosen else cells))
    top = f"Top cell ({escape(unit)})" if unit else "Top cell"
    head = [row(["Size", "Members", "Elsewhere", r"$\rho$ held out [95\,\%]", top, "Hindsight"])]
    write_tex(output, tabular(r"cL{0.4\linewidth}rlrr", head, body))
