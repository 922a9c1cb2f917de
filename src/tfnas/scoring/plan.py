"""What to score and how to put it together: representatives, chunks, and the merged table. Imports no torch."""

import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.errors import ScoreError
from tfnas.files import read_facts
from tfnas.proxies.contract import declared, declares
from tfnas.proxies.registry import family_of, get_family, get_proxy, proxy_names
from tfnas.schemas.chunks import SCHEMA as CHUNKS
from tfnas.scoring.table import COLUMNS
from tfnas.scoring.writer import write_scores
from tfnas.spaces.base import Space
from tfnas.spaces.pool import Pool, pool_of
from tfnas.spaces.registry import get_space, space_of

ALIKE = ("dataset", "batch", "skeleton", "images", "seed", "repeats", "scoring", "share_classes")
"""Facts of chunks that must agree, or their scores are no table."""

SEVERAL = ("device", "threads", "precision", "networks_per_pass", "initialisation")
"""Facts that may differ between chunks, for example on a cluster; all of them are named."""


def classes(family: str, pool: Pool | None = None) -> np.ndarray:
    """Return for each cell of a pool the smallest code in it with an equally distributed score, shape (n,), int64.

    The family of proxies is given by name; no pool means all of NATS-Bench's topologies. In a space without cells to
    look into those of one class (:attr:`tfnas.spaces.base.Space.classes`) share a score.
    """
    pool = pool or Pool(get_space())
    if "cell" not in pool.space.offers:
        kinds = pool.space.canonical(pool.codes)
        _, first, places = np.unique(kinds, return_index=True, return_inverse=True)
        return pool.codes[first][places]
    same_score = get_family(family).same_score
    return _classes_by(same_score, pool.space) if pool.whole else _classes_of(same_score, pool)


@cache
def _classes_by(same_score: Callable[[Any], Any], space: Space) -> np.ndarray:
    """Return the classes of a key in a whole space; families with the same key have the same classes."""
    return _classes_of(same_score, Pool(space))


def _classes_of(same_score: Callable[[Any], Any], pool: Pool) -> np.ndarray:
    first: dict = {}
    known = (first.setdefault(same_score(pool.space.architecture(code)), code) for code in pool.codes.tolist())
    return np.fromiter(known, dtype=np.int64, count=len(pool))


def representatives(family: str, share_classes: bool, pool: Pool | None = None) -> np.ndarray:
    """Return the codes of the cells to score, in the order in which chunks cut them, int64.

    The order is a fixed shuffle, so that chunks cost the same and the first chunks are a fair sample of the space. With
    ``share_classes`` it is one cell of each of :func:`classes`, else every cell of the pool.
    """
    pool = pool or Pool(get_space())
    codes = np.unique(classes(family, pool)) if share_classes else pool.codes
    order = np.argsort([zlib.crc32(text.encode()) for text in pool.space.texts(codes)], kind="stable")
    return codes[order]


def count_to_score(family: str, share_classes: bool, space: Space | None = None) -> int:
    """Return how many cells :func:`representatives` has, without finding them where the family says it."""
    space = space or get_space()
    known = get_family(family).distinct if "cell" in space.offers else 0
    return (known if share_classes else space.size) or len(np.unique(classes(family, Pool(space))))


def read_chunk(path: str | Path) -> pd.DataFrame:
    """Return the rows of a chunk file, columns :data:`CHUNKS`, with an empty text where there is no reason.

    Raises:
        ScoreError: a value is missing for a reason that the definition of its proxy does not name.
        DataError: the file is missing, damaged or lacks a column.
    """
    rows = CHUNKS.read(path)
    rows["reason"] = rows["reason"].fillna("")
    refuse_faults(rows, path)
    return rows


def refuse_faults(rows: pd.DataFrame, place: str | Path) -> None:
    """Refuse scores that are missing for a reason that the definition of their proxy does not name: those are faults.

    Rows are of chunks or of score tables, with ``arch``, ``proxy``, ``raw`` and ``reason``; those of other names than
    of proxies, as of ensembles, are passed over. ``place`` is the file, for the message.

    Raises:
        ScoreError: there is one; the message names the first.
    """
    reasons = rows["reason"].astype(object).where(rows["reason"].notna(), "")
    finite = np.isfinite(pd.to_numeric(rows["raw"], errors="coerce"))
    suspect = rows.assign(reason=reasons, finite=finite)[(reasons != "") | ~finite]
    suspect = suspect[suspect["proxy"].isin(proxy_names())]
    for (name, reason), part in suspect.groupby(["proxy", "reason"], sort=False):
        proxy = get_proxy(name)
        if part["finite"].any() or not declares(proxy, reason):
            because = f"because of '{reason}'" if reason else "without a reason"
            raise ScoreError(
                f"'{place}' has no score of '{name}' for {part['arch'].iloc[0]} {because}, "
                f"and its definition declares {declared(proxy)}: that was a fault, so remove the file and score again."
            )


def merge_chunks(chunks: Sequence[str | Path], output: str | Path, share_classes: bool = True) -> None:
    """Write what :func:`merged_chunks` returns."""
    write_scores(output, *merged_chunks(chunks, share_classes))


