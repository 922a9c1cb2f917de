"""Scores of a user's own: tables wide and long, what they may lack, and what is refused."""

from __future__ import annotations

import copy
import json

import numpy as np
import pandas as pd
import pytest
import yaml

from tfnas.errors import ConfigError, DataError, ScoreError, UnknownNameError
from tfnas.files import read_facts, write_json
from tfnas.proxies.registry import declare_own, describe
from tfnas.report.citations import check_references
from tfnas.report.names import equal_time_groups
from tfnas.scoring.finish import take_given, with_own
from tfnas.scoring.own_scores import check_columns, read_columns, read_own
from tfnas.scoring.table import ScoreTable
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE
from tfnas.study.load import load_study
from tfnas.study.settings import scored_names

NAMES = {"mine": {"direction": 1, "failure": None}, "loss": {"direction": -1, "failure": "the loss overflows"}}


FAILING = {"mine": {"direction": 1, "failure": "too good"}, "loss": {"direction": -1, "failure": None}}

US = {"direction": 1, "source": "us"}


def wide(rng=None):
    """Return made-up values of two names, the cells in another order than that of codes."""
    rng = rng or np.random.default_rng(0)
    table = pd.DataFrame({"arch": SPACE.strings, "mine": rng.normal(size=SPACE_SIZE), "loss": rng.random(SPACE_SIZE)})
    return table.sample(frac=1, random_state=0, ignore_index=True)


def long_form(**changes):
    """Return the same values as a long table."""
    table = wide().melt("arch", ["mine", "loss"], "proxy", "raw")
    return table.assign(**changes)


def read(folder, table, name="own.csv", columns=None, names=None):
    """Read a table as given scores of digits."""
    path = folder / name
    table.to_parquet(path) if name.endswith("parquet") else table.to_csv(path, index=False)
    read_own(path, "digits", columns or {}, names or NAMES, folder / "out.parquet")
    return ScoreTable.read(folder / "out.parquet")


@pytest.mark.parametrize("name", ["own.csv", "own.csv.gz", "own.parquet"])
def test_a_wide_table_needs_cells_and_values_only(tmp_path, name):
    given = wide().set_index("arch").loc[list(SPACE.strings)]
    table = read(tmp_path, wide(), name)
    np.testing.assert_array_equal(table.scores("mine"), given["mine"])
    np.testing.assert_array_equal(table.scores("loss"), -given["loss"])
    assert np.isnan(table.seconds("mine")).all()
    facts = read_facts(tmp_path / "out.parquet")
    assert facts["own"] == {"mine": {"direction": 1}, "loss": {"direction": -1, "failure": "the loss overflows"}}
    assert facts["table"] == name


@pytest.mark.parametrize("column", ["raw", "score"])
def test_a_long_table_gives_the_same_scores(tmp_path, column):
    table = long_form()
    if column == "score":
        table["score"] = np.where(table["proxy"] == "loss", -table["raw"], table["raw"])
        table = table.drop(columns="raw")
    scores = read(tmp_path, table)
    (tmp_path / "wide").mkdir()
    other = read(tmp_path / "wide", wide())
    for name in NAMES:
        np.testing.assert_array_equal(scores.scores(name), other.scores(name))
        np.testing.assert_array_equal(scores.column(name, "raw"), other.column(name, "raw"))


def test_names_seconds_and_facts_of_the_table_are_taken(tmp_path):
    table = wide().assign(mine_seconds=0.25).rename(columns={"arch": "cell", "loss": "Loss (1 step)"})
    write_json(tmp_path / "own.json", {"device": "an A100", "dataset": "digits"})
    scores = read(tmp_path, table, columns={"arch": "cell", "loss": "Loss (1 step)"})
    assert (scores.seconds("mine") == 0.25).all()
    assert np.isnan(scores.seconds("loss")).all()
    assert read_facts(tmp_path / "out.parquet")["given"] == {"device": "an A100", "dataset": "digits"}


def test_a_cell_without_a_value_has_the_reason_of_the_study_file(tmp_path):
    table = wide()
    table.loc[7, "loss"] = np.nan
    scores = read(tmp_path, table).rows()
    row = scores[(scores["proxy"] == "loss") & (scores["arch"] == table["arch"][7])].iloc[0]
    assert np.isnan(row["score"])
    assert row["reason"] == "the loss overflows"


