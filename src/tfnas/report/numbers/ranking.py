"""Who leads the ranking of proxies, on each dataset and on average."""

import numpy as np

from tfnas.products import Named, Topic
from tfnas.report.numbers.base import Numbers
from tfnas.report.proxy_numbers import looking_at_networks
from tfnas.report.proxy_tables import rank_proxies, reported_correlations
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.wording import inverted
from tfnas.schemas.correlations import SCHEMA as CORRELATIONS

SPEC = Topic(
    needs={"correlations": "summaries/correlations.csv"},
    params=("scored", "datasets"),
    after=("order",),
    when=lambda study: len(study.scored) > 1,
)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add who leads the ranking of :func:`~tfnas.report.proxy_tables.rank_proxies`, on each dataset and on average.

    ``ranking.{dataset}.above_convolutions`` counts the ``ranking.networks`` proxies that look at a network and order
    the cells better than the count of convolution edges; ``ranking.{dataset}.agreement`` is Spearman's coefficient of
    the ranks there and on the first dataset.
    """
    correlations = CORRELATIONS.read(inputs.correlations)
    ranks = rank_proxies(correlations, params.scored, params.datasets)
    table = reported_correlations(correlations).set_index(["dataset", "proxy"])["spearman"]
    networks = looking_at_networks(params.scored)
    numbers.add_all("ranking", "count", names=len(params.scored), networks=len(networks))
    first = ranks.index[0]
    numbers.title("ranking.first.title", proxy_title(first))
    numbers.add("ranking.first.tied", int((ranks["mean_rank"] == ranks.loc[first, "mean_rank"]).sum()) - 1, "count")
    numbers.add("ranking.first.rank", ranks.loc[first, "mean_rank"], "rank")
    numbers.add("ranking.first.spearman", ranks.loc[first, "mean_spearman"], "correlation")
    for dataset in params.datasets:
        before, best = f"ranking.{dataset}", ranks[dataset].idxmin()
        numbers.title(f"{before}.first.title", proxy_title(best))
        numbers.add(f"{before}.first.tied", int((ranks[dataset] == ranks.loc[best, dataset]).sum()) - 1, "count")
        numbers.add(f"{before}.first.spearman", table[dataset, best], "correlation")
        _add_inverted(numbers, before, {name: table[dataset, name] for name in params.scored})
        convolutions = numbers.value(f"order.{dataset}.convolutions")
        above = sum(table[dataset, name] > convolutions for name in networks) if convolutions is not None else None
        numbers.add(f"{before}.above_convolutions", above, "count")
        if dataset != params.datasets[0]:
            numbers.add(f"{before}.agreement", ranks[dataset].corr(ranks[params.datasets[0]]), "correlation")


def _add_inverted(numbers: Numbers, before: str, coefficients: dict[str, float]) -> None:
    """Add how many proxies order the wrong way round, and whether the largest magnitude is that of one of them."""
    turned = [name for name, value in coefficients.items() if inverted(value)]
    numbers.add(f"{before}.inverted", len(turned), "count")
    known = {name: value for name, value in coefficients.items() if np.isfinite(value)}
    if known:
        strongest = max(known, key=lambda name: abs(known[name]))
        numbers.title(f"{before}.strongest.title", proxy_title(strongest))
        numbers.add(f"{before}.strongest.spearman", known[strongest], "correlation")
        numbers.add(f"{before}.strongest.inverted", strongest in turned, "text")
