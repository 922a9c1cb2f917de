"""Searches against each other: columns, numbers, refusals, and the real ground truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from search_helpers import nats_truth, truth_table, write
from summary_helpers import compare_searches, rank_searches, summarise_regret, summarise_searches

from tfnas.analysis.statistics import holm
from tfnas.errors import SearchError, TruthError
from tfnas.files import read_facts
from tfnas.schemas.comparisons import SCHEMA as COMPARISONS
from tfnas.schemas.ranks import SCHEMA as RANKS
from tfnas.schemas.regret import SCHEMA as REGRET
from tfnas.schemas.runs import SCHEMA as RUNS
from tfnas.search.block import Block
from tfnas.search.runner import Inputs, run_block


def runs_of(accuracies, folder, searched_on="one", dataset="one"):
    """Write run tables with these test accuracies by search and return their paths."""
    paths = []
    for search, values in accuracies.items():
        table = pd.DataFrame({"run": np.arange(len(values)), "test_accuracy": values}).assign(
            search=search, searched_on=searched_on, dataset=dataset, arch="", valid_accuracy=np.nan
        )
        for column in RUNS.names:
            if column not in table:
                table[column] = 0.0
        paths.append(folder / f"{search}-{searched_on}-{dataset}.parquet")
        table[list(RUNS.names)].to_parquet(paths[-1])
    return paths


def compared(paths, tmp_path):
    compare_searches(paths, tmp_path / "comparisons.csv", 0)
    return pd.read_csv(tmp_path / "comparisons.csv")


def test_every_pair_by_hand(tmp_path):
    accuracies = {"a": [91.0, 92.0, 93.0, 90.5], "b": [90.0, 92.0, 91.0, 91.0], "c": [90.0, 90.0, 90.0, 90.0]}
    table = compared(runs_of(accuracies, tmp_path), tmp_path)
    assert tuple(table.columns) == COMPARISONS.names
    assert list(zip(table.search, table.other, strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]
    row = table.iloc[0]
    differences = np.array([1.0, 0.0, 2.0, -0.5])
    assert (row.n, row.zeros) == (4, 1)
    assert row.difference == differences.mean() == 0.625
    assert row["std"] == pytest.approx(differences.std(ddof=1))
    assert -0.5 <= row.ci_low < 0.625 < row.ci_high <= 2
    assert row.probability == 2.5 / 4
    assert row.rank_biserial == pytest.approx((3 + 4 - 2) / 10)
    assert row.p == scipy.stats.wilcoxon(differences, zero_method="pratt").pvalue
    assert table.p_holm.tolist() == pytest.approx(holm(table.p).tolist())
    assert "zeros by Pratt" in read_facts(tmp_path / "comparisons.csv")["p"]


def test_rounding_breaks_no_tie(tmp_path):
    accuracies = {"a": [0.3, 0.1, 93.3], "b": [0.1 + 0.2, 0.1, 93.2]}
    assert accuracies["a"][0] != accuracies["b"][0]
    assert compared(runs_of(accuracies, tmp_path), tmp_path).zeros.item() == 2


def test_holm_counts_the_pairs_of_one_dataset_searched_on_and_read_off(tmp_path):
    rng = np.random.default_rng(0)
    paths = []
    for searched_on in ("one", "two"):
        for dataset in ("one", "two"):
            drawn = {name: rng.normal(90 + place, 1, 12) for place, name in enumerate("abc")}
            paths += runs_of(drawn, tmp_path, searched_on, dataset)
    table = compared(paths, tmp_path)
    assert len(table) == 4 * 3
    for _, group in table.groupby(["searched_on", "dataset"]):
        np.testing.assert_allclose(group.p_holm, holm(group.p))


def test_a_pair_is_compared_on_its_common_runs_alone(tmp_path):
    accuracies = {"a": [91.0, 92.0, np.nan, 93.0], "b": [90.0, 90.0, 50.0], "c": [1.0, 2.0, 3.0, 4.0]}
    table = compared(runs_of(accuracies, tmp_path), tmp_path).set_index(["search", "other"])
    assert table.n.tolist() == [2, 3, 3]
    assert table.difference["a", "b"] == 1.5
    with pytest.raises(SearchError) as error:
        compared(runs_of({"a": [91.0, 92.0], "b": [90.0, np.nan]}, tmp_path), tmp_path)
    assert str(error.value) == (
        "Searches 'a' and 'b' on 'one' have 1 run in common: a comparison needs at least 2, give both the same runs."
    )


def test_one_search_has_no_pairs(tmp_path):
    table = compared(runs_of({"a": [91.0, 92.0]}, tmp_path), tmp_path)
    assert table.empty
    assert tuple(table.columns) == COMPARISONS.names


def test_comparisons_depend_neither_on_blocks_nor_on_other_searches(tmp_path):
    rng = np.random.default_rng(0)
    accuracies = {name: rng.normal(90, 1, 10) for name in "abc"}
    paths = runs_of(accuracies, tmp_path)
    whole = compared(paths, tmp_path)
    cut = []
    for path in paths:
        table = pd.read_parquet(path)
        for number, part in enumerate((table[5:], table[:5])):
            cut.append(tmp_path / f"{number}-{path.name}")
            part.to_parquet(cut[-1])
    pd.testing.assert_frame_equal(compared(cut, tmp_path), whole)
    alone = compared(paths[:2], tmp_path).drop(columns="p_holm").iloc[0]
    pd.testing.assert_series_equal(alone, whole.drop(columns="p_holm").iloc[0])
    with pytest.raises(SearchError, match="is in two of the run tables"):
        compared([paths[0], paths[0]], tmp_path)


def test_regret_is_what_is_left_to_the_best_cell(tmp_path):
    truths = {"one": write(pd.DataFrame({"test_accuracy": [94.0, 80.0, np.nan]}), tmp_path / "one.csv")}
    paths = runs_of({"a": [94.0, 93.0, 90.0, 94.0]}, tmp_path)
    summarise_regret(paths, truths, tmp_path / "regret.csv", 0)
    summarise_searches(paths, tmp_path / "search.csv", 0)
    table, accuracy = pd.read_csv(tmp_path / "regret.csv"), pd.read_csv(tmp_path / "search.csv").iloc[0]
    assert tuple(table.columns) == REGRET.names
    row = table.iloc[0]
    assert (row.optimum, row["mean"], row["median"], row.worst, row.at_optimum) == (94, 1.25, 0.5, 4, 0.5)
    assert row["std"] == pytest.approx(accuracy["std"])
    assert (row.ci_low, row.ci_high) == pytest.approx((94 - accuracy.ci_high, 94 - accuracy.ci_low))


def test_regret_needs_test_accuracies_and_runs(tmp_path):
    paths = runs_of({"a": [94.0, 93.0]}, tmp_path)
    nothing = write(pd.DataFrame({"test_accuracy": [np.nan]}), tmp_path / "none.csv")
    with pytest.raises(TruthError, match=r"none.csv' holds no accuracy: regret needs at least one"):
        summarise_regret(paths, {"one": nothing}, tmp_path / "regret.csv", 0)
    truths = {"one": write(truth_table(), tmp_path / "one.csv")}
    with pytest.raises(SearchError, match="Search 'a' on 'one': 1 run cannot be summarised"):
        summarise_regret(runs_of({"a": [94.0]}, tmp_path), truths, tmp_path / "regret.csv", 0)


def summary_of(means, folder):
    """Write a summary with these mean test accuracies, a list of datasets for every search."""
    rows = [
        {"search": search, "searched_on": on, "dataset": f"d{place}", "metric": metric, "mean": mean - (on == "d9")}
        for search, values in means.items()
        for place, mean in enumerate(values)
        for on in (f"d{place}", "d9")
        for metric in ("test_accuracy", "valid_accuracy")
    ]
    return write(pd.DataFrame(rows), folder / "search.csv")


def test_ranks_over_datasets(tmp_path):
    means = {"a": [94.0, 73.0, 46.0], "b": [93.0, 73.0, 45.0], "c": [92.0, 70.0, 47.0], "oracle": [99.0, 99.0, 99.0]}
    rank_searches(summary_of(means, tmp_path), ["a", "b", "c"], ["d0", "d1", "d2"], tmp_path / "ranks.csv")
    table = pd.read_csv(tmp_path / "ranks.csv")
    assert tuple(table.columns) == RANKS.names
    assert table["rank"].tolist() == [1, 1.5, 2, 2, 1.5, 3, 3, 3, 1]
    assert table.drop_duplicates("search").mean_rank.tolist() == pytest.approx([1.5, 6.5 / 3, 7 / 3])
    friedman = scipy.stats.friedmanchisquare(*(means[name] for name in "abc"))
    assert table.friedman.unique() == pytest.approx([friedman.statistic])
    assert table.friedman_p.unique() == pytest.approx([friedman.pvalue])
    assert table.critical_difference.unique() == pytest.approx([2.343 * np.sqrt(12 / 18)], abs=0.002)


def test_searches_that_all_tie_have_no_friedman_test(tmp_path):
    means = {search: [90.0, 70.0] for search in "abc"}
    rank_searches(summary_of(means, tmp_path), list("abc"), ["d0", "d1"], tmp_path / "ranks.csv")
    table = pd.read_csv(tmp_path / "ranks.csv")
    assert (table["rank"] == 2).all()
    assert table.friedman.isna().all()


def test_too_few_or_missing_searches_are_not_ranked(tmp_path):
    path = summary_of({"a": [94.0, 73.0], "b": [93.0, 73.0], "c": [92.0]}, tmp_path)
    with pytest.raises(SearchError, match=r"2 searches on 2 datasets cannot be ranked: .* needs at least 3 searches"):
        rank_searches(path, ["a", "b"], ["d0", "d1"], tmp_path / "ranks.csv")
    with pytest.raises(SearchError, match="3 searches on 1 datasets cannot be ranked"):
        rank_searches(path, ["a", "b", "c"], ["d0"], tmp_path / "ranks.csv")
    with pytest.raises(SearchError, match=r"has no accuracy of search 'c' searched on 'd1': run the searches"):
        rank_searches(path, ["a", "b", "c"], ["d0", "d1"], tmp_path / "ranks.csv")


def test_on_the_real_ground_truth_common_draws_sharpen_differences(shared_data, tmp_path):
    truths = nats_truth(shared_data, tmp_path)
    searches = {f"oracle-{sample}": {"algorithm": "oracle", "sample": sample} for sample in (90, 100)}
    searches["evolution"] = {"algorithm": "regularised_evolution"}
    searches["random"] = {"algorithm": "random_search"}
    paths = []
    for label, settings in searches.items():
        paths.append(tmp_path / f"{label}-runs.parquet")
        run_block(
            Block(label, settings, 0, 199, 2026, "nats-tss"), "cifar10", Inputs(truths), paths[-1], budget_seconds=12000
        )
    table = compared(paths, tmp_path)
    assert len(table) == 3 * 6
    own = table[table.dataset == "cifar10"].set_index(["search", "other"])
    runs = pd.concat(pd.read_parquet(path) for path in paths)
    wide = runs[runs.dataset == "cifar10"].pivot(index="run", columns="search", values="test_accuracy")
    near = own.loc[("oracle-90", "oracle-100")]
    assert near.zeros > 150, "nine of ten oracles see their best cell among the first 90 draws"
    assert near["std"] < 0.5 * np.hypot(wide["oracle-90"].std(), wide["oracle-100"].std())
    assert near.runs_needed < 200
    lead = own.loc[("evolution", "random")]
    assert lead.ci_low > 0
    assert lead.p_holm < 1e-3
    differences = (wide.evolution - wide.random).round(9)
    assert lead.p == pytest.approx(scipy.stats.wilcoxon(differences, zero_method="pratt").pvalue)
    assert lead.detectable == pytest.approx(2.8 * lead["std"] / np.sqrt(200), rel=0.02)
    summarise_regret(paths, truths, tmp_path / "regret.csv", 0)
    regret = pd.read_csv(tmp_path / "regret.csv").set_index(["search", "dataset"])
    assert regret.optimum.unique() == pytest.approx([94.37, 73.51, 47.31], abs=0.005)
    assert regret.loc[("random", "cifar10"), "mean"] == pytest.approx(94.3733 - wide.random.mean(), abs=1e-3)
    assert (regret["mean"] > 0).all()
