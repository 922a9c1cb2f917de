"""Fixtures of the unit tests."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest
from search_helpers import nats_truth, shipped_rows, write

from tfnas.runtime.exact_arithmetic import full_precision
from tfnas.scoring.table import ScoreTable
from tfnas.search.block import Block
from tfnas.search.registry import get_algorithm
from tfnas.search.runner import Inputs, run_block


@pytest.fixture(scope="session", autouse=True)
def precision():
    """Compute as jobs do, so that a GPU gives the numbers of a CPU."""
    full_precision()


@pytest.fixture(scope="session")
def shipped_scores(root, tmp_path_factory):
    """Return the path of a score table of a dataset with all proxies that are shipped."""
    folder = tmp_path_factory.mktemp("shipped")
    return cache(lambda dataset: write(shipped_rows(root, dataset), folder / dataset))


@pytest.fixture(scope="session")
def nats_accuracies(shared_data, shipped_scores, tmp_path_factory):
    """Run a search on a dataset's real ground truth and our own shipped scores; return its test accuracies there.

    Skips where the tables do not hold the proxies of the search.
    """
    folder = tmp_path_factory.mktemp("nats")
    truth = nats_truth(shared_data, folder)

    def accuracies(dataset, settings, runs):
        scores = shipped_scores(dataset)
        wanted = get_algorithm(settings["algorithm"]).proxies(settings)
        lacking = set(wanted) - set(ScoreTable.read(scores).proxies)
        if lacking:
            pytest.skip(f"the shipped scores of {dataset} hold no {' and no '.join(sorted(lacking))}")
        output = folder / "runs.parquet"
        run_block(
            Block("label", settings, 0, runs - 1, 2026, "nats"),
            dataset,
            Inputs({dataset: truth[dataset]}, [scores]),
            output,
        )
        return pd.read_parquet(output)["test_accuracy"]

    return accuracies
