"""What a cell costs to run, known before anything is trained: parameters, multiply-accumulates, measured latencies.

==================  ========================================================================================
``params``          trainable parameters, a column of the ground truth
``flops``           multiply-accumulates of one image in millions, a column of the ground truth
name of a device    milliseconds of one forward pass (or of one batch) on it, a column of a table of latencies
==================  ========================================================================================

The first two are those of the networks whose accuracies the ground truth holds; for networks of this skeleton they
equal :func:`tfnas.networks.skeleton.count_parameters` and :func:`tfnas.networks.skeleton.count_flops`.

A *constraint* is a mapping with any of the keys ``params``, ``flops`` (``{max}``), ``latency`` (``{device, max}``) and
``operations`` (list of the operations that a cell may use). A search under a constraint is the same search in a smaller
space: no algorithm knows of it.

A *table of latencies* has a column ``arch`` and one column of milliseconds for each device.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfnas.cells import OPERATIONS, SPACE_SIZE, all_strings, codes_of, operation_digits
from tfnas.errors import ConfigError, SearchError, TruthError, UnknownNameError
from tfnas.files import facts_path, read_json, read_table, sentence
from tfnas.given_tables import absent_columns, read_given
from tfnas.letters import check_letters
from tfnas.schemas.latencies import SCHEMA as LATENCIES

if TYPE_CHECKING:
    import pandas as pd

COUNTED = ("params", "flops")
"""Costs that every ground truth holds; any other cost is the latency on a device of that name."""

UNITS = {"params": "parameters", "flops": "million FLOPs"}
"""Units of the counted costs; latencies are in milliseconds."""

RESERVED = ("arch", "index", *COUNTED)
"""Columns of a table of latencies that are no device."""

LONGEST_DEVICE = 60
"""Characters of the name of a device: it labels an axis and heads a column."""

DIGITS = 7
"""Significant digits to which a nearest feasible value is rounded up."""


def cost_unit(cost: str) -> str:
    """Return the unit of a cost in words."""
    return UNITS.get(cost, "ms")


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


def convert(path: str | Path, dataset: str, columns: Mapping[str, str] | None, output: str | Path) -> None:
    """Turn a ready table of latencies into that of a dataset: ``arch``, and a column in milliseconds for each device.

    Every column but ``arch``, ``index``, ``params`` and ``flops`` is a device of that name, unless ``columns`` gives it
    another. A device may lack cells; a search that needs them says so. If the table has a JSON of facts beside it
    (same name, ``.json``), they are kept.

    Args:
        path: the table (.parquet, .csv or .csv.gz).
        dataset: the dataset whose images the networks were measured on.
        columns: ``{ours: theirs}``: ``arch``, and devices under another name than their column's.
        output: the table to write, ``name.parquet``, with its facts beside it.

    Raises:
        DataError: the table is missing or damaged.
        TruthError: it lacks a column, holds a row that is no cell or a cell twice, has no device, or a latency is not a
            positive number.
    """
    import pandas as pd

    path, columns = Path(path), dict(columns or {})
    place, key = f"The table '{path}'", f"datasets.{dataset}.hardware.columns"
    theirs = read_given(path)
    absent = {ours: name for ours, name in columns.items() if name not in theirs.columns}
    if "arch" not in columns and "arch" not in theirs.columns:
        absent["arch"] = "arch"
    if absent:
        raise absent_columns(place, absent, theirs.columns, key)
    table = theirs.rename(columns={name: ours for ours, name in columns.items()})
    twice = sorted(set(table.columns[table.columns.duplicated()]))
    if twice:
        raise TruthError(f"{place} has more than one column {', '.join(twice)}: mend {key} in the study file.")
    devices = [str(name) for name in table.columns if name not in RESERVED]
    if not devices:
        raise TruthError(f"{place} has no column of a device beside {', '.join(map(str, table.columns))}: add one.")
    for device in devices:
        check_device(device, f"{place} (another name for its column goes into {key})")
    codes = codes_of(table["arch"], place, TruthError)
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
    order = np.argsort(codes)
    table = table[["arch", *devices]].iloc[order].reset_index(drop=True)
    said = facts_path(path)
    stated = read_json(said) if said.exists() else {}
    check_letters(stated, f"'{said}'", TruthError)
    facts = {
        **stated,
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


@dataclass(frozen=True)
class Costs:
    """What the cells of a dataset cost, by name of the cost.

    Args:
        by_name: values by cell code, shape (15625,) each, NaN where a cell has none.
        dataset: name of the dataset, for messages.
    """

    by_name: dict[str, np.ndarray] = field(repr=False)
    dataset: str

    @classmethod
    def read(cls, truth_path: str | Path, dataset: str, latency_path: str | Path | None = None) -> Costs:
        """Read the counted costs of a ground truth and the latencies that :func:`convert` wrote, if there are any.

        Raises:
            DataError: a file is missing, damaged or has no column ``arch``.
        """
        truth = read_table(truth_path, ("arch",))
        by_name = {name: _by_code(truth, name, f"'{truth_path}'") for name in COUNTED if name in truth.columns}
        if latency_path is not None:
            latencies = LATENCIES.read(latency_path)
            place = f"'{latency_path}'"
            by_name |= {name: _by_code(latencies, name, place) for name in latencies.columns if name != "arch"}
        return cls(by_name, dataset)

    @property
    def devices(self) -> list[str]:
        """Names of the devices, in the order of the table of latencies."""
        return [name for name in self.by_name if name not in COUNTED]

    def of(self, cost: str, codes: np.ndarray, place: str = "the study") -> np.ndarray:
        """Return a cost of the cells of ``codes``.

        Args:
            cost: ``params``, ``flops`` or the name of a device.
            codes: codes of cells, shape (n,).
            place: what asks, for messages.

        Returns:
            Positive numbers, shape (n,): parameters, millions or milliseconds.

        Raises:
            UnknownNameError: there is no such device; lists those that exist.
            TruthError: a cell has no such cost.
        """
        if cost not in self.by_name and cost not in COUNTED:
            if not self.devices:
                raise ConfigError(
                    f"{place} asks for the latency on '{cost}', but '{self.dataset}' has no table of latencies: set "
                    f"datasets.{self.dataset}.hardware.path."
                )
            raise UnknownNameError("device", cost, self.devices, place)
        values = self.by_name.get(cost, np.full(SPACE_SIZE, np.nan))[codes]
        missing = codes[np.isnan(values)]
        if missing.size:
            what = f"{cost} (a column of its ground truth)" if cost in COUNTED else f"latency on '{cost}'"
            raise TruthError(
                f"'{self.dataset}' has no {what} for {missing.size} of {codes.size} cells, for example "
                f"{all_strings()[missing[0]]}, so {place} is impossible: add them, or leave it out."
            )
        return values


def _by_code(table: pd.DataFrame, column: str, place: str) -> np.ndarray:
    values = np.full(SPACE_SIZE, np.nan)
    values[codes_of(table["arch"], place, TruthError)] = table[column].to_numpy(dtype=np.float64)
    return values


def limits_of(constraint: Mapping[str, Any]) -> dict[str, float]:
    """Return the largest allowed value of each cost that a constraint limits."""
    limits = {cost: constraint[cost]["max"] for cost in COUNTED if cost in constraint}
    if "latency" in constraint:
        limits[constraint["latency"]["device"]] = constraint["latency"]["max"]
    return limits


def limits_of_search(settings: Mapping[str, Any]) -> dict[str, float]:
    """Return the largest wanted value of each cost that a search limits (``constraint``) or aims at (``target``).

    A search that weighs its ``cost`` against a ``target`` may choose a cell above it; of a target and a limit of the
    same cost the smaller counts.
    """
    limits = limits_of(settings.get("constraint", {}))
    if "target" in settings:
        cost = settings["cost"]
        limits[cost] = min(settings["target"], limits.get(cost, math.inf))
    return limits


def constraint_words(constraint: Mapping[str, Any]) -> str:
    """Return a constraint in words, for tables, for example ``flops ≤ 50, raspi4 ≤ 20 ms``."""
    words = [
        f"{cost} \N{LESS-THAN OR EQUAL TO} {limit:.12g}" + ("" if cost in COUNTED else " ms")
        for cost, limit in limits_of(constraint).items()
    ]
    if "operations" in constraint:
        words.append("only " + " ".join(constraint["operations"]))
    return ", ".join(words)


def with_operations(codes: np.ndarray, operations: Sequence[str]) -> np.ndarray:
    """Return those of the cells of ``codes`` (n,) whose six edges carry some of the given operations only."""
    allowed = np.isin(np.arange(len(OPERATIONS)), [OPERATIONS.index(operation) for operation in operations])
    return codes[allowed[operation_digits(codes)].all(axis=1)]


def feasible(codes: np.ndarray, constraint: Mapping[str, Any], costs: Costs, place: str) -> np.ndarray:
    """Return the cells of ``codes`` that satisfy a constraint; a value equal to its limit does.

    Args:
        codes: codes of cells, shape (n,).
        constraint: see the module; an empty one is satisfied by every cell.
        costs: what the cells cost.
        place: where the constraint stands in the study file, for messages.

    Returns:
        Codes in the given order, shape (m,) with 1 <= m <= n.

    Raises:
        SearchError: no cell satisfies it; names the costs of the nearest cell, the one whose excesses over the limits,
            relative to the limits, have the smallest sum.
        UnknownNameError: there is no such device.
        TruthError: a cell has no such cost.
    """
    if "operations" in constraint:
        codes = with_operations(codes, constraint["operations"])
        if not codes.size:
            raise SearchError(
                f"No cell of '{costs.dataset}' uses only the operations of {place} "
                f"({', '.join(constraint['operations'])}): allow more."
            )
    limits = limits_of(constraint)
    values = {cost: costs.of(cost, codes, place) for cost in limits}
    inside = np.ones(codes.size, dtype=bool)
    for cost, limit in limits.items():
        inside &= values[cost] <= limit
    if not inside.any():
        excess = sum(np.maximum(values[cost] / limit - 1, 0) for cost, limit in limits.items())
        nearest = int(np.argmin(excess))
        above = [
            f"{cost} from {limit:g} to {rounded_up(values[cost][nearest])} {cost_unit(cost)} or more"
            for cost, limit in limits.items()
            if values[cost][nearest] > limit
        ]
        raise SearchError(
            f"None of {codes.size} cells of '{costs.dataset}' satisfies {place} ({constraint_words(constraint)}): for "
            f"the nearest feasible cell raise {' and '.join(above)}."
        )
    return codes[inside]


def rounded_up(value: float) -> str:
    """Return a positive number with at most seven significant digits, never below the number itself."""
    scale = 10.0 ** (DIGITS - 1 - math.floor(math.log10(value)))
    number = math.ceil(value * scale)
    text = f"{number / scale:.12g}"
    while float(text) < value:  # the product was rounded down
        number += 1
        text = f"{number / scale:.12g}"
    return text
