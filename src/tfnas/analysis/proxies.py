"""Every proxy against costs and against every other."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.products import Summary
from tfnas.summaries import summarise_pairs, summarise_proxies

SPEC = Summary(
    name="proxies",
    category="Proxies",
    message="Comparing the proxies with costs and with one another",
    needs={"scores": "scores/{dataset}.parquet", "facts": "scores/{dataset}.json", "truths": "truth/{dataset}.parquet"},
    params=("scored",),
    also={"pairs": "proxy-pairs.csv"},
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    summarise_proxies(inputs.scores, inputs.truths, params.scored, output.table)
    summarise_pairs(inputs.scores, params.scored, output.pairs)
