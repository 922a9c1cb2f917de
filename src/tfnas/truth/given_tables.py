"""Tables that a person gives, of accuracies or latencies: what is wrong with one is said in terms of its file."""

import codecs
import contextlib
import gzip
import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from tfnas.errors import DataError, TruthError
from tfnas.files import read_table

START = 1 << 16
"""Bytes from which the form of a file is told."""

PARQUET = b"PAR1"
"""How a Parquet file begins."""

OTHER_FORMS = {
    PARQUET: "is a Parquet file: name it .parquet",
    b"PK": "is a zip or a spreadsheet: save its table as .csv",
    b"\x1f\x8b": "is packed by gzip: name it .csv.gz",
    b"\xff\xfe": "is text in UTF-16: save it as UTF-8",
    b"\xfe\xff": "is text in UTF-16: save it as UTF-8",
    b"\x93NUMPY": "is an array of numpy: save its table as .csv",
}
"""What a file that is called ``.csv`` may be instead, by its first bytes."""

SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}


def read_given(path: Path, texts: Collection[str] = ()) -> pd.DataFrame:
    """Read a table (.parquet, .csv or .csv.gz) that a person gave; some of its columns are texts, whatever they hold.

    Raises:
        DataError: it is missing, damaged, a folder, or of another form; the message names the form, and for columns
            that something else than a comma separates also that separator and the columns.
    """
    check_form(path)
    return read_table(path, texts=texts)


def check_form(path: Path) -> None:
    """Refuse a folder, a web page, and under the name of a CSV or a Parquet file whatever is none.

    A file that is not there is left to the reader of tables.

    Raises:
        DataError: names the form that the file has.
    """
    if path.is_dir():
        raise DataError(f"'{path}' is a folder where a table is expected: name a file (.parquet, .csv or .csv.gz).")
    if not path.is_file():
        return
    content = b""
    # A file that cannot be opened or unpacked is explained by the reader of tables.
    with (
        contextlib.suppress(OSError, EOFError, zlib.error),
        gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file,
    ):
        content = file.read(START)
    if content.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"<":
        raise DataError(f"'{path}' is a web page, not a table: download the file that the page links to.")
    if path.suffix == ".parquet":
        if content and not content.startswith(PARQUET):
            raise DataError(f"'{path}' is no Parquet file: if it is text with commas, name it .csv, else save it anew.")
        return
    for magic, found in OTHER_FORMS.items():
        if content.startswith(magic):
            raise DataError(f"'{path}' {found}.")
    header = next(iter(content.decode("utf-8-sig", errors="replace").splitlines()), "")
    if header.startswith(("|", '"|')):
        raise DataError(f"'{path}' has no line of names above its first cell: write the names of its columns there.")
    separator = max(SEPARATORS, key=header.count)
    if separator != "," and header.count(separator):
        columns = ", ".join(name.strip("\"' ") for name in header.split(separator))
        raise DataError(
            f"The columns of '{path}' ({columns}) are separated by {SEPARATORS[separator]}: save it with commas "
            "between columns and points in numbers."
        )


def absent_columns(place: str, wanted: Mapping[str, str], has: Sequence[str], key: str) -> TruthError:
    """Return the error of a table that lacks columns.

    Args:
        place: what to call the table.
        wanted: the columns that it lacks, as ``{ours: theirs}``.
        has: all columns of the file.
        key: key of the study file under which names of columns are mapped.
    """
    absent = [ours if ours == theirs else f"{theirs} (for {ours})" for ours, theirs in wanted.items()]
    ours, theirs = next(iter(wanted.items()))
    example = f"{ours}: {same_column(theirs, has) or 'COLUMN'}"
    return TruthError(
        f"{place} has no column {', '.join(absent)}: it has {', '.join(map(str, has))}; mend {key} in the study file "
        f"(for example '{example}')."
    )


def same_column(name: str, has: Sequence[str]) -> str | None:
    """Return the column whose name has the same letters, whatever their case and what is between them; else None."""
    letters = {re.sub(r"[\W_]", "", str(column)).lower(): str(column) for column in has}
    return letters.get(re.sub(r"[\W_]", "", name).lower())
