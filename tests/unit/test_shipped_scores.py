"""The shipped score tables order all cells of the real ground truth as published, our ensemble better."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from search_helpers import NATS_DATASETS, shipped_rows, shipped_tables

from tfnas.analysis.published_rows import correlation_rows
from tfnas.analysis.statistics import ndcg, spearman
from tfnas.files import read_facts
from tfnas.proxies.registry import family_of
from tfnas.scoring.ensembles import with_ensembles
from tfnas.scoring.missing import lowest_where_missing
from tfnas.scoring.table import ScoreTable
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE

TOLERANCE = 0.05

EXPLAINED = {("cifar100", "linear_regions"), *((dataset, "fisher") for dataset in NATS_DATASETS)}
"""What differs by more, and why, stands in docs/proxies.md."""


@pytest.fixture(scope="module")
def path(shipped_scores):
    return shipped_scores


@pytest.fixture(scope="module")
def order(path, shared_data):
    """Return Spearman's correlation of scores, by code of the cell, with the test accuracy of a dataset."""

    def order(scores, dataset):
        truth = pd.read_parquet(shared_data / f"nats-tss/{dataset}.parquet")
        ranked = lowest_where_missing(scores)[truth["arch"].map(SPACE.parse).to_numpy()]
        return spearman(ranked, truth["test_accuracy_200"].to_numpy()).value

    return order


@pytest.mark.parametrize("dataset", NATS_DATASETS)
def test_every_cell_has_a_row_of_every_proxy_and_a_score_or_a_reason(root, dataset):
    table = shipped_rows(root, dataset)
    assert (table.groupby("proxy")["arch"].nunique() == SPACE_SIZE).all()
    assert len(table) == SPACE_SIZE * table["proxy"].nunique()
    assert (np.isfinite(table["raw"]) == (table["reason"] == "")).all()
    for path in shipped_tables(root, dataset):
        facts = read_facts(path)
        assert facts["batch"]["images"] == len(facts["batch"]["positions"]) > 100
        assert list(facts["families"]) == [path.stem]
        assert set(map(family_of, ScoreTable.read(path).proxies)) == {path.stem}


@pytest.mark.parametrize("dataset", NATS_DATASETS)
def test_the_shipped_scores_of_a_dataset_have_at_most_two_megabytes(root, dataset):
    assert sum(path.stat().st_size for path in shipped_tables(root, dataset)) < 2e6


@pytest.fixture(scope="module")
def pruned(path, shared_data):
    """Return scores and test accuracies of the 9,445 cells that differ once edges off every path carry none."""

    def pruned(scores, dataset):
        truth = pd.read_parquet(shared_data / f"nats-tss/{dataset}.parquet")
        codes = truth["arch"].map(SPACE.parse).to_numpy()
        kept = SPACE.pruned[codes] == codes
        return lowest_where_missing(scores)[codes[kept]], truth["test_accuracy_200"].to_numpy()[kept]

    return pruned


@pytest.mark.parametrize("dataset", NATS_DATASETS)
def test_published_correlations_are_met_or_the_difference_is_explained(path, order, root, dataset):
    scores = ScoreTable.read(path(dataset))
    text = (root / "docs/proxies.md").read_text(encoding="utf-8").partition("## Shipped scores")[2]
    compared = 0
    for proxy in scores.proxies:
        rows = correlation_rows(root / "report/published.yaml", proxy, [dataset])
        known = [row["values"][dataset] for row in rows if row["accuracy"] == "test" and row["cells"] == "all"]
        theirs = [values["spearman"] for values in known if "spearman" in values]
        if theirs:
            ours = order(scores.scores(proxy), dataset)
            met = min(abs(ours - value) for value in theirs) <= TOLERANCE
            assert met or (dataset, proxy) in EXPLAINED, (proxy, ours, theirs)
            assert met or f"`{proxy}`" in text
            compared += 1
    assert compared >= 6


@pytest.mark.parametrize(
    ("dataset", "published"),
    # The largest published over all cells and the VKDNW aggregate over 9,445 of them (Lee and Ham 2024; Tybl and
    # Neumann 2025).
    [("cifar10", 0.919), ("cifar100", 0.919), ("ImageNet16-120", 0.906)],
)
def test_our_ensemble_orders_all_cells_better_than_any_published_one(path, order, dataset, published):
    table, _ = with_ensembles(ScoreTable.read(path(dataset)).rows(), {}, ["tfnas_ensemble"])
    assert order(ScoreTable(table, "here").scores("tfnas_ensemble"), dataset) > published


@pytest.mark.parametrize("dataset", NATS_DATASETS)
def test_correlations_over_pruned_cells_are_met_too(path, pruned, root, dataset):
    table = with_ensembles(ScoreTable.read(path(dataset)).rows(), {}, ["az_nas"])[0]
    scores, compared = ScoreTable(table, "here"), 0
    for proxy in scores.proxies:
        for row in correlation_rows(root / "report/published.yaml", proxy, [dataset]):
            # Not what VKDNW's authors measured of other proxies than their own, with other implementations.
            foreign = row.get("note") == "measured by the authors of VKDNW" and proxy != "flops"
            if row["cells"] == "pruned" and not foreign:
                ours = spearman(*pruned(scores.scores(proxy), dataset))
                assert ours.n == row["n"]
                assert abs(ours.value - row["values"][dataset]["spearman"]) <= TOLERANCE, (proxy, row["cite"])
                compared += 1
    assert compared == 6


@pytest.mark.parametrize(("dataset", "published"), [("cifar10", 0.785), ("cifar100", 0.636), ("ImageNet16-120", 0.664)])
def test_our_ensemble_has_better_cells_at_its_top_than_any_published_one(path, pruned, dataset, published):
    """The largest nDCG without accuracies is that of the VKDNW aggregate (Tybl and Neumann 2025, Table 1)."""
    table, _ = with_ensembles(ScoreTable.read(path(dataset)).rows(), {}, ["tfnas_ensemble"])
    assert ndcg(*pruned(ScoreTable(table, "here").scores("tfnas_ensemble"), dataset)) > published
