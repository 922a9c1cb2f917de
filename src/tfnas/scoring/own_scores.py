"""Scores of a user's own: a table of any proxy, computed anywhere, beside those of the registry.

A study declares the names (``scoring.own``: title, direction, source) and names a table for each dataset
(``scoring.tables``). The table is *wide*, one row per cell and a column of raw values for each name, or *long*, one row
per cell and name with the columns ``proxy`` and ``score`` or ``raw``. Columns may have other names, which the study
file maps. What a study wrote itself may be given to another one: ``scores/{dataset}.parquet``, and the wide
``scores/{dataset}.csv.gz``. Only the cells and the values are needed:

=============  =====================================================================================================
``raw``        the value as its author defines it; a column of a wide table is one. Times the direction it is the score
``score``      larger is better; of a long table without ``raw``
``seconds``    what scoring the cell took; in a wide table ``NAME_seconds``. Unknown where it is absent
``repeats``    initialisations that a value is the mean of, ``spread`` their standard deviation; unknown where absent
``reason``     why a cell has no value; ``failure`` in the study file where all have the same
=============  =====================================================================================================

The JSON beside the table, if there is one, may say anything of its scores; it goes with them into the report.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.errors import ConfigError, DataError, ScoreError
from tfnas.files import facts_path, is_there, read_json, read_table
from tfnas.letters import check_letters
from tfnas.scoring.checks import check_rows
from tfnas.scoring.table import COLUMNS, ScoreTable, is_score_table
from tfnas.scoring.writer import write_scores
from tfnas.spaces.pool import Pool
from tfnas.spaces.registry import DEFAULT, get_space
from tfnas.truth.given_tables import check_form, read_given, same_column

UNKNOWN = "not stated with the table"
"""What facts say of what a table and its JSON do not."""

_OPTIONAL = {"spread": np.nan, "repeats": np.nan, "seconds": np.nan, "reason": ""}
"""Columns that a table may lack, and what stands for them."""


RESERVED = COLUMNS
"""What no score may be called: these are columns of the table themselves."""


def check_columns(columns: Sequence[str], names: Sequence[str], mapped: Mapping[str, str], key: str, path: str) -> None:
    """Refuse a table whose columns cannot hold the scores of these names; all that is missing is said at once.

    ``mapped`` is ``{ours: theirs}`` of the study file, where it stands under ``key``; ``path`` is the table.

    Raises:
        ConfigError: a column is missing, or a mapping is of no use.
    """
    known = [*COLUMNS, *names, *(f"{name}_seconds" for name in names)]
    odd = [ours for ours in mapped if ours not in known]
    if odd:
        raise ConfigError(f"{key} maps {', '.join(odd)}, which no score table has: use {', '.join(known)} on the left.")
    ours = _ours(columns, mapped)
    wanted = ["arch"]
    if "proxy" in ours:
        wanted += [] if {"raw", "score"} & set(ours) else ["raw"]
    else:
        wanted += names
    missing = [f"{mapped[name]} (for {name})" if name in mapped else name for name in wanted if name not in ours]
    missing += [f"{theirs} (for {name})" for name, theirs in mapped.items() if name not in (*ours, *wanted)]
    if missing:
        name = next((name for name in wanted if name not in ours), next(iter(mapped), "arch"))
        example = f"{name}: {same_column(mapped.get(name, name), columns) or 'COLUMN'}"
        raise ConfigError(
            f"'{path}' has no column {', '.join(missing)}: it has {', '.join(map(str, columns))}; "
            f"write what they are called there under {key}, for example '{key.rpartition('.')[2]}: {{{example}}}'."
        )


def read_columns(path: str | Path) -> list[str]:
    """Return the names of the columns of a table; of a CSV only its first line is read.

    Raises:
        DataError: the table cannot be read.
    """
    check_form(Path(path))
    if str(path).endswith(".parquet"):
        return list(read_table(path).columns)
    try:
        return list(pd.read_csv(path, nrows=0).columns)
    except Exception as error:
        raise DataError(f"'{path}' cannot be read as a table ({error}): give a .csv, .csv.gz or .parquet.") from error


def _ours(columns: Sequence[str], mapped: Mapping[str, str]) -> list[str]:
    """Return the columns of a table under our names."""
    back = {theirs: ours for ours, theirs in mapped.items()}
    return [back.get(name, name) for name in columns]


def read_own(
    path: str | Path,
    dataset: str,
    columns: Mapping[str, str],
    names: Mapping[str, Mapping[str, Any]],
    output: str | Path,
    space: str = DEFAULT,
) -> None:
    """Turn a table of given scores into one with :data:`tfnas.scoring.table.COLUMNS`.

    Args:
        path: the table (.csv, .csv.gz or .parquet), wide or long; facts may lie beside it.
        dataset: the dataset that the scores are of.
        columns: ``{ours: theirs}`` for columns with other names.
        names: what to read, by name: ``direction``, and ``failure`` (why a cell may have no value, or None).
        output: the table to write; its facts say under ``own`` what the study and under ``given`` what the JSON says.
        space: name of the search space of the cells.

    Raises:
        ConfigError: a column is missing.
        ScoreError: a cell is missing, or a row cannot be (:func:`tfnas.scoring.checks.check_rows`).
        DataError: the table or its JSON is damaged.
    """
    place, key = f"'{path}'", f"scoring.tables.{dataset}.columns"
    theirs = (
        ScoreTable.read(path).rows()
        if is_score_table(path)
        else read_given(Path(path), [(columns or {}).get("arch", "arch")])
    )
    check_columns(list(theirs.columns), list(names), columns, key, str(path))
    table = _plain(theirs.set_axis(_ours(theirs.columns, columns), axis="columns"))
    twice = sorted(set(table.columns[table.columns.duplicated()]))
    if twice:
        raise ScoreError(f"{place} has more than one column {', '.join(twice)}: mend {key} in the study file.")
    if table.empty:
        raise ScoreError(f"{place} has no row: give the scores of all cells.")
    directions = {name: about["direction"] for name, about in names.items()}
    rows = _from_long(table, directions, place) if "proxy" in table.columns else _from_wide(table, directions)
    for name, default in _OPTIONAL.items():
        rows[name] = rows[name] if name in rows.columns else default
    rows["scored_arch"] = rows["scored_arch"] if "scored_arch" in rows.columns else rows["arch"]
    failures = rows["proxy"].map({name: about["failure"] for name, about in names.items()}).fillna("")
    silent = rows["score"].isna() & (rows["reason"].isna() | (rows["reason"] == ""))
    rows["reason"] = rows["reason"].astype(object).where(~silent, failures)
    rows = check_rows(rows, place, directions, Pool(get_space(space)))
    stated = read_json(facts_path(path)) if is_there(facts_path(path)) else {}
    stated.pop("file", None)
    check_letters(stated, f"'{facts_path(path)}'", ScoreError)
    if stated.get("dataset", dataset) != dataset:
        raise ScoreError(
            f"'{path}' holds scores of {stated['dataset']} where those of {dataset} are needed: mend scoring.tables."
        )
    own = {name: {key: said for key, said in about.items() if said is not None} for name, about in names.items()}
    facts = {"space": space, "dataset": dataset, "table": Path(path).name, "own": own, "given": stated}
    write_scores(output, rows[list(COLUMNS)], facts)


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose index counts its rows, without categories, and with texts where names belong.

    A Parquet file keeps whatever index and types its author had.
    """
    table = table.reset_index(drop=True)
    for place, column in enumerate(table.columns):
        values = table.iloc[:, place]
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype(values.cat.categories.dtype)
        if column in ("arch", "proxy", "scored_arch"):
            values = values.astype(object).map(str)
        table.isetitem(place, values)
    return table


