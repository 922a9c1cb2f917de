"""Download the official files: resumed or restarted cleanly, retried, checked, and never half there under their name.

What is downloaded from where is one table, ``data/sources.tsv``, one row per file:

==============  ============================================================================================
``dataset``     dataset or archive that the file belongs to
``file``        name under which it is stored (empty: nothing to download)
``urls``        addresses, tried in this order, separated by spaces
``algorithm``   of the checksum: md5 or sha256 (empty where no checksum is published)
``checksum``    as published by the authors
``bytes``       size of the file (empty where it is not published)
``unpack``      folder that unpacking the file gives (empty: it is used as it is)
``licence``     of the data
``cite``        what to cite
``page``        page where a person finds the file
``note``        where the checksum comes from, or why there is none
==============  ============================================================================================

A file under way is ``name.partial`` with ``name.partial.json`` beside it (address and version); it gets its name only
after it was found complete and right.
"""

import json
import shutil
import socket
import ssl
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tfnas.datasets.official_files import CHUNK, Source, fault, reading_tar, sources_of
from tfnas.errors import DataError, DownloadError


class _RestartError(Exception):
    """The partial file is of no use: begin again."""


class _RefusedError(Exception):
    """This address will not give the file: try the next."""


def download(name: str, folder: str | Path, progress: bool = True, attempts: int = 4, pause: float = 2.0) -> Path:
    """Download and unpack all files of a dataset or archive; what is already there and right is kept.

    Args:
        name: value of the column ``dataset`` of the table of sources.
        folder: where the files go, usually ``resources/{name}``.
        progress: show bytes, rate and remaining time on standard error.
        attempts: tries per address, each going on where the one before broke off.
        pause: seconds before the second try; doubled before each further one.

    Returns:
        The folder.

    Raises:
        UnknownNameError: the table has no such dataset.
        DownloadError: a file could not be had from any address, or is not what was asked for.
        DataError: the folder cannot be written to.
    """
    folder = Path(folder)
    sources = sources_of(name)
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for source in sources:
            if not source.file or (source.unpack and (folder / source.unpack).is_dir()):
                continue
            path = fetch(source, folder, progress, attempts, pause)
            if source.unpack:
                unpack(path, folder, source.unpack)
    return folder


def fetch(source: Source, folder: Path, progress: bool = True, attempts: int = 4, pause: float = 2.0) -> Path:
    """Download one file, unless it is there and right; see :func:`download`.

    Returns:
        The path of the checked file.
    """
    target = folder / source.file
    if target.is_file():
        if fault(target, source) is None:
            return target
        target.unlink()
    partial = target.with_name(target.name + ".partial")
    reasons = []
    for url in source.urls:
        reason = _try(url, partial, source, progress, attempts, pause)
        if reason is None:
            partial.replace(target)
            _discard(partial)
            return target
        reasons.append(reason)
    asked = "from its only address" if len(reasons) == 1 else f"from any of its {len(reasons)} addresses"
    raise DownloadError(
        f"Cannot download '{source.file}' of {source.dataset} {asked} ({'; '.join(reasons) or 'none is known'}): check "
        f"the network and run again, or get it by hand from {source.page} and put its path into the study file."
    )


