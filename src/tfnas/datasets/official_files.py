"""Official files: where they are published, the sizes and digests that they must have, and how they are checked."""

import csv
import hashlib
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfnas.errors import DataError, UnknownNameError

SOURCES = Path(__file__).resolve().parents[3] / "data" / "sources.tsv"
"""The table of sources, in the root of the project."""

CHUNK = 1 << 18
"""Bytes read at a time."""


@dataclass(frozen=True)
class Source:
    """One row of the table of sources: one file, where it comes from and how to check it."""

    dataset: str
    file: str
    urls: tuple[str, ...]
    algorithm: str
    checksum: str
    bytes: int | None
    unpack: str
    licence: str
    cite: str
    page: str
    note: str


def read_sources(path: str | Path | None = None) -> tuple[Source, ...]:
    """Read the table of sources.

    Args:
        path: the table; None is :data:`SOURCES`.

    Raises:
        DataError: the table is missing.
    """
    path = Path(path or SOURCES)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows: list[dict[str, Any]] = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except FileNotFoundError:
        raise DataError(f"The table of sources '{path}' does not exist: run from a checkout of the project.") from None
    for row in rows:
        row.update(urls=tuple(row["urls"].split()), bytes=int(row["bytes"]) if row["bytes"] else None)
    return tuple(Source(**row) for row in rows)


def sources_of(name: str) -> tuple[Source, ...]:
    """Return the rows of one dataset or archive.

    Raises:
        UnknownNameError: the table has none.
    """
    sources = read_sources()
    found = tuple(source for source in sources if source.dataset == name)
    if not found:
        raise UnknownNameError("download", name, sorted({source.dataset for source in sources}), "data/sources.tsv")
    return found


def checksum(path: str | Path, algorithm: str) -> str:
    """Return the checksum of a file in lower-case hexadecimal digits.

    Args:
        path: the file.
        algorithm: ``md5`` or ``sha256``.
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def fault(path: str | Path, source: Source) -> str | None:
    """Return what is wrong with a file that should be ``source``, as half a sentence, or None if nothing is."""
    path = Path(path)
    if source.bytes is not None and path.stat().st_size != source.bytes:
        return f"it has {path.stat().st_size:,} bytes where {source.bytes:,} are expected"
    if source.checksum:
        found = checksum(path, source.algorithm)
        if found != source.checksum:
            return f"wrong checksum: its {source.algorithm} is {found} where {source.checksum} is expected"
    return None


def verify(path: str | Path, source: Source) -> None:
    """Check size and checksum of a file that the user or a download put there.

    Raises:
        DataError: the file is missing or is not the official one.
    """
    if not Path(path).is_file():
        raise DataError(f"'{path}' does not exist: it is one of the files of {source.dataset}, see {source.page}.")
    if wrong := fault(path, source):
        raise DataError(f"'{path}' is not the official file ({wrong}): remove it and get it again from {source.page}.")


@contextmanager
def reading_tar(archive: Path) -> Iterator[None]:
    """Turn the errors of a damaged tar file into one sentence."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"'{archive}' does not exist: check the path in the study file.") from None
    except tarfile.FilterError as error:
        raise DataError(f"'{archive}' holds a member that is not safe to unpack ({error}): do not use it.") from error
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if getattr(error, "errno", None):
            raise
        raise DataError(f"'{archive}' is damaged or truncated ({error}): remove it and get it again.") from error
