"""Write every search against the ranked one with the highest mean test accuracy, in blocks by dataset."""

from tfnas.products import Exhibit, Named
from tfnas.report.comparison_tables import Pairs, best_search, read_regret
from tfnas.report.names import contenders, search_titles, tex_title
from tfnas.report.rounding import MISSING, show
from tfnas.report.tables import long_tables, row, write_tex
from tfnas.report.titles import dataset_title

SPEC = Exhibit(
    kind="table",
    category="Searches",
    needs={"comparisons": "summaries/comparisons.csv", "regret": "summaries/regret.csv"},
    params=("searches", "datasets"),
    when=lambda study: len(study.searches) > 1,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write every search against the ranked one with the highest mean test accuracy, in blocks by dataset.

    Difference of means with interval, probability of being better in a run, effect size, corrected p-value (differences
    that the corrected test does not tell from zero are grey), what these runs detect, and runs for a tenth of a point.

    Raises:
        ReportError: a summary lacks a search, a pair or a dataset.
    """
    pairs = Pairs(inputs.comparisons)
    regret = read_regret(inputs.regret, list(params.searches), params.datasets)
    titles = search_titles(params.searches)
    blocks: dict[str, list[str]] = {}
    for dataset in params.datasets:
        best = best_search(regret, contenders(params.searches) or list(params.searches), dataset)
        body = blocks.setdefault(dataset_title(dataset), [])
        for label in sorted(params.searches, key=lambda label: regret.loc[(label, dataset), "mean"]):
            name = tex_title(titles[label])
            if label == best:
                body.append(row([rf"\textbf{{{name}}}", *[MISSING] * 6]))
                continue
            pair = pairs.between(dataset, label, best)
            interval = f"[{show(pair.low, 'accuracy')}, {show(pair.high, 'accuracy')}]"
            cells = [
                name,
                f"{show(pair.difference, 'accuracy')} {interval}",
                show(pair.probability, "share"),
                show(pair.effect, "correlation"),
                show(pair.p_holm, "p"),
                show(pair.detectable, "accuracy"),
                show(pair.runs_needed, "count"),
            ]
            body.append(row(cells if pair.told_apart else [rf"\quoted{{{cell}}}" for cell in cells]))
    head = [row(["Search", r"Difference [95\,\%]", r"Wins (\%)", "$r$", "$p$", "Detectable", "Runs"])]
    columns = r"L{0.31\linewidth}w{l}{0.21\linewidth}*{5}{w{r}{0.068\linewidth}}"
    write_tex(output.tex, long_tables(columns, head, blocks))
