"""The one table of ground truth, whatever it was made from: its columns, its checks, and the JSON of what it holds.

One row per cell, sorted by the cell's code; accuracies in percent or in the metric that the facts declare
(:mod:`tfnas.truth.metric`), larger is better; times in seconds, FLOPs as multiply-accumulates in millions (as
NATS-Bench counts them). Nothing downstream knows which source wrote it, and its key is ``arch``: the index is kept
for people who look a cell up in the benchmark.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfnas.errors import TruthError
from tfnas.schemas.truth import SCHEMA as TRUTH
from tfnas.spaces.registry import get_space, space_of
from tfnas.truth.metric import PERCENT, TEST, VALID, Metric

if TYPE_CHECKING:
    import pandas as pd

    from tfnas.spaces.base import Space

log = logging.getLogger("tfnas")

MEANINGS = {column.name: column.meaning for column in TRUTH.columns}
"""What every column means; what an accuracy means exactly (split, epochs, seeds) is in the JSON beside a table."""

COLUMNS = tuple(MEANINGS)
"""The columns, in this order."""

ACCURACIES = ("valid_accuracy", "test_accuracy", "early_valid_accuracy")
"""Columns in percent, or in the metric of the table."""

OPTIONAL = ("index", *ACCURACIES, "early_seconds", "valid_seconds", "params", "flops")
"""Columns that a table may lack: then no search can look at early accuracies, be charged, or be limited by a count.

