"""The score table of a dataset: one row per cell and proxy, read without torch, proxy by proxy.

A file (``scores/{dataset}.parquet``, :func:`tfnas.scoring.writer.write_scores`) has a row group for each family of
proxies, in it the rows of one proxy after those of another one, and those of a proxy in the order of codes. What cells
share stands once: a value is null in the rows of cells that :data:`COLUMNS` ``scored_arch`` names another cell for, and
is the one in the row of that cell. So a table of 24 proxies has 2 MB, and reading one of them reads its family alone.
"""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tfnas.errors import DataError, ScoreError, UnknownNameError
from tfnas.files import facts_path, read_bytes, read_json
from tfnas.schemas.scores import SCHEMA as SCORES
from tfnas.scoring.checks import check_complete
from tfnas.spaces.base import Space
from tfnas.spaces.pool import Pool, grid, pool_of, pool_size
from tfnas.spaces.registry import get_space, space_of

if TYPE_CHECKING:
    import pyarrow as pa

FORM = {b"tfnas": b"scores, 1"}
"""What the schema of a file says: that it is a score table, and the version of its form."""

COLUMNS = SCORES.names


class ScoreTable:
    """Scores as arrays over the cells of a pool, in a whole space over cell codes; larger is better.

    Args:
        table: rows with :data:`COLUMNS`, in any order.
        place: the file it came from, for messages.
        space: the search space of the cells; None for that of NATS-Bench's topologies.
        pool: the cells of which there are rows; None: the whole space, or if that is too large those of the table.
    """

    def __init__(
        self, table: pd.DataFrame, place: str = "the score table", space: Space | None = None, pool: Pool | None = None
    ):
        self.place = place
        self._source: _Frame | _File = _Frame(table, place, space or get_space(), pool)

    @classmethod
    def read(cls, path: str | Path) -> ScoreTable:
        """Open a score table; what is asked for is read when it is asked for.

        Raises:
            DataError: the file is missing, damaged, or no score table.
            ScoreError: a cell is missing under a proxy, or comes twice; a column is text for numbers.
        """
        table = cls.__new__(cls)
        table.place = str(path)
        table._source = _File(Path(path))
        return table

    @property
    def pool(self) -> Pool:
        """The cells that arrays of scores are over, in their order."""
        return self._source.pool

    @property
    def proxies(self) -> list[str]:
        """Names of the proxies in the table, in order of appearance."""
        return list(self._source.proxies)

    def scores(self, proxy: str) -> np.ndarray:
        """Return the scores of a proxy by place in the pool, shape (n,), NaN where a cell has none. Larger is better.

        Raises:
            UnknownNameError: the table does not hold the proxy.
            ScoreError: every score of the proxy is NaN.
        """
        values = self.column(proxy, "score")
        if np.isnan(values).all():
            raise ScoreError(f"All scores of proxy '{proxy}' in {self.place} are NaN: it cannot rank any cell.")
        return values

    def seconds(self, proxy: str) -> np.ndarray:
        """Return the scoring seconds of a proxy by place in the pool, shape (n,), NaN where a cell has none."""
        return self.column(proxy, "seconds")

    def column(self, proxy: str, column: str) -> np.ndarray:
        """Return a column of numbers of a proxy by place in the pool, shape (n,), NaN where a cell has no row.

        Raises:
            UnknownNameError: the table does not hold the proxy.
            ScoreError: a row is of no cell.
        """
        return self.pool.spread(self._codes(proxy), self._source.values(proxy, column).astype(np.float64)).values

    def stands_for(self, proxy: str) -> np.ndarray:
        """Return by place in the pool the code of the cell whose score it is, int64, shape (n,); -1 without a row.

        Raises:
            UnknownNameError: the table does not hold the proxy.
            ScoreError: a row is of no cell.
        """
        found = np.full(len(self.pool), -1, dtype=np.int64)
        found[self.pool.places(self._codes(proxy))] = self._source.stands_for(proxy)
        return found

    def rows(self, *proxies: str) -> pd.DataFrame:
        """Return the rows of some proxies (all: none named) with :data:`COLUMNS`, one after another, by cell code.

        Raises:
            UnknownNameError: the table does not hold a proxy.
            ScoreError: a row is of no cell.
        """
        strings, places = np.array(self.pool.strings, dtype=object), self.pool.places
        parts = []
        for proxy in proxies or self.proxies:
            codes = self._codes(proxy)
            order = codes.argsort(kind="stable")
            part: dict[str, Any] = {"arch": strings[places(codes[order])], "proxy": proxy}
            part["scored_arch"] = strings[places(self._source.stands_for(proxy)[order])]
            part |= {name: self._source.values(proxy, name)[order] for name in COLUMNS if name not in part}
            parts.append(pd.DataFrame(part, columns=list(COLUMNS)))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))

    def _codes(self, proxy: str) -> np.ndarray:
        if proxy not in self._source.proxies:
            raise UnknownNameError("proxy", proxy, self.proxies, self.place)
        return self._source.codes(proxy)


