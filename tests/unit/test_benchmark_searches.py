"""The benchmark of searches: its plain loops are the searches they stand beside, and its command prints a ratio."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import searches
from tfnas.search.block import Block
from tfnas.search.runner import Inputs, run_block


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made-up")
    return folder, *searches.write_made_up(folder, list(searches.PROXIES))


@pytest.mark.parametrize("name", searches.PLAIN)
def test_a_plain_loop_ends_where_the_search_ends(made_up, name):
    """Same procedure, other random numbers: means over 60 runs agree within four standard errors."""
    folder, truth_path, score_path = made_up
    truth = pd.read_parquet(truth_path)
    test = truth.set_index("arch")["test_accuracy"]
    plain = searches.PlainBenchmark(truth, pd.read_parquet(score_path))
    theirs = [test[searches.PLAIN[name](plain, np.random.default_rng(run))] for run in range(60)]
    settings = searches.settings_of(name)
    output = folder / "runs.parquet"
    run_block(
        Block(name, settings, 0, 59, 0, "speed"),
        "one",
        Inputs({"one": truth_path}, [score_path]),
        output,
        budget_seconds=searches.BUDGET,
    )
    ours = pd.read_parquet(output)["test_accuracy"]
    error = np.sqrt((ours.var() + np.var(theirs, ddof=1)) / 60)
    assert ours.mean() == pytest.approx(np.mean(theirs), abs=4 * error)


def test_the_command_prints_a_row_for_each_search_and_a_ratio_where_there_is_a_plain_loop(capsys):
    searches.main(["--runs", "2", "--searches", "random_search", "tfnas", "te_nas_pruning"])
    lines = capsys.readouterr().out.splitlines()
    assert "te_nas_pruning" in lines[0]
    rows = {line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ") for line in lines if line.startswith("| ")}
    assert len(rows["random_search"]) == 6
    assert len(rows["tfnas"]) == 4, "no plain loop, no ratio"
    assert lines[-1].startswith("All 2 searches, 500 runs, 3 datasets: ")