def _from_wide(table: pd.DataFrame, directions: Mapping[str, int]) -> pd.DataFrame:
    """Return the rows of a table with a column of raw values for each name."""
    parts = []
    for name, direction in directions.items():
        part = pd.DataFrame({"arch": table["arch"], "proxy": name, "raw": table[name]})
        part["seconds"] = table[f"{name}_seconds"] if f"{name}_seconds" in table.columns else np.nan
        part["score"] = _score(part["raw"], direction)
        parts.append(part)
    return pd.concat(parts)  # the index stays that of the table: messages name its rows


def _from_long(table: pd.DataFrame, directions: Mapping[str, int], place: str) -> pd.DataFrame:
    """Return the rows of the names in a table with a column ``proxy``."""
    absent = [name for name in directions if name not in set(table["proxy"])]
    if absent:
        held = ", ".join(map(str, dict.fromkeys(table["proxy"])))
        raise ScoreError(f"{place} has no row of {', '.join(absent)} in its column 'proxy': it has {held}.")
    rows = table[table["proxy"].isin(list(directions))].copy()
    signs = rows["proxy"].map(directions)
    for column, other in (("raw", "score"), ("score", "raw")):
        if column not in rows.columns:
            rows[column] = _score(rows[other], signs)
    return rows


def _score(values: pd.Series, direction: int | pd.Series) -> pd.Series:
    """Return values times the direction; text stays as it is, for the check of rows to name it."""
    numbers = pd.to_numeric(values, errors="coerce")
    return values if (numbers.isna() & values.notna()).any() else numbers * direction
