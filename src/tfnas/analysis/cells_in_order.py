"""Score tables and ground truth, cell by cell in the order of codes, for summaries of proxies."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tfnas.scoring.table import ScoreTable
from tfnas.spaces.registry import space_at

ACCURACIES = ("valid_accuracy", "test_accuracy")
"""Accuracies that are summarised and correlated with; both of the full training, in percent."""

INTERVALS = (
    "95 %, on the scale of atanh: variance of the influence function (Croux and Dehon 2010), summed over classes of "
    "functionally identical cells, which count as one"
)
"""What the facts say of the intervals of correlations."""


def rows_by_name(path: str | Path, names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return the rows of each name of a score table."""
    table = ScoreTable.read(path)
    return {name: table.rows(name) for name in names}


def in_code_order(table: pd.DataFrame, path: str | Path) -> pd.DataFrame:
    """Return a table sorted by the codes of its cells, which stand in a column ``code``."""
    return table.assign(code=space_at(path).codes_of(table["arch"], f"'{path}'")).sort_values("code", ignore_index=True)