One of ``valid_accuracy`` and ``test_accuracy`` must be there."""

FACTS = ("dataset", "source", "accuracies", "licence", "cite")
"""Keys that the JSON beside a table must have; ``cells``, ``missing`` and ``columns`` are added when it is written."""


def validate(table: pd.DataFrame, place: str, space: Space | None = None, metric: Metric = PERCENT) -> pd.DataFrame:
    """Check a table and return it with the columns of the schema, their types, sorted by cell.

    Args:
        table: at least the columns of :data:`COLUMNS` but those of :data:`OPTIONAL`, which are filled with missing
            values if absent. A column is there for all cells or for none; only ``index`` may have gaps.
        place: what to call the table in a message.
        space: the search space of the cells; None for that of NATS-Bench's topologies.
        metric: what the accuracies are.

    Returns:
        A new table: ``arch`` str, ``index`` Int64 (nullable), ``params`` int64 (float64 if missing), others float64.

    Raises:
        TruthError: a column is absent; a row is no cell of the space, or comes twice; a value is missing, not a number
            or out of its range. The message names the first cell and what to do.
    """
    import pandas as pd

    needed = ("arch",) if VALID in table.columns else ("arch", TEST)
    if absent := [column for column in needed if column not in table.columns]:
        raise TruthError(
            f"{place} has no column {', '.join(absent)}: it has {', '.join(map(str, table.columns))}; "
            "map them under truth.columns in the study file."
        )
    if table.empty:
        raise TruthError(f"{place} has no row: give the accuracies of at least one cell.")
    space = space or get_space()
    codes = space.codes_of(table["arch"], place, TruthError)
    twice = table["arch"][pd.Series(codes, index=table.index).duplicated()]
    if len(twice):
        raise TruthError(f"{place} has {len(twice)} cell(s) more than once, the first '{twice.iloc[0]}': keep one row.")
    clean = pd.DataFrame({"arch": table["arch"].astype(str)})
    if space.spellings:
        clean["arch"] = space.texts(codes)
    clean["index"] = _index(table, place, space.size)
    for column in COLUMNS[2:]:
        lacks = column in OPTIONAL and (column not in table.columns or table[column].isna().all())
        clean[column] = np.nan if lacks else _numbers(table, column, place, metric)
        if column in ACCURACIES and metric.is_percent and clean[column].max() <= 1.0:
            raise TruthError(f"Column {column} of {place} never exceeds 1: it looks like fractions, give percent.")
    if clean[[VALID, TEST]].isna().all(axis=None):
        raise TruthError(f"{place} holds neither {VALID} nor {TEST}: give one of them for every cell.")
    if clean["params"].notna().all():
        clean["params"] = clean["params"].astype(np.int64)
    return clean.iloc[np.argsort(codes, kind="stable")].reset_index(drop=True)


def missing_cells(table: pd.DataFrame, space: Space | None = None) -> list[str]:
    """Return the strings of the cells that a table lacks, in the order of their codes.

    Of a space that is too large to be trained as a whole no table lacks any.
    """
    space, present = space or get_space(), set(table["arch"])
    return [text for text in space.strings if text not in present] if space.enumerable else []


def require_complete(missing: list[str], held: int, place: str, allow_incomplete: bool) -> None:
    """Stop where cells are missing, unless the study file allows it. Either way the log of the job lists every one.

    Args:
        missing: names of the missing cells.
        held: number of cells that are there.
        place: what to call the source in a message.
        allow_incomplete: what the study file says.

    Raises:
        TruthError: cells are missing and the study file does not allow it; counts them and names the first three.
    """
    if not missing:
        return
    for name in missing:
        log.debug("missing: %s", name)  # to the log file only: there may be thousands
    if not allow_incomplete:
        first = ", ".join(missing[:3])
        raise TruthError(
            f"{place} holds {held:,} of {held + len(missing):,} cells; {len(missing):,} are missing, the first {first} "
            "(the log lists all): complete it, or set truth.allow_incomplete: true in the study file to go on with the "
            "cells it has."
        )
    log.warning("%s lacks %s cells (the log lists them); going on with %s.", place, f"{len(missing):,}", f"{held:,}")


def write_truth(table: pd.DataFrame, facts: dict[str, Any], path: str | Path, place: str | None = None) -> None:
    """Check a table and write it, with its JSON beside it.

    Args:
        table: see :func:`validate`.
        facts: ``dataset``; ``source`` (where from, in words); ``accuracies`` (for each of :data:`ACCURACIES` a sentence
            that says dataset, split, epochs, and over which training seeds it is a mean); ``licence``; ``cite``; and
            whatever else is worth keeping; ``space`` names another search space than NATS-Bench's topologies, and
            ``metric`` another metric than an accuracy in percent (:meth:`tfnas.truth.metric.Metric.of`). ``cells``,
            ``missing`` (list of the cells the table lacks) and ``columns`` are filled in.
        path: ``name.parquet`` (or ``.csv``, ``.csv.gz``).
        place: what to call the source of the table in a message; None is the path.

    Raises:
        TruthError: the table or its facts are not as they should be.
        DataError: the folder cannot be written to.
    """
    lacking = [key for key in FACTS if key not in facts]
    lacking += [f"accuracies.{column}" for column in ACCURACIES if column not in facts.get("accuracies", {})]
    if lacking:
        raise TruthError(f"The facts of '{path}' lack {', '.join(lacking)}: say what the table holds.")
    space = space_of(facts, f"'{path}'")
    metric = Metric.of(facts.get("metric"), f"'metric' in the facts of '{path}'")
    clean = validate(table, place or f"'{path}'", space, metric)
    missing = [] if "pool" in facts else missing_cells(clean, space)
    told = {**facts, "metric": metric.facts, "space": space.name, "cells": len(clean), "missing": missing}
    told |= {"columns": MEANINGS}
    TRUTH.write(path, clean, told)


def _numbers(table: pd.DataFrame, column: str, place: str, metric: Metric) -> np.ndarray:
    """Return a column as float64 after checking that every value is a number in its range."""
    import pandas as pd

    given = table[column].astype(str) if table[column].dtype.kind in "mM" else table[column]  # a date is no number
    values = pd.to_numeric(given, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if column in ACCURACIES:
        wrong = ~((values >= metric.low) & (values <= metric.high) & np.isfinite(values))
        range_ = metric.range_words
    elif column == "params":
        wrong = ~((values >= 1) & (values < 2**53) & (values == np.floor(values)))
        range_ = "a whole number of parameters, 1 or more (not of millions)"
    elif column == "flops":
        wrong, range_ = ~((values > 0) & np.isfinite(values)), "a positive number"
    else:
        wrong, range_ = ~((values >= 0) & np.isfinite(values)), "a number of seconds, 0 or more"
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        value = table[column].iloc[first]
        comma = isinstance(value, str) and re.fullmatch(r"\s*-?\d+,\d+\s*", value)
        mend = "write a point in numbers instead of a comma" if comma else "mend or remove these rows"
        raise TruthError(
            f"Column {column} of {place} has {int(wrong.sum()):,} value(s) that are not {range_}, the first "
            f"{value} for cell '{table['arch'].iloc[first]}': {mend}."
        )
    return values


def _index(table: pd.DataFrame, place: str, size: int) -> pd.Series:
    import pandas as pd

    if "index" not in table.columns:
        return pd.Series(pd.NA, index=table.index, dtype="Int64")
    try:
        index = table["index"].astype("Int64")
    except (TypeError, ValueError):
        raise TruthError(f"Column index of {place} holds something else than whole numbers: mend or drop it.") from None
    known = index.dropna()
    if known.duplicated().any() or not known.between(0, size - 1).all():
        raise TruthError(f"Column index of {place} must hold different numbers from 0 to {size - 1}: drop it.")
    return index
