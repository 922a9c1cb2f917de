"""Write the order of proxies: coefficient and rank on every dataset, and their means."""

from tfnas.products import Exhibit, Named
from tfnas.report.proxy_tables import bold_if_best, by_name, rank_proxies, reported_correlations
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.rounding import escape, show
from tfnas.report.tables import row, tabular, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.correlations import SCHEMA as CORRELATIONS

SPEC = Exhibit(
    kind="table",
    category="Proxies",
    needs={"correlations": "summaries/correlations.csv"},
    params=("scored", "datasets"),
    when=lambda study: len(study.scored) > 1,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write the order of proxies (:func:`rank_proxies`): coefficient and rank on every dataset, and their means.

    The largest printed coefficient of a column is bold.

    Raises:
        ReportError: the summary lacks a proxy on a dataset.
    """
    table = CORRELATIONS.read(inputs.correlations)
    entries = by_name(reported_correlations(table), inputs.correlations, params.scored, params.datasets)["spearman"]
    ranks = rank_proxies(table, params.scored, params.datasets)
    several = len(params.datasets) > 1
    best = {dataset: entries[dataset].round(3).max() for dataset in params.datasets}
    best_mean = ranks["mean_spearman"].round(3).max()
    body = []
    for name, line in ranks.iterrows():
        cells = [escape(proxy_title(name))]
        for dataset in params.datasets:
            cells += [bold_if_best(entries[dataset, name], best[dataset]), _rank(line[dataset])]
        if several:
            cells += [bold_if_best(line["mean_spearman"], best_mean), show(line["mean_rank"], "rank")]
        body.append(row(cells))
    titles = [escape(dataset_title(dataset)) for dataset in params.datasets] + (["Mean"] if several else [])
    pairs = range(len(titles))
    head = [
        row(["", *(rf"\multicolumn{{2}}{{c}}{{{title}}}" for title in titles)]),
        "".join(rf"\cmidrule(lr){{{2 + 2 * pair}-{3 + 2 * pair}}}" for pair in pairs),
        row(["Proxy", *[r"$\rho$", "rank"] * len(titles)]),
    ]
    write_tex(output.tex, tabular("l" + "rr" * len(titles), head if several else head[2:], body))


def _rank(rank: float) -> str:
    """Return a rank, with its half where two proxies share it."""
    return show(rank, "rank").replace(".0", r"\phantom{.0}")