@pytest.mark.parametrize(
    ("row", "column", "value", "sentence"),
    [
        (7, "mine", np.nan, r"own.csv', row 8: .* of proxy 'mine' has neither a score nor a reason"),
        (7, "mine", "high", r"row 8: .* of proxy 'mine' has the score 'high', no number"),
        (7, "loss", np.inf, r"row 8: .* of proxy 'loss' has an infinite score"),
        (7, "arch", "junk", r"row 8: 'junk' .* is no cell of the space"),
        (7, "arch", "twice", r"row 9: .* is there a second time"),
    ],
)
def test_a_row_that_cannot_be_is_named(tmp_path, row, column, value, sentence):
    table = wide()
    table[column] = table[column].astype(object)
    table.loc[row, column] = table.loc[row + 1, "arch"] if value == "twice" else value
    with pytest.raises(ScoreError, match=sentence):
        read(tmp_path, table)


def test_a_table_that_lacks_cells_names_the_first(tmp_path):
    with pytest.raises(ScoreError, match="holds 15000 of 15625 cells for proxy 'mine', the first that is missing is"):
        read(tmp_path, wide()[:15000])


def test_all_missing_columns_are_named_at_once_with_the_key_that_maps_them(tmp_path):
    table = wide().rename(columns={"arch": "cell", "mine": "m", "loss": "l"})
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, table)
    assert "has no column arch, mine, loss: it has cell, m, l; write what they are called there under" in str(
        caught.value
    )
    assert "scoring.tables.digits.columns, for example 'columns: {arch: COLUMN}'" in str(caught.value)


def test_scores_and_raw_values_of_opposite_sign_are_refused(tmp_path):
    with pytest.raises(ScoreError, match=r"which is not its raw value .* times its proxy's direction"):
        read(tmp_path, long_form(score=long_form()["raw"]))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"arch;mine;loss\n", r"The columns of '.*own.csv' \(arch, mine, loss\) are separated by a semicolon"),
        (b"arch\tmine\n", r"\(arch, mine\) are separated by a tab"),
        (b"<!DOCTYPE html>", "is a web page, not a table"),
        (b"\xff\xfea", "is text in UTF-16"),
        (b"ARCH,mine,loss\n", r"has no column arch: it has ARCH, .* 'columns: \{arch: ARCH\}'"),
        (b"arch,MINE,loss\n", r"has no column mine: it has arch, .* 'columns: \{mine: MINE\}'"),
    ],
)
def test_a_table_of_another_form_is_named(tmp_path, content, sentence):
    (tmp_path / "own.csv").write_bytes(content)
    with pytest.raises((ConfigError, DataError), match=sentence):
        check_columns(read_columns(tmp_path / "own.csv"), list(NAMES), {}, "scoring.tables.digits.columns", "own.csv")
    with pytest.raises((ConfigError, DataError), match=sentence):
        read_own(tmp_path / "own.csv", "digits", {}, NAMES, tmp_path / "out.parquet")


def test_scores_of_another_dataset_are_refused(tmp_path):
    write_json(tmp_path / "own.json", {"dataset": "cifar10"})
    with pytest.raises(ScoreError, match="holds scores of cifar10 where those of digits are needed"):
        read(tmp_path, wide())


def test_given_scores_stand_beside_others(tmp_path):
    read(tmp_path, wide())
    others = long_form(proxy="naswot").drop_duplicates("arch").assign(score=lambda table: table["raw"], seconds=0.1)
    others = others.assign(spread=np.nan, repeats=1, scored_arch=others["arch"], reason="")
    table, facts = with_own(others, {"families": {}}, tmp_path / "out.parquet")
    assert set(table["proxy"]) == {"naswot", "mine", "loss"}
    assert list(facts["own"]) == ["mine", "loss"]
    assert with_own(others, {}, None)[0] is others


