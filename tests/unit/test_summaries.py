"""The summary tables: their columns, their numbers, and their refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from search_helpers import score_table, truth_table, write

from tfnas.cells import canonical_classes
from tfnas.errors import DataError, SearchError
from tfnas.search import run_block
from tfnas.summaries import CORRELATION_COLUMNS, SEARCH_COLUMNS, summarise_correlations, summarise_searches


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    truth = {name: write(truth_table(), folder / f"{name}.csv") for name in ("one", "two")}
    paths = []
    for label, settings in {
        "oracle-5": {"algorithm": "oracle", "sample": 5},
        "cell": {"algorithm": "random_cell"},
    }.items():
        for first, last in ((0, 4), (5, 11)):
            paths.append(folder / f"{label}-{first}.parquet")
            run_block(label, settings, "one", truth, None, first, last, 1, None, paths[-1], "made-up")
    return paths


def test_searches_are_summarised_over_runs(runs, tmp_path):
    summarise_searches(runs, tmp_path / "search.csv")
    summary = pd.read_csv(tmp_path / "search.csv")
    assert tuple(summary.columns) == SEARCH_COLUMNS
    assert len(summary) == 2 * 2 * 2
    assert list(dict.fromkeys(summary["search"])) == ["oracle-5", "cell"]
    all_runs = pd.concat([pd.read_parquet(path) for path in runs])
    for row in summary.itertuples():
        own = all_runs[(all_runs.search == row.search) & (all_runs.dataset == row.dataset)]
        values = own[row.metric].to_numpy()
        assert row.n == 12
        assert row.mean == pytest.approx(values.mean())
        assert row.std == pytest.approx(values.std(ddof=1))
        assert row.median == pytest.approx(np.median(values))
        assert row.ci_low < row.mean < row.ci_high
        assert row.cells == own.cells.mean()
        assert row.wall_seconds == pytest.approx(own.wall_seconds.mean())
        assert row.training_seconds == 0


def test_the_summary_does_not_depend_on_the_order_of_blocks(runs, tmp_path):
    summarise_searches(runs, tmp_path / "a.csv")
    summarise_searches([runs[1], runs[0], runs[3], runs[2]], tmp_path / "b.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "a.csv"), pd.read_csv(tmp_path / "b.csv"))


def test_unknown_scoring_seconds_stay_unknown(runs, tmp_path):
    table = pd.read_parquet(runs[0]).assign(scoring_seconds=np.nan)
    table.to_parquet(tmp_path / "runs.parquet")
    summarise_searches([tmp_path / "runs.parquet"], tmp_path / "search.csv")
    assert pd.read_csv(tmp_path / "search.csv").scoring_seconds.isna().all()


def test_one_run_or_a_run_twice_is_refused(runs, tmp_path):
    table = pd.read_parquet(runs[0])
    table[table["run"] == 0].to_parquet(tmp_path / "one.parquet")
    with pytest.raises(SearchError) as error:
        summarise_searches([tmp_path / "one.parquet"], tmp_path / "search.csv")
    assert str(error.value) == (
        "Search 'oracle-5' on 'one': 1 run cannot be summarised: "
        "a standard deviation needs at least 2, raise search.runs."
    )
    with pytest.raises(SearchError, match=r"^Run 0 of search 'oracle-5' on 'one' is in two of the run tables"):
        summarise_searches([runs[0], runs[0]], tmp_path / "search.csv")
    with pytest.raises(DataError, match="does not exist"):
        summarise_searches([tmp_path / "none.parquet"], tmp_path / "search.csv")
    assert not (tmp_path / "search.csv").exists()


@pytest.fixture
def correlated(tmp_path):
    truth = truth_table()
    rng = np.random.default_rng(4)
    good = truth.test_accuracy.to_numpy() + rng.normal(size=len(truth)) * 3
    good[:100] = np.nan
    tables = [
        score_table(good, "good", seconds=0.5),
        score_table(np.round(-good), "bad", seconds=0.1),
        score_table(np.full(len(truth), np.nan), "broken"),
    ]
    scores = write(pd.concat(tables), tmp_path / "scores.csv")
    summarise_correlations({"one": scores}, {"one": write(truth, tmp_path / "one.csv")}, tmp_path / "correlations.csv")
    return truth, good, pd.read_csv(tmp_path / "correlations.csv").set_index(["proxy", "accuracy", "cells"])


def test_correlations_are_scipys_on_all_and_on_distinct_cells(correlated):
    truth, good, table = correlated
    assert set(table.reset_index().columns) == set(CORRELATION_COLUMNS)
    assert len(table) == 3 * 2 * 2
    for cells, chosen in (("all", np.arange(15625)), ("distinct", np.unique(canonical_classes()))):
        row = table.loc[("good", "test_accuracy", cells)]
        assert row.n == len(chosen)
        accuracies = truth.test_accuracy.to_numpy()[chosen]
        lowest = np.where(np.isnan(good[chosen]), np.nanmin(good[chosen]), good[chosen])
        assert row.spearman == pytest.approx(scipy.stats.spearmanr(lowest, accuracies).statistic)
        assert row.kendall == pytest.approx(scipy.stats.kendalltau(lowest, accuracies).statistic)
        assert row.spearman_low < row.spearman < row.spearman_high
        assert row.seconds == pytest.approx(0.5)
    assert len(np.unique(canonical_classes())) == 6466


def test_the_sign_is_kept_and_missing_scores_are_counted(correlated):
    _, _, table = correlated
    assert (table.query("proxy == 'bad'")["spearman"] < -0.5).all()
    assert table.loc[("good", "test_accuracy", "all"), "nan"] == 100
    broken = table.loc[("broken", "valid_accuracy", "all")]
    assert broken.nan == broken.n == 15625
    assert np.isnan(broken.spearman)


def test_an_incomplete_table_counts_what_it_has(tmp_path):
    truth = write(truth_table(np.arange(500)), tmp_path / "truth.csv")
    scores = write(score_table().iloc[::2], tmp_path / "scores.csv")
    summarise_correlations({"one": scores}, {"one": truth}, tmp_path / "c.csv")
    table = pd.read_csv(tmp_path / "c.csv")
    assert (table[table.cells == "all"].n == 250).all()
    assert (table[table.cells == "distinct"].n < 250).all()


def test_truth_without_validation_accuracies_gives_rows_of_the_test_accuracy_only(tmp_path):
    truth = write(truth_table().drop(columns="valid_accuracy"), tmp_path / "truth.csv")
    summarise_correlations({"one": write(score_table(), tmp_path / "s.csv")}, {"one": truth}, tmp_path / "c.csv")
    assert set(pd.read_csv(tmp_path / "c.csv").accuracy) == {"test_accuracy"}
