"""Ensembles: every rule by hand and against a slow double loop, missing scores, and their rows in score tables."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest

from tfnas.errors import DataError, UnknownNameError
from tfnas.files import read_facts, read_table, write_table
from tfnas.proxies.registry import describe, proxy_names
from tfnas.schemas.chunks import SCHEMA as CHUNKS
from tfnas.scoring.ensembles import ENSEMBLES, RULES, Ensemble, get_ensemble, with_ensembles
from tfnas.scoring.finish import write_finished
from tfnas.scoring.plan import merged_chunks, representatives
from tfnas.scoring.table import COLUMNS, ScoreTable
from tfnas.scoring.writer import write_scores
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE

BY_HAND = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 5.0, 1.0, 9.0], [2.0, 1.0, 0.0, 0.0]])
"""Scores of four cells under three members; ranks are 1 2 3 4, 2.5 2.5 1 4 and 4 3 1.5 1.5."""


def combine(rule: str, scores: np.ndarray) -> np.ndarray:
    return RULES[rule].combine(scores)


def test_sums_of_ranks_by_hand():
    assert combine("rank_sum", BY_HAND).tolist() == [7.5, 7.5, 5.5, 9.5]


def test_sums_of_log_ranks_by_hand():
    products = np.array([1 * 2.5 * 4, 2 * 2.5 * 3, 3 * 1 * 1.5, 4 * 4 * 1.5])
    np.testing.assert_allclose(combine("log_rank_sum", BY_HAND), np.log(products / 4**3))


def test_votes_by_hand():
    # Cell 0 beats 2 (second and third member); 1 beats 2; 2 beats none; 3 beats 0, 1 and 2 (first and second).
    # 0 against 1: one better, one equal, one worse, so neither beats the other.
    assert combine("majority_vote", BY_HAND).tolist() == [1, 1, 0, 3]


def slow_ranks(scores: np.ndarray) -> np.ndarray:
    """One more than the number of worse cells, plus half of the other equal ones."""
    return np.array(
        [
            [1 + sum(o < v for o in row) + (sum(o == v for o in row) - 1) / 2 for v in row]
            for row in scores.tolist()
        ]
    )  # fmt: skip


def slow(rule: str, scores: np.ndarray) -> list[float]:
    """The rules as loops over cells, pairs of cells and members."""
    members, cells = scores.shape
    ranks = slow_ranks(scores)
    if rule == "rank_sum":
        return [sum(ranks[k, a] for k in range(members)) for a in range(cells)]
    if rule == "log_rank_sum":
        return [sum(math.log(ranks[k, a] / cells) for k in range(members)) for a in range(cells)]
    wins = [0] * cells
    for a in range(cells):
        for b in range(cells):
            positive = sum(scores[k, a] - scores[k, b] > 0 for k in range(members))
            wins[a] += a != b and positive >= members / 2
    return wins


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("members", [1, 3, 5])
@pytest.mark.parametrize("levels", [3, 1000])
def test_rules_equal_a_slow_double_loop(rule, members, levels, monkeypatch):
    monkeypatch.setattr("tfnas.scoring.ensembles.CHUNK", 7)
    scores = np.random.default_rng(members).integers(0, levels, (members, 40)).astype(float)
    np.testing.assert_allclose(combine(rule, scores), slow(rule, scores), rtol=1e-12)


def test_a_vote_of_a_whole_space_is_consistent():
    scores = np.random.default_rng(0).normal(size=(3, SPACE_SIZE))
    wins = combine("majority_vote", scores)
    assert wins.sum() == SPACE_SIZE * (SPACE_SIZE - 1) / 2, "without ties one of each pair wins"


def test_a_vote_of_an_even_number_is_refused():
    with pytest.raises(ValueError, match="odd number of members, not 2"):
        combine("majority_vote", BY_HAND[:2])


TWO = Ensemble("two", "Two", ("naswot", "params"), "rank_sum", ("mellor2021naswot", "nowhere"), "Two of them.")
"""An ensemble of made-up use."""


@pytest.fixture(autouse=True)
def two(monkeypatch):
    monkeypatch.setitem(ENSEMBLES, "two", TWO)


def rows(proxy: str, scores: np.ndarray, seconds: float, repeats: int = 1) -> pd.DataFrame:
    table = pd.DataFrame({"arch": SPACE.strings, "proxy": proxy, "score": scores, "raw": -scores, "spread": 0.5})
    return table.assign(repeats=repeats, seconds=seconds, scored_arch=SPACE.strings[0], reason="")[list(COLUMNS)]


def table_of(first: np.ndarray, second: np.ndarray) -> pd.DataFrame:
    return pd.concat([rows("naswot", first, 0.25, 3), rows("params", second, 0.5, 2)], ignore_index=True)


def test_rows_of_an_ensemble_join_those_of_proxies():
    rng = np.random.default_rng(1)
    table, facts = with_ensembles(
        table_of(rng.permutation(SPACE_SIZE), rng.permutation(SPACE_SIZE)), {"dataset": "d"}, ["two"]
    )
    assert facts == {"dataset": "d", "ensembles": {"two": {"members": ["naswot", "params"], "rule": "rank_sum"}}}
    assert table["proxy"].unique().tolist() == ["naswot", "params", "two"]
    assert table["arch"].tolist() == 3 * list(SPACE.strings)
    own = table[table["proxy"] == "two"].set_index("arch")
    expected = sum(table[table["proxy"] == name].set_index("arch")["score"] + 1 for name in TWO.members)
    assert (own["score"] == expected).all()
    assert (own["raw"] == own["score"]).all()
    assert (own["seconds"] == 0.75).all()
    assert (own["repeats"] == 2).all()
    assert own["spread"].isna().all()
    assert (own["scored_arch"] == own.index).all()
    assert (own["reason"] == "").all()


def test_missing_scores_rank_lowest_and_a_cell_without_any_has_none():
    first, second = np.arange(SPACE_SIZE, dtype=float), np.arange(SPACE_SIZE, dtype=float)
    first[[5, 7]] = np.nan
    second[[0, 7]] = np.nan
    table, _ = with_ensembles(table_of(first, second), {}, ["two"])
    own = table[table["proxy"] == "two"].reset_index(drop=True)
    # Of naswot cells 0, 5 and 7 share the lowest score (ranks 1 to 3); of params 0, 1 and 7.
    assert own.loc[[0, 1, 5], "score"].tolist() == [2 + 2, 4 + 2, 2 + 7]
    assert own.loc[own["score"].isna(), ["reason"]].to_dict() == {"reason": {7: "no member has a score"}}


def test_a_member_that_never_has_a_score_leaves_no_ensemble():
    table, _ = with_ensembles(table_of(np.full(SPACE_SIZE, np.nan), np.arange(SPACE_SIZE, dtype=float)), {}, ["two"])
    own = table[table["proxy"] == "two"]
    assert own["score"].isna().all()
    assert set(own["reason"]) == {"no cell has a score of naswot"}


def test_names_that_do_not_exist():
    table = rows("naswot", np.arange(SPACE_SIZE, dtype=float), 0.1)
    with pytest.raises(UnknownNameError, match=r"Unknown proxy 'params' in here\.csv: choose one of naswot"):
        with_ensembles(table, {}, ["two"], "here.csv")
    with pytest.raises(UnknownNameError, match=r"Unknown ensemble 'three': choose one of az_nas, .*two"):
        get_ensemble("three")
    with pytest.raises(UnknownNameError, match=r"Unknown proxy or ensemble 'three': choose one of .*az_nas.*naswot"):
        describe("three")


def test_without_ensembles_a_table_stays_as_it_is():
    table, facts = rows("naswot", np.arange(SPACE_SIZE, dtype=float), 0.1), {"dataset": "d"}
    assert with_ensembles(table, facts, []) == (table, facts)


def write_chunk(path, family, proxy, values):
    codes = representatives(family, True)
    cells = [(SPACE.strings[code], proxy, 0, values[code], 0.5, "") for code in codes]
    facts = {"dataset": "d", "family": family, "batch": {}, "skeleton": {}, "versions": {}, "wall_seconds": 2.0}
    write_table(path, pd.DataFrame(cells, columns=list(CHUNKS.names)), facts | {"cells_scored": len(codes)})


def test_an_ensemble_of_two_families_arrives_in_the_merged_table(tmp_path):
    rng = np.random.default_rng(2)
    write_chunk(tmp_path / "a.parquet", "naswot", "naswot", rng.normal(size=SPACE_SIZE))
    write_chunk(tmp_path / "b.parquet", "structure", "params", rng.normal(size=SPACE_SIZE))
    merged = merged_chunks([tmp_path / "a.parquet", tmp_path / "b.parquet"])
    write_scores(tmp_path / "d.parquet", *with_ensembles(*merged, ["two"]))
    table = ScoreTable.read(tmp_path / "d.parquet")
    assert table.proxies == ["naswot", "params", "two"]
    members = np.stack([table.scores(name) for name in TWO.members])
    np.testing.assert_array_equal(table.scores("two"), combine("rank_sum", members))
    assert (table.seconds("two") == 1.0).all()
    assert read_facts(tmp_path / "d.parquet")["ensembles"]["two"]["rule"] == "rank_sum"


def test_the_two_wide_tables_for_people_have_a_row_for_each_cell_and_a_column_for_each_score(tmp_path):
    rng = np.random.default_rng(3)
    first = rng.normal(size=SPACE_SIZE)
    first[4] = np.nan
    table = table_of(first, rng.permutation(SPACE_SIZE))
    write_finished(tmp_path / "d.parquet", table, {"dataset": "d"}, ensembles=["two"])
    raw, seconds = (read_table(tmp_path / name) for name in ("d.csv.gz", "d-seconds.csv.gz"))
    scores = ScoreTable.read(tmp_path / "d.parquet")
    for found, column in ((raw, "raw"), (seconds, "seconds")):
        assert list(found.columns) == ["arch", "naswot", "params", "two"]
        assert found["arch"].tolist() == list(SPACE.strings)
        for proxy in found.columns[1:]:
            np.testing.assert_array_equal(found[proxy].to_numpy(dtype=float), scores.column(proxy, column))
    before = (tmp_path / "d.csv.gz").read_bytes()
    write_finished(tmp_path / "d.parquet", table, {"dataset": "d"}, ensembles=["two"])
    assert (tmp_path / "d.csv.gz").read_bytes() == before
    (tmp_path / "d.csv.gz").write_bytes(before[:-100])
    with pytest.raises(DataError, match="was cut"):
        read_table(tmp_path / "d.csv.gz")


def test_an_ensemble_is_described_like_a_proxy():
    known = describe("az_nas")
    assert (known.title, known.direction) == ("AZ-NAS", 1)
    assert r"\ln" in known.formula
    assert describe("naswot").title == "NASWOT"


@pytest.mark.parametrize("name", [name for name in ENSEMBLES if name != "two"])
def test_registered_ensembles_are_made_of_proxies_and_cite_the_bibliography(name, root):
    ensemble = get_ensemble(name)
    assert ensemble.name == name
    assert name not in proxy_names(), "a name in a score table must mean one thing"
    assert set(ensemble.members) <= set(proxy_names())
    assert len(set(ensemble.members)) == len(ensemble.members) > 1
    assert ensemble.rule in RULES
    known = re.findall(r"^@\w+\{([^,\s]+),", (root / "report/refs.bib").read_text(), flags=re.MULTILINE)
    assert ensemble.reference[0] in known or "this project" in ensemble.reference[1]


def test_no_torch_is_needed():
    import subprocess
    import sys

    code = "import sys, tfnas.scoring.ensembles; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
