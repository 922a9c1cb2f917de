"""Atomic files, tables with facts, named seeds, progress lines."""

import errno
import hashlib
import logging
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tfnas.errors import DataError
from tfnas.files import (
    FILE,
    WRITE_FAULTS,
    atomic,
    facts_path,
    fingerprint,
    is_table,
    read_facts,
    read_json,
    read_table,
    sealed,
    section,
    sentence,
    write_json,
    write_table,
)
from tfnas.runtime.memory import keep_freed_memory
from tfnas.runtime.progress import duration, progress
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
    stated = read_json(tmp_path / "t.json")[FILE]
    content = (tmp_path / name).read_bytes()
    assert stated == {"rows": 2, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


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
    with pytest.raises(DataError, match="has no column arch: it has cell; remove it and run the same command again"):
        read_table(tmp_path / "t.csv", ("arch",))
    with pytest.raises(DataError, match=r"it has cell; map the names under a.b in the study file"):
        read_table(tmp_path / "t.csv", ("arch",), key="a.b")
    with pytest.raises(DataError, match=r"none.json' does not exist"):
        read_json(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(DataError, match="is not valid JSON"):
        read_json(tmp_path / "bad.json")


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_a_table_that_was_cut_changed_or_replaced_is_refused(tmp_path, name):
    table = pd.DataFrame({"arch": [f"cell {n}" for n in range(1000)], "value": range(1000)})
    path = tmp_path / name
    write_table(path, table, {})
    whole = path.read_bytes()
    for keep in (0, 1, len(whole) * 6 // 10, len(whole) - 1):
        path.write_bytes(whole[:keep])
        with pytest.raises(DataError, match=rf"was cut: it has {keep:,} of {len(whole):,} bytes; remove it and run"):
            read_table(path)
    path.write_bytes(whole + b"1,2\n")
    with pytest.raises(DataError, match="was changed: it has"):
        read_table(path)
    for place in (20, len(whole) // 2, len(whole) - 9):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(DataError, match=r"was changed: its sha256 is not the one that 't.json' beside it names"):
            read_table(path)
    path.write_bytes(whole)
    pd.testing.assert_frame_equal(read_table(path), table)


def test_a_table_cut_at_the_end_of_a_row_is_refused(tmp_path):
    """What no parser notices: a CSV without its last rows is a CSV."""
    path = tmp_path / "t.csv"
    write_table(path, pd.DataFrame({"value": range(10)}), {})
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:6]))
    assert len(pd.read_csv(path)) == 5
    with pytest.raises(DataError, match="was cut"):
        read_table(path)


def test_every_table_that_the_project_ships_is_the_one_its_facts_name(root):
    tables = [path for path in (root / "data").rglob("*") if is_table(path)]
    assert len(tables) >= 9
    for path in tables:
        stated = read_json(facts_path(path))[FILE]
        assert sealed(path, stated["rows"]) == stated, path


def test_a_table_of_a_person_needs_no_facts(tmp_path):
    (tmp_path / "t.csv").write_text("arch,value\na,1\n")
    assert len(read_table(tmp_path / "t.csv")) == 1
    write_json(tmp_path / "t.json", {"source": "mine"})
    assert len(read_table(tmp_path / "t.csv")) == 1


def test_flipped_bits_of_a_parquet_without_facts_are_noticed_by_its_page_checksums(tmp_path):
    path = tmp_path / "t.parquet"
    table = pd.DataFrame({"value": np.random.default_rng(0).normal(size=5000)})
    write_table(path, table, {})
    (tmp_path / "t.json").unlink()
    whole, rng = path.read_bytes(), np.random.default_rng(1)
    for place in rng.integers(0, len(whole), 100):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << rng.integers(8))]) + whole[place + 1 :])
        try:
            read = read_table(path)
        except DataError:
            continue
        pd.testing.assert_frame_equal(read, table)  # a flip in what says nothing about the values


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe\x00", "is not text in UTF-8"),
        (b"[]", "holds a list where names and values in braces are needed"),
        (b"null", "holds null where names and values"),
        (b'"text"', "holds a text where names and values"),
        (b"3", "holds a number where names and values"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"1" * 10_000, "is not valid JSON"),
        (b"{", "is not valid JSON"),
        (b"", "is not valid JSON"),
    ],
)
def test_a_json_that_holds_no_facts_is_one_sentence(tmp_path, content, sentence):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DataError, match=sentence) as caught:
        read_json(tmp_path / "a.json")
    assert "\n" not in str(caught.value)


def test_a_folder_and_a_name_too_long_in_place_of_a_json_are_one_sentence(tmp_path):
    (tmp_path / "a.json").mkdir()
    with pytest.raises(DataError, match=r"cannot be read .is a directory.: correct the path"):
        read_json(tmp_path / "a.json")
    with pytest.raises(DataError, match=r"cannot be read .file name too long.: correct the path"):
        read_json(tmp_path / ("a" * 300 + ".json"))
    with pytest.raises(DataError, match="does not exist: check the path"):
        read_table(tmp_path / ("a" * 300 + ".csv"))
    with pytest.raises(DataError, match=r"Cannot write .*its name is too long for the file system, use shorter names"):
        write_json(tmp_path / ("a" * 300 + ".json"), {})


