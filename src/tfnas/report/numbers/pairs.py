"""The most alike and the most different pair of proxies."""

import numpy as np

from tfnas.products import Named, Topic
from tfnas.report.numbers.base import Numbers
from tfnas.report.proxy_figures import read_pairs
from tfnas.report.proxy_tables import reported_correlations
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.wording import inverted, listed
from tfnas.schemas.correlations import SCHEMA as CORRELATIONS

SPEC = Topic(
    needs={"pairs": "summaries/proxy-pairs.csv", "correlations": "summaries/correlations.csv"},
    params=("scored", "datasets"),
    when=lambda study: len(study.scored) > 1,
)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add the most alike and the most different pair of proxies of every dataset.

    ``pairs.{dataset}.unlike`` has the smallest coefficient, ``.unlike.opposite`` says whether it is one of opposite
    orders, and ``pairs.{dataset}.unrelated`` the one nearest to zero. Where FLOPs are scored,
    ``pairs.{dataset}.closer_to_flops`` counts of the ``pairs.{dataset}.beside_flops`` other proxies, parameters left
    out, those whose coefficient with FLOPs is larger in magnitude than that with test accuracy (``titles``): whether a
    proxy is inverted does not matter to how closely it follows either.
    """
    table = reported_correlations(CORRELATIONS.read(inputs.correlations)).set_index(["dataset", "proxy"])["spearman"]
    rows, columns = np.triu_indices(len(params.scored), k=1)
    for dataset, matrix in zip(params.datasets, read_pairs(inputs.pairs, params.scored, params.datasets), strict=True):
        upper = matrix[rows, columns]
        if np.isfinite(upper).any():
            places = {"alike": np.nanargmax(upper), "unlike": np.nanargmin(upper)}
            places["unrelated"] = np.nanargmin(np.abs(upper))
            for called, place in places.items():
                before = f"pairs.{dataset}.{called}"
                numbers.title(f"{before}.one", proxy_title(params.scored[rows[place]]))
                numbers.title(f"{before}.other", proxy_title(params.scored[columns[place]]))
                numbers.add(f"{before}.spearman", upper[place], "correlation")
            numbers.add(f"pairs.{dataset}.unlike.opposite", inverted(float(np.nanmin(upper))), "text")
        if "flops" in params.scored:
            flops = matrix[params.scored.index("flops")]
            others = [name for name in params.scored if name not in ("flops", "params")]
            closer = [name for name in others if abs(flops[params.scored.index(name)]) > abs(table[dataset, name])]
            numbers.add_all(f"pairs.{dataset}", "count", beside_flops=len(others), closer_to_flops=len(closer))
            titles = listed([proxy_title(name) for name in closer]) if closer else ""
            numbers.title(f"pairs.{dataset}.closer_to_flops.titles", titles)
