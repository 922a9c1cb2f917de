"""Schemas of tables: what is declared once is used when a table is written and when it is read."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from tfnas.errors import DataError
from tfnas.files import write_table
from tfnas.schemas.base import Schema, count, flag, number, text
from tools.table_reference import documentation, schemas

TOY = Schema(
    "summaries/toy.csv",
    "one per toy",
    text("toy", "its name"),
    count("runs", "runs"),
    number("mean", "mean", "%"),
    flag("chosen", "whether it is chosen"),
    text("front", "only of some", optional=True),
)


def toys(**changes):
    table = pd.DataFrame({"toy": ["a", "b"], "runs": [1, 2], "mean": [0.5, np.nan], "chosen": [True, False]})
    return table.assign(**changes)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_table_is_read_as_it_was_written(tmp_path, name):
    TOY.write(tmp_path / name, toys(), {"rows": "toys"})
    pd.testing.assert_frame_equal(TOY.read(tmp_path / name), toys())
    TOY.write(tmp_path / name, toys(front=["a b", "c"]))
    assert list(TOY.read(tmp_path / name).columns) == [*TOY.names, "front"]


def test_texts_that_look_like_numbers_are_texts(tmp_path):
    """Strings of some spaces are digits alone: read as numbers, 00120000 would lose its zeros."""
    write_table(tmp_path / "t.csv", toys(toy=["00120000", "2"]))
    assert TOY.read(tmp_path / "t.csv")["toy"].tolist() == ["00120000", "2"]
    with pytest.raises(DataError, match=r"u.csv' has int64 in column toy, where texts are needed"):
        TOY.write(tmp_path / "u.csv", toys(toy=[1, 2]))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"mean": ["high", "low"]}, r"t.csv' has str in column mean, where numbers are needed: remove it and run"),
        ({"runs": [1.5, 2.0]}, r"t.csv' has float64 in column runs, where whole numbers are needed: remove it"),
        ({"runs": [1.0, np.nan]}, r"t.csv' has nothing in column runs of row 2, where whole numbers are needed"),
        ({"chosen": ["yes", "no"]}, r"t.csv' has str in column chosen, where true or false are needed"),
        ({"mean": [True, False]}, r"t.csv' has bool in column mean, where numbers are needed"),
    ],
)
def test_a_column_of_another_type_is_one_sentence(tmp_path, changes, sentence):
    write_table(tmp_path / "t.csv", toys(**changes))
    with pytest.raises(DataError, match=sentence):
        TOY.read(tmp_path / "t.csv")
    (tmp_path / "u.csv").unlink(missing_ok=True)
    with pytest.raises(DataError, match=sentence.replace("t.csv", "u.csv")):
        TOY.write(tmp_path / "u.csv", toys(**changes))
    assert not (tmp_path / "u.csv").exists()


def test_a_column_that_is_missing_is_one_sentence(tmp_path):
    write_table(tmp_path / "t.csv", toys().drop(columns="runs"))
    with pytest.raises(DataError, match=r"t.csv' has no column runs: it has toy, mean, chosen; remove it and run"):
        TOY.read(tmp_path / "t.csv")


def test_a_writer_that_forgets_or_adds_a_column_fails(tmp_path):
    for table in (toys().drop(columns="runs"), toys(more=1), toys()[["runs", "toy", "mean", "chosen"]]):
        with pytest.raises(ValueError, match="in place of"):
            TOY.write(tmp_path / "t.csv", table)


def test_gaps_are_allowed_where_they_are_declared(tmp_path):
    schema = Schema("t.csv", "one each", text("a", "a", gaps=True), count("b", "b", gaps=True))
    for a, b in ((["x", None], [1, None]), ([None, None], [None, None])):
        schema.write(tmp_path / "t.csv", pd.DataFrame({"a": a, "b": b}))
        assert schema.read(tmp_path / "t.csv").isna().sum().sum() == 2 * (1 + a.count(None) // 2)


def test_columns_whose_names_are_not_known_beforehand_have_a_type_all_the_same(tmp_path):
    schema = Schema("t.csv", "one each", text("arch", "cell"), others="number")
    schema.write(tmp_path / "t.csv", pd.DataFrame({"arch": ["x"], "pixel3": [1.5]}))
    with pytest.raises(DataError, match="in column pixel3, where numbers are needed"):
        schema.write(tmp_path / "t.csv", pd.DataFrame({"arch": ["x"], "pixel3": ["fast"]}))


@pytest.mark.parametrize("name", list(schemas()))
def test_every_schema_says_what_its_columns_mean(name):
    schema = schemas()[name]
    names = [column.name for column in schema.columns]
    assert len(set(names)) == len(names)
    assert all(column.meaning for column in schema.columns)
    assert not [column.name for column in schema.columns if column.unit and column.kind != "number"]
    assert re.fullmatch(r"[\w{}/-]+\.(csv|parquet)", schema.file)
    assert f"## `{schema.file}`" in documentation()


def test_no_two_schemas_are_of_one_file():
    files = [schema.file for schema in schemas().values()]
    assert len(set(files)) == len(files) >= 30
