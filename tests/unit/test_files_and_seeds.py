"""Atomic files, tables with facts, named seeds, progress lines."""

import logging
import os
import platform
import re
import subprocess
import sys

import pandas as pd
import pytest

from tfnas.errors import DataError
from tfnas.files import atomic, facts_path, read_facts, read_json, read_table, write_json, write_table
from tfnas.memory import keep_freed_memory
from tfnas.progress import duration, progress
from tfnas.seeds import child_rng, child_seed


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with atomic(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_of_a_file_goes_away(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    dead, alive = process.pid, os.getppid()
    for name in (f".a.{dead}.partial.json", f".a.{alive}.partial.json", f".b.{dead}.partial.json", ".a.x.partial.json"):
        (tmp_path / name).touch()
    write_json(tmp_path / "a.json", {})
    assert {path.name for path in tmp_path.iterdir()} == {
        "a.json",
        f".a.{alive}.partial.json",
        f".b.{dead}.partial.json",
        ".a.x.partial.json",
    }


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_tables_read_back_exactly_with_their_facts(tmp_path, name):
    table = pd.DataFrame({"arch": ["a", "b"], "value": [0.1 + 0.2, 1e-300]})
    write_table(tmp_path / name, table, {"made": "here"})
    pd.testing.assert_frame_equal(read_table(tmp_path / name, ("arch", "value")), table, check_exact=True)
    assert facts_path(tmp_path / name) == tmp_path / "t.json"
    assert read_facts(tmp_path / name) == {"made": "here"}


def test_the_same_table_gives_the_same_bytes(tmp_path):
    table = pd.DataFrame({"value": range(100)})
    for name in ("a.csv.gz", "b.csv.gz"):
        write_table(tmp_path / name, table)
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_damaged_and_missing_tables_are_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"none.csv' does not exist: check the path"):
        read_table(tmp_path / "none.csv")
    (tmp_path / "bad.parquet").write_text("no parquet")
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_table(tmp_path / "bad.parquet")
    write_table(tmp_path / "t.csv", pd.DataFrame({"cell": [1]}))
    with pytest.raises(DataError, match="has no column arch: it has cell; map the names"):
        read_table(tmp_path / "t.csv", ("arch",))
    with pytest.raises(DataError, match=r"none.json' does not exist"):
        read_json(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(DataError, match="is not valid JSON"):
        read_json(tmp_path / "bad.json")


def test_a_folder_without_permission_is_one_sentence(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(DataError, match="permission denied, choose a folder you may write to"):
        write_json(tmp_path / "a" / "b.json", {})


def test_a_stream_has_the_same_numbers_whenever_it_is_asked_for():
    assert child_seed(1, "digits", "naswot", 3) == child_seed(1, "digits", "naswot", 3) == 3184012139743567790
    assert len({child_seed(1, "a", "b"), child_seed(1, "ab"), child_seed(1, "b", "a"), child_seed(2, "a", "b")}) == 4
    assert child_rng(0, "x").integers(1 << 60) == child_rng(0, "x").integers(1 << 60)
    assert all(0 <= child_seed(master, "x") < 1 << 63 for master in range(100))


def test_progress_tells_rate_and_remaining_time(caplog):
    with caplog.at_level(logging.INFO, logger="tfnas"), progress(4, "cells", every=0) as advance:
        for _ in range(4):
            advance(1)
    assert len(caplog.messages) == 4
    assert caplog.messages[-1].startswith("4 of 4 cells, ")
    assert "per second, " in caplog.messages[1]
    assert caplog.messages[1].endswith(" left")


def test_durations_read_as_people_say_them():
    assert [duration(s) for s in (0.4, 59, 61, 3599, 7260)] == ["0 s", "59 s", "1 min 1 s", "59 min 59 s", "2 h 1 min"]


def test_freed_memory_is_kept_where_the_c_library_can():
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")


def test_another_c_library_is_no_error(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    assert keep_freed_memory() is False


LITERAL_SEED = re.compile(
    r"(default_rng|manual_seed|RandomState|child_rng|child_seed|random_state=)\(?\s*\d+\s*[,)]|seed(: int)? ?= ?\d"
)


def test_no_random_number_of_the_library_has_a_seed_of_its_own(root):
    """Every stream follows from the master seed; `noise_seed` of a trial is the only default, for tests alone."""
    found = []
    for path in [*(root / "src").rglob("*.py"), *(root / "workflow").rglob("*.py"), *(root / "rules").glob("*.smk")]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if LITERAL_SEED.search(line) and ">>>" not in line and "noise_seed: int = 0" not in line:
                found.append(f"{path.relative_to(root)}:{number}: {line.strip()}")
    assert not found, "\n".join(found)
