"""Groups of searches at equal time: who answers what when, on curves small enough to count by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from summary_helpers import summarise_equal_time

from tfnas.errors import SearchError
from tfnas.files import read_facts, write_table
from tfnas.report.names import equal_time_groups, reads_prior
from tfnas.schemas.equal_time import SCHEMA as EQUAL_TIME
from tfnas.schemas.run_curves import SCHEMA as RUN_CURVES

GROUPS = {"naswot": "training-free", "later": "training-free", "skip": "training-free-prior", "random": "trained"}


def write_curve(folder, search, rows, dataset="one"):
    """Write the curve of a search: run, seconds, validation and test accuracy."""
    table = pd.DataFrame(rows, columns=["run", "seconds", "valid_accuracy", "test_accuracy"])
    path = folder / f"{dataset}-{search}.parquet"
    write_table(
        path, table.assign(arch="", queries=0)[list(RUN_CURVES.names)], {"search": search, "searched_on": dataset}
    )
    return path


@pytest.fixture
def summary(tmp_path):
    """Summarise curves and return the rows: ``{search: [(run, seconds, valid, test), ...]}``."""

    def make(curves, groups=GROUPS, priors=("skip",), random_cell="cell", seed=0):
        paths = [write_curve(tmp_path, search, rows) for search, rows in curves.items()]
        summarise_equal_time(paths, groups, priors, random_cell, tmp_path / "out.csv", seed)
        return pd.read_csv(tmp_path / "out.csv")

    return make


CURVES = {
    "cell": [(0, 0, 49, 50), (1, 0, 69, 70)],
    "naswot": [(0, 3, 80, 85), (1, 4, 80, 87)],
    "later": [(0, 10, 90, 80), (1, 10, 90, 82)],
    "skip": [(0, 2, 90, 91), (1, 2, 90, 91)],
    "random": [(0, 1, 60, 60), (0, 20, 95, 95), (0, 20, 95, 95), (1, 1, 62, 64), (1, 20, 95, 99)],
}


def at(table, seconds, group):
    """Return the row of a group at the last moment not after some seconds."""
    rows = table[(table["group"] == group) & (table["seconds"] <= seconds)]
    return rows.iloc[-1]


def test_who_answers_what_when_counted_by_hand(summary):
    table = summary(CURVES)
    assert tuple(table.columns) == EQUAL_TIME.names
    assert set(table["chosen_by"]) == {"validation"}
    start = table[table["seconds"] == 0]
    assert start[["group", "search"]].to_numpy().tolist() == [["reference", "cell"]], "no group has an answer yet"
    assert set(start["mean"]) == {60.0}
    assert set(start["searches"]) == {0}
    assert start["lead"].isna().all()
    assert table[table["group"] == "training-free"]["seconds"].min() == 4, "one run had no answer before"
    waiting = table[table["group"] == "reference"]
    assert set(waiting["search"]) == {"cell"}
    assert set(waiting["mean"]) == {60.0}
    assert waiting["seconds"].max() < 4, "every group has an answer from there on"
    row = at(table, 4, "training-free")
    assert (row["search"], row["mean"], row["runs"], row["searches"]) == ("naswot", 86, 2, 1)
    row = at(table, 10, "training-free")
    assert (row["search"], row["mean"], row["searches"]) == ("later", 81, 2), "the better by validation, not by test"
    row = at(table, 20, "training-free-prior")
    assert (row["search"], row["mean"], row["prior"]) == ("skip", 91, True)
    row = at(table, 19, "trained")
    assert (row["search"], row["mean"], row["prior"]) == ("random", 62, False)
    assert at(table, 20, "trained")["mean"] == 97
    assert "hybrid" not in set(table["group"]), "the study has none"


def test_the_ends_of_searches_are_moments_with_a_name(summary):
    table = summary(CURVES)
    ends = table.dropna(subset="end_of").groupby("end_of")["seconds"].first().to_dict()
    assert ends == {"naswot": 4, "later": 10, "skip": 2, "random": 20}
    both = summary(CURVES | {"skip": [(0, 4, 90, 91), (1, 4, 90, 91)]})
    assert set(both["end_of"][both["seconds"] == 4]) == {"naswot, skip"}


def test_the_lead_is_the_paired_difference_to_the_next_group_and_of_others_to_the_first(summary):
    table = summary(CURVES).set_index(["seconds", "group"])
    first, second, third = (table.loc[20, group] for group in ("trained", "training-free-prior", "training-free"))
    assert first["lead"] == pytest.approx((4 + 8) / 2)
    assert second["lead"] == pytest.approx(-6)
    assert third["lead"] == pytest.approx(81 - 97)
    assert 4 <= first["lead_low"] <= first["lead_high"] <= 8
    assert first["lead_low"] == pytest.approx(-second["lead_high"])
    early = table.loc[2, "training-free-prior"]
    assert early["lead"] == pytest.approx(91 - 62), "to the trained, not to the group without an answer"
    assert (second["low"], second["high"]) == (91, 91), "equal runs have no spread"


def test_a_search_worse_than_the_random_cell_is_the_answer_and_leads_nobody(summary):
    curves = {"cell": CURVES["cell"], "naswot": [(0, 3, 1, 40), (1, 3, 1, 40)], "random": CURVES["random"]}
    row = at(summary(curves), 3, "training-free")
    assert (row["search"], row["mean"]) == ("naswot", 40)
    assert row["lead"] == 40 - 62
    alone = {"cell": CURVES["cell"], "naswot": curves["naswot"], "random": [(0, 5, 9, 90), (1, 5, 9, 90)]}
    rows = summary(alone)
    row = rows[(rows["seconds"] == 3) & (rows["group"] == "training-free")].iloc[0]
    assert row["lead"] == 40 - 60, "behind the random cell, with which those that are still training would answer"


def test_a_random_cell_is_never_an_answer_of_a_group_of_searches(summary):
    """Nothing has been looked at before the first answer: no row may say that a search that trains has one."""
    table = summary(CURVES)
    assert set(table["group"][table["search"] == "cell"]) == {"reference"}
    assert (table["searches"][table["group"] != "reference"] > 0).all()
    assert (table["searches"][table["group"] == "reference"] == 0).all()
    assert not table.duplicated(["seconds", "group"]).any()
    assert table[(table["seconds"] == 0) & (table["group"] == "trained")].empty


def test_a_search_that_only_draws_cells_is_not_compared_at_equal_time(monkeypatch):
    from tfnas.search import registry

    draws = replace(registry.get_algorithm("random_cell"), name="draws", group="non-weight-sharing")
    monkeypatch.setitem(registry._ALGORITHMS, "draws", draws)
    monkeypatch.setattr(registry, "algorithm_names", lambda: sorted(registry._ALGORITHMS))
    searches = {"one": {"algorithm": "draws"}, "random": {"algorithm": "random_search"}}
    assert equal_time_groups(searches) == {"random": "trained"}


def test_the_facts_say_that_an_interval_may_be_that_of_scorings(summary, tmp_path):
    summary(CURVES)
    facts = read_facts(tmp_path / "out.csv")
    assert "with several scorings no narrower than the t interval of their means" in facts["intervals"]
    assert "of the same kind" in facts["lead_low"]
    assert "reference: nothing, one cell drawn at random" in facts["group"]


def test_a_search_that_costs_nothing_answers_at_once(summary):
    table = summary(CURVES | {"skip": [(0, 0, 90, 91), (1, 0, 90, 91)]})
    row = table[(table["seconds"] == 0) & (table["group"] == "training-free-prior")].iloc[0]
    assert (row["search"], row["mean"], row["searches"]) == ("skip", 91, 1)


def test_of_equal_searches_the_first_of_the_study_answers(summary):
    curves = CURVES | {"later": [(0, 10, 80 + 1e-12, 1), (1, 10, 80, 1)]}
    assert at(summary(curves), 10, "training-free")["search"] == "naswot"


def test_a_truth_without_validation_accuracies_is_chosen_by_test_and_says_so(summary):
    curves = {label: [(run, at, np.nan, test) for run, at, _, test in rows] for label, rows in CURVES.items()}
    table = summary(curves)
    assert set(table["chosen_by"]) == {"test"}
    assert at(table, 10, "training-free")["search"] == "naswot"


def test_unknown_seconds_leave_a_search_out_and_all_of_them_a_dataset(summary, caplog):
    unknown = {"naswot": [(0, np.nan, 80, 85), (1, np.nan, 80, 87)]}
    table = summary(CURVES | unknown)
    assert "naswot" not in set(table["search"])
    assert "naswot on one is not compared at equal time: nobody knows its seconds." in caplog.text
    assert summary(unknown).empty


def test_without_a_random_cell_a_group_begins_with_its_first_answer(summary):
    table = summary({label: rows for label, rows in CURVES.items() if label != "cell"}, random_cell=None)
    assert table[table["seconds"] == 0].empty
    assert table[table["group"] == "training-free"]["seconds"].min() == 4
    assert "reference" not in set(table["group"])


def test_different_runs_cannot_be_paired(summary):
    with pytest.raises(
        SearchError, match=r"^Searches 'naswot' and 'random' on 'one' have 2 and 3 runs, but a comparison"
    ):
        summary(CURVES | {"random": [*CURVES["random"], (2, 1, 1, 1)]})
    with pytest.raises(SearchError, match=r"needs the same ones of all, at least 2: run the missing ones.$"):
        summary({"naswot": [(0, 3, 80, 85)]}, random_cell=None)


def test_the_seed_of_the_study_decides_the_intervals_and_nothing_else(summary):
    rng = np.random.default_rng(0)
    curves = {
        "naswot": [(run, 3, 80, value) for run, value in enumerate(rng.normal(80, 3, 30))],
        "random": [(run, 1, 80, value) for run, value in enumerate(rng.normal(82, 3, 30))],
    }
    one, again, other = (summary(curves, random_cell=None, seed=seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one, again)
    assert not one["low"].equals(other["low"])
    assert one["mean"].equals(other["mean"])


def test_the_order_of_blocks_and_files_does_not_matter(summary, tmp_path):
    whole = summary(CURVES)
    paths = []
    for label, rows in reversed(CURVES.items()):
        for run in (1, 0):
            (tmp_path / str(run)).mkdir(exist_ok=True)
            paths.append(write_curve(tmp_path / str(run), label, [row for row in rows if row[0] == run]))
    summarise_equal_time(paths, GROUPS, ["skip"], "cell", tmp_path / "parts.csv", 0)
    pd.testing.assert_frame_equal(whole, pd.read_csv(tmp_path / "parts.csv"))


def test_the_group_of_a_search_follows_from_what_it_looks_at():
    searches = {
        "naswot": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 10},
        "flops": {"algorithm": "proxy_argmax", "proxy": "flops"},
        "freerea": {"algorithm": "freerea"},
        "no-skip": {"algorithm": "freerea", "proxies": ["naswot", "logsynflow"]},
        "random": {"algorithm": "random_search"},
        "area": {"algorithm": "area", "proxy": "naswot"},
        "queries": {"algorithm": "tfnas_queries", "proxies": ["naswot", "skip"]},
        "cell": {"algorithm": "random_cell"},
        "oracle": {"algorithm": "oracle", "sample": 10},
        "small": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 10, "constraint": {"params": {"max": 9}}},
    }
    assert equal_time_groups(searches) == {
        "naswot": "training-free",
        "flops": "training-free",
        "freerea": "training-free-prior",
        "no-skip": "training-free",
        "random": "trained",
        "area": "hybrid",
        "queries": "hybrid",
    }
    assert [label for label, settings in searches.items() if reads_prior(settings)] == ["freerea", "queries"]
    assert equal_time_groups({label: searches[label] for label in ("cell", "oracle")}) == {}


def test_an_ensemble_with_a_prior_among_its_members_is_one(monkeypatch):
    from tfnas.scoring import ensembles

    pair = ensembles.Ensemble("pair", "Pair", ("naswot", "skip"), "rank_sum", ("", "made up"), "Made up.")
    monkeypatch.setitem(ensembles.ENSEMBLES, "pair", pair)
    assert reads_prior({"algorithm": "proxy_argmax", "proxy": "pair"})
    assert not reads_prior({"algorithm": "proxy_argmax", "proxy": "naswot_logsynflow"})


def test_runs_nested_in_scorings_widen_the_interval(tmp_path):
    """Three scorings decide everything: a bootstrap of 30 runs would call the lead decided, three means do not."""
    trained = [(run, 1, 80, 90.0) for run in range(30)]
    scored = [(run, 1, 80, 90.5 + (-1.4, 0.4, 1.0)[run % 3]) for run in range(30)]
    found = {}
    for scorings in (1, 3):
        paths = [write_curve(tmp_path, "random", trained), write_curve(tmp_path, "naswot", scored)]
        facts = read_facts(paths[1]) | {"scorings": scorings}
        write_table(paths[1], pd.read_parquet(paths[1]), facts)
        summarise_equal_time(paths, GROUPS, [], None, tmp_path / "out.csv", 0)
        table = pd.read_csv(tmp_path / "out.csv")
        found[scorings] = table[table["group"] == "training-free"].iloc[-1]
    assert found[1]["lead"] == found[3]["lead"] == pytest.approx(0.5)
    assert found[1]["lead_low"] > 0 > found[3]["lead_low"]
    assert found[1]["low"] > found[3]["low"]
