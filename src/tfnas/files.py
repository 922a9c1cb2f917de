"""Read and write the files of a study: never half-written, and each table beside a JSON that says what it holds.

A table ``name.csv`` or ``name.parquet`` has its facts (source, meaning of columns, device, versions) in ``name.json``.
The facts also say under :data:`FILE` how many rows and bytes the table has, and its sha256. Whoever reads the table
finds out whether it is still the file that was written: one that was cut, flipped or replaced is refused. A table that
a person made has no such facts, and is taken as it is. A table below ``results/`` of the working folder was written
here: without its facts nobody could say whether it is whole, and it is refused (:func:`require_facts`).
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfnas.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

FILE = "file"
"""Key of the facts of a table under which its rows, bytes and sha256 stand."""

TABLES = (".csv", ".csv.gz", ".parquet")
"""How the names of tables end."""

LARGE = 64 * 2**20
"""Bytes from which a file is told from another one by its size and pieces of it, not by all that it holds."""

SAMPLES = 64
"""Pieces of a large file, and files of a folder, that are read to tell one from another."""

PIECE = 2**16
"""Bytes of a piece."""

_ANOTHER_FOLDER = "choose a folder you may write to"

WRITE_FAULTS = {
    errno.EACCES: ("permission denied", _ANOTHER_FOLDER),
    errno.EPERM: ("permission denied", _ANOTHER_FOLDER),
    errno.EROFS: ("the file system is read-only", _ANOTHER_FOLDER),
    errno.ENOSPC: ("the disk is full", "free some space and run the same command again"),
    errno.EDQUOT: ("your quota of this disk is used up", "free some space and run the same command again"),
    errno.EFBIG: ("the file is larger than the system allows", "raise the limit (ulimit -f) or use another disk"),
    errno.EIO: ("the disk reports an error", "check the disk, or use another one"),
    errno.ENAMETOOLONG: ("its name is too long for the file system", "use shorter names in the study file"),
    errno.ENOTDIR: ("a file stands where a folder is needed", "remove or rename that file"),
    errno.EISDIR: ("a folder stands where the file belongs", "remove or rename that folder"),
}
"""Why the system may refuse to write a file, in words, and what to do about it."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
"""Those of them that only writing can meet, whichever file the error names."""


def user_cache() -> Path:
    """Return the folder for what is found once for all studies of a user and can be found again at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tfnas"


def write_fault(error: OSError, path: str | Path) -> DataError | None:
    """Return the sentence for a file that the system refused to write, None where the error is of another kind."""
    number = errno.EACCES if isinstance(error, PermissionError) else error.errno
    if number not in WRITE_FAULTS:
        return None
    reason, mend = WRITE_FAULTS[number]
    return DataError(f"Cannot write '{short(path)}': {reason}, {mend}.")


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` with the same suffix, renamed to ``path`` when the block succeeds.

    When the block fails the temporary file is removed and whatever was at ``path`` stays as it was. What killed
    processes left of the same target is removed too.

    Raises:
        DataError: the system refuses to write the file, for one of the reasons of :data:`WRITE_FAULTS`.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_dead_partials(path)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        # An error that names another file is of reading that one.
        ours = error.filename is None or Path(error.filename) in {temporary, path, *path.parents}
        fault = write_fault(error, path) if ours else None
        if fault is None:
            raise
        raise fault from error
    finally:
        with suppress(OSError):  # a name too long, a folder that is none: nothing is there to remove
            temporary.unlink(missing_ok=True)


def _remove_dead_partials(path: Path) -> None:
    """Remove temporary files of ``path`` whose process, which has its number in their name, is no more."""
    pattern = re.compile(rf"\.{re.escape(path.stem)}\.(\d+)\.partial{re.escape(path.suffix)}")
    for file in path.parent.glob(".*.partial*"):
        match = pattern.fullmatch(file.name)
        if match and not _is_alive(int(match[1])):
            file.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # somebody else's, and alive
    return True


def write_json(path: str | Path, content: Any) -> None:
    """Write ``content`` as indented JSON, atomically."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a JSON file that holds an object: names and their values.

    Raises:
        DataError: the file is missing, is no JSON in UTF-8, or holds something else.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DataError(f"'{path}' does not exist.") from None
    except OSError as error:
        raise DataError(f"'{short(path)}' cannot be read ({_reason(error)}): correct the path.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' is not text in UTF-8 (byte {error.start}): save it as UTF-8.") from error
    except RecursionError as error:
        raise DataError(f"'{path}' is nested too deeply to be facts: write it anew.") from error
    except ValueError as error:  # json.JSONDecodeError, and numbers of thousands of digits
        raise DataError(f"'{path}' is not valid JSON ({error}); remove it and run again.") from error
    if not isinstance(content, dict):
        raise DataError(f"'{path}' holds {_kind(content)} where names and values in braces are needed: write it anew.")
    return content


def section(facts: dict[str, Any], key: str, place: str | Path) -> dict[str, Any]:
    """Return the names and values under a key of facts that a person may have written; none where the key is absent.

    Raises:
        DataError: something else stands there.
    """
    return _entry(facts, key, {}, "names and values in braces are needed", place)


