"""The searches on the real ground truth of NATS-Bench meet the numbers that others found (500 runs each).

Expected values: means and standard deviations over 500 runs, from the sources named beside them. A mean of 500 runs
has a standard error of std / 22; tolerances are about three of them plus the rounding of the source.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from search_helpers import NATS_DATASETS, nats_truth

from tfnas.analysis.statistics import kendall, spearman
from tfnas.scoring.missing import lowest_where_missing
from tfnas.scoring.table import ScoreTable
from tfnas.search.block import Block
from tfnas.search.runner import Inputs, run_block
from tfnas.spaces.nats_tss import SPACE

RUNS = 500
BUDGET = 12000


@pytest.fixture(scope="module")
def truth(shared_data, tmp_path_factory):
    return nats_truth(shared_data, tmp_path_factory.mktemp("nats"))


@pytest.fixture(scope="module")
def search(truth, tmp_path_factory):
    """Run a search on a dataset with 500 runs and return its table indexed by evaluated dataset."""
    folder = tmp_path_factory.mktemp("runs")

    def run(settings, searched_on="cifar10", scores=None):
        output = folder / "runs.parquet"
        run_block(
            Block("label", settings, 0, RUNS - 1, 2026, "nats-tss"),
            searched_on,
            Inputs(truth, [scores]),
            output,
            budget_seconds=BUDGET,
        )
        return pd.read_parquet(output).set_index("dataset")

    return run


@pytest.fixture(scope="module")
def naswot_scores(shipped_scores):
    """Our own score tables of the three datasets."""
    return {dataset: shipped_scores(dataset) for dataset in NATS_DATASETS}


def test_one_random_cell_is_the_mean_of_the_space(search, truth):
    table = search({"algorithm": "random_cell"})
    assert pd.read_parquet(truth["cifar10"]).test_accuracy.mean() == pytest.approx(87.06, abs=0.005)
    for dataset, mean, std in (("cifar10", 87.04, 12.94), ("cifar100", 61.36, 12.17), ("ImageNet16-120", 33.54, 9.52)):
        assert table.loc[dataset, "test_accuracy"].mean() == pytest.approx(mean, abs=3.5 * std / RUNS**0.5)


@pytest.mark.parametrize(
    ("sample", "expected"),
    # NASWOT (Mellor et al. 2021), Table 2, rows 'Optimal': test accuracy, mean and std.
    [(10, ((93.06, 0.59), (69.76, 1.25), (43.30, 1.87))), (100, ((93.84, 0.23), (71.56, 0.78), (45.67, 0.64)))],
)
def test_the_oracle_by_validation_accuracy(search, sample, expected):
    for dataset, (mean, std) in zip(NATS_DATASETS, expected, strict=True):
        table = search({"algorithm": "oracle", "sample": sample}, searched_on=dataset)
        assert abs(table.loc[dataset, "test_accuracy"].mean() - mean) < std


def test_the_oracle_on_cifar10_to_the_first_decimal(search):
    for sample, mean in ((10, 93.1), (100, 93.8)):
        table = search({"algorithm": "oracle", "sample": sample})
        assert table.loc["cifar10", "test_accuracy"].mean() == pytest.approx(mean, abs=0.1)


@pytest.mark.parametrize(
    ("algorithm", "expected", "cells"),
    # Recomputed from author data files (averaged rewards, CIFAR-10 search, transfer): mean and std of test accuracy.
    [
        ("random_search", ((93.76, 0.37), (71.21, 1.10), (44.78, 1.23)), (105, 115)),
        ("regularised_evolution", ((93.93, 0.42), (71.87, 1.23), (45.40, 1.28)), (98, 108)),
    ],
)
def test_train_and_look_searches_at_12000_seconds(search, algorithm, expected, cells):
    table = search({"algorithm": algorithm})
    for dataset, (mean, std) in zip(NATS_DATASETS, expected, strict=True):
        accuracy = table.loc[dataset, "test_accuracy"]
        # Two samples of 500 runs: three standard errors of their difference.
        assert accuracy.mean() == pytest.approx(mean, abs=3 * std * (2 / RUNS) ** 0.5 + 0.005)
        assert accuracy.std() == pytest.approx(std, rel=0.25)
    assert cells[0] < table["cells"].mean() < cells[1]
    assert (table["training_seconds"] >= BUDGET).all()
    assert (table["training_seconds"] < BUDGET + 215).all()


@pytest.mark.parametrize(
    ("dataset", "rho", "tau"),
    # Computed from the cached scores of FreeREA's authors (batch 64, three initialisations), all 15,625 cells.
    [("cifar10", 0.793, 0.608), ("cifar100", 0.808, 0.624), ("ImageNet16-120", 0.780, 0.598)],
)
def test_naswot_orders_all_cells_as_published_scores_do(truth, naswot_scores, dataset, rho, tau):
    table = pd.read_parquet(truth[dataset])
    codes = table["arch"].map(SPACE.parse).to_numpy()
    scores = ScoreTable.read(naswot_scores[dataset]).scores("naswot")
    assert np.isnan(scores).sum() == 201
    ranked = lowest_where_missing(scores)[codes]
    assert spearman(ranked, table["test_accuracy"].to_numpy()).value == pytest.approx(rho, abs=0.03)
    assert kendall(ranked, table["test_accuracy"].to_numpy()).value == pytest.approx(tau, abs=0.03)


def test_naswot_chooses_cells_of_about_92_4_92_9_and_93_0_percent(search, naswot_scores):
    for sample, mean in ((10, 92.4), (100, 92.9), (1000, 93.0)):
        settings = {"algorithm": "proxy_search", "proxy": "naswot", "sample": sample}
        found = search(settings, scores=naswot_scores["cifar10"]).loc["cifar10", "test_accuracy"].mean()
        assert found == pytest.approx(mean, abs=0.2)


@pytest.mark.parametrize(
    ("sample", "expected"),
    # NASWOT Table 2: CIFAR-10 search, test accuracy, mean and std.
    [
        (10, ((92.44, 1.13), (68.62, 2.04), (41.31, 4.11))),
        (100, ((92.81, 0.99), (69.48, 1.70), (43.10, 3.16))),
        (1000, ((92.96, 0.81), (69.98, 1.22), (44.44, 2.10))),
    ],
)
def test_naswot_with_our_own_scores(search, naswot_scores, sample, expected):
    table = search({"algorithm": "proxy_search", "proxy": "naswot", "sample": sample}, scores=naswot_scores["cifar10"])
    for dataset, (mean, std) in zip(NATS_DATASETS, expected, strict=True):
        assert abs(table.loc[dataset, "test_accuracy"].mean() - mean) < std


def test_area_with_our_own_scores(search, naswot_scores):
    # NASWOT (Mellor et al. 2021): validation accuracy at 12,000 s, reward and cost always of CIFAR-10.
    table = search({"algorithm": "area", "proxy": "naswot"}, scores=naswot_scores["cifar10"])
    for dataset, mean, std in (("cifar10", 91.20, 0.27), ("cifar100", 71.95, 0.99), ("ImageNet16-120", 45.70, 1.05)):
        assert abs(table.loc[dataset, "valid_accuracy"].mean() - mean) < std
