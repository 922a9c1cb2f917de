"""Downloads from a server on this machine: broken off and resumed, wrong checksum, mirrors, no network, bad tars."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import socket
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import URLError

import pytest

from tfnas.datasets import downloads, official_files
from tfnas.datasets.downloads import download, fetch, unpack
from tfnas.datasets.official_files import Source, read_sources, sources_of, verify
from tfnas.errors import DataError, DownloadError, UnknownNameError

CONTENT = bytes(range(256)) * 4000


class _Handler(BaseHTTPRequestHandler):
    """Serves CONTENT; the path says with what trouble."""

    def do_GET(self):
        server = self.server
        start = int(re.match(r"bytes=(\d+)-", self.headers.get("Range") or "bytes=0-")[1])
        same = self.headers.get("If-Range") in (None, server.etag)
        server.seen.append((self.path, start, self.headers.get("If-Range")))
        turn = sum(path == self.path for path, *_ in server.seen)
        if self.path == "/404" or (self.path == "/busy-once" and turn == 1):
            self.send_error(404 if self.path == "/404" else 503)
            return
        if self.path == "/page":
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(b"<html>quota exceeded</html>")
            return
        content = b"x" * len(CONTENT) if self.path == "/wrong" else server.content
        ranged = bool(self.headers.get("Range")) and same and self.path != "/no-ranges"
        if ranged and start >= len(content):
            self.send_error(416)
            return
        body = content[start:] if ranged else content
        self.send_response(206 if ranged else 200)
        if ranged:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if server.etag:
            self.send_header("ETag", server.etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        breaks = self.path == "/breaks-always" or (self.path in ("/breaks-once", "/no-ranges") and turn == 1)
        self.wfile.write(body[: len(body) // 2] if breaks else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.seen, server.etag, server.content = [], '"one"', CONTENT
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def source(*urls: str, content: bytes = CONTENT, **changes) -> Source:
    fields = {
        "dataset": "toy",
        "file": "toy.bin",
        "urls": urls,
        "algorithm": "md5",
        "checksum": hashlib.md5(content).hexdigest(),
        "bytes": None,
        "unpack": "",
        "licence": "",
        "cite": "",
        "page": "https://example.org/toy",
        "note": "",
    }
    return Source(**{**fields, **changes})


def get(item: Source, folder: Path, attempts: int = 2) -> Path:
    return fetch(item, folder, progress=False, attempts=attempts, pause=0.01)


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_downloaded_once(server, tmp_path):
    item = source(f"{server.url}/good", bytes=len(CONTENT))
    assert get(item, tmp_path).read_bytes() == CONTENT
    get(item, tmp_path)
    assert len(server.seen) == 1
    assert leftovers(tmp_path) == ["toy.bin"]


def test_a_broken_download_goes_on_where_it_stopped(server, tmp_path):
    assert get(source(f"{server.url}/breaks-once"), tmp_path).read_bytes() == CONTENT
    assert [start for _, start, _ in server.seen] == [0, len(CONTENT) // 2]
    assert server.seen[1][2] == '"one"'
    assert leftovers(tmp_path) == ["toy.bin"]


def test_a_later_run_resumes_what_an_earlier_one_left(server, tmp_path):
    item = source(f"{server.url}/breaks-always")
    with pytest.raises(DownloadError, match="broke off after"):
        get(item, tmp_path, attempts=1)
    assert leftovers(tmp_path) == ["toy.bin.partial", "toy.bin.partial.json"]
    with pytest.raises(DownloadError):
        get(item, tmp_path, attempts=1)
    assert [start for _, start, _ in server.seen] == [0, len(CONTENT) // 2]


def test_a_changed_file_is_restarted(server, tmp_path):
    with pytest.raises(DownloadError):
        get(source(f"{server.url}/breaks-once"), tmp_path, attempts=1)
    server.etag = '"two"'
    assert get(source(f"{server.url}/breaks-once"), tmp_path).read_bytes() == CONTENT


def test_a_server_without_ranges_restarts(server, tmp_path):
    assert get(source(f"{server.url}/no-ranges"), tmp_path).read_bytes() == CONTENT


def test_without_checksum_and_version_nothing_is_resumed(server, tmp_path):
    server.etag = ""
    assert get(source(f"{server.url}/breaks-once", checksum=""), tmp_path).read_bytes() == CONTENT
    assert [start for _, start, _ in server.seen] == [0, 0]


def test_a_partial_file_that_is_already_too_long_is_restarted(server, tmp_path):
    with pytest.raises(DownloadError):
        get(source(f"{server.url}/breaks-once"), tmp_path, attempts=1)
    (tmp_path / "toy.bin.partial").write_bytes(CONTENT + b"more")
    assert get(source(f"{server.url}/breaks-once"), tmp_path).read_bytes() == CONTENT


def test_the_mirror_is_asked_after_a_404(server, tmp_path):
    assert get(source(f"{server.url}/404", f"{server.url}/good"), tmp_path).read_bytes() == CONTENT
    assert [path for path, *_ in server.seen] == ["/404", "/good"]


def test_a_busy_server_is_asked_again(server, tmp_path):
    assert get(source(f"{server.url}/busy-once"), tmp_path).read_bytes() == CONTENT


def test_a_web_page_is_not_the_file(server, tmp_path):
    with pytest.raises(DownloadError, match="web page instead of the file"):
        get(source(f"{server.url}/page", checksum=""), tmp_path)
    assert leftovers(tmp_path) == []


def test_a_wrong_checksum_is_one_sentence_and_leaves_nothing(server, tmp_path):
    with pytest.raises(DownloadError, match=r"wrong checksum: its md5 is \w{32} where \w{32} is expected") as raised:
        get(source(f"{server.url}/wrong"), tmp_path)
    assert "get it by hand from https://example.org/toy" in str(raised.value)
    assert leftovers(tmp_path) == []


def test_a_wrong_size_is_found_before_the_checksum(server, tmp_path):
    with pytest.raises(DownloadError, match=r"it has 1,024,000 bytes where 7 are expected"):
        get(source(f"{server.url}/good", bytes=7, checksum=""), tmp_path)


def test_a_damaged_file_in_the_folder_is_replaced(server, tmp_path):
    (tmp_path / "toy.bin").write_bytes(b"half")
    assert get(source(f"{server.url}/good"), tmp_path).read_bytes() == CONTENT


@pytest.fixture
def pauses(monkeypatch):
    """Count pauses in place of making them."""
    made = []
    monkeypatch.setattr(downloads.time, "sleep", made.append)
    return made


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_no_server_is_one_sentence_at_once(tmp_path, pauses):
    port = free_port()
    with pytest.raises(
        DownloadError,
        match=r"Cannot download 'toy.bin' of toy from its only address \(http://127.0.0.1:\d+/x: .*refused.*\): check",
    ):
        get(source(f"http://127.0.0.1:{port}/x"), tmp_path, attempts=4)
    assert pauses == []


def test_no_network_is_one_report_of_every_address_at_once(tmp_path, monkeypatch, pauses):
    asked = []

    def fail(host, *_, **__):
        asked.append(host)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    monkeypatch.setenv("no_proxy", "*")
    cifar = next(item for item in sources_of("cifar10") if len(item.urls) > 1)
    with pytest.raises(DownloadError) as raised:
        fetch(cifar, tmp_path, progress=False)
    sentence = str(raised.value)
    assert "from any of its 2 addresses (" in sentence
    for url in cifar.urls:
        assert f"{url}: no network, or no such host" in sentence
    assert len(asked) == len(cifar.urls)
    assert pauses == []


def test_every_address_is_named_with_its_own_reason(server, tmp_path):
    with pytest.raises(DownloadError) as raised:
        get(source(f"{server.url}/404", f"{server.url}/page", f"http://127.0.0.1:{free_port()}/x"), tmp_path)
    said = str(raised.value)
    assert f"{server.url}/404 answered 404" in said
    assert f"{server.url}/page answered with a web page" in said
    assert "refused" in said
    assert said.count("\n") == 0


def test_a_server_that_goes_away_on_the_way_is_asked_again(server, tmp_path, monkeypatch):
    opened, real = [], downloads.urlopen

    def flaky(request, timeout):
        opened.append(request)
        if len(opened) == 2:
            raise URLError(ConnectionRefusedError("refused"))
        return real(request, timeout=timeout)

    monkeypatch.setattr(downloads, "urlopen", flaky)
    assert get(source(f"{server.url}/breaks-once"), tmp_path, attempts=3).read_bytes() == CONTENT
    assert len(opened) == 3


def test_the_archive_has_two_addresses():
    (archive,) = sources_of("NATS-tss")
    assert [url.split("/")[2] for url in archive.urls] == ["drive.usercontent.google.com", "www.dropbox.com"]


def table_of(monkeypatch, path: Path, *items: Source) -> None:
    names = list(Source.__dataclass_fields__)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        for item in items:
            row = {name: getattr(item, name) for name in names}
            writer.writerow({**row, "urls": " ".join(item.urls), "bytes": "" if item.bytes is None else item.bytes})
    monkeypatch.setattr(official_files, "SOURCES", path)


def tar_of(path: Path, members: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def test_a_dataset_is_downloaded_and_unpacked(server, tmp_path, monkeypatch):
    archive = tar_of(tmp_path / "made.tar.gz", {"inside/a": b"a", "inside/b": b"b"}).read_bytes()
    server.content = archive
    item = source(f"{server.url}/good", content=archive, file="toy.tar.gz", unpack="inside")
    table_of(monkeypatch, tmp_path / "sources.tsv", item)
    folder = download("toy", tmp_path / "new" / "toy", progress=False, attempts=1)
    (folder / "toy.tar.gz").unlink()
    download("toy", folder, progress=False, attempts=1)
    assert (folder / "inside" / "b").read_bytes() == b"b"
    assert len(server.seen) == 1


def test_an_unwritable_folder_is_one_sentence(server, tmp_path, monkeypatch):
    table_of(monkeypatch, tmp_path / "sources.tsv", source(f"{server.url}/good"))
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DataError, match=r"Cannot write to '.*file/toy' \(Not a directory\): choose a folder"):
        download("toy", tmp_path / "file" / "toy", progress=False)


@pytest.mark.parametrize("code", ["Permission denied", "No space left on device"])
def test_a_folder_that_refuses_is_one_sentence(code, tmp_path):
    import errno

    number = {"Permission denied": errno.EACCES, "No space left on device": errno.ENOSPC}[code]
    with pytest.raises(DataError, match=rf"Cannot write to '.*' \({code}\)"), downloads.writing_to(tmp_path):
        raise OSError(number, code)


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_truncated_tar_is_one_sentence(mode, tmp_path):
    path = tar_of(tmp_path / "toy.tar", {"inside/a": bytes(range(256)) * 100}, mode)
    path.write_bytes(path.read_bytes()[: 900 if mode == "w" else 150])
    with pytest.raises(DataError, match=r"'.*toy.tar' is damaged or truncated .*: remove it and get it again"):
        unpack(path, tmp_path, "inside")
    assert leftovers(tmp_path) == ["toy.tar"]


def test_a_file_that_is_no_tar_is_one_sentence(tmp_path):
    (tmp_path / "toy.tar").write_bytes(b"hello" * 1000)
    with pytest.raises(DataError, match="is damaged or truncated"):
        unpack(tmp_path / "toy.tar", tmp_path, "inside")


def test_a_tar_of_something_else_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match="holds no folder 'inside'"):
        unpack(tar_of(tmp_path / "toy.tar", {"other/a": b"a"}), tmp_path, "inside")


def test_a_tar_that_climbs_out_is_refused(tmp_path):
    with pytest.raises(DataError, match="not safe to unpack"):
        unpack(tar_of(tmp_path / "toy.tar", {"../../evil": b"a"}), tmp_path, "inside")
    assert not (tmp_path.parent / "evil").exists()


def test_verify_names_the_file(tmp_path):
    with pytest.raises(DataError, match=r"'.*toy.bin' does not exist: it is one of the files of toy"):
        verify(tmp_path / "toy.bin", source())
    (tmp_path / "toy.bin").write_bytes(b"else")
    with pytest.raises(DataError, match=r"'.*toy.bin' is not the official file \(wrong checksum"):
        verify(tmp_path / "toy.bin", source())


def test_the_table_of_sources_is_complete():
    sources = read_sources()
    for item in sources:
        assert item.licence, item
        assert item.cite, item
        assert item.page.startswith("https://"), item
        assert bool(item.checksum) == bool(item.algorithm), item
        assert item.checksum or item.note, f"{item.file}: no checksum and no reason"
        assert len(item.checksum) == {"": 0, "md5": 32, "sha256": 64}[item.algorithm], item
        assert all(url.startswith("https://") for url in item.urls), item
    assert {item.dataset for item in sources} == {"cifar10", "cifar100", "ImageNet16-120", "digits", "NATS-tss"}


def test_checksums_are_those_of_the_official_readers():
    torchvision = pytest.importorskip("torchvision.datasets")
    xautodl = pytest.importorskip("xautodl.datasets.DownsampledImageNet")
    found = {item.file: item.checksum for item in read_sources()}
    assert found[torchvision.CIFAR10.filename] == torchvision.CIFAR10.tgz_md5
    assert found[torchvision.CIFAR100.filename] == torchvision.CIFAR100.tgz_md5
    for name, md5 in xautodl.ImageNet16.train_list + xautodl.ImageNet16.valid_list:
        assert found[name] == md5


def test_an_unknown_download_lists_those_there_are():
    with pytest.raises(UnknownNameError, match=r"Unknown download 'nope' in data/sources.tsv: choose one of"):
        sources_of("nope")


def test_a_missing_table_of_sources_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match="run from a checkout"):
        read_sources(tmp_path / "none.tsv")
