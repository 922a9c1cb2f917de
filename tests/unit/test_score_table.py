"""The file of a score table: every value comes back to the bit, what cells share stands once, a proxy is read alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from search_helpers import score_table

from tfnas.errors import DataError, UnknownNameError
from tfnas.files import facts_path, read_facts, write_table
from tfnas.schemas.scores import SCHEMA
from tfnas.scoring.plan import classes
from tfnas.scoring.table import COLUMNS, ScoreTable
from tfnas.scoring.writer import write_scores
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE

NAMES = ("naswot", "naswot_published", "flops", "mine")


def odd_table() -> pd.DataFrame:
    """Scores of two families and of a name of nobody's, with every value that could go wrong."""
    rng = np.random.default_rng(0)
    strings, stands = np.array(SPACE.strings, dtype=object), classes("naswot")
    parts = []
    for name in NAMES:
        values = rng.normal(size=(3, SPACE_SIZE))[:, stands]
        reason = np.full(SPACE_SIZE, "", dtype=object)
        values[0, stands == stands[7]] = np.nan
        reason[stands == stands[7]] = "no path"
        values[0, 3], values[0, 5] = -0.0, 5e-324
        table = pd.DataFrame({"arch": strings, "proxy": name, "score": values[0], "raw": values[0]})
        if name == "flops":
            table["raw"] = -table["score"]
        if name == "mine":  # given: shared by no class, another raw value, unknown seconds, a cell that stands for none
            table["raw"] = table["score"] * (1 + 1e-9)
            values[:, 100:200] += 1
            table.loc[7, "raw"] = np.inf
        table = table.assign(spread=np.abs(values[1]), repeats=3, seconds=np.abs(values[2]))
        if name == "mine":
            table = table.assign(seconds=np.nan, repeats=np.where(np.arange(SPACE_SIZE) == 9, np.nan, 2.0))
        table["scored_arch"], table["reason"] = strings[stands], reason
        if name == "mine":
            table.loc[[11, 12], "scored_arch"] = strings[[12, 11]]
        parts.append(table)
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def assert_same(found, wanted):
    for column in COLUMNS:
        ours, theirs = found[column].to_numpy(), wanted[column].to_numpy()
        if column in ("arch", "proxy", "scored_arch", "reason"):
            assert ours.tolist() == theirs.tolist(), column
        else:
            numbers = [np.where(np.isnan(values), np.nan, values.astype(np.float64)) for values in (ours, theirs)]
            bits = [values.view(np.int64) for values in numbers]
            np.testing.assert_array_equal(*bits, err_msg=column)


@pytest.mark.parametrize("shuffled", [False, True])
def test_every_value_of_a_table_comes_back_to_the_bit(tmp_path, shuffled):
    table = odd_table()
    rows = table.sample(frac=1, random_state=1) if shuffled else table
    write_scores(tmp_path / "s.parquet", rows, {"dataset": "d"})
    found = ScoreTable.read(tmp_path / "s.parquet")
    assert set(found.proxies) == set(NAMES)
    assert_same(found.rows(*NAMES), table)
    for name, part in table.groupby("proxy"):
        for column in ("score", "raw", "spread", "repeats", "seconds"):
            np.testing.assert_array_equal(found.column(name, column), part[column].to_numpy(dtype=float))
            np.testing.assert_array_equal(found.column(name, column), ScoreTable(table).column(name, column))
        np.testing.assert_array_equal(found.stands_for(name), ScoreTable(table).stands_for(name))
    assert read_facts(tmp_path / "s.parquet") == {"dataset": "d"}


def test_equal_tables_are_equal_files(tmp_path):
    for name in ("a", "b"):
        write_scores(tmp_path / f"{name}.parquet", odd_table(), {})
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_reading_one_proxy_reads_its_family_alone(tmp_path):
    write_scores(tmp_path / "s.parquet", odd_table(), {})
    table = ScoreTable.read(tmp_path / "s.parquet")
    table.scores("naswot_published")
    decoded = {key for key in table._source.read if key[1] != "proxy"}
    assert decoded == {(0, "arch"), (0, "score"), (0, "scored_arch")}


def test_what_cells_share_stands_once(tmp_path):
    """A table that any reader of Parquet opens: null where another cell was scored."""
    table = odd_table()
    write_scores(tmp_path / "s.parquet", table, {})
    plain = pd.read_parquet(tmp_path / "s.parquet")
    assert tuple(plain.columns) == COLUMNS == SCHEMA.names
    own = plain[plain["proxy"] == "naswot"]
    stands = classes("naswot")
    assert own["scored_arch"].isna().tolist() == (stands == np.arange(SPACE_SIZE)).tolist()
    assert own["seconds"].notna().sum() <= len(np.unique(stands)) + 1


def test_a_name_that_it_does_not_hold(tmp_path):
    write_scores(tmp_path / "s.parquet", score_table(), {})
    with pytest.raises(UnknownNameError, match=r"^Unknown proxy 'synflow' in .*s.parquet: choose one of made_up"):
        ScoreTable.read(tmp_path / "s.parquet").scores("synflow")


def test_a_flipped_byte_is_noticed_with_and_without_facts(tmp_path):
    path = tmp_path / "s.parquet"
    write_scores(path, odd_table(), {})
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="was changed: its sha256 is not the one that"):
        ScoreTable.read(path)
    facts_path(path).unlink()
    with pytest.raises(DataError, match=r"s.parquet' cannot be read as a score table"):
        ScoreTable.read(path).rows()


@pytest.mark.parametrize("name", ["old.csv", "plain.parquet"])
def test_a_file_of_another_form_is_no_score_table(tmp_path, name):
    write_table(tmp_path / name, score_table())
    with pytest.raises(DataError, match=r"(cannot be read as a|is no) score table"):
        ScoreTable.read(tmp_path / name)