def sentence(facts: dict[str, Any], key: str, default: str, place: str | Path) -> str:
    """Return the text under a key of facts that a person may have written, ``default`` where the key is absent.

    Raises:
        DataError: something else stands there.
    """
    return _entry(facts, key, default, "a text is needed", place)


def _entry(facts: dict[str, Any], key: str, default: Any, needed: str, place: str | Path) -> Any:
    content = facts.get(key, default)
    if not isinstance(content, type(default)):
        raise DataError(f"'{key}' in '{place}' is {_kind(content)} where {needed}: mend or remove it.")
    return content


def _kind(content: Any) -> str:
    names = {dict: "names and values", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(content), "a number")


def short(path: str | Path) -> str:
    """Return a path as messages show it: the middle of one that fills the screen is left out."""
    text = str(path)
    return text if len(text) < 200 else f"{text[:60]}...{text[-60:]}"


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def is_there(path: str | Path) -> bool:
    """Return whether a path exists; one that no file system could hold (too long) does not."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def write_table(path: str | Path, table: pd.DataFrame, facts: dict[str, Any] | None = None) -> None:
    """Write a table by its suffix (.csv, .csv.gz or .parquet), and its facts beside it as ``name.json``, atomically.

    Numbers in CSV are written with all their digits (shortest form that reads back exactly). The facts are written
    after the table, with its rows, bytes and sha256 added under :data:`FILE`; without facts these are all there is.
    """
    write_json(facts_path(path), {**(facts or {}), FILE: write_alone(path, table)})


def write_alone(path: str | Path, table: pd.DataFrame) -> dict[str, Any]:
    """Write a table by its suffix as :func:`write_table` does, but no facts, and return what they would say of it."""
    path = Path(path)
    with atomic(path) as temporary:
        if path.suffix == ".parquet":
            table.to_parquet(temporary, index=False, write_page_checksum=True)
        elif path.name.endswith(".csv.gz"):
            # No time and no name inside, so that equal tables are equal files.
            with temporary.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                table.to_csv(packed, index=False, lineterminator="\n")
        else:
            table.to_csv(temporary, index=False, lineterminator="\n")
        return sealed(temporary, len(table))


def sealed(path: str | Path, rows: int) -> dict[str, Any]:
    """Return what facts say of a file under :data:`FILE`: rows, bytes and sha256."""
    with Path(path).open("rb") as file:
        return {"rows": rows, "bytes": os.fstat(file.fileno()).st_size, "sha256": _sha256(file)}


def _sha256(file: BufferedReader) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def read_table(
    path: str | Path, columns: tuple[str, ...] = (), key: str = "", texts: Collection[str] = ()
) -> pd.DataFrame:
    """Read a table by its suffix and check that it has ``columns`` and is the file that its facts speak of.

    Args:
        path: the table.
        columns: columns that it must have.
        key: key of the study file under which names of columns can be mapped, for a table that a person gave.
        texts: columns of a CSV that are texts even where all of them could be numbers, as ``00000000``.

    Raises:
        DataError: the file is missing, cannot be read, is not the one that was written, is one of a study and has no
            facts (:func:`require_facts`), or lacks a column; the message lists the columns it has.
    """
    import pandas as pd

    path = Path(path)
    stated = _stated(path)
    try:
        with _opened(path, stated) as file:
            if path.suffix == ".parquet":
                table = pd.read_parquet(file, page_checksum_verification=True)
            else:
                packed = "gzip" if path.suffix == ".gz" else None
                table = pd.read_csv(file, compression=packed, dtype=dict.fromkeys(texts, "str"))
    except (DataError, MemoryError):
        raise  # the latter is the machine's fault, not the file's
    except Exception as error:
        raise DataError(f"'{path}' cannot be read as a table ({error}): it may be damaged, make it again.") from error
    if stated and stated.get("rows", len(table)) != len(table):
        raise DataError(f"'{path}' has {len(table)} rows where its facts say {stated['rows']}: {MAKE_AGAIN}.")
    if missing := [column for column in columns if column not in table.columns]:
        mend = f"map the names under {key} in the study file" if key else MAKE_AGAIN
        raise DataError(
            f"'{path}' has no column {', '.join(missing)}: it has {', '.join(map(str, table.columns))}; {mend}."
        )
    return table


@contextmanager
def _opened(path: Path, stated: dict[str, Any] | None) -> Iterator[BufferedReader]:
    """Open a table that must be the one that its facts speak of, if they speak of one."""
    if not is_there(path):
        raise DataError(f"'{short(path)}' does not exist: check the path in the study file.")
    require_facts(path)
    with path.open("rb") as file:
        if stated:
            _check_seal(path, file, stated)
            file.seek(0)
        yield file


def read_bytes(path: str | Path) -> bytes:
    """Return what stands in a file that must be the one that its facts speak of, as :func:`read_table` does.

    Raises:
        DataError: the file is missing, cannot be read, or is not the one that was written.
    """
    path = Path(path)
    try:
        with _opened(path, _stated(path)) as file:
            return file.read()
    except OSError as error:
        raise DataError(f"'{short(path)}' cannot be read ({_reason(error)}): correct the path.") from error


MAKE_AGAIN = "remove it and run the same command again, or get it anew"


def require_facts(path: str | Path) -> None:
    """Refuse a table of a study whose facts are gone: nobody could say whether it is whole.

    Jobs ask for all their inputs before they begin, :func:`read_table` for every table. Tables of a study are those
    below ``results/`` of the working folder, where Snakemake runs; elsewhere a table may be one that a person made.

    Raises:
        DataError: a table below ``results/`` has no facts beside it.
    """
    within = os.path.abspath(path).startswith(os.path.join(os.path.abspath("results"), ""))
    if within and is_table(path) and not is_there(facts_path(path)):
        raise DataError(
            f"'{path}' has no '{facts_path(path).name}' beside it, which says whether it is whole: remove the table "
            "and run the same command again."
        )


def _stated(path: Path) -> dict[str, Any] | None:
    """Return what the facts beside a table say of the file, None where there are none or they do not say.

    Facts that several tables share say by suffix what they say of all but the first of them.
    """
    facts = facts_path(path)
    if not is_there(facts):
        return None
    stated = section(read_json(facts), FILE, facts)
    return stated.get(suffix_of(path), stated) or None


def _check_seal(path: Path, file: BufferedReader, stated: dict[str, Any]) -> None:
    """Refuse a table whose bytes are not those that its facts speak of."""
    size = os.fstat(file.fileno()).st_size
    if size != stated.get("bytes", size):
        what = "was cut" if size < stated["bytes"] else "was changed"
        raise DataError(f"'{path}' {what}: it has {size:,} of {stated['bytes']:,} bytes; {MAKE_AGAIN}.")
    if "sha256" in stated and _sha256(file) != stated["sha256"]:
        raise DataError(
            f"'{path}' was changed: its sha256 is not the one that '{facts_path(path).name}' beside it names; "
            f"{MAKE_AGAIN}."
        )


def is_table(path: str | Path) -> bool:
    """Return whether a path has the name of a table."""
    return str(path).endswith(TABLES)


def facts_path(path: str | Path) -> Path:
    """Return where the facts of the table at ``path`` lie: the same name with ``.json`` for its suffix."""
    path = Path(path)
    return path.with_name(path.name.removesuffix(suffix_of(path)) + ".json")


def suffix_of(path: str | Path) -> str:
    """Return how the name of a table ends: ``.parquet``, ``.csv`` or ``.csv.gz``."""
    name = Path(path).name
    return name[name.removesuffix(".gz").rindex(".") :]


def read_facts(path: str | Path) -> dict[str, Any]:
    """Read the facts of the table at ``path``, without what they say of the file itself."""
    facts = read_json(facts_path(path))
    facts.pop(FILE, None)
    return facts


def fingerprint(*paths: str | Path) -> list[str]:
    """Return for each path what tells its content from another, whatever its times: a copy has the fingerprint of it.

    Snakemake asks whether an input is newer than an output. Rules that read what a user gave have this among their
    ``params``, so that an input replaced by an older file is noticed, too. Reading everything would make each dry-run
    slow: of a file of :data:`LARGE` bytes and more :data:`SAMPLES` pieces are read, and of a folder so many of its
    files; the others are told by name and size.
    """
    return [_fingerprint_of(Path(path)) for path in paths]


def _fingerprint_of(path: Path) -> str:
    if not is_there(path):
        return "absent"
    if not path.is_dir():
        return _fingerprint_of_file(path)
    files = sorted(os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)
    read = set(files[:: -(-len(files) // SAMPLES) or 1])
    told = "\n".join(
        f"{os.path.relpath(file, path)} {_fingerprint_of_file(Path(file)) if file in read else os.lstat(file).st_size}"
        for file in files
    )
    return f"{len(files)} files, sha256 {hashlib.sha256(told.encode(errors='replace')).hexdigest()}"


def _fingerprint_of_file(path: Path) -> str:
    if not path.exists():
        return "absent"  # a link to nothing
    told = path.stat()
    return _digest(path, told.st_size, told.st_ctime_ns)


@cache
def _digest(path: Path, size: int, changed: int) -> str:
    """Return the sha256 of a file, or of its size and pieces of it where it is large.

    Its size and the time of its last change, which nobody can set, tell old answers apart.
    """
    with path.open("rb") as file:
        if size < LARGE:
            return f"sha256 {_sha256(file)}"
        digest = hashlib.sha256()
        for place in range(SAMPLES):
            file.seek(place * (size - PIECE) // (SAMPLES - 1))
            digest.update(file.read(PIECE))
    return f"{size} bytes, sha256 of pieces {digest.hexdigest()}"


def write_yaml(path: str | Path, content: Any) -> None:
    """Write ``content`` as YAML, atomically, keys in their order."""
    import yaml

    with atomic(path) as temporary:
        temporary.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
