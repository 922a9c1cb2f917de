"""Shipped score tables are checked before they are used."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tfnas.cells import SPACE_SIZE, all_strings
from tfnas.errors import DataError, ScoreError, UnknownNameError
from tfnas.files import read_facts, read_json, read_table, write_json, write_table
from tfnas.score_table import ScoreTable
from tfnas.shipped import ship, take_shipped

SKELETON = {"channels": 16, "cells_per_stage": 5}

BATCH = {"images": 128, "classes": 10, "shape": [3, 32, 32]}
FAMILIES = {"naswot": {"device": "a made-up CPU", "repeats": 1}}


def write_shipped(path, cells=SPACE_SIZE):
    """Write a score table of one proxy for the first cells of the space."""
    score = np.random.default_rng(0).normal(size=cells)
    table = pd.DataFrame({"arch": all_strings()[:cells], "proxy": "naswot", "score": score, "raw": score})
    table = table.assign(spread=np.nan, repeats=1, seconds=0.1, scored_arch=table["arch"], reason="")
    facts = {"dataset": "cifar10", "skeleton": SKELETON | {"classes": 10}, "batch": BATCH, "families": FAMILIES}
    write_table(path, table, facts)


def take(path, folder, dataset="cifar10", skeleton=None, proxies=("naswot",)):
    """Take a table over into scores.csv and batch.json of a folder."""
    take_shipped(path, dataset, skeleton or SKELETON, list(proxies), folder / "scores.csv", folder / "batch.json")


def test_a_complete_table_is_taken_over(tmp_path):
    write_shipped(tmp_path / "cifar10.csv.gz")
    take(tmp_path / "cifar10.csv.gz", tmp_path)
    assert len(read_table(tmp_path / "scores.csv")) == SPACE_SIZE
    assert read_facts(tmp_path / "scores.csv")["shipped_from"].endswith("cifar10.csv.gz")
    assert read_json(tmp_path / "batch.json") == BATCH


def test_a_proxy_it_does_not_hold(tmp_path):
    write_shipped(tmp_path / "cifar10.csv.gz")
    with pytest.raises(UnknownNameError, match=r"Unknown proxy 'synflow' in .*cifar10.csv.gz: choose one of naswot"):
        take(tmp_path / "cifar10.csv.gz", tmp_path, proxies=["synflow"])


def spoil(path, column, value, rows=slice(100, 101)):
    """Change some values of the table, as a person would who writes digest and all anew."""
    table, told = read_table(path), read_facts(path)
    table[column] = table[column].astype(object)
    table.iloc[rows, table.columns.get_loc(column)] = value
    write_table(path, table, told)


@pytest.mark.parametrize(
    ("column", "value", "rows", "sentence"),
    [
        ("arch", all_strings()[99], slice(100, 101), "row 101: .* of proxy 'naswot' is there a second time"),
        ("arch", "junk", slice(100, 101), "row 101: 'junk' of proxy 'naswot' is no cell of the space; mend this row"),
        ("arch", "junk", slice(5, 200), r"row 6: 'junk' .* is no cell of the space \(and 194 more rows\)"),
        ("arch", np.nan, slice(7, 8), "row 8: 'nan' .* is no cell"),
        ("proxy", "junk", slice(100, 101), "holds 15624 of 15625 cells for proxy 'naswot', the first"),
        ("scored_arch", "junk", slice(0, 1), "row 1: .* stands for 'junk', which is no cell"),
        ("score", "n/a?", slice(100, 101), "row 101: .* has the score 'n/a.', no number"),
        ("raw", "text", slice(100, 101), "row 101: .* has the raw 'text', no number"),
        ("score", np.nan, slice(0, SPACE_SIZE // 2), r"row 1: .* neither a score .* \(and 7,811 more rows\)"),
        ("score", np.nan, slice(0, SPACE_SIZE), "row 1: .* has neither a score nor a reason why it has none"),
        ("score", np.inf, slice(3, SPACE_SIZE), "row 4: .* has an infinite score"),
        ("score", 5.0, slice(100, 101), "row 101: .* has the score 5.0, which is not its raw value"),
        ("seconds", -1.0, slice(100, 101), "row 101: .* has seconds -1.0 where 0 or more is needed"),
        ("seconds", "fast", slice(100, 101), "row 101: .* has the seconds 'fast', no number"),
        ("repeats", 0, slice(100, 101), "row 101: .* has repeats 0 where 1 or more is needed"),
        ("spread", -0.5, slice(100, 101), "row 101: .* has spread -0.5 where 0 or more is needed"),
    ],
)
def test_a_row_that_cannot_be_is_named(tmp_path, column, value, rows, sentence):
    path = tmp_path / "cifar10.csv.gz"
    write_shipped(path)
    spoil(path, column, value, rows)
    with pytest.raises(ScoreError, match=sentence):
        take(path, tmp_path)
    assert not (tmp_path / "scores.csv").exists()


def test_scores_of_the_opposite_sign_to_their_raw_values_are_refused(tmp_path):
    path = tmp_path / "cifar10.csv.gz"
    write_shipped(path)
    table, facts = read_table(path), read_facts(path)
    write_table(path, table.assign(score=-table["raw"]), facts)
    with pytest.raises(ScoreError, match=r"row 1: .* is not its raw value .* \(and 15,624 more rows\)"):
        take(path, tmp_path)


def test_scores_without_seconds_and_a_failure_with_its_reason_are_taken(tmp_path):
    path = tmp_path / "cifar10.csv.gz"
    write_shipped(path)
    table, facts = read_table(path), read_facts(path)
    table["seconds"] = np.nan
    table.loc[3, ["score", "raw"]] = np.nan
    table["reason"] = table["reason"].astype(object)
    table.loc[3, "reason"] = "singular kernel"
    write_table(path, table, facts)
    take(path, tmp_path)
    assert read_table(tmp_path / "scores.csv")["score"].isna().sum() == 1


def test_a_shipped_table_that_was_cut_is_refused(tmp_path):
    path = tmp_path / "cifar10.csv.gz"
    write_shipped(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="was cut"):
        take(path, tmp_path)


def test_a_score_table_of_the_study_must_be_complete(tmp_path):
    write_shipped(tmp_path / "cifar10.csv.gz", cells=SPACE_SIZE - 1)
    with pytest.raises(ScoreError, match="holds 15624 of 15625 cells for proxy 'naswot'"):
        ScoreTable.read(tmp_path / "cifar10.csv.gz")


def test_an_incomplete_table(tmp_path):
    write_shipped(tmp_path / "cifar10.csv.gz", cells=100)
    with pytest.raises(ScoreError, match="holds 100 of 15625 cells for proxy 'naswot', the first that is missing"):
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
    with pytest.raises(
        ScoreError, match=r"do not say skeleton.channels, .*batch.shape, families.naswot.device, .*: add"
    ):
        take(tmp_path / "cifar10.csv.gz", tmp_path)


@pytest.mark.parametrize(
    ("section", "key", "value", "words"),
    [
        ("batch", "images", "x", "a whole number from 1 on"),
        ("batch", "images", 0, "a whole number from 1 on"),
        ("batch", "classes", 10.5, "a whole number from 1 on"),
        ("batch", "shape", "3 x 32 x 32", "a list of channels, height and width"),
        ("batch", "shape", [3, 32], "a list of channels, height and width"),
        ("skeleton", "channels", True, "a whole number from 1 on"),
        ("skeleton", "classes", "ten", "a whole number from 1 on"),
        ("families.naswot", "repeats", [1], "a whole number from 1 on"),
        ("families.naswot", "device", 3, "a text"),
        ("", "dataset", ["cifar10"], "a text"),
    ],
)
def test_a_fact_of_a_wrong_kind_is_one_sentence(tmp_path, section, key, value, words):
    write_shipped(tmp_path / "cifar10.csv.gz")
    facts = read_json(tmp_path / "cifar10.json")
    place = facts
    for part in filter(None, section.split(".")):
        place = place[part]
    place[key] = value
    write_json(tmp_path / "cifar10.json", facts)
    with pytest.raises(ScoreError) as caught:
        take(tmp_path / "cifar10.csv.gz", tmp_path)
    name = f"{section}.{key}" if section else key
    assert f"say {name} is {str(value)!r} where {words} is needed: correct it in 'cifar10.json'" in str(caught.value)
    assert not (tmp_path / "batch.json").exists()


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
        "batch": BATCH | {"sha256": batch},
        "versions": {"torch": "2"},
        "families": {family: {"device": "GPU", "repeats": 1}},
    }
    write_table(path, table, facts)
    return path


def test_a_computed_table_can_be_shipped_and_taken_back(tmp_path):
    write_computed(tmp_path / "scores.csv")
    path = ship(tmp_path / "scores.csv", tmp_path / "data", note="On a busy machine.")
    assert path == tmp_path / "data" / "cifar10.csv.gz"
    assert read_facts(path)["families"] == {"naswot": {"device": "GPU", "repeats": 1, "note": "On a busy machine."}}
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
