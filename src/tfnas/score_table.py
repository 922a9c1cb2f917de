"""The score table of a dataset: one row per cell and proxy, read without torch.

Columns of the file (``scores/{dataset}.csv``):

=============  ============================================================================================
``arch``       the cell, official string
``proxy``      name of the proxy, or of an ensemble of proxies (:mod:`tfnas.ensembles`)
``score``      larger is better: the raw value times the direction of the proxy, mean over repeats; NaN if not finite
``raw``        the value as the definition gives it, mean over repeats
``spread``     standard deviation of the raw value over repeats (ddof = 1), NaN for a single repeat
``repeats``    number of initialisations averaged; of an ensemble the smallest of its members
``seconds``    seconds that scoring the cell took, all repeats together; of an ensemble the sum over its members
``scored_arch``  the cell that was really computed: a representative of the class that shares the score
``reason``     why the score is NaN, else empty
=============  ============================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tfnas.cells import SPACE_SIZE, codes_of
from tfnas.errors import ScoreError, UnknownNameError
from tfnas.files import read_table
from tfnas.score_checks import check_complete

COLUMNS = ("arch", "proxy", "score", "raw", "spread", "repeats", "seconds", "scored_arch", "reason")


@dataclass(frozen=True)
class ScoreTable:
    """Scores of all cells as arrays over cell codes.

    Args:
        table: rows with :data:`COLUMNS`.
        place: the file it came from, for messages.
    """

    table: pd.DataFrame
    place: str = "the score table"

    @classmethod
    def read(cls, path: str | Path) -> ScoreTable:
        """Read a score table.

        Raises:
            DataError: the file is missing, damaged or lacks a column.
            ScoreError: a cell is missing under a proxy, or comes twice.
        """
        table = read_table(path, COLUMNS)
        check_complete(table, f"'{path}'")
        return cls(table, str(path))

    @property
    def proxies(self) -> list[str]:
        """Names of the proxies in the table, in order of appearance."""
        return list(dict.fromkeys(self.table["proxy"]))

    def scores(self, proxy: str) -> np.ndarray:
        """Return the scores of a proxy by cell code, shape (15625,), NaN where a cell has none. Larger is better.

        Raises:
            UnknownNameError: the table does not hold the proxy.
            ScoreError: every score of the proxy is NaN.
        """
        values = self.column(proxy, "score")
        if np.isnan(values).all():
            raise ScoreError(f"All scores of proxy '{proxy}' in {self.place} are NaN: it cannot rank any cell.")
        return values

    def seconds(self, proxy: str) -> np.ndarray:
        """Return the scoring seconds of a proxy by cell code, shape (15625,), NaN where a cell has none."""
        return self.column(proxy, "seconds")

    def column(self, proxy: str, column: str) -> np.ndarray:
        """Return a column of numbers of a proxy by cell code, shape (15625,), NaN where a cell has no row.

        Raises:
            UnknownNameError: the table does not hold the proxy.
            ScoreError: a row is of no cell.
        """
        rows = self.table[self.table["proxy"] == proxy]
        if rows.empty:
            raise UnknownNameError("proxy", proxy, self.proxies, self.place)
        values = np.full(SPACE_SIZE, np.nan)
        values[codes_of(rows["arch"], self.place, ScoreError)] = rows[column].to_numpy(dtype=np.float64)
        return values


def lowest_where_missing(scores: np.ndarray) -> np.ndarray:
    """Return the scores with non-finite values replaced by the minimum of the finite ones: such cells rank last.

    This is the NaN policy of every ranking, search and correlation of the project. Ties stay ties.
    """
    finite = np.isfinite(scores)
    return np.where(finite, scores, scores[finite].min() if finite.any() else 0.0)
