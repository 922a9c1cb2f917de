"""The summary tables: their columns, their numbers, and their refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from search_helpers import score_table, truth_table, write
from summary_helpers import summarise_correlations, summarise_proxies, summarise_searches

from tfnas.analysis.statistics import ndcg
from tfnas.errors import CellError, DataError, ScoreError, SearchError, UnknownNameError
from tfnas.networks.skeleton import Skeleton, count_flops, count_parameters
from tfnas.schemas.correlations import SCHEMA as CORRELATIONS
from tfnas.schemas.proxies import SCHEMA as PROXIES
from tfnas.schemas.proxy_pairs import SCHEMA as PAIRS
from tfnas.schemas.search import SCHEMA as SEARCH
from tfnas.scoring import writer
from tfnas.search.block import Block
from tfnas.search.runner import Inputs, run_block
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE, Cell


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
            run_block(Block(label, settings, first, last, 1, "made-up"), "one", Inputs(truth), paths[-1])
    return paths


def test_searches_are_summarised_over_runs(runs, tmp_path):
    summarise_searches(runs, tmp_path / "search.csv", 0)
    summary = pd.read_csv(tmp_path / "search.csv")
    assert tuple(summary.columns) == SEARCH.names
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
    summarise_searches(runs, tmp_path / "a.csv", 0)
    summarise_searches([runs[1], runs[0], runs[3], runs[2]], tmp_path / "b.csv", 0)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "a.csv"), pd.read_csv(tmp_path / "b.csv"))


def test_unknown_scoring_seconds_stay_unknown(runs, tmp_path):
    table = pd.read_parquet(runs[0]).assign(scoring_seconds=np.nan)
    table.to_parquet(tmp_path / "runs.parquet")
    summarise_searches([tmp_path / "runs.parquet"], tmp_path / "search.csv", 0)
    assert pd.read_csv(tmp_path / "search.csv").scoring_seconds.isna().all()


def test_one_run_or_a_run_twice_is_refused(runs, tmp_path):
    table = pd.read_parquet(runs[0])
    table[table["run"] == 0].to_parquet(tmp_path / "one.parquet")
    with pytest.raises(SearchError) as error:
        summarise_searches([tmp_path / "one.parquet"], tmp_path / "search.csv", 0)
    assert str(error.value) == (
        "Search 'oracle-5' on 'one': 1 run cannot be summarised: "
        "a standard deviation needs at least 2, raise search.runs."
    )
    with pytest.raises(SearchError, match=r"^Run 0 of search 'oracle-5' on 'one' is in two of the run tables"):
        summarise_searches([runs[0], runs[0]], tmp_path / "search.csv", 0)
    with pytest.raises(DataError, match="does not exist"):
        summarise_searches([tmp_path / "none.parquet"], tmp_path / "search.csv", 0)
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
    assert set(table.reset_index().columns) == set(CORRELATIONS.names)
    assert len(table) == 3 * 2 * 3
    sets = {"all": np.arange(15625), "pruned": np.unique(SPACE.pruned), "distinct": np.unique(SPACE.classes)}
    for cells, chosen in sets.items():
        row = table.loc[("good", "test_accuracy", cells)]
        assert row.n == len(chosen)
        accuracies = truth.test_accuracy.to_numpy()[chosen]
        lowest = np.where(np.isnan(good[chosen]), np.nanmin(good[chosen]), good[chosen])
        assert row.spearman == pytest.approx(scipy.stats.spearmanr(lowest, accuracies).statistic)
        assert row.kendall == pytest.approx(scipy.stats.kendalltau(lowest, accuracies).statistic)
        assert row.spearman_low < row.spearman < row.spearman_high
        assert row.ndcg == pytest.approx(ndcg(lowest, accuracies))
        assert row.seconds == pytest.approx(0.5)
    assert len(np.unique(SPACE.classes)) == 6466


def test_the_sign_is_kept_and_missing_scores_are_counted(correlated):
    _, _, table = correlated
    assert (table.query("proxy == 'bad'")["spearman"] < -0.5).all()
    assert table.loc[("good", "test_accuracy", "all"), "nan"] == 100
    broken = table.loc[("broken", "valid_accuracy", "all")]
    assert broken.nan == broken.n == 15625
    assert np.isnan(broken.spearman)


def test_of_a_truth_of_some_cells_these_are_counted(tmp_path):
    truth = write(truth_table(np.arange(0, 500, 2)), tmp_path / "truth.csv")
    scores = write(score_table(), tmp_path / "scores.csv")
    summarise_correlations({"one": scores}, {"one": truth}, tmp_path / "c.csv")
    table = pd.read_csv(tmp_path / "c.csv")
    assert (table[table.cells == "all"].n == 250).all()
    assert (table[table.cells == "pruned"].n == np.unique(SPACE.pruned[:500:2]).size).all()
    assert (table[table.cells == "distinct"].n == np.unique(SPACE.classes[:500:2]).size).all()


def test_an_incomplete_score_table_is_refused(tmp_path):
    truth = write(truth_table(np.arange(500)), tmp_path / "truth.csv")
    scores = write(score_table().iloc[::2], tmp_path / "scores.csv")
    with pytest.raises(ScoreError, match="holds 7813 of 15625 cells for proxy 'made_up', the first that is missing"):
        summarise_correlations({"one": scores}, {"one": truth}, tmp_path / "c.csv")


def test_a_bad_string_is_no_row_of_a_score_table(tmp_path):
    scores = score_table(proxy="naswot")
    scores.loc[4, "arch"] = "a cell"
    with pytest.raises(CellError, match=r"^'.*s.parquet' has a row that is no cell of the space: 'a cell' has 1 nodes"):
        write(scores, tmp_path / "s.csv")


def test_truth_without_validation_accuracies_gives_rows_of_the_test_accuracy_only(tmp_path):
    truth = write(truth_table().drop(columns="valid_accuracy"), tmp_path / "truth.csv")
    summarise_correlations({"one": write(score_table(), tmp_path / "s.csv")}, {"one": truth}, tmp_path / "c.csv")
    assert set(pd.read_csv(tmp_path / "c.csv").accuracy) == {"test_accuracy"}


SKELETON = {"channels": 2, "cells_per_stage": 1}


def costs() -> np.ndarray:
    """Parameters and FLOPs of all cells, shape (15625, 2)."""
    cells = [Cell.from_code(code) for code in range(15625)]
    return np.array([(count_parameters(c, Skeleton(**SKELETON)), count_flops(c, Skeleton(**SKELETON))) for c in cells])


def write_scores(path, **scores):
    """Write a score table with a skeleton in its facts."""
    tables = [score_table(np.asarray(values, dtype=float), name) for name, values in scores.items()]
    # Rows in another order than the codes, as a table may have them.
    writer.write_scores(path, pd.concat(tables).sample(frac=1, random_state=0), {"skeleton": SKELETON})
    return path


def proxies_of(tmp_path, truth, names=None, **scores):
    """Return the summary of proxies on one dataset, by name."""
    paths = {"one": write_scores(tmp_path / "scores.parquet", **scores)}
    truths = {"one": write(truth, tmp_path / "truth.csv")}
    summarise_proxies(paths, truths, names or list(scores), tmp_path / "proxies.csv")
    summary = pd.read_csv(tmp_path / "proxies.csv")
    assert tuple(summary.columns) == PROXIES.names
    return summary.set_index("proxy")


def test_the_best_tenth_is_correlated_by_itself(tmp_path):
    truth = truth_table()
    accuracies = truth.test_accuracy.to_numpy()
    good = accuracies + np.random.default_rng(4).normal(size=len(truth))
    good[::7] = np.nan
    summary = proxies_of(tmp_path, truth.sample(frac=1, random_state=1), ["bad", "good"], good=good, bad=-accuracies)
    assert summary.index.tolist() == ["bad", "good"]
    row = summary.loc["good"]
    assert (row.n, row.top_n) == (15625, 1563)
    best = np.argsort(accuracies)[-1563:]
    # Missing scores count as the lowest of all cells, not of the best ones.
    scores = np.where(np.isnan(good), np.nanmin(good), good)[best]
    assert row.top_spearman == pytest.approx(scipy.stats.spearmanr(scores, accuracies[best]).statistic)
    assert row.top_kendall == pytest.approx(scipy.stats.kendalltau(scores, accuracies[best]).statistic)
    assert row.top_spearman_low < row.top_spearman < row.top_spearman_high
    assert summary.loc["bad", "top_spearman"] == pytest.approx(-1)


def test_of_equally_accurate_cells_at_the_boundary_the_first_codes_belong_to_the_best(tmp_path):
    codes = np.arange(20)
    truth = truth_table(codes).assign(test_accuracy=[50.0] * 10 + [90.0] + [80.0] * 4 + [50.0] * 5)
    scores = np.zeros(15625)
    scores[[10, 11]] = 5, 7
    # Two of 20 cells: code 10 (90) and, of those with 80, code 11; the worse one has the higher score.
    row = proxies_of(tmp_path, truth.sample(frac=1, random_state=3), made_up=scores).loc["made_up"]
    assert (row.n, row.top_n, row.top_spearman, row.top_kendall) == (20, 2, pytest.approx(-1), pytest.approx(-1))
    assert np.isnan(row.top_spearman_low)
    truth = truth.assign(test_accuracy=np.where(codes == 19, np.nan, truth.test_accuracy)).drop(index=0)
    assert proxies_of(tmp_path, truth, made_up=scores).loc["made_up", "n"] == 18


def test_the_first_cells_are_those_with_the_highest_score(tmp_path):
    codes = np.arange(10)
    truth = truth_table(codes).assign(test_accuracy=[50.0, 60, 70, 80, 90, 91, 92, 93, 94, 95])
    scores, missing = np.zeros(15625), np.full(15625, np.nan)
    scores[[3, 6, 8000]] = 5, 5, 9  # the last one is not in the ground truth
    summary = proxies_of(tmp_path, truth.sample(frac=1, random_state=3), made_up=scores, broken=missing)
    row = summary.loc["made_up"]
    assert (row.first_cells, row.first_arch, row.first_accuracy) == (2, SPACE.strings[3], 86)
    assert row.first_better == 0.6
    assert (summary.loc["broken", "first_cells"], summary.loc["broken", "first_accuracy"]) == (10, 81.5)


def test_partial_correlations_take_out_the_costs_of_the_cell(tmp_path):
    truth, cost = truth_table(), costs()
    rng = np.random.default_rng(5)
    noisy = truth.test_accuracy.to_numpy() + rng.normal(size=len(truth)) * 3
    summary = proxies_of(tmp_path, truth, noisy=noisy, params=cost[:, 0], flops=1e-6 * cost[:, 1])
    # Parameters and FLOPs rank the cells alike, so that one of them says it all.
    assert scipy.stats.spearmanr(*cost.T).statistic == pytest.approx(1)
    known = np.column_stack([noisy, truth.test_accuracy, cost[:, 0]])
    inverse = np.linalg.inv(scipy.stats.spearmanr(known).statistic)
    row = summary.loc["noisy"]
    assert row.partial_spearman == pytest.approx(-inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1]), abs=1e-9)
    assert row.partial_spearman_low < row.partial_spearman < row.partial_spearman_high
    nothing = summary.loc[["params", "flops"], [name for name in summary if name.startswith("partial")]]
    assert nothing.isna().all(axis=None)


def test_every_pair_of_proxies_is_correlated_in_both_orders(tmp_path):
    rng = np.random.default_rng(6)
    a = np.round(rng.normal(size=15625), 1)
    b = a + rng.normal(size=15625)
    b[:50] = -np.inf
    paths = {}
    for dataset, sign in (("one", 1), ("two", -1)):
        paths[dataset] = write_scores(tmp_path / f"{dataset}.csv", a=a, b=sign * b, broken=np.full(15625, np.nan))
    truths = dict.fromkeys(paths, write(truth_table(), tmp_path / "truth.csv"))
    summarise_proxies(paths, truths, ["b", "broken", "a"], tmp_path / "proxies.csv")
    table = pd.read_csv(tmp_path / "pairs.csv")
    assert tuple(table.columns) == PAIRS.names
    assert table[["dataset", "proxy", "other"]].to_numpy().tolist() == [
        [dataset, proxy, other]
        for dataset in ("one", "two")
        for proxy in ("b", "broken", "a")
        for other in ("b", "broken", "a")
    ]
    rho = table.set_index(["dataset", "proxy", "other"]).sort_index().spearman
    for dataset, sign in (("one", 1), ("two", -1)):
        lowest = np.where(np.isfinite(b), sign * b, (sign * b)[50:].min())
        expected = scipy.stats.spearmanr(a, lowest).statistic
        assert rho[dataset, "a", "b"] == rho[dataset, "b", "a"] == pytest.approx(expected)
        assert rho[dataset, "a", "a"] == 1
        assert np.isnan(rho[dataset, "broken"]).all()


def test_a_score_table_without_a_proxy_is_one_sentence(tmp_path):
    path = write_scores(tmp_path / "scores.parquet", made_up=np.arange(15625))
    with pytest.raises(UnknownNameError) as error:
        summarise_proxies({"one": path}, {"one": path}, ["made_up", "zen"], tmp_path / "proxies.csv")
    assert str(error.value) == f"Unknown proxy 'zen' in {path}: choose one of made_up."


def test_the_bootstrap_follows_the_master_seed(runs, tmp_path):
    for seed in (1, 2):
        summarise_searches(runs, tmp_path / f"{seed}.csv", seed)
    one, other = (pd.read_csv(tmp_path / f"{seed}.csv") for seed in (1, 2))
    assert one["mean"].tolist() == other["mean"].tolist()
    assert one["ci_low"].tolist() != other["ci_low"].tolist()


def test_cells_of_one_class_count_once_in_the_interval_of_a_correlation(tmp_path):
    classes = SPACE.classes
    rng = np.random.default_rng(1)
    truth = truth_table().assign(test_accuracy=80 + rng.normal(size=SPACE_SIZE)[classes])
    scores = truth["test_accuracy"].to_numpy() + 2 * rng.normal(size=SPACE_SIZE)[classes]
    paths = {"one": write(score_table(scores), tmp_path / "s.csv")}, {"one": write(truth, tmp_path / "t.csv")}
    summarise_correlations(*paths, tmp_path / "correlations.csv")
    table = pd.read_csv(tmp_path / "correlations.csv").set_index(["accuracy", "cells"]).loc["test_accuracy"]
    width = table["spearman_high"] - table["spearman_low"]
    fisher = 2 * 1.96 * (1 - table["spearman"] ** 2) * np.sqrt((1 + table["spearman"] ** 2 / 2) / table["n"])
    assert width["distinct"] == pytest.approx(fisher["distinct"], rel=0.1), "every cell a class: as Bonett and Wright"
    assert width["all"] > 2 * fisher["all"], "275 cells that compute the same are one observation"
    kendall = table["kendall_high"] - table["kendall_low"]
    assert kendall["all"] > 1.5 * kendall["distinct"]
