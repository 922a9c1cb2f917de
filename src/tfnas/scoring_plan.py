"""What to score and how to put it together: representatives, chunks, and the merged table. Imports no torch."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from tfnas.cells import SPACE_SIZE, all_strings, enumerate_cells, string_codes
from tfnas.errors import ScoreError
from tfnas.files import read_facts, read_table, write_table
from tfnas.proxies.registry import family_of, get_family, get_proxy
from tfnas.score_table import COLUMNS

CHUNK_COLUMNS = ("arch", "proxy", "repeat", "raw", "seconds", "reason")


@cache
def classes(family: str) -> np.ndarray:
    """Return for each cell code the smallest code with an equally distributed score, shape (15625,), int64."""
    same_score = get_family(family).same_score
    first: dict = {}
    return np.array([first.setdefault(same_score(cell), cell.code) for cell in enumerate_cells()], dtype=np.int64)


def representatives(family: str, share_classes: bool) -> np.ndarray:
    """Return the codes of the cells to score, in the order in which chunks cut them, int64.

    The order is a fixed shuffle, so that chunks cost the same and the first chunks are a fair sample of the space.

    Args:
        family: name of a proxy family.
        share_classes: score one cell per class of equal distribution; else all 15,625.
    """
    codes = np.unique(classes(family)) if share_classes else np.arange(SPACE_SIZE)
    return np.array(sorted(codes, key=lambda code: zlib.crc32(all_strings()[code].encode())), dtype=np.int64)


def merge_chunks(chunks: Sequence[str | Path], output: str | Path, share_classes: bool = True) -> None:
    """Merge the chunk files of all families of a dataset into its score table, one row per cell and proxy.

    Repeats are averaged (a NaN in any repeat makes the score NaN, with its reason) and the value of a representative
    is given to every cell of its class. Facts: those of the first chunk of each family, seconds summed.

    Raises:
        ScoreError: a cell has no score in any chunk.
    """
    rows = pd.concat([read_table(path, CHUNK_COLUMNS) for path in chunks], ignore_index=True)
    rows["reason"] = rows["reason"].fillna("")
    tables = []
    for proxy, part in rows.groupby("proxy", sort=False):
        grouped = part.groupby("arch", sort=False)
        scored = pd.DataFrame(
            {
                "raw": grouped["raw"].apply(lambda values: values.mean(skipna=False)),
                "spread": grouped["raw"].apply(lambda values: values.std(ddof=1, skipna=False)),
                "repeats": grouped["raw"].size(),
                "seconds": grouped["seconds"].sum(),
                "reason": grouped["reason"].apply(lambda reasons: next((why for why in reasons if why), "")),
            }
        )
        stands_for = classes(family_of(str(proxy))) if share_classes else np.arange(SPACE_SIZE)
        strings = np.array(all_strings(), dtype=object)
        table = pd.DataFrame({"arch": strings, "proxy": proxy, "scored_arch": strings[stands_for]})
        table = table.join(scored, on="scored_arch")
        missing = table.loc[table["repeats"].isna(), "scored_arch"].unique()
        if len(missing):
            raise ScoreError(
                f"No chunk scores {len(missing)} cells for proxy '{proxy}', for example {missing[0]}: "
                "delete the score chunks of this dataset and run again."
            )
        table["score"] = get_proxy(str(proxy)).direction * table["raw"]
        table["repeats"] = table["repeats"].astype(int)
        tables.append(table)
    merged = pd.concat(tables, ignore_index=True)
    order = merged["arch"].map(string_codes()).argsort(kind="stable")
    write_table(output, merged.iloc[order][list(COLUMNS)], _merged_facts(chunks))


def _merged_facts(chunks: Sequence[str | Path]) -> dict:
    families: dict[str, dict] = {}
    for path in chunks:
        facts = read_facts(path)
        merged = families.setdefault(facts["family"], {**facts, "wall_seconds": 0.0, "cells_scored": 0})
        for key in ("wall_seconds", "cells_scored"):
            merged[key] += facts[key]
    shared = next(iter(families.values()))
    return {
        "dataset": shared["dataset"],
        "batch": shared["batch"],
        "skeleton": shared["skeleton"],
        "versions": shared["versions"],
        "families": {
            name: {
                key: facts[key] for key in facts if key not in ("dataset", "batch", "skeleton", "versions", "family")
            }
            for name, facts in families.items()
        },
    }
