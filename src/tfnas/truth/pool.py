"""The pool of a study that does not work on a whole space: which architectures of its ground truth it takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfnas.errors import TruthError
from tfnas.files import read_facts, read_table
from tfnas.seeds import child_seed
from tfnas.spaces.registry import space_of
from tfnas.truth.schema import write_truth

if TYPE_CHECKING:
    import pandas as pd

    from tfnas.spaces.base import Space


def taken(table: pd.DataFrame, space: Space, size: int, seed: int, place: str) -> pd.DataFrame:
    """Return the rows of a pool, in the order of the table.

    Of each class of functionally identical architectures the first row counts. Each architecture has a number that
    follows from the seed and its string; those with the smallest ones are taken. So a larger pool holds a smaller one,
    and tables with the same architectures give the same pool.

    Args:
        table: ground truth, with ``arch`` as the space writes it.
        space: the search space.
        size: of the pool.
        seed: the master seed.
        place: what to call the table in a message.

    Raises:
        TruthError: the table holds fewer architectures.
    """
    kinds = space.canonical(space.codes_of(table["arch"], place, TruthError))
    first = np.sort(np.unique(kinds, return_index=True)[1])
    if size > len(first):
        raise TruthError(f"scoring.cells is {size:,}, and {place} holds {len(first):,} different networks: lower it.")
    numbers = np.array([child_seed(seed, "pool", text) for text in table["arch"].iloc[first]])
    return table.iloc[np.sort(first[np.argsort(numbers, kind="stable")[:size]])].reset_index(drop=True)


def take_pool(path: str | Path, pool: Sequence[int] | None) -> None:
    """Leave of a written ground truth the pool alone (:func:`taken`); its facts say how many it was taken from.

    Args:
        path: the ground truth.
        pool: size and seed of the pool; None leaves everything as it is.

    Raises:
        TruthError: the table holds fewer architectures.
    """
    if pool is None:
        return
    size, seed = pool
    table, facts = read_table(path), read_facts(path)
    kept = taken(table, space_of(facts, f"'{path}'"), size, seed, f"'{path}'")
    write_truth(kept, facts | {"pool": size, "pool_of": len(table)}, path)
