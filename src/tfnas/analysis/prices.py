"""What the runs cost by the score table, by this machine and by papers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd

from tfnas.files import read_table
from tfnas.prices import COLUMNS, reprice
from tfnas.products import Summary
from tfnas.reporting.published import published_rates

SPEC = Summary(
    name="prices",
    category="Searches",
    message="Pricing the runs by the score table, by this machine and by papers",
    needs={
        "runs": lambda study: study.run_files(),
        "facts": lambda study: study.run_facts(),
        "rates": lambda study: study.rate_files(),
        "published": lambda study: study.published_files,
    },
    params={"members": "priced", "unpriced": "unpriced", "datasets": "datasets"},
    local=True,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    reprice(
        run_paths=inputs.runs,
        rate_paths=inputs.rates,
        members=params.members,
        published=published_rates(next(iter(inputs.published), None), params.datasets),
        output=output.table,
        unpriced=params.unpriced,
    )


def read_prices(path: str | Path) -> pd.DataFrame:
    """Read ``summaries/prices.csv`` and check its columns."""
    return read_table(path, COLUMNS)
