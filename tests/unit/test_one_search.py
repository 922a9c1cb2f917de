"""`tfnas.search`: a search without a study, on a score table, a ground truth, or both."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from search_helpers import truth_table

import tfnas
from tfnas.__main__ import main
from tfnas.errors import ConfigError, ProxyError, SearchError, TfnasError, TruthError, UnknownNameError
from tfnas.networks.shape import Shape
from tfnas.proxies.registry import get_family
from tfnas.scoring.chunk import Draws, score_cells
from tfnas.scoring.table import COLUMNS, ScoreTable
from tfnas.scoring.writer import write_scores
from tfnas.search.live.scores import LiveScorer, LiveScores
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
    with pytest.raises(ConfigError, match="given by scores, truth, dataset, images, labels, not by accuracies"):
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


@pytest.fixture(scope="module")
def pictures():
    images = torch.randn(6, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    return {"images": images, "labels": torch.arange(6) % 3}


SMALL = {"skeleton": {"channels": 2, "cells": 2}}


def test_networks_are_scored_when_a_search_first_looks_at_them(pictures):
    ask = {"proxies": ["naswot", "grad_norm"], "population": 5, "tournament": 3, "steps": 4, **SMALL}
    found = tfnas.search("darts", pictures, "tegnas", runs=2, seed=3, mutation="topology_or_operation", **ask)
    assert found["cells"].tolist() == [18, 18]  # 5 + 4 architectures, two proxies each
    assert (found["scoring_seconds"] > 0).all()
    darts = tfnas.space("darts")
    for row in found.to_dict("records"):
        code = darts.parse(row["arch"])
        assert darts.parse(row["genotype"]) == code
        assert row["params"] == darts.counts(code, Shape(3, 3, 16, {**darts.settings, **SMALL["skeleton"]}))[0]
    one = tfnas.search("darts", pictures, "tegnas", seed=3, mutation="topology_or_operation", **ask)
    assert one["arch"][0] == found["arch"][0]  # whatever the number of runs, and what was scored before


def test_a_live_score_is_that_of_the_network_and_paid_once_a_run(pictures):
    darts = tfnas.space("darts")
    sizes = darts.settings_with(SMALL["skeleton"])
    images, labels = pictures["images"], pictures["labels"]
    codes = darts.sample(np.random.default_rng(1), 3)

    def scorer():
        return LiveScorer(darts, images, labels, ["snip", "grad_norm", "naswot"], sizes, Draws(2, 11))

    first = scorer()
    run = LiveScores(first, "snip")
    values, seconds = run.look(codes[[0, 1, 0]])
    assert (values[0], seconds[2]) == (values[2], 0)
    assert (seconds[:2] > 0).all()
    again, more = run.look(codes)
    assert again[:2].tolist() == values[:2].tolist()
    assert (more[:2].tolist(), more[2] > 0) == ([0, 0], True)
    assert first.known["grad_norm"].keys() == set(codes.tolist())  # a family has one pass
    assert not first.known["naswot"]
    other, paid = LiveScores(first, "snip").look(codes)  # another run pays what scoring took
    assert (other.tolist(), paid[:2].tolist()) == (again.tolist(), seconds[:2].tolist())
    alone = LiveScores(scorer(), "snip").look(codes[2:])[0]
    assert alone[0] == again[2]
    shape = Shape(3, 3, 16, sizes)
    rows = score_cells(get_family("gradients"), [darts.architecture(codes[2])], images, labels, shape, Draws(2, 11))
    assert np.mean([row[3] for row in rows if row[1] == "snip"]) == alone[0]


def test_a_value_that_does_not_exist_is_the_lowest_that_the_run_has_seen(pictures):
    scorer = LiveScorer(tfnas.space("nasbench-macro"), pictures["images"], None, ["naswot"], {}, Draws(1, 0))
    scorer.known["naswot"] = {1: (5.0, 1.0, ""), 2: (np.nan, 1.0, "why"), 3: (2.0, 1.0, ""), 4: (np.nan, 1.0, "why")}
    run = LiveScores(scorer, "naswot")
    assert run.look(np.array([4]))[0].tolist() == [0]  # nothing is known yet
    assert run.look(np.array([1, 2]))[0].tolist() == [5, 5]
    assert run.look(np.array([2, 3, 4]))[0].tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        ({"algorithm": "proxy_argmax", "proxy": "naswot"}, "looks at all 1,076,746,950,455,072,400 architectures"),
        ({"algorithm": "random_search"}, "needs a ground truth"),
        ({"algorithm": "proxy_search", "proxy": "az_nas", "sample": 3}, "'az_nas' is no proxy that can be computed"),
        ({"algorithm": "proxy_search", "proxy": "linear_regions", "sample": 3}, "looks into cells, which the space"),
        ({"algorithm": "random_cell", "skeleton": {"chanels": 3}}, "did you mean 'channels'"),
        ({"algorithm": "random_cell", "device": "gpu"}, "There is no device 'gpu'"),
    ],
)
def test_what_live_scoring_cannot_do_is_one_sentence(pictures, ask, sentence):
    with pytest.raises(TfnasError, match=sentence):
        tfnas.search("darts", pictures, **ask)


def test_labels_that_a_proxy_needs_are_asked_for(pictures):
    with pytest.raises(ProxyError, match="Proxy 'snip' needs labels, and the images have none: give them"):
        tfnas.search("darts", {"images": pictures["images"]}, "proxy_search", proxy="snip", sample=3)
    with pytest.raises(ConfigError, match="skeleton is of networks that are scored while the search runs"):
        tfnas.search("darts", "scores.parquet", "proxy_search", proxy="snip", sample=3, **SMALL)


def test_the_command_searches(pictures, tmp_path, capsys):
    pixels = (127 + 40 * pictures["images"]).clamp(0, 255).byte().numpy()
    np.savez(tmp_path / "own.npz", train_images=pixels, train_labels=pictures["labels"].numpy())
    settings = ["proxy=naswot", "sample=3", "skeleton.channels=2", "skeleton.cells=2"]
    told = ["search", "darts", "proxy_search", "--images", str(tmp_path / "own.npz"), "--csv", f"{tmp_path}/out.csv"]
    assert main([*told, "--set", *settings]) == 0
    shown = capsys.readouterr().out
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["cells"].tolist() == [3]
    assert table["genotype"][0] in shown
    assert main([*told, "--set", "sample"]) == 1
    assert "--set takes NAME=VALUE, not 'sample'" in capsys.readouterr().err
