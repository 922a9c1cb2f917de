"""Shipped score tables are checked before they are used."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tfnas.cells import SPACE_SIZE, all_strings
from tfnas.errors import DataError, ScoreError, UnknownNameError
from tfnas.files import read_facts, read_json, read_table, write_table
from tfnas.shipped import ship, take_shipped


def write_shipped(path, cells=SPACE_SIZE):
    """Write a score table of one proxy for the first cells of the space."""
    score = np.random.default_rng(0).normal(size=cells)
    table = pd.DataFrame({"arch": all_strings()[:cells], "proxy": "naswot", "score": score, "raw": score})
    table = table.assign(spread=np.nan, repeats=1, seconds=0.1, scored_arch=table["arch"], reason="")
    write_table(path, table, {"dataset": "cifar10", "batch": {"images": 128}})


def test_a_complete_table_is_taken_over(tmp_path):
    write_shipped(tmp_path / "cifar10.csv.gz")
    take_shipped(tmp_path / "cifar10.csv.gz", ["naswot"], tmp_path / "scores.csv", tmp_path / "batch.json")
    assert len(read_table(tmp_path / "scores.csv")) == SPACE_SIZE
    assert read_facts(tmp_path / "scores.csv")["shipped_from"].endswith("cifar10.csv.gz")
    assert read_json(tmp_path / "batch.json") == {"images": 128}


def test_a_proxy_it_does_not_hold(tmp_path):
    write_shipped(tmp_path / "cifar10.csv.gz")
    with pytest.raises(UnknownNameError, match=r"Unknown proxy 'synflow' in .*cifar10.csv.gz: choose one of naswot"):
        take_shipped(tmp_path / "cifar10.csv.gz", ["synflow"], tmp_path / "scores.csv", tmp_path / "batch.json")


def test_an_incomplete_table(tmp_path):
    write_shipped(tmp_path / "cifar10.csv.gz", cells=100)
    with pytest.raises(ScoreError, match="holds 100 of 15625 cells for proxy 'naswot': it is incomplete"):
        take_shipped(tmp_path / "cifar10.csv.gz", ["naswot"], tmp_path / "scores.csv", tmp_path / "batch.json")


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        take_shipped(tmp_path / "cifar10.csv.gz", ["naswot"], tmp_path / "scores.csv", tmp_path / "batch.json")


def test_a_computed_table_can_be_shipped_and_taken_back(tmp_path):
    write_shipped(tmp_path / "scores.csv")
    path = ship(tmp_path / "scores.csv", tmp_path / "data", note="On a busy machine.")
    assert path == tmp_path / "data" / "cifar10.csv.gz"
    assert read_facts(path)["note"] == "On a busy machine."
    take_shipped(path, ["naswot"], tmp_path / "back.csv", tmp_path / "batch.json")
    assert (tmp_path / "back.csv").read_bytes() == (tmp_path / "scores.csv").read_bytes()
