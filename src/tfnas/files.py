"""Read and write the files of a study: never half-written, and each table beside a JSON that says what it holds.

A table ``name.csv`` or ``name.parquet`` has its facts (source, meaning of columns, device, versions) in ``name.json``.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfnas.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` with the same suffix, renamed to ``path`` when the block succeeds.

    When the block fails the temporary file is removed and whatever was at ``path`` stays as it was. What killed
    processes left of the same target is removed too.

    Raises:
        DataError: the folder cannot be written to.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_dead_partials(path)
        yield temporary
        os.replace(temporary, path)
    except PermissionError as error:
        raise DataError(f"Cannot write '{path}': permission denied, choose a folder you may write to.") from error
    finally:
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


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        DataError: the file is missing or is no JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"'{path}' does not exist.") from None
    except json.JSONDecodeError as error:
        raise DataError(f"'{path}' is not valid JSON ({error}); remove it and run again.") from error


def write_table(path: str | Path, table: pd.DataFrame, facts: dict[str, Any] | None = None) -> None:
    """Write a table by its suffix (.csv, .csv.gz or .parquet), and its facts beside it as ``name.json``, atomically.

    Numbers in CSV are written with all their digits (shortest form that reads back exactly).
    """
    path = Path(path)
    if facts is not None:
        write_json(facts_path(path), facts)
    with atomic(path) as temporary:
        if path.suffix == ".parquet":
            table.to_parquet(temporary, index=False)
        elif path.name.endswith(".csv.gz"):
            # No time and no name inside, so that equal tables are equal files.
            with temporary.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                table.to_csv(packed, index=False, lineterminator="\n")
        else:
            table.to_csv(temporary, index=False, lineterminator="\n")


def read_table(path: str | Path, columns: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a table by its suffix and check that it has ``columns``.

    Raises:
        DataError: the file is missing, cannot be read, or lacks a column; the message lists the columns it has.
    """
    import pandas as pd

    path = Path(path)
    if not path.exists():
        raise DataError(f"'{path}' does not exist: check the path in the study file.")
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except MemoryError:
        raise  # the machine's fault, not the file's
    except Exception as error:
        raise DataError(f"'{path}' cannot be read as a table ({error}): it may be damaged, make it again.") from error
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DataError(
            f"'{path}' has no column {', '.join(missing)}: it has {', '.join(map(str, table.columns))}; "
            "map the names in the study file."
        )
    return table


def facts_path(path: str | Path) -> Path:
    """Return where the facts of the table at ``path`` lie: the same name with ``.json`` for its suffix."""
    path = Path(path)
    name = path.name.removesuffix(".gz")
    return path.with_name(name[: name.rindex(".")] + ".json")


def read_facts(path: str | Path) -> dict[str, Any]:
    """Read the facts of the table at ``path``."""
    return read_json(facts_path(path))
