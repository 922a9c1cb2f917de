"""Tables of latencies: a column ``arch`` and one column of milliseconds for each device, read and checked."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tfnas.errors import ConfigError, TruthError
from tfnas.files import facts_path, read_json, sentence
from tfnas.letters import check_letters
from tfnas.schemas.latencies import SCHEMA as LATENCIES
from tfnas.search.constraints import COUNTED
from tfnas.spaces.base import Space
from tfnas.spaces.registry import DEFAULT, get_space
from tfnas.truth.given_tables import absent_columns, read_given

log = logging.getLogger("tfnas")

RESERVED = ("arch", "index", *COUNTED)
"""Columns of a table of latencies that are no device."""

LONGEST_DEVICE = 60
"""Characters of the name of a device: it labels an axis and heads a column."""


def check_device(name: str, place: str) -> None:
    r"""Refuse a name of a device that figures or the report cannot show.

    Raises:
        ConfigError: it is empty or long, or holds one of ``$ \ { }``, which figures and LaTeX read as mathematics, or a
            letter that the report cannot print.
    """
    if not name.strip() or len(name) > LONGEST_DEVICE:
        raise ConfigError(f"{place} has a device of {len(name)} characters: give it a name of 1 to {LONGEST_DEVICE}.")
    if wrong := [letter for letter in name if letter in "$\\{}" or not letter.isprintable()]:
        raise ConfigError(f"{place} has a device {name!r}: its name may not hold {wrong[0]!r}, give it another.")
    check_letters(name, f"The name of the device '{name}' of {place}")


def convert(
    path: str | Path, dataset: str, columns: Mapping[str, str] | None, output: str | Path, space: str = DEFAULT
) -> None:
    """Turn a ready table of latencies into that of a dataset: ``arch``, and a column in milliseconds for each device.

    Every column but ``arch``, ``index``, ``params`` and ``flops`` is a device of that name, unless ``columns`` gives it
    another. A device may lack cells: the log counts them, and a search that needs them says so. If the table has a JSON
    of facts beside it (same name, ``.json``), they are kept.

    Args:
        path: the table (.parquet, .csv or .csv.gz).
        dataset: the dataset whose images the networks were measured on.
        columns: ``{ours: theirs}``: ``arch``, and devices under another name than their column's.
        output: the table to write, ``name.parquet``, with its facts beside it.
        space: name of the search space of the cells.

    Raises:
        DataError: the table is missing or damaged.
        TruthError: it lacks a column, holds a row that is no cell or a cell twice, has no device, or a latency is not a
            positive number.
    """
    path, columns = Path(path), dict(columns or {})
    place, key = f"The table '{path}'", f"datasets.{dataset}.hardware.columns"
    searched = get_space(space)
    if path.name.endswith(tuple(searched.published)):
        theirs = searched.official_latencies(path)
    else:
        theirs = searched.latencies_of(read_given(path, ["arch"]))
    needed = {**columns, "arch": columns.get("arch", "arch")}
    if absent := {ours: name for ours, name in needed.items() if name not in theirs.columns}:
        raise absent_columns(place, absent, theirs.columns, key)
    table = theirs.rename(columns={name: ours for ours, name in columns.items()})
    if twice := sorted(set(table.columns[table.columns.duplicated()])):
        raise TruthError(f"{place} has more than one column {', '.join(twice)}: mend {key} in the study file.")
    devices = [str(name) for name in table.columns if name not in RESERVED]
    if not devices:
        raise TruthError(f"{place} has no column of a device beside {', '.join(map(str, table.columns))}: add one.")
    for device in devices:
        check_device(device, f"{place} (another name for its column goes into {key})")
    codes = searched.codes_of(table["arch"], place, TruthError)
    repeated = pd.Series(codes, index=table.index).duplicated()
    if repeated.any():
        raise TruthError(f"{place} has the cell '{table['arch'][repeated].iloc[0]}' twice: keep one row.")
    for device in devices:
        given = table[device].astype(str) if table[device].dtype.kind in "mM" else table[device]  # a date is no number
        values = pd.to_numeric(given, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = ~((values > 0) & np.isfinite(values)) & table[device].notna().to_numpy()
        if wrong.any():
            row = table[wrong].iloc[0]
            raise TruthError(
                f"{place} has the latency {row[device]} on '{device}' for cell '{row['arch']}', which is no positive "
                "number of milliseconds: mend it or leave it empty."
            )
        table[device] = values
    _tell_lacking(table, devices, searched, place)
    table = table[["arch", *devices]].iloc[np.argsort(codes)].reset_index(drop=True)
    said = facts_path(path)
    stated = read_json(said) if said.exists() else {}
    check_letters(stated, f"'{said}'", TruthError)
    facts = {
        **stated,
        "space": space,
        "dataset": dataset,
        "source": sentence(stated, "source", f"the table {path.name}", said),
        "licence": sentence(stated, "licence", "not stated with the table", said),
        "cite": sentence(stated, "cite", "not stated with the table", said),
        "unit": "milliseconds",
        "devices": devices,
        "mapped": {ours: name for ours, name in columns.items() if ours != name},
        "cells": len(table),
    }
    LATENCIES.write(output, table, facts)


def _tell_lacking(table: pd.DataFrame, devices: Sequence[str], space: Space, place: str) -> None:
    """Warn of cells without a latency: nothing else tells a table that was cut at the end of a row from a whole one."""
    cells = space.size if space.enumerable else len(table)
    lacking = {device: cells - int(table[device].notna().sum()) for device in devices}
    most = max(lacking, key=lacking.__getitem__)
    if lacking[most]:
        number = sum(cells > 0 for cells in lacking.values())
        others = f" (the most of {number} devices that lack some)" if number > 1 else ""
        count = f"{lacking[most]:,} of {cells:,} cells{others}"
        log.warning("%s has no latency on '%s' for %s: if it was cut, get it anew.", place, most, count)
