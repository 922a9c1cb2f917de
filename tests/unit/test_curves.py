"""Anytime curves: what a block writes of them, and their summary on the grid of a dataset."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from search_helpers import score_table, truth_table, write
from summary_helpers import summarise_curves, summarise_queries

from tfnas.analysis.curves import POINTS
from tfnas.errors import DataError, SearchError
from tfnas.files import read_facts, write_table
from tfnas.schemas.curves import SCHEMA as CURVES
from tfnas.schemas.query_curves import SCHEMA as QUERY_CURVES
from tfnas.schemas.run_curves import SCHEMA as RUN_CURVES
from tfnas.search.block import Block
from tfnas.search.runner import Inputs, run_block


@pytest.fixture
def block(tmp_path):
    """Run a block of a search and return its runs and its curves."""
    truth = {
        "one": write(truth_table(), tmp_path / "one.csv"),
        "two": write(truth_table().assign(test_accuracy=1.0), tmp_path / "two.csv"),
    }

    def run(first=0, last=4, seconds=0.25, **settings):
        scores = write(score_table(seconds=seconds), tmp_path / "scores.csv")
        paths = tmp_path / "runs.parquet", tmp_path / f"curves-{first}.parquet"
        run_block(
            Block("mine", settings, first, last, 7, "made-up"),
            "one",
            Inputs(truth, [scores]),
            paths[0],
            paths[1],
            budget_seconds=60,
        )
        runs = pd.read_parquet(paths[0])
        return runs[runs["dataset"] == "one"].set_index("run"), pd.read_parquet(paths[1])

    return run


def test_the_curve_of_a_search_that_trains_rises_with_its_early_accuracies(block, tmp_path):
    runs, curves = block(algorithm="area", proxy="made_up")
    assert tuple(curves.columns) == RUN_CURVES.names
    assert read_facts(tmp_path / "curves-0.parquet")["search"] == "mine"
    truth = truth_table().set_index("arch")
    for run, part in curves.groupby("run"):
        assert (part["seconds"].diff().dropna() >= 0).all()
        assert (truth.loc[part["arch"], "early_valid_accuracy"].diff().dropna() >= 0).all()
        np.testing.assert_array_equal(part["test_accuracy"], truth.loc[part["arch"], "test_accuracy"])
        last = part.iloc[-1]
        assert last["seconds"] == pytest.approx(runs["scoring_seconds"][run] + runs["training_seconds"][run])
        assert (last["arch"], last["test_accuracy"]) == (runs["arch"][run], runs["test_accuracy"][run])
        assert part["seconds"].iloc[0] > 20 * 0.25, "the sample was scored first"


def test_a_training_free_search_has_an_answer_at_its_end(block):
    runs, curves = block(algorithm="proxy_search", proxy="made_up", sample=10)
    assert list(curves["seconds"]) == [2.5] * 5
    assert list(curves["arch"]) == list(runs["arch"])


@pytest.mark.parametrize("trust", [0, 3])
def test_a_search_that_weighs_score_and_accuracy_has_an_answer_at_its_end_in_every_run(block, trust):
    settings = {"proxies": ["made_up"], "initial": 10, "cells": 20, "queries": 4, "trust": trust}
    runs, curves = block(algorithm="tfnas_queries", **settings)
    assert list(curves["run"]) == list(range(5))
    assert list(curves["arch"]) == list(runs["arch"])


def test_seconds_that_nobody_knows_are_not_told(block, tmp_path):
    curves = block(algorithm="area", proxy="made_up", seconds=np.nan)[1]
    assert curves["seconds"].isna().all()
    summarise_curves([tmp_path / "curves-0.parquet"], tmp_path / "out.csv")
    assert pd.read_csv(tmp_path / "out.csv").empty


def write_curve(path, search, rows, dataset="one", queries=None):
    table = pd.DataFrame(rows, columns=["run", "seconds", "test_accuracy"])
    table = table.assign(arch="", valid_accuracy=0.0, queries=np.ceil(table["seconds"]) if queries is None else queries)
    write_table(path, table[list(RUN_CURVES.names)], {"search": search, "searched_on": dataset})
    return path


def test_the_summary_of_curves_counted_by_hand(tmp_path):
    paths = [
        write_curve(
            tmp_path / "a.parquet", "trains", [(0, 1, 50), (0, 10, 60), (0, 100, 60), (1, 2, 40), (1, 100, 40)]
        ),
        write_curve(tmp_path / "b.parquet", "scores", [(0, 4, 55), (1, 5, 57), (2, 3, 56)]),
        write_curve(tmp_path / "c.parquet", "oracle", [(0, 0, 99)]),
    ]
    summarise_curves(paths, tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv")
    assert tuple(table.columns) == CURVES.names
    trains = table[table["search"] == "trains"].reset_index(drop=True)
    assert len(trains) == POINTS
    assert (trains["seconds"].iloc[0], trains["seconds"].iloc[-1]) == (2, 100), "not before both runs have an answer"
    before = trains["seconds"] < 10
    assert set(trains["mean"][before]) == {45.0}
    assert set(trains["mean"][~before]) == {50.0}
    assert trains["std"].iloc[-1] == pytest.approx(np.std([60, 40], ddof=1))
    assert list(trains.loc[0, ["quartile_low", "median", "quartile_high"]]) == [42.5, 45, 47.5]
    scores = table[table["search"] == "scores"]
    assert len(scores) == 1, "all runs are over when the last of them has an answer"
    assert 5 <= scores["seconds"].item() < 5.2
    assert (scores["mean"].item(), scores["n"].item()) == (56, 3)
    assert "oracle" not in set(table["search"]), "it is charged nothing"


def test_the_curve_counts_the_looks_that_an_incumbent_took(block):
    for settings, looks in (({"algorithm": "area"}, None), ({"algorithm": "proxy_search", "sample": 10}, 0)):
        runs, curves = block(proxy="made_up", **settings)
        for run, part in curves.groupby("run"):
            assert (part["queries"].diff().dropna() >= 0).all()
            taken = runs["cells"][run] - 20 if looks is None else looks
            assert part["queries"].iloc[-1] == taken, "all but the twenty scores of the sample"
        truth = truth_table().set_index("arch")
        np.testing.assert_array_equal(curves["valid_accuracy"], truth.loc[curves["arch"], "valid_accuracy"])


def test_accuracy_against_looks_counted_by_hand(tmp_path):
    rows = [(0, 1, 50), (0, 10, 60), (0, 100, 60), (1, 2, 40), (1, 100, 40)]
    paths = [
        write_curve(tmp_path / "a.parquet", "trains", rows, queries=[1, 3, 5, 2, 5]),
        write_curve(tmp_path / "b.parquet", "scores", [(0, np.nan, 55), (1, np.nan, 57)], queries=0),
        write_curve(tmp_path / "c.parquet", "oracle", [(0, 0, 99)]),
    ]
    summarise_queries(paths, ["oracle"], tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv")
    assert tuple(table.columns) == QUERY_CURVES.names
    trains = table[table["search"] == "trains"]
    assert list(trains["queries"]) == [2, 3, 4, 5], "from the look at which both runs have an answer"
    assert list(trains["mean"]) == [45, 50, 50, 50]
    scores = table[table["search"] == "scores"]
    assert list(scores["queries"]) == [0], "unknown seconds do not matter"
    assert (scores["mean"].item(), scores["n"].item()) == (56, 2)
    assert "oracle" not in set(table["search"])


def test_the_summary_does_not_depend_on_blocks(block, tmp_path):
    block(0, 4, algorithm="random_search")
    summarise_curves([tmp_path / "curves-0.parquet"], tmp_path / "whole.csv")
    block(0, 1, algorithm="random_search")
    block(2, 4, algorithm="random_search")
    paths = [tmp_path / "curves-2.parquet", tmp_path / "curves-0.parquet"]
    summarise_curves(paths, tmp_path / "parts.csv")
    assert (tmp_path / "whole.csv").read_text() == (tmp_path / "parts.csv").read_text()


def test_a_run_in_two_blocks_and_a_missing_column_are_refused(tmp_path):
    paths = [write_curve(tmp_path / f"{name}.parquet", "mine", [(3, 1, 50)]) for name in "ab"]
    with pytest.raises(SearchError, match=r"^Two tables of anytime curves of search 'mine' on 'one' hold the same run"):
        summarise_curves(paths, tmp_path / "out.csv")
    write_table(paths[0], pd.DataFrame({"run": [1]}), read_facts(paths[0]))
    with pytest.raises(DataError, match="has no column seconds"):
        summarise_curves(paths, tmp_path / "out.csv")
