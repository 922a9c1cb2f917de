"""Shipped score tables are checked before they are used."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tfnas.errors import DataError, ScoreError, UnknownNameError
from tfnas.files import FILE, read_facts, read_json, write_json
from tfnas.scoring.shipped_tables import take_shipped
from tfnas.scoring.table import ScoreTable
from tfnas.scoring.writer import write_scores
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE
from tools.ship_scores import ship

SKELETON = {"channels": 16, "cells_per_stage": 5}

BATCH = {"images": 128, "classes": 10, "shape": [3, 32, 32]}
FAMILIES = {"naswot": {"device": "a made-up CPU", "repeats": 1}}


def write_shipped(path, cells=SPACE_SIZE, **changes):
    """Write a score table of one proxy for the first cells of the space, some columns of it changed."""
    score = np.random.default_rng(0).normal(size=cells)
    table = pd.DataFrame({"arch": SPACE.strings[:cells], "proxy": "naswot", "score": score, "raw": score})
    table = table.assign(spread=np.nan, repeats=1, seconds=0.1, scored_arch=table["arch"], reason="").assign(**changes)
    facts = {"dataset": "cifar10", "skeleton": SKELETON | {"classes": 10}, "batch": BATCH, "families": FAMILIES}
    write_scores(path, table, facts)


def take(path, dataset="cifar10", skeleton=None, proxies=("naswot",)):
    """Return rows and facts of a shipped table."""
    return take_shipped([path], dataset, skeleton or SKELETON, list(proxies))


@pytest.fixture
def path(tmp_path):
    """Where a shipped table of a family lies."""
    return tmp_path / "cifar10/naswot.parquet"


def test_a_complete_table_is_taken_over(path):
    write_shipped(path)
    rows, facts = take(path)
    assert len(rows) == SPACE_SIZE
    assert facts["shipped_from"].endswith("cifar10")
    assert facts["batch"] == BATCH


def test_a_proxy_it_does_not_hold(path):
    write_shipped(path)
    with pytest.raises(UnknownNameError, match=r"Unknown proxy 'synflow' in .*cifar10: choose one of naswot"):
        take(path, proxies=["synflow"])


def at(column, value, rows=slice(100, 101)):
    """Return a column with some values changed, as a faulty program would write it."""
    values = np.random.default_rng(0).normal(size=SPACE_SIZE) if column in ("score", "raw") else np.ones(SPACE_SIZE)
    values[rows] = value
    return {column: values}


@pytest.mark.parametrize(
    ("column", "value", "rows", "sentence"),
    [
        ("score", np.nan, slice(0, SPACE_SIZE // 2), r"row 1: .* neither a score .* \(and 7,811 more rows\)"),
        ("score", np.nan, slice(0, SPACE_SIZE), "row 1: .* has neither a score nor a reason why it has none"),
        ("score", np.inf, slice(3, SPACE_SIZE), "row 4: .* has an infinite score"),
        ("score", 5.0, slice(100, 101), "row 101: .* has the score 5.0, which is not its raw value"),
        ("seconds", -1.0, slice(100, 101), "row 101: .* has seconds -1.0 where 0 or more is needed"),
        ("repeats", 0, slice(100, 101), "row 101: .* has repeats 0.0 where 1 or more is needed"),
        ("spread", -0.5, slice(100, 101), "row 101: .* has spread -0.5 where 0 or more is needed"),
    ],
)
def test_a_row_that_cannot_be_is_named(path, column, value, rows, sentence):
    write_shipped(path, **at(column, value, rows))
    with pytest.raises(ScoreError, match=sentence):
        take(path)


def change_by_hand(path, change):
    """Change the columns of a shipped file as another program would, its facts without a word on the file."""
    table = pq.read_table(path)
    columns = {name: table[name].to_pylist() for name in table.column_names}
    change(columns)
    kinds = {name: pa.string() if any(isinstance(value, str) for value in values) else table.schema.field(name).type
             for name, values in columns.items()}  # fmt: skip
    pq.write_table(pa.table(columns, pa.schema(kinds, table.schema.metadata)), path)
    facts = read_json(path.with_suffix(".json"))
    del facts[FILE]
    write_json(path.with_suffix(".json"), facts)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda table: table["arch"].__setitem__(100, table["arch"][99]), "row 101: .* is there a second time"),
        (lambda table: table["arch"].__setitem__(100, "junk"), "row 101: 'junk' of proxy 'naswot' is no cell"),
        (lambda table: table["arch"].reverse(), "holds cells in another order than that of their codes: make it"),
        (
            lambda table: table.update(score=["high", *map(str, table["score"][1:])]),
            "has 'string' in column score where numbers are needed: mend it, or",
        ),
        (lambda table: table["scored_arch"].__setitem__(7, "junk"), "of proxy 'naswot' stands for 'junk', which is no"),
    ],
)
def test_cells_and_scores_that_another_program_wrote_wrong_are_refused(path, change, sentence):
    write_shipped(path)
    change_by_hand(path, change)
    with pytest.raises(ScoreError, match=sentence) as caught:
        take(path)
    assert "cifar10/naswot.parquet'" in str(caught.value)


def test_scores_of_the_opposite_sign_to_their_raw_values_are_refused(path):
    write_shipped(path, score=-np.random.default_rng(0).normal(size=SPACE_SIZE))
    with pytest.raises(ScoreError, match=r"row 1: .* is not its raw value .* \(and 15,624 more rows\)"):
        take(path)


def test_scores_without_seconds_and_a_failure_with_its_reason_are_taken(path):
    values = at("score", np.nan, 3)["score"]
    reason = np.where(np.arange(SPACE_SIZE) == 3, "singular kernel", "")
    write_shipped(path, seconds=np.nan, score=values, raw=values, reason=reason)
    assert take(path)[0]["score"].isna().sum() == 1


def test_a_shipped_table_that_was_cut_is_refused(path):
    write_shipped(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="was cut"):
        take(path)


def test_tables_of_two_families_that_were_scored_on_other_images_are_refused(tmp_path, path):
    write_computed(path)
    other = write_computed(tmp_path / "cifar10/zico.parquet", "zico", "zico", batch="def")
    with pytest.raises(ScoreError, match=r"zico.parquet' was scored on other images than '.*naswot.parquet'"):
        take_shipped([path, other], "cifar10", SKELETON, ["naswot", "zico"])


def test_an_incomplete_table(path):
    write_shipped(path, cells=100)
    with pytest.raises(ScoreError, match="holds 100 of 15625 cells for proxy 'naswot', the first that is missing"):
        take(path)


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
def test_scores_of_something_else_are_refused(path, wanted, sentence):
    write_shipped(path)
    with pytest.raises(ScoreError) as caught:
        take(path, **wanted)
    assert sentence in str(caught.value)


def test_facts_that_do_not_say_what_was_scored(path):
    write_shipped(path)
    write_json(path.with_suffix(".json"), {"dataset": "cifar10"})
    with pytest.raises(
        ScoreError, match=r"do not say skeleton.channels, .*batch.shape, families.naswot.device, .*: add"
    ):
        take(path)


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
def test_a_fact_of_a_wrong_kind_is_one_sentence(path, section, key, value, words):
    write_shipped(path)
    facts = read_json(path.with_suffix(".json"))
    place = facts
    for part in filter(None, section.split(".")):
        place = place[part]
    place[key] = value
    write_json(path.with_suffix(".json"), facts)
    with pytest.raises(ScoreError) as caught:
        take(path)
    name = f"{section}.{key}" if section else key
    assert f"say {name} is {str(value)!r} where {words} is needed: correct it in 'naswot.json'" in str(caught.value)


def test_a_table_that_is_not_there(path):
    with pytest.raises(DataError, match="does not exist"):
        take(path)


def write_computed(path, proxy="naswot", family="naswot", batch="abc", seed=0):
    """Write what a study makes: scores of one proxy for all cells, and facts."""
    score = np.random.default_rng(seed).normal(size=SPACE_SIZE)
    table = pd.DataFrame({"arch": SPACE.strings, "proxy": proxy, "score": score, "raw": score})
    table = table.assign(spread=np.nan, repeats=1, seconds=0.1 + score**2, scored_arch=table["arch"], reason="")
    facts = {
        "dataset": "cifar10",
        "skeleton": SKELETON | {"classes": 10},
        "batch": BATCH | {"sha256": batch},
        "versions": {"torch": "2"},
        "families": {family: {"device": "GPU", "repeats": 1}},
    }
    write_scores(path, table, facts)
    return path


def test_a_computed_table_can_be_shipped_and_taken_back(tmp_path):
    computed = write_computed(tmp_path / "scores.parquet")
    (path,) = ship(computed, tmp_path / "data", note="On a busy machine.")
    assert path == tmp_path / "data/cifar10/naswot.parquet"
    assert read_facts(path)["families"] == {"naswot": {"device": "GPU", "repeats": 1, "note": "On a busy machine."}}
    expected = ScoreTable.read(computed).rows()
    expected["seconds"] = [float(f"{seconds:.4g}") for seconds in expected["seconds"]]
    pd.testing.assert_frame_equal(take(path)[0], expected, check_exact=True)


def test_shipping_a_family_adds_a_file_and_rewrites_none(tmp_path):
    first = write_computed(tmp_path / "zico.parquet", "zico", "zico")
    (path,) = ship(first, tmp_path / "data")
    before = path.read_bytes(), path.stat().st_mtime_ns
    assert ship(first, tmp_path / "data") == []
    (other,) = ship(write_computed(tmp_path / "naswot.parquet", seed=1), tmp_path / "data")
    assert [file.name for file in (path, other)] == ["zico.parquet", "naswot.parquet"]
    assert ship(write_computed(tmp_path / "again.parquet", "zico", "zico", seed=2), tmp_path / "data") == []
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    rows = take_shipped([path, other], "cifar10", SKELETON, ["zico", "naswot"])[0]
    assert rows["proxy"].unique().tolist() == ["naswot", "zico"], "as in the registry"
    assert ship(tmp_path / "again.parquet", tmp_path / "data", anew=True) == [path]
    np.testing.assert_array_equal(
        ScoreTable.read(path).scores("zico"), ScoreTable.read(tmp_path / "again.parquet").scores("zico")
    )


def test_a_family_that_is_there_without_a_proxy_is_named(tmp_path):
    ship(write_computed(tmp_path / "one.parquet"), tmp_path / "data")
    other = write_computed(tmp_path / "two.parquet", "naswot_published")
    with pytest.raises(ScoreError, match=r"naswot.parquet' has no naswot_published: score all proxies of the family"):
        ship(other, tmp_path / "data")


def test_shipping_refuses_scores_of_other_images(tmp_path):
    ship(write_computed(tmp_path / "one.parquet"), tmp_path / "data")
    with pytest.raises(ScoreError, match=r"two\.parquet' was scored on other images or with another skeleton than"):
        ship(write_computed(tmp_path / "two.parquet", "zico", "zico", batch="def"), tmp_path / "data")