def merged_chunks(chunks: Sequence[str | Path], share_classes: bool = True) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the chunk files of all families of a dataset as its score table, one row per cell and proxy, and facts.

    Repeats are averaged (a NaN in any repeat makes the score NaN, with its reason) and the value of a representative
    is given to every cell of its class. Facts: devices, threads and versions of all chunks, seconds summed.

    Raises:
        ScoreError: a cell has no score in any chunk, or one that a fault left without a value, or chunks are of
            different images, skeletons or seeds.
    """
    rows = pd.concat([read_chunk(path) for path in chunks], ignore_index=True)
    facts = _merged_facts(chunks)
    pool = _pool_of(facts, rows, f"'{chunks[0]}'")
    strings = np.array(pool.strings, dtype=object)
    tables = []
    for proxy, part in rows.groupby("proxy", sort=False):
        scored = _over_repeats(part)
        stands_for = classes(family_of(str(proxy)), pool) if share_classes else pool.codes
        table = pd.DataFrame({"arch": strings, "proxy": proxy, "scored_arch": strings[pool.places(stands_for)]})
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
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)], facts


def _pool_of(facts: dict[str, Any], rows: pd.DataFrame, place: str) -> Pool:
    """Return the cells of a merged table: those of its space, or of the pool that its chunks are of.

    Raises:
        ScoreError: the chunks do not hold all cells of the pool, or cells of another one too.
    """
    space = space_of(facts, place)
    pool = pool_of(space, facts, lambda: rows["arch"].unique(), place)
    if not pool.whole and len(pool) != facts["pool"]:
        raise ScoreError(
            f"The chunks beside {place} score {len(pool):,} cells where the pool has {facts['pool']:,}: delete the "
            "score chunks of this dataset and run again."
        )
    return pool


def _over_repeats(rows: pd.DataFrame) -> pd.DataFrame:
    """Return mean, spread, repeats, seconds and first reason of each cell of the rows of one proxy, by ``arch``."""
    cells, first, counts = np.unique(rows["arch"].to_numpy(dtype=str), return_inverse=True, return_counts=True)
    order = first.argsort(kind="stable")
    ends = counts.cumsum()
    parts = []
    for repeats in np.unique(counts):
        alike = np.flatnonzero(counts == repeats)
        places = order[(ends[alike] - repeats)[:, None] + np.arange(repeats)]
        raw = rows["raw"].to_numpy()[places]
        reasons = rows["reason"].to_numpy(dtype=object)[places]
        mean = raw.sum(axis=1) / repeats
        with np.errstate(invalid="ignore"):
            variance = ((mean[:, None] - raw) ** 2).sum(axis=1) / (repeats - 1 or np.nan)
        columns = {
            "raw": mean,
            "spread": np.sqrt(variance),
            "repeats": repeats,
            "seconds": rows["seconds"].to_numpy()[places].sum(axis=1),
            "reason": [next((why for why in whys if why), "") for whys in reasons],
        }
        parts.append(pd.DataFrame(columns, index=cells[alike].astype(object)))
    return pd.concat(parts)


def _merged_facts(chunks: Sequence[str | Path]) -> dict:
    """Return the facts of a merged table.

    Raises:
        ScoreError: chunks are of different images, skeletons or seeds.
    """
    first: dict[str, tuple[dict, str | Path]] = {}
    families: dict[str, list[dict]] = {}
    for path in chunks:
        facts = read_facts(path)
        for scope, keys in (("", ("space", "pool", "dataset", "batch", "skeleton")), (facts["family"], ALIKE)):
            other, place = first.setdefault(scope, (facts, path))
            _require_alike(facts, other, keys, path, place)
        families.setdefault(facts["family"], []).append(facts)
    shared = next(iter(families.values()))[0]
    everywhere = [facts["versions"] for parts in families.values() for facts in parts]
    return {
        "space": space_of(shared, f"'{chunks[0]}'").name,
        **({"pool": shared["pool"]} if "pool" in shared else {}),
        "dataset": shared["dataset"],
        "batch": shared["batch"],
        "skeleton": shared["skeleton"],
        "scoring": max(parts[0].get("scoring", 0) for parts in families.values()),
        "versions": {name: join_facts(part.get(name) for part in everywhere) for name in shared["versions"]},
        "families": {name: _family_facts(parts) for name, parts in families.items()},
    }


def _require_alike(facts: dict, other: dict, keys: Sequence[str], path: str | Path, place: str | Path) -> None:
    for key in keys:
        ours, theirs = facts.get(key), other.get(key)
        if key == "batch":  # the images are what counts, not what is said about them
            ours, theirs = (batch.get("sha256", batch) for batch in (ours or {}, theirs or {}))
        if ours != theirs:
            raise ScoreError(
                f"'{path}' and '{place}' were scored with a different {key}: delete the older one and run again."
            )


def _family_facts(parts: Sequence[dict]) -> dict:
    known = ("space", "pool", "dataset", "batch", "skeleton", "versions", "family")
    merged = {key: value for key, value in parts[0].items() if key not in known}
    merged |= {key: join_facts(facts.get(key) for facts in parts) for key in SEVERAL if key in parts[0]}
    return merged | {key: sum(facts[key] for facts in parts) for key in ("wall_seconds", "cells_scored")}


def join_facts(values: Iterable[Any]) -> Any:
    """Return the value if there is one only, else all of them as text, in the order in which they come."""
    distinct = list(dict.fromkeys(values))
    return distinct[0] if len(distinct) == 1 else "; ".join(map(str, distinct))