def test_a_study_of_given_scores_alone_has_facts_that_say_so(tmp_path):
    read(tmp_path, wide())
    skeleton = {"channels": 2, "cells_per_stage": 1}
    take_given(tmp_path / "out.parquet", skeleton, (1, 8, 8), 10, tmp_path / "scores.parquet", tmp_path / "batch.json")
    facts = read_facts(tmp_path / "scores.parquet")
    assert facts["device"] == "not stated with the table"
    assert facts["skeleton"] == skeleton | {"classes": 10, "image_channels": 1, "image_size": 8}
    assert len(ScoreTable.read(tmp_path / "scores.parquet").rows()) == 2 * SPACE_SIZE


def test_reports_know_declared_names_and_no_others():
    words = {"mine": {"title": "Mine", "source": "our paper"}, "loss": {"title": None, "source": "one step"}}
    declare_own({name: about | words[name] for name, about in NAMES.items()})
    try:
        assert describe("mine").title == "Mine"
        assert describe("loss").title == "loss"
        assert describe("loss").direction == -1
        assert "one step" in describe("loss").summary
        assert [describe(name).failure for name in NAMES] == [about["failure"] or "never" for about in NAMES.values()]
        with pytest.raises(UnknownNameError, match="mine"):
            describe("yours")
    finally:
        declare_own({})
    with pytest.raises(UnknownNameError):
        describe("mine")


@pytest.fixture
def study(root, tmp_path, monkeypatch):
    """The study that docs/proxies.md prints, with its table."""
    monkeypatch.chdir(root)
    text = (root / "docs/proxies.md").read_text(encoding="utf-8").partition("## Scores of your own")[2]
    study = yaml.safe_load(text.partition("```yaml\n")[2].partition("```")[0])
    table = wide().rename(columns={"arch": "architecture", "mine": "my-proxy"})
    table.to_csv(tmp_path / "my-scores.csv", index=False)
    study["scoring"]["tables"]["digits"]["path"] = str(tmp_path / "my-scores.csv")
    return study


def test_the_study_of_the_documentation_is_one(study):
    checked = load_study(study)
    assert scored_names(checked) == ["my-proxy", "my-loss"]
    assert checked["scoring"]["proxies"] == []


def test_searches_by_a_score_of_a_users_own_are_known_before_any_job(study, root):
    """What plans the jobs knows no declared score, and asks for references and groups all the same."""
    checked = load_study(study)
    check_references(checked, scored_names(checked), root / "report")
    searches = {"mine": {"algorithm": "proxy_argmax", "proxy": "my-proxy"}, "skip": {"algorithm": "freerea"}}
    assert equal_time_groups(searches) == {"mine": "training-free", "skip": "training-free-prior"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"own": {"my-proxy": {}}}, "The key direction, source is missing in 'scoring.own.my-proxy': add it"),
        ({"own": {"naswot": US}}, "scoring.own names 'naswot', which is a proxy or an"),
        (
            {"own": {"my-loss": US | {"source": "\u6df1"}}},
            r"'source' of 'my-loss' of scoring.own holds '\u6df1' \(U\+6DF1\), which the report cannot print",
        ),
        ({"own": {"score": US}}, "scoring.own names 'score', which is a column of every"),
        (
            {"own": {"my-loss": US, "new": US}},
            "has no column new: it has architecture, my-proxy, loss; write what they",
        ),
        (
            {"tables": {}},
            r"scoring.tables has nothing for digits: add 'digits: {path: SCORES.csv}' to it, for the scores",
        ),
        ({"tables": {"digit": {"path": "a.csv"}}}, r"scoring.tables names 'digit', .* \(did you mean 'digits'\?\)"),
        ({"tables": {"digits": {"path": "no.csv"}}}, "scoring.tables.digits.path is 'no.csv', which does not exist"),
        ({"scores": "computed"}, "scoring.proxies is empty: name a proxy, or set scoring.scores to table"),
        ({"own": {}, "tables": {}}, "The study has no scores: name some under scoring.proxies or scoring.own"),
        ({"scores": "computed", "proxies": ["naswot"], "own": {}}, "scoring.tables is of no use: name what to read"),
        ({"proxies": ["synflow"]}, "has no column synflow: it has architecture, my-proxy, loss"),
        ({"own": {"m" * 90: US}}, "The name 'mmm.* in 'scoring.own' has 90 characters: use at most 60"),
    ],
)
def test_what_does_not_agree_is_said_when_the_study_is_read(study, change, sentence):
    wrong = copy.deepcopy(study)
    wrong["scoring"] |= {"proxies": []} | change
    wrong["search"]["use"] = {"random-cell": {"algorithm": "random_cell"}}
    with pytest.raises((ConfigError, DataError), match=sentence):
        load_study(wrong)


