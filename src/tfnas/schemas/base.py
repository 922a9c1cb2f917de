"""The schema of a table: its columns with type, unit and meaning, declared once, used by its writer and its readers.

A schema is a module of this package that holds ``SCHEMA = Schema(...)``, which ``tools/table_reference.py`` finds and
prints as ``docs/tables.md``. They stand below everything that writes or reads tables, and each by itself, so that a
reader needs nothing of the writer, and another word in one of them reruns what has to do with that table alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tfnas.errors import DataError
from tfnas.files import MAKE_AGAIN, read_table, write_table

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["text", "count", "number", "flag"]

NEEDED = {"text": "texts", "count": "whole numbers", "number": "numbers", "flag": "true or false"}
"""What a column of a kind holds, in words."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: as in the file.
        kind: ``text``; ``count``, whole numbers; ``number``; ``flag``, true or false.
        meaning: what stands in it, for the documentation.
        unit: of a number; empty where it has none.
        gaps: whether a row may have nothing there.
        optional: whether a file may lack it; such columns come last.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    gaps: bool = False
    optional: bool = False


def text(name: str, meaning: str, gaps: bool = False, optional: bool = False) -> Column:
    """A column of texts."""
    return Column(name, "text", meaning, "", gaps, optional)


def count(name: str, meaning: str, gaps: bool = False) -> Column:
    """A column of whole numbers."""
    return Column(name, "count", meaning, "", gaps)


def number(name: str, meaning: str, unit: str = "", gaps: bool = True) -> Column:
    """A column of numbers; a value that is not known or does not exist is empty."""
    return Column(name, "number", meaning, unit, gaps)


def flag(name: str, meaning: str, gaps: bool = False) -> Column:
    """A column of true and false."""
    return Column(name, "flag", meaning, "", gaps)


class Schema:
    """What stands in a table.

    Args:
        file: its path below ``results/{study}``.
        rows: what a row is, as in "one per search and dataset".
        columns: in their order.
        notes: what else a reader of the file should know, sentences; may be empty.
        others: the kind of all columns besides, whose names are not known beforehand; none where None.
    """

    def __init__(self, file: str, rows: str, *columns: Column, notes: str = "", others: Kind | None = None):
        self.file, self.rows, self.columns, self.notes, self.others = file, rows, columns, notes, others

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that every file has, in their order."""
        return tuple(column.name for column in self.columns if not column.optional)

    def read(self, path: str | Path) -> pd.DataFrame:
        """Read a table and check that it has the columns, each of its type.

        Raises:
            DataError: it is missing, damaged, lacks a column, or a column holds something else; the message names the
                file, the column and the mend.
        """
        texts = [column.name for column in self.columns if column.kind == "text"]
        table = read_table(path, self.names, texts=texts)
        self.check(table, f"'{path}'")
        return table

    def write(self, path: str | Path, table: pd.DataFrame, facts: dict[str, Any] | None = None) -> None:
        """Write a table that has these columns and no others, with its facts (:func:`tfnas.files.write_table`).

        Raises:
            DataError: a column holds something else than it should, or the file cannot be written.
            ValueError: the columns are others than these, or in another order.
        """
        if list(table.columns) != [column.name for column in self._in(table)]:
            raise ValueError(f"'{path}' would have the columns {list(table.columns)} in place of {list(self.names)}.")
        self.check(table, f"'{path}'")
        write_table(path, table, facts)

    def write_rows(self, path: str | Path, rows: Iterable[Any], **facts: Any) -> None:
        """Write rows, mappings or values in the order of the columns, and beside them what these mean and other facts.

        Raises:
            DataError: a column holds something else than it should, or the file cannot be written.
        """
        import pandas as pd

        table = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows, columns=list(self.names))
        self.write(path, table, self.meanings | facts)

    @property
    def meanings(self) -> dict[str, str]:
        """What a row is, what every column means, with its unit, and what else a reader should know."""
        columns = {one.name: one.meaning + (f" ({one.unit})" if one.unit else "") for one in self.columns}
        return {"rows": self.rows} | columns | ({"notes": self.notes} if self.notes else {})

    def check(self, table: pd.DataFrame, place: str) -> None:
        """Refuse a table in which a column has another type, or gaps where it may have none.

        Raises:
            DataError: the first such column.
        """
        for column in self._in(table):
            values = table[column.name]
            missing = values.isna()
            if missing.any() and not column.gaps:
                row = int(missing.to_numpy().argmax()) + 1
                raise DataError(
                    f"{place} has nothing in column {column.name} of row {row}, where {NEEDED[column.kind]} are "
                    f"needed: {MAKE_AGAIN}."
                )
            if not missing.all() and not _is(values, column.kind):
                raise DataError(
                    f"{place} has {values.dtype} in column {column.name}, where {NEEDED[column.kind]} are needed: "
                    f"{MAKE_AGAIN}."
                )

    def _in(self, table: pd.DataFrame) -> list[Column]:
        """Return the columns that a table should have."""
        here = [column for column in self.columns if not column.optional or column.name in table.columns]
        if self.others is None:
            return here
        names = [name for name in table.columns if name not in self.names]
        return [*here, *(Column(str(name), self.others, "", gaps=True) for name in names)]


def _is(values: pd.Series, kind: Kind) -> bool:
    """Return whether a column, not all of it missing, is of a kind; whole numbers with gaps are read as floats."""
    from pandas.api import types

    if kind == "text":
        return types.is_string_dtype(values.dropna()) or types.is_object_dtype(values)
    if kind == "flag":
        return types.is_bool_dtype(values.dropna().infer_objects())
    if types.is_bool_dtype(values) or not types.is_numeric_dtype(values):
        return False
    if kind == "count" and types.is_float_dtype(values):
        return bool((values.dropna() % 1 == 0).all())
    return True