class _Frame:
    """Rows in memory."""

    def __init__(self, table: pd.DataFrame, place: str, space: Space, pool: Pool | None):
        self.parts = {str(proxy): part for proxy, part in table.groupby("proxy", sort=False)}
        self.proxies, self.place, self.space = list(self.parts), place, space
        self.known: dict[str, np.ndarray] = {}
        self.given = pool

    @cached_property
    def pool(self) -> Pool:
        if self.given is not None:
            return self.given
        several = [self.codes(proxy) for proxy in self.proxies] if not self.space.enumerable else []
        return grid(self.space, np.concatenate([np.empty(0, dtype=np.int64), *several]))

    def codes(self, proxy: str) -> np.ndarray:
        if proxy not in self.known:
            self.known[proxy] = self.space.codes_of(self.parts[proxy]["arch"], self.place, ScoreError)
        return self.known[proxy]

    def stands_for(self, proxy: str) -> np.ndarray:
        return self.space.codes_of(self.parts[proxy]["scored_arch"], self.place, ScoreError)

    def values(self, proxy: str, column: str) -> np.ndarray:
        values = self.parts[proxy][column]
        return values.fillna("").to_numpy(dtype=object) if column == "reason" else values.to_numpy()


class _File:
    """Rows in a file, of which what is asked for is decoded, family by family."""

    def __init__(self, path: Path):
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.place = f"'{path}'"
        content = pa.BufferReader(read_bytes(path))
        try:
            self.file = pq.ParquetFile(content, page_checksum_verification=True)
            form = self.file.schema_arrow.metadata or {}
        except Exception as error:
            raise DataError(f"{self.place} cannot be read as a score table ({error}): make it again.") from error
        if not FORM.items() <= form.items():
            raise DataError(f"{self.place} is no score table of this version of tfnas: make it again.")
        self._check_kinds()
        self.read: dict[tuple[int, str], pa.ChunkedArray] = {}
        self.facts = read_json(facts_path(path)) if facts_path(path).exists() else {}
        self.space = space_of(self.facts, self.place)
        self.cells = pool_size(self.space, self.facts, self.place)
        self.spans = self._spans()
        self.proxies = list(self.spans)

    def _check_kinds(self) -> None:
        """Refuse a file that another program wrote with text for numbers, or numbers for text.

        Raises:
            ScoreError: a column is of another kind than its schema says.
        """
        import pyarrow.types as kinds

        fitting = {"text": (kinds.is_string, "text"), "number": (kinds.is_float64, "numbers")}
        held = dict(zip(self.file.schema_arrow.names, self.file.schema_arrow.types, strict=True))
        for column in SCORES.columns:
            fits, words = fitting[column.kind]
            if column.name in held and not fits(held[column.name]):
                raise ScoreError(
                    f"{self.place} has '{held[column.name]}' in column {column.name} where {words} are needed: mend "
                    "it, or get the table anew."
                )

    @cached_property
    def pool(self) -> Pool:
        return pool_of(
            self.space, self.facts, lambda: self._column(0, "arch").slice(0, self.cells).to_pylist(), self.place
        )

    def _spans(self) -> dict[str, tuple[int, int]]:
        """Return the row group and the first row in it of each proxy.

        Raises:
            ScoreError: a cell is missing, or comes twice.
        """
        import pyarrow.compute as pc

        spans: dict[str, tuple[int, int]] = {}
        for group in range(self.file.num_row_groups):
            names = pc.run_end_encode(self._column(group, "proxy").combine_chunks())
            ends = names.run_ends.to_pylist()
            for name, start, end in zip(names.values.to_pylist(), [0, *ends], ends, strict=False):
                if name in spans or end - start != self.cells:
                    self._refuse()
                spans[name] = (group, start)
        return spans

    def _refuse(self) -> None:
        """Raise what is wrong with a table that does not hold the cells of each proxy in their order."""
        if len(self.pool) < self.cells:
            raise ScoreError(
                f"{self.place} holds {len(self.pool)} of {self.cells} cells of its pool: make it again or get it anew."
            )
        check_complete(self.file.read(columns=["arch", "proxy"]).to_pandas(), self.place, self.pool)
        raise ScoreError(f"{self.place} holds cells in another order than that of their codes: make it again.")

    def _column(self, group: int, column: str) -> pa.ChunkedArray:
        if (group, column) not in self.read:
            try:
                self.read[group, column] = self.file.read_row_group(group, columns=[column]).column(column)
            except (OSError, KeyError, ValueError) as error:
                raise DataError(f"{self.place} cannot be read as a score table ({error}): make it again.") from error
        return self.read[group, column]

    def _rows(self, proxy: str, column: str) -> pa.ChunkedArray:
        group, start = self.spans[proxy]
        return self._column(group, column).slice(start, self.cells)

    def codes(self, proxy: str) -> np.ndarray:
        if not self._rows(proxy, "arch").equals(_strings(self.pool)):
            self._refuse()
        return self.pool.codes

    def stands_for(self, proxy: str) -> np.ndarray:
        import pyarrow.compute as pc

        scored = self._rows(proxy, "scored_arch")
        found = pc.index_in(scored, value_set=_strings(self.pool).chunk(0)).fill_null(-1).to_numpy()
        own = scored.is_null().to_numpy()
        wrong = np.flatnonzero((found < 0) & ~own)
        if len(wrong):
            cell, given = self.pool.strings[wrong[0]], scored[int(wrong[0])].as_py()
            raise ScoreError(
                f"{self.place}: '{cell}' of proxy '{proxy}' stands for '{given}', which is no cell of the table; mend "
                "this row, or get the table anew."
            )
        codes = self.pool.codes
        return np.where(own, codes, codes[found])

    def values(self, proxy: str, column: str) -> np.ndarray:
        rows = self._rows(proxy, column)
        values, absent = rows.to_numpy(), rows.is_null().to_numpy()
        if column == "raw":  # null also where it is the score
            values = np.where(absent, self._rows(proxy, "score").to_numpy(), values)
        if not absent.any():
            return values
        return np.where(absent, values[self.pool.places(self.stands_for(proxy))], values)


def is_score_table(path: str | Path) -> bool:
    """Return whether a file is a score table that this program wrote; one that cannot be read is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not str(path).endswith(".parquet"):
        return False
    try:
        return FORM.items() <= (pq.read_schema(path).metadata or {}).items()
    except (OSError, pa.ArrowInvalid):
        return False


def _strings(pool: Pool) -> pa.ChunkedArray:
    return _whole(pool.space) if pool.whole else _arrow(pool)


@cache
def _whole(space: Space) -> pa.ChunkedArray:
    return _arrow(Pool(space))


def _arrow(pool: Pool) -> pa.ChunkedArray:
    import pyarrow as pa

    return pa.chunked_array([pa.array(pool.strings, pa.string())])
