"""`tfnas.search`: a search without a study, on a score table, a ground truth, or both."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from search_helpers import truth_table

import tfnas
from tfnas.errors import ConfigError, SearchError, TruthError, UnknownNameError
from tfnas.scoring.table import COLUMNS, ScoreTable
from tfnas.scoring.writer import write_scores
from tfnas.spaces.nats_tss import SPACE


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    strings = list(SPACE.strings)
    values = np.random.default_rng(0).permutation(SPACE.size).astype(float)
    rows = pd.DataFrame({"arch": strings, "proxy": "naswot", "score": values, "raw": values, "seconds": 0.5})
    rows = rows.assign(scored_arch=strings, spread=np.nan, repeats=1, reason="")
    facts = {"space": "nats-tss", "dataset": "cifar10", "families": {}}
    write_scores(folder / "scores.parquet", rows[list(COLUMNS)], facts)
    truth_table().to_parquet(folder / "truth.parquet")
    return {"scores": folder / "scores.parquet", "truth": folder / "truth.parquet", "dataset": "cifar10"}


def test_a_training_free_search_needs_scores_alone(tables):
    found = tfnas.search("nats-tss", tables["scores"], "proxy_search", runs=3, proxy="naswot", sample=20)
    assert list(found.columns) == ["run", "arch", "cells", "scoring_seconds", "training_seconds"]
    assert found["cells"].tolist() == [20] * 3
    assert found["scoring_seconds"].tolist() == [10.0] * 3
    best = tfnas.search("nats-tss", tables["scores"], "proxy_argmax", proxy="naswot")
    table = ScoreTable.read(tables["scores"])
    assert best["arch"][0] == SPACE.text(int(table.scores("naswot").argmax()))


def test_runs_are_named_by_seed_and_number(tables):
    ask = {"proxy": "naswot", "sample": 10}
    three, one = (tfnas.search("nats-tss", tables["scores"], "proxy_search", runs=n, seed=4, **ask) for n in (3, 1))
    other = tfnas.search("nats-tss", tables["scores"], "proxy_search", runs=3, seed=5, **ask)
    assert three["arch"][0] == one["arch"][0]
    assert three["arch"].tolist() != other["arch"].tolist()


def test_a_search_that_trains_reads_the_truth_and_its_choice_is_read_off(tables):
    only = {"truth": tables["truth"], "dataset": "cifar10"}
    found = tfnas.search("nats-tss", only, "random_search", runs=2, evaluations=5)
    assert found["cells"].tolist() == [5, 5]
    assert (found["training_seconds"] > 0).all()
    assert found["test_accuracy"].notna().all()
    truth = tfnas.Benchmark.read(tables["truth"], "cifar10")
    assert found["valid_accuracy"][0] == truth.validation(SPACE.parse(found["arch"][0]))
    small = tfnas.search(
        "nats-tss", tables, "proxy_search", proxy="naswot", sample=9, constraint={"params": {"max": 1e5}}
    )
    params = pd.read_parquet(tables["truth"]).set_index("arch")["params"]
    assert params[small["arch"][0]] <= 1e5


def test_what_is_missing_is_named(tables):
    with pytest.raises(UnknownNameError, match="search space 'darts9'"):
        tfnas.search("darts9", tables, "random_cell")
    with pytest.raises(UnknownNameError, match="'randum'"):
        tfnas.search("nats-tss", tables, "randum")
    with pytest.raises(ConfigError, match="'random_search' needs a ground truth"):
        tfnas.search("nats-tss", tables["scores"], "random_search", evaluations=3)
    with pytest.raises(ConfigError, match="'proxy_search' reads scores"):
        tfnas.search("nats-tss", {"truth": tables["truth"]}, "proxy_search", proxy="naswot", sample=3)
    with pytest.raises(ConfigError, match="given by scores, truth, dataset, not by accuracies"):
        tfnas.search("nats-tss", {"accuracies": "x"}, "random_cell")
    with pytest.raises(ConfigError, match="is of the space 'nats-tss', and the search of 'nasbench-macro'"):
        tfnas.search("nasbench-macro", tables["scores"], "proxy_argmax", proxy="naswot")
    with pytest.raises((ConfigError, SearchError, TruthError), match="budget"):
        tfnas.search("nats-tss", tables, "random_search")
    with pytest.raises(ConfigError, match="runs is 0"):
        tfnas.search("nats-tss", tables, "random_cell", runs=0)


def test_the_package_of_searches_is_the_function_and_importing_tfnas_imports_nothing_heavy():
    import tfnas.search.base

    assert tfnas.search.base.Search
    assert callable(tfnas.search)
    assert tfnas.space("nats-tss") is SPACE
    code = "import tfnas, sys; print(any(name in sys.modules for name in ('torch', 'pandas', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
    with pytest.raises(AttributeError, match="no attribute 'serch'"):
        _ = tfnas.serch
