"""How far scores depend on chance."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.noise import summarise_noise
from tfnas.products import Summary

SPEC = Summary(
    name="noise",
    category="Proxies",
    message="Summarising how far scores depend on chance",
    needs={
        "first": lambda study: study.noise_files(1),
        "second": lambda study: study.noise_files(2),
        "scores": "scores/{dataset}.parquet",
    },
    params=("proxies",),
    when=lambda study: study.measures_noise,
    calls=("proxies",),
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    summarise_noise(inputs.first, inputs.second, inputs.scores, params.proxies, output.table)
