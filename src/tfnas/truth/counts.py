"""Parameters and FLOPs of a table of ground truth, held against tfnas' own counts of the same networks."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import pandas as pd

from tfnas.errors import ConfigError, TruthError
from tfnas.networks.skeleton import Skeleton, count_flops, count_parameters
from tfnas.spaces.nats_tss import Cell

KEYS = tuple(field.name for field in fields(Skeleton))
"""What a skeleton is given by: ``channels``, ``cells_per_stage``, ``classes``, ``image_channels``, ``image_size``."""

ROUNDING = {"params": (0.0, 0.0), "flops": (1e-3, 5e-3)}
"""Allowed relative and absolute difference: parameters are whole, FLOPs are often given with two decimals."""

UNITS = {
    "params": {1e-6: "millions", 1e-3: "thousands", 4e-6: "megabytes"},
    "flops": {1e6: "single ones", 1e3: "thousands", 1e-3: "thousands of millions", 2.0: "two operations for each"},
}
"""What a column is given in, by its ratio to what it should be."""

WANTED = {"params": "single parameters", "flops": "multiply-accumulates in millions"}


def stated_skeleton(facts: Mapping[str, Any], place: str) -> Skeleton | None:
    """Return the skeleton that the facts of a table state under ``skeleton``, None where they state none.

    Args:
        facts: what the JSON beside the table holds.
        place: what to call it in a message.

    Raises:
        TruthError: it is not made of the five whole numbers :data:`KEYS`.
    """
    if "skeleton" not in facts:
        return None
    stated = facts["skeleton"]
    try:
        if set(stated) != set(KEYS) or not all(type(stated[key]) is int for key in KEYS):
            raise ValueError
        return Skeleton(**stated)
    except (TypeError, ValueError, ConfigError):
        raise TruthError(
            f"'skeleton' in {place} is {stated} where whole numbers are expected for {', '.join(KEYS)}: mend or remove "
            "it."
        ) from None


def check_counts(table: pd.DataFrame, skeleton: Skeleton, place: str) -> None:
    """Refuse parameters and FLOPs that are not those of the cells in a skeleton.

    Args:
        table: ground truth with ``arch``, ``params`` and ``flops``; a column of missing values is passed over.
        skeleton: of the networks whose accuracies the table holds.
        place: what to call the table in a message.

    Raises:
        TruthError: a count differs by more than :data:`ROUNDING`; names the first cell and, if all differ by the same
            factor, the unit that was probably meant.
    """
    cells = [Cell.parse(arch) for arch in table["arch"]]
    kinds = [tuple(sorted(cell.operations)) for cell in cells]  # counts do not depend on where an operation stands
    examples = dict(zip(kinds, cells, strict=True))
    for column, count, scale in (("params", count_parameters, 1), ("flops", count_flops, 1e6)):
        given = table[column].to_numpy(dtype=np.float64)
        if np.isnan(given).all():
            continue
        by_kind = {kind: count(cell, skeleton) / scale for kind, cell in examples.items()}
        own = np.array([by_kind[kind] for kind in kinds])
        relative, absolute = ROUNDING[column]
        wrong = np.abs(given - own) > np.maximum(relative * own, absolute)
        if not wrong.any():
            continue
        first = int(np.flatnonzero(wrong)[0])
        shape = ", ".join(f"{key} {value}" for key, value in asdict(skeleton).items())
        raise TruthError(
            f"Column {column} of {place} says {given[first]:.10g} for cell '{table['arch'].iloc[first]}' where tfnas "
            f"counts {own[first]:.10g} ({shape}): {_mend(column, given / own)}."
        )


def _mend(column: str, ratios: np.ndarray) -> str:
    """Return what to do about counts that are ``ratios`` times what they should be."""
    for ratio, unit in UNITS[column].items():
        if np.allclose(ratios, ratio, rtol=0.05):
            return f"they look like {unit}, give {WANTED[column]}"
    return (
        f"mend or drop the column, or if the networks had another skeleton, state it as 'skeleton' in the JSON beside "
        f"the table (give {WANTED[column]})"
    )