def _try(url: str, partial: Path, source: Source, progress: bool, attempts: int, pause: float) -> str | None:
    """Bring the whole file from one address to ``partial``, and return what went wrong in the end, None if nothing.

    An address that cannot be reached at all is not asked again: without a network each try would only take time.
    """
    reason, reached = "", False
    for attempt in range(attempts):
        if attempt:
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            _transfer(url, partial, source, progress)
            wrong = fault(partial, source)
            if wrong is None:
                return None
            raise _RestartError(f"what {url} sent is not the file: {wrong}")
        except _RestartError as error:
            reason, reached = str(error), True
            _discard(partial)
        except _RefusedError as error:
            return str(error)
        except URLError as error:
            reason, reached = _say(url, error), reached or isinstance(error, HTTPError)
            if not reached:
                return reason
        except (HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
            reason, reached = _say(url, error), True
    return reason


def _transfer(url: str, partial: Path, source: Source, progress: bool) -> None:
    """Bring ``partial`` to its full length from one address, going on from what is there where that is safe."""
    notes = partial.with_name(partial.name + ".json")
    start, validator = _resume_point(partial, notes, url, source)
    headers = {"User-Agent": "tfnas", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if validator:
            headers["If-Range"] = validator
    try:
        response = urlopen(Request(url, headers=headers), timeout=60)
    except HTTPError as error:
        if error.code == 416:
            raise _RestartError(f"{url} has no more bytes than the partial file") from None
        if error.code in (408, 425, 429) or error.code >= 500:
            raise
        raise _RefusedError(f"{url} answered {error.code} {error.reason}") from None
    with response:
        if "text/html" in (response.headers.get("Content-Type") or ""):
            raise _RefusedError(f"{url} answered with a web page instead of the file: a sign-in, or a used-up quota")
        if response.status != 206:
            start = 0
        elif not (response.headers.get("Content-Range") or "").startswith(f"bytes {start}-"):
            raise _RestartError(f"{url} sent another part of the file than was asked for")
        length = response.headers.get("Content-Length")
        total = start + int(length) if length is not None else source.bytes
        version = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
        notes.write_text(json.dumps({"url": url, "version": version}), encoding="utf-8")
        _receive(response, partial, start, total, progress)
    size = partial.stat().st_size
    if total is not None and size < total:
        raise ConnectionError(f"the connection broke off after {size:,} of {total:,} bytes")


def _resume_point(partial: Path, notes: Path, url: str, source: Source) -> tuple[int, str]:
    """Return how many bytes of ``partial`` are a sound beginning of the file at ``url``, and its version there.

    Sound means: from the same address, and either the server can compare versions or a checksum will judge the whole.
    """
    try:
        known = json.loads(notes.read_text(encoding="utf-8"))
        version = "" if known["version"].startswith("W/") else known["version"]
        if known["url"] == url and (version or source.checksum):
            return partial.stat().st_size, version
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return 0, ""


def _say(url: str, error: Exception) -> str:
    """Return what went wrong with an address, in words."""
    if isinstance(error, HTTPError):
        return f"{url} answered {error.code} {error.reason}"
    cause = getattr(error, "reason", None) or error
    if isinstance(cause, socket.gaierror):
        return f"{url}: no network, or no such host"
    return f"{url}: {cause or type(error).__name__}"


def _receive(response: HTTPResponse, partial: Path, start: int, total: int | None, progress: bool) -> None:
    from tqdm import tqdm

    name = partial.name.removesuffix(".partial")
    with (
        partial.open("ab" if start else "wb") as file,
        tqdm(
            desc=name,
            total=total,
            initial=start,
            unit="B",
            unit_scale=True,
            disable=not progress,
            mininterval=0.5 if sys.stderr.isatty() else 30,
        ) as bar,
    ):
        while block := response.read(CHUNK):
            file.write(block)
            bar.update(len(block))


def _discard(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    partial.with_name(partial.name + ".json").unlink(missing_ok=True)


def unpack(archive: Path, folder: Path, result: str) -> Path:
    """Unpack a tar file so that ``folder / result`` appears complete or not at all.

    Members that would land outside the folder, and anything that is no plain file or folder, are refused.

    Args:
        archive: the tar file, compressed or not.
        folder: where to unpack to.
        result: the folder that the archive holds.

    Raises:
        DataError: the archive is damaged, truncated, or holds something else.
    """
    scratch = folder / f".{result}.unpacking"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        with reading_tar(archive), tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        if not (scratch / result).is_dir():
            raise DataError(f"'{archive}' holds no folder '{result}': it is another archive, remove it and run again.")
        (scratch / result).replace(folder / result)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder / result


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn the errors of a folder that cannot be written to into one sentence."""
    try:
        yield
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise DataError(
            f"Cannot write to '{folder}' ({error.strerror}): choose a folder that you may write to."
        ) from error
    except OSError as error:
        if error.strerror in ("No space left on device", "Disk quota exceeded", "Read-only file system"):
            raise DataError(f"Cannot write to '{folder}' ({error.strerror}): make room or choose another.") from error
        raise
