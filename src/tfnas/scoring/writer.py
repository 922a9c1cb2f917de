"""Write score tables: the file that everything reads, and beside it two for people to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tfnas.files import FILE, atomic, facts_path, sealed, write_alone, write_json
from tfnas.proxies.registry import family_of, proxy_names
from tfnas.schemas.scores import SCHEMA as SCORES
from tfnas.scoring.table import FORM
from tfnas.spaces.base import Space
from tfnas.spaces.pool import pool_of
from tfnas.spaces.registry import space_of

if TYPE_CHECKING:
    import pyarrow as pa

LEVEL = 3
"""How much zstd tries by default, and how much for tables that are shipped: twenty times as long, a fifth smaller."""

SHIPPED_LEVEL = 19

LARGE = 2**30
"""Bytes and rows of a page: a row group is one page, so that what proxies of a family share is packed once."""

ENCODINGS = {
    "arch": "DELTA_BYTE_ARRAY",
    "score": "BYTE_STREAM_SPLIT",
    "raw": "BYTE_STREAM_SPLIT",
    "spread": "BYTE_STREAM_SPLIT",
    "seconds": "PLAIN",
    "scored_arch": "PLAIN",
}
"""How columns are encoded before they are packed; all others by a dictionary."""


def write_scores(path: str | Path, table: pd.DataFrame, facts: dict[str, Any], level: int = LEVEL) -> None:
    """Write a score table (.parquet) and its facts beside it, as :mod:`tfnas.scoring.table` describes it.

    The rows have :data:`tfnas.scoring.table.COLUMNS`, in any order; ``level`` is that of zstd, 1 to 22.

    Raises:
        CellError: a row is of no cell.
    """
    _write(Path(path), _by_proxy(table), facts, level, {})


def write_scores_for_all(path: str | Path, table: pd.DataFrame, facts: dict[str, Any]) -> None:
    """Write a score table as :func:`write_scores` does, and beside it two wide tables for people.

    ``name.csv.gz`` has a row for each cell and in the column of a proxy its raw values, empty where it has none, so
    that it may be given to another study (``scoring.tables``); ``name-seconds.csv.gz`` has the seconds in place of
    raw values.

    Raises:
        CellError: a row is of no cell.
    """
    path, parts = Path(path), _by_proxy(table)
    stem = path.name.removesuffix(".parquet")
    place = f"'{path}'"
    strings = pool_of(space_of(facts, place), facts, lambda: next(iter(parts.values()))["arch"], place).strings
    raw = write_alone(path.with_name(f"{stem}.csv.gz"), _wide(parts, "raw", strings))
    write_alone(path.with_name(f"{stem}-seconds.csv.gz"), _wide(parts, "seconds", strings))
    _write(path, parts, facts, LEVEL, {".csv.gz": raw})


def _by_proxy(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(proxy): part for proxy, part in table.groupby("proxy", sort=False)}


def _wide(parts: Mapping[str, pd.DataFrame], column: str, strings: Sequence[str]) -> pd.DataFrame:
    columns = {proxy: part.set_index("arch")[column] for proxy, part in parts.items()}
    return pd.DataFrame(columns, index=pd.Index(strings, name="arch")).reset_index()


def _write(
    path: Path, parts: Mapping[str, pd.DataFrame], facts: dict[str, Any], level: int, others: Mapping[str, Any]
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    families: list[tuple[str, list[pd.DataFrame]]] = []
    space = space_of(facts, f"'{path}'")
    for proxy, rows in parts.items():
        family = family_of(proxy) if proxy in proxy_names() else proxy
        if not families or family != families[-1][0]:
            families.append((family, []))
        families[-1][1].append(rows)
    with atomic(path) as temporary:
        with pq.ParquetWriter(
            temporary,
            _schema(),
            compression="zstd",
            compression_level=level,
            use_dictionary=[name for name in SCORES.names if name not in ENCODINGS],
            column_encoding=ENCODINGS,
            data_page_size=LARGE,
            max_rows_per_page=LARGE,
            write_page_checksum=True,
        ) as writer:
            for _, members in families:
                packed = [_packed(rows, space, f"'{path}'") for rows in members]
                writer.write_table(pa.concat_tables(packed), row_group_size=LARGE)
        seal = sealed(temporary, sum(map(len, parts.values())))
    write_json(facts_path(path), {**facts, FILE: {**seal, **others}})


def _schema() -> pa.Schema:
    import pyarrow as pa

    kinds = {"text": pa.string(), "number": pa.float64()}
    return pa.schema([(column.name, kinds[column.kind]) for column in SCORES.columns], FORM)


def _packed(rows: pd.DataFrame, space: Space, place: str) -> pa.Table:
    """Return the rows of a proxy in the order of codes, with null for what stands elsewhere."""
    import pyarrow as pa

    codes = space.codes_of(rows["arch"], place)
    order = codes.argsort(kind="stable")
    rows, codes = rows.iloc[order], codes[order]
    stands = space.codes_of(rows["scored_arch"], place)
    scored = np.minimum(np.searchsorted(codes, stands), len(codes) - 1)
    scored = np.where(codes[scored] == stands, scored, -1)  # the row of the cell that was scored; -1: there is none
    shares = (stands != codes) & (scored >= 0) & (stands[scored] == stands)
    columns: dict[str, pa.Array] = {}
    for name, kind in zip(_schema().names, _schema().types, strict=True):
        if name == "reason":
            values = rows[name].fillna("").to_numpy(dtype=object)
        else:
            values = rows[name].to_numpy(dtype=object if pa.types.is_string(kind) else np.float64)
        if name in ("arch", "proxy"):
            absent = np.zeros(len(rows), dtype=bool)
        elif name == "scored_arch":
            absent = stands == codes
        else:
            absent = shares & _alike(values, values[scored])
        if name == "raw":
            absent |= (stands == codes) & _alike(values, rows["score"].to_numpy(dtype=np.float64))
        columns[name] = pa.array(values, kind, mask=absent, from_pandas=False)
    return pa.table(columns, schema=_schema())


def _alike(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return where two arrays hold the same: of numbers the same bits, or both no number."""
    if values.dtype == object:
        return values == others
    return (values.view(np.int64) == others.view(np.int64)) | (np.isnan(values) & np.isnan(others))
