"""Checks of score tables: is every cell there once under every proxy, and can its row be believed?

:func:`check_complete` is for tables of this project, whose digest says that they are as they were written.
:func:`check_rows` is for tables that came from elsewhere, shipped or a user's own. Its error names the first bad row.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tfnas.errors import ScoreError
from tfnas.spaces.pool import Pool

SAME = 1e-6
"""How far, relative to it, a score may lie from its raw value times the direction of its proxy: digits are cut."""


def check_complete(table: pd.DataFrame, place: str, pool: Pool) -> None:
    """Refuse a score table that lacks a cell of the pool under a proxy that it holds, or has one twice.

    Its columns are ``arch`` and ``proxy``; ``place`` is what to call it in a message.

    Raises:
        ScoreError: a row is of no cell, a cell comes twice, or one is missing; the first is named.
    """
    places = _places(table["arch"], pool)
    _refuse(table, places < 0, place, "is no cell of the space")
    twice = pd.Series(pd.factorize(table["proxy"])[0] * len(pool) + places, index=table.index).duplicated()
    cells = table["proxy"].value_counts(sort=False)
    lacking = cells[cells != len(pool)]
    if len(lacking) and not twice.any():
        proxy = lacking.index[0]
        present = set(table["arch"][table["proxy"] == proxy])
        first = next(text for text in pool.strings if text not in present)
        raise ScoreError(
            f"{place} holds {lacking.iloc[0]} of {len(pool)} cells for proxy '{proxy}', the first that is missing is "
            f"'{first}': it is incomplete, make it again or get it anew."
        )
    _refuse(table, twice, place, "is there a second time, so that another cell may be missing")


def check_rows(table: pd.DataFrame, place: str, directions: Mapping[str, int], pool: Pool) -> pd.DataFrame:
    """Check every row of a score table and return it with numbers as numbers.

    Args:
        table: rows with :data:`tfnas.scoring.table.COLUMNS`, their numbers in the file as index.
        place: what to call the table in a message.
        directions: 1 or -1 for each proxy of the table.
        pool: the cells that it should hold.

    Raises:
        ScoreError: a cell is missing, comes twice or is none; a value is text, infinite, negative where it cannot be,
            or empty without a reason; a score is not its raw value times the direction. The first bad row is named.
    """
    check_complete(table, place, pool)
    numbers = table.copy()
    _refuse(table, _places(table["scored_arch"], pool) < 0, place, "stands for '{scored_arch}', which is no cell")
    for column in ("score", "raw", "spread", "repeats", "seconds"):
        # A date would become the nanoseconds since 1970.
        values = table[column].astype(str) if table[column].dtype.kind in "mM" else table[column]
        numbers[column] = pd.to_numeric(values, errors="coerce").astype(np.float64)
        text = numbers[column].isna() & table[column].notna()
        _refuse(table, text, place, f"has the {column} '{{{column}}}', no number")
    reason = table["reason"].astype(object).fillna("").astype(str).str.strip() != ""
    score, raw = numbers["score"], numbers["raw"]
    _refuse(table, np.isinf(score) | (np.isinf(raw) & ~reason), place, "has an infinite score (raw value {raw})")
    _refuse(table, score.isna() & ~reason, place, "has neither a score nor a reason why it has none")
    expected = raw * table["proxy"].map(directions)
    far = score.notna() & ~np.isclose(score, expected, rtol=SAME, atol=0.0)
    _refuse(table, far, place, "has the score {score}, which is not its raw value {raw} times its proxy's direction")
    for column, least in (("spread", 0), ("repeats", 1), ("seconds", 0)):
        wrong = (numbers[column] < least) | np.isinf(numbers[column])
        _refuse(table, wrong, place, f"has {column} {{{column}}} where {least} or more is needed")
    return numbers


def _places(strings: pd.Series, pool: Pool) -> np.ndarray:
    """Return the places of cells in a pool, -1 for what is none of it; each distinct string is looked up once."""
    numbers, distinct = pd.factorize(strings)
    known = np.array([*(pool.by_string.get(text, -1) for text in distinct.tolist()), -1])
    return known[numbers]


def _refuse(table: pd.DataFrame, wrong: pd.Series | np.ndarray, place: str, what: str) -> None:
    """Raise the error of the first row that is wrong, if one is."""
    if not wrong.any():
        return
    told = table.iloc[int(np.flatnonzero(wrong)[0])]
    more = f" (and {int(wrong.sum()) - 1:,} more rows)" if wrong.sum() > 1 else ""
    raise ScoreError(
        f"{place}, row {int(told.name) + 1}: '{told['arch']}' of proxy '{told['proxy']}' {what.format(**told)}{more}; "
        "mend this row, or get the table anew."
    )
