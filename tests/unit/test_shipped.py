"""Shipped score tables are checked before they are used."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tfnas.cells import SPACE_SIZE, all_strings
from tfnas.errors import DataError, ScoreError, UnknownNameError
from tfnas.files import read_facts, read_json, read_table, write_json, write_table
from tfnas.shipped import ship, take_shipped

SKELETON = {"channels": 16, "cells_per_stage": 5}


def write_shipped(path, cells=SPACE_SIZE):
    """Write a score table of one proxy for the first cells of the space."""
    score = np.random.default_rng(0).normal(size=cells)
    table = pd.DataFrame({"arch": all_strings()[:cells], "proxy": "naswot", "score": score, "raw": score})
    table = table.assign(spread=np.nan, repeats=1, seconds=0.1, scored_arch=table["arch"], reason="")
    facts = {"dataset": "cifar10", "skeleton": SKELETON | {"classes": 10}, "batch": {"images": 128}}
    write_table(path, table, facts)


def take(path, folder, dataset="cifar10", skeleton=None, proxies=("naswot",)):
    """Take a table over into scores.csv and batch.json of a folder."""
    take_shipped(path, dataset, skeleton or SKELETON, list(proxies), folder / "scores.csv", folder / "batch.json")


def test_a_complete_table_is_taken_over(tmp_path):
    write_shipped(tmp_path / "cifar10.csv.gz")
    take(tmp_path / "cifar10.csv.gz", tmp_path)
    assert len(read_table(tmp_path / "scores.csv")) == SPACE_SIZE
    assert read_facts(tmp_path / "scores.csv")["shipped_from"].endswith("cifar10.csv.gz")
    assert read_json(tmp_path / "batch.json") == {"images": 128}


def test_a_proxy_it_does_not_hold(tmp_path):
    write_shipped(tmp_path / "cifar10.csv.gz")
    with pytest.raises(UnknownNameError, match=r"Unknown proxy 'synflow' in .*cifar10.csv.gz: choose one of naswot"):
        take(tmp_path / "cifar10.csv.gz", tmp_path, proxies=["synflow"])


def test_an_incomplete_table(tmp_path):
    write_shipped(tmp_path / "cifar10.csv.gz", cells=100)
    with pytest.raises(ScoreError, match="holds 100 of 15625 cells for proxy 'naswot': it is incomplete"):
        take(tmp_path / "cifar10.csv.gz", tmp_path)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"dataset": "cifar100"}, "holds scores of cifar10 where those of cifar100 are needed: put the table of"),
        (
            {"skeleton": {"channels": 8, "cells_per_stage": 1}},
            "was scored with skeleton channels 16, cells_per_stage 5 where the study has channels 8, cells_per_stage 1",
        ),
    ],
)
def test_scores_of_something_else_are_refused(tmp_path, wanted, sentence):
    write_shipped(tmp_path / "cifar10.csv.gz")
    with pytest.raises(ScoreError) as caught:
        take(tmp_path / "cifar10.csv.gz", tmp_path, **wanted)
    assert sentence in str(caught.value)
    assert not (tmp_path / "scores.csv").exists()


def test_facts_that_do_not_say_what_was_scored(tmp_path):
    write_shipped(tmp_path / "cifar10.csv.gz")
    write_json(tmp_path / "cifar10.json", {"dataset": "cifar10"})
    with pytest.raises(ScoreError, match="do not say the skeleton and batch of its scores: make it again"):
        take(tmp_path / "cifar10.csv.gz", tmp_path)


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        take(tmp_path / "cifar10.csv.gz", tmp_path)


def write_computed(path, proxy="naswot", family="naswot", batch="abc", seed=0):
    """Write what a study makes: scores of one proxy for all cells, and facts."""
    score = np.random.default_rng(seed).normal(size=SPACE_SIZE)
    table = pd.DataFrame({"arch": all_strings(), "proxy": proxy, "score": score, "raw": score})
    table = table.assign(spread=np.nan, repeats=1, seconds=0.1 + score**2, scored_arch=table["arch"], reason="")
    facts = {
        "dataset": "cifar10",
        "skeleton": SKELETON | {"classes": 10},
        "batch": {"images": 128, "sha256": batch},
        "versions": {"torch": "2"},
        "families": {family: {"device": "GPU"}},
    }
    write_table(path, table, facts)
    return path


def test_a_computed_table_can_be_shipped_and_taken_back(tmp_path):
    write_computed(tmp_path / "scores.csv")
    path = ship(tmp_path / "scores.csv", tmp_path / "data", note="On a busy machine.")
    assert path == tmp_path / "data" / "cifar10.csv.gz"
    assert read_facts(path)["families"] == {"naswot": {"device": "GPU", "note": "On a busy machine."}}
    (tmp_path / "back").mkdir()
    take(path, tmp_path / "back")
    computed = read_table(tmp_path / "scores.csv")
    computed["seconds"] = [float(f"{seconds:.4g}") for seconds in computed["seconds"]]
    pd.testing.assert_frame_equal(read_table(tmp_path / "back" / "scores.csv"), computed, check_dtype=False)


def test_shipping_adds_and_replaces_families(tmp_path):
    for proxy, family, seed in (("zico", "zico", 0), ("naswot", "naswot", 1), ("zico", "zico", 2)):
        path = ship(write_computed(tmp_path / f"{proxy}-{seed}.csv", proxy, family, seed=seed), tmp_path / "data")
    table = read_table(path)
    assert list(table["proxy"][:2]) == ["naswot", "zico"]
    assert len(table) == 2 * SPACE_SIZE
    for proxy, seed in (("naswot", 1), ("zico", 2)):
        expected = read_table(tmp_path / f"{proxy}-{seed}.csv").set_index("arch")["score"]
        found = table[table["proxy"] == proxy].set_index("arch")["score"]
        pd.testing.assert_series_equal(found, expected, check_like=True)
    assert list(read_facts(path)["families"]) == ["naswot", "zico"]


def test_shipping_refuses_scores_of_other_images(tmp_path):
    ship(write_computed(tmp_path / "one.csv"), tmp_path / "data")
    with pytest.raises(ScoreError, match=r"two\.csv' was scored on other images or with another skeleton than"):
        ship(write_computed(tmp_path / "two.csv", "zico", "zico", batch="def"), tmp_path / "data")
