"""Ground truth from a ready table (.parquet, .csv or .csv.gz) whose columns may have other names."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfnas.errors import ConfigError, TruthError
from tfnas.files import facts_path, read_json, read_table, section, sentence
from tfnas.truth.schema import (
    ACCURACIES,
    COLUMNS,
    MEANINGS,
    OPTIONAL,
    missing_cells,
    require_complete,
    validate,
    write_truth,
)

log = logging.getLogger("tfnas")


def convert(
    path: str | Path,
    dataset: str,
    columns: Mapping[str, str] | None,
    output: str | Path,
    allow_incomplete: bool = False,
) -> None:
    """Turn a ready table into the ground truth of a dataset.

    If the table has a JSON of facts beside it (same name, ``.json``), its source, licence, citation and the sentences
    on what each accuracy means are kept; else the JSON of the output says that the table does not state them.

    Args:
        path: the table.
        dataset: the dataset that the accuracies belong to.
        columns: ``{ours: theirs}`` for columns with other names; columns left out are expected under our name.
        output: the ground truth to write, ``name.parquet``.
        allow_incomplete: whether a table that lacks cells is used all the same.

    Raises:
        ConfigError: ``columns`` maps a column that the schema does not have.
        DataError: the table is missing or damaged.
        TruthError: it lacks a column or a cell, or a value is out of range.
    """
    path, columns = Path(path), dict(columns or {})
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise ConfigError(
            f"truth.columns of {dataset} maps {', '.join(unknown)}, which ground truth does not have: "
            f"use {', '.join(COLUMNS)} on the left."
        )
    place = f"The table '{path}'"
    theirs = read_table(path)
    absent = [f"{theirs_} (for {ours})" for ours, theirs_ in columns.items() if theirs_ not in theirs.columns]
    if absent:
        raise TruthError(
            f"{place} has no column {', '.join(absent)}: it has {', '.join(map(str, theirs.columns))}; "
            f"mend truth.columns of {dataset} in the study file."
        )
    names = {ours: columns.get(ours, ours) for ours in COLUMNS}
    table = theirs[[theirs_ for theirs_ in names.values() if theirs_ in theirs.columns]].copy()
    table = table.set_axis([ours for ours, theirs_ in names.items() if theirs_ in theirs.columns], axis="columns")
    table = validate(table, place)
    require_complete(missing_cells(table), len(table), place, allow_incomplete)
    lacking = [column for column in OPTIONAL if table[column].isna().all() and column != "index"]
    if lacking:
        log.warning("%s has no %s: searches that need them are impossible on it.", place, ", ".join(lacking))
    write_truth(table, _facts(path, dataset, names, lacking), output)


def _facts(path: Path, dataset: str, names: dict[str, str], lacking: Sequence[str]) -> dict[str, Any]:
    """Return the facts of the output: what the JSON beside the table says, else what is known."""
    place = facts_path(path)
    stated = read_json(place) if place.exists() else {}
    accuracies = dict(section(stated, "accuracies", place))
    for column in ACCURACIES:
        default = f"{MEANINGS[column]}; column {names[column]} of {path.name}, whose facts do not say more"
        if column in lacking:
            default = "the table does not have it"
        accuracies[column] = sentence(accuracies, column, default, place)
    return {
        **stated,
        "dataset": dataset,
        "source": sentence(stated, "source", f"the table {path.name}", place),
        "accuracies": accuracies,
        "licence": sentence(stated, "licence", "not stated with the table", place),
        "cite": sentence(stated, "cite", "not stated with the table", place),
        "mapped": {ours: theirs for ours, theirs in names.items() if ours != theirs},
    }
