"""Groups of searches after the same seconds."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.equal_time import summarise_equal_time
from tfnas.products import Summary

SPEC = Summary(
    name="equal-time",
    category="Searches",
    message="Comparing searches that train, that score and that do both after the same seconds",
    needs={"curves": lambda study: study.curve_files(), "facts": lambda study: study.curve_facts()},
    params=("equal_time_groups", "searches_with_prior", "random_cell", "seed"),
    when=lambda study: study.equal_time_groups,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    summarise_equal_time(
        inputs.curves,
        params.equal_time_groups,
        params.searches_with_prior,
        params.random_cell,
        output.table,
        params.seed,
    )