def test_a_search_that_reads_a_name_nobody_declares_is_refused(study):
    study["search"]["use"]["by-my-proxy"]["proxy"] = "other"
    with pytest.raises(
        ConfigError,
        match=r"search.use.by-my-proxy.proxy is 'other', which is no proxy or ensemble: .* under scoring.own",
    ):
        load_study(study)


def test_given_scores_stand_beside_those_that_are_computed(study):
    study["scoring"] |= {"scores": "computed", "proxies": ["naswot", "params"]}
    assert scored_names(load_study(study)) == ["naswot", "params", "my-proxy", "my-loss"]


def test_a_parquet_may_have_categories_and_any_index(tmp_path):
    given = long_form()
    expected = read(tmp_path, given).scores("mine")
    (tmp_path / "other").mkdir()
    odd = given.astype({"proxy": "category", "arch": "category"})
    odd.index = [f"row {number}" for number in range(len(odd))]
    np.testing.assert_array_equal(read(tmp_path / "other", odd, "own.parquet").scores("mine"), expected)


@pytest.mark.parametrize("index", [pd.date_range("2020", periods=SPACE_SIZE, freq="h"), range(5, SPACE_SIZE + 5)])
def test_a_bad_row_of_a_parquet_is_named_by_its_place(tmp_path, index):
    table = wide()
    table.loc[7, "mine"] = np.inf
    with pytest.raises(ScoreError, match=r"own.parquet', row 8: .* has an infinite score"):
        read(tmp_path, table.set_axis(index), "own.parquet")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (pd.date_range("2020", periods=SPACE_SIZE, freq="h"), "has the raw '2020-01-01 00:00:00', no number"),
        (pd.to_timedelta(np.arange(SPACE_SIZE), "s"), "has the raw '0 days 00:00:00', no number"),
    ],
)
def test_a_date_is_no_score(tmp_path, values, sentence):
    with pytest.raises(ScoreError, match=sentence):
        read(tmp_path, wide().assign(mine=values), "own.parquet")


@pytest.mark.parametrize(("column", "sentence"), [("arch", "is no cell of the space"), ("proxy", "has no row of mine")])
def test_a_list_is_no_name(tmp_path, column, sentence):
    table = long_form()
    table[column] = [["mine"]] * len(table)
    with pytest.raises(ScoreError, match=sentence):
        read(tmp_path, table, "own.parquet")


def test_a_table_of_names_alone_has_no_row(tmp_path):
    with pytest.raises(ScoreError, match=r"own.csv' has no row: give the scores of all cells\."):
        read(tmp_path, wide().iloc[:0])


@pytest.mark.parametrize("text", ["a \U0001f600", "half a letter \ud800", "nothing \0"])
def test_facts_that_the_report_cannot_print_are_refused_when_they_are_read(tmp_path, text):
    (tmp_path / "own.json").write_text(json.dumps({"device": text}))
    with pytest.raises(ScoreError, match=r"'device' of '.*own.json' holds .*, which the report cannot print"):
        read(tmp_path, wide())


@pytest.mark.parametrize("name", ["digits.parquet", "digits.csv.gz"])
def test_the_tables_that_a_study_wrote_can_be_given_to_another_one(tmp_path, name):
    read(tmp_path, wide().assign(mine=lambda table: table["mine"].mask(table["mine"] > 2)), names=FAILING)
    take_given(tmp_path / "out.parquet", {}, (1, 8, 8), 10, tmp_path / "digits.parquet", tmp_path / "batch.json")
    first = ScoreTable.read(tmp_path / "digits.parquet").rows()
    assert first["score"].isna().any()
    read_own(tmp_path / name, "digits", {}, FAILING, tmp_path / "again.parquet")
    again = ScoreTable.read(tmp_path / "again.parquet").rows()
    pd.testing.assert_frame_equal(again, first, check_exact=True)