def test_other_things_in_the_facts_of_a_person_are_one_sentence(tmp_path):
    assert section({}, "accuracies", "a.json") == {}
    with pytest.raises(
        DataError, match=r"'accuracies' in 'a.json' is null where names and values in braces are needed"
    ):
        section({"accuracies": None}, "accuracies", "a.json")
    with pytest.raises(DataError, match=r"'source' in 'a.json' is a list where a text is needed"):
        sentence({"source": []}, "source", "", "a.json")


@pytest.mark.parametrize("number", sorted(WRITE_FAULTS))
def test_whatever_the_system_says_when_it_refuses_a_file_is_one_sentence(tmp_path, number):
    def refuse():
        with atomic(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            raise OSError(number, os.strerror(number))

    with pytest.raises(DataError, match=r"Cannot write '.*a.txt': .+, .+\.$"):
        refuse()
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_reading_another_file_is_not_called_one_of_writing(tmp_path):
    def fail():
        with atomic(tmp_path / "a.txt"):
            raise PermissionError(errno.EACCES, "Permission denied", "input.csv")

    with pytest.raises(PermissionError):
        fail()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(tmp_path, name):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        table = pd.DataFrame({"value": np.random.default_rng(0).normal(size=50_000)})
        with pytest.raises(DataError, match="the disk is full, free some space and run the same command again"):
            write_table(disk / name, table, {})
        assert list(disk.iterdir()) == []
        write_table(disk / name, table[:10], {})
        assert len(read_table(disk / name)) == 10
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_what_tells_an_input_from_another_one(tmp_path, monkeypatch):
    path, folder = tmp_path / "a.csv", tmp_path / "images"
    path.write_text("one")
    first = fingerprint(path)
    os.utime(path, ns=(0, 0))
    assert fingerprint(path) == first, "its time alone does not matter"
    path.write_text("two")
    os.utime(path, ns=(0, 0))
    assert fingerprint(path) != first, "the same size and an older time do not hide another content"
    assert fingerprint(tmp_path / "none", tmp_path / ("a" * 300)) == ["absent", "absent"]
    folder.mkdir()
    (folder / "a").write_text("one")
    before = fingerprint(folder)
    (folder / "a").write_text("three")
    assert fingerprint(folder) != before
    (folder / "nowhere").symlink_to("not there")
    shutil.copytree(folder, tmp_path / "copy", copy_function=shutil.copyfile, symlinks=True)
    assert fingerprint(folder) == fingerprint(tmp_path / "copy"), "a copy is the same, whatever its times"


def test_a_large_input_is_told_by_its_size_and_pieces_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr("tfnas.files.LARGE", 1000)
    monkeypatch.setattr("tfnas.files.PIECE", 200)
    content = bytearray(os.urandom(7000))
    path, copy = tmp_path / "a.npz", tmp_path / "b.npz"
    path.write_bytes(content)
    copy.write_bytes(content)
    os.utime(copy, ns=(0, 1))
    assert fingerprint(path) == fingerprint(copy)
    for place in (0, 3500, 6999):
        changed = content.copy()
        changed[place] ^= 1
        copy.write_bytes(changed)
        assert fingerprint(path) != fingerprint(copy), place
    copy.write_bytes(content[:-1])
    assert fingerprint(path) != fingerprint(copy)


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
    """Every stream follows from the master seed; defaults are those of trials, for tests, and of the public face."""
    face = ("one_search.py", "any_network.py")
    found = []
    for path in [*(root / "src").rglob("*.py"), *(root / "workflow").rglob("*.py"), *(root / "rules").glob("*.smk")]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if LITERAL_SEED.search(line) and ">>>" not in line and "noise_seed: int = 0" not in line:
                if "    seed: int = 0" in line and (path.name in face or path.parent.name == "any_module"):
                    continue
                found.append(f"{path.relative_to(root)}:{number}: {line.strip()}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("absolute", [False, True])
def test_an_intermediate_whose_facts_are_gone_is_not_believed_by_a_library_call_either(tmp_path, monkeypatch, absolute):
    monkeypatch.chdir(tmp_path)
    path = (tmp_path if absolute else pathlib.Path()) / "results/a/summaries/search.csv"
    write_table(path, pd.DataFrame({"a": [1]}), {})
    assert read_table(path)["a"].tolist() == [1]
    facts_path(path).unlink()
    with pytest.raises(DataError, match=r"search.csv' has no 'search.json' beside it, which says whether it is whole"):
        read_table(path)
    for name in ("mine.csv", "results-of-mine/search.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a\n1\n")
        assert read_table(name)["a"].tolist() == [1], "a table that a person made needs no facts"
