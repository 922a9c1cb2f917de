"""Several score tables of other initialisations: what is scored again, which run reads which, and what follows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import yaml
from search_helpers import score_table, truth_table, write
from summary_helpers import compare_searches, summarise_regret, summarise_searches

from tfnas.analysis.statistics import ANYTHING, PERCENT, nested_interval, summarise
from tfnas.errors import ConfigError, DataError, ScoreError
from tfnas.report.comparison_tables import Pairs
from tfnas.scoring.shipped_tables import take_shipped
from tfnas.scoring.table import ScoreTable
from tfnas.scoring.writer import write_scores
from tfnas.search.block import Block
from tfnas.search.runner import Inputs, run_block
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE
from tfnas.study.load import load_study
from tfnas.study.study import Study
from tools.ship_scores import ship

BATCH = {"images": 128, "classes": 10, "shape": [1, 8, 8]}

CONFIG = """
study: three
datasets:
  digits: {truth: {source: table, path: truth.csv}}
scoring:
  proxies: [naswot, flops, skip, logsynflow, grad_norm, snip, zen, az_expressivity, az_progressivity, az_trainability]
  ensembles: [az_nas, naswot_logsynflow]
  scorings: 3
  cells_per_job: 4000
search:
  runs: 6
  use:
    naswot-10: {algorithm: proxy_search, proxy: naswot, sample: 10}
    flops-10: {algorithm: proxy_search, proxy: flops, sample: 10}
    ensemble: {algorithm: proxy_search, proxy: az_nas, sample: 10}
    two: {algorithm: tfnas, proxies: [snip, skip]}
    random-cell: {algorithm: random_cell}
"""

SKELETON = {"channels": 4, "cells_per_stage": 1}


def study_of(tmp_path, monkeypatch, **scoring):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "truth.csv").touch()
    content = yaml.safe_load(CONFIG)
    content["scoring"] |= scoring
    return Study(load_study(content))


@pytest.fixture
def study(tmp_path, monkeypatch):
    return study_of(tmp_path, monkeypatch)


def test_only_what_searches_read_and_what_draws_is_scored_again(study):
    assert study.score_folders == ["scores", "scores-1", "scores-2"]
    assert set(study.scored_in("scores")) == {"naswot", "structure", "logsynflow", "gradients", "zen", "az_nas"}
    again = study.scored_in("scores-2")
    assert set(again) == {"naswot", "gradients", "az_nas"}
    assert again["gradients"] == ["snip"]
    assert study.ensembles_in("scores-2") == ["az_nas"]
    assert study.proxies_in("scores-1") == [
        "naswot", "flops", "skip", "snip", "az_expressivity", "az_progressivity", "az_trainability"
    ]  # fmt: skip


def test_a_search_reads_a_table_of_every_scoring_unless_its_scores_draw_nothing(study):
    assert study.score_files("digits", "naswot-10") == [
        f"results/three/{folder}/digits/naswot.parquet" for folder in ("scores", "scores-1", "scores-2")
    ]
    assert study.score_files("digits", "ensemble")[1:] == [
        f"results/three/{folder}/digits.parquet" for folder in ("scores-1", "scores-2")
    ]
    assert study.score_files("digits", "flops-10") == ["results/three/scores/digits/structure.parquet"]
    assert study.score_files("digits", "random-cell") == []


def test_families_that_draw_nothing_keep_their_first_scores(study):
    chunks = study.chunks("digits", folder="scores-1")
    assert {path.split("/")[2] for path in chunks if "/structure/" in path} == {"scores"}
    assert {path.split("/")[2] for path in chunks if "/az_nas/" in path} == {"scores-1"}
    assert not [path for path in chunks if "/zen/" in path]
    benchmarks = study.block_benchmarks()
    assert "score_chunk/scores/digits/structure/0-3999.tsv" in benchmarks
    assert "score_chunk/scores-2/digits/naswot/0-3999.tsv" in benchmarks
    assert "score_chunk/scores-2/digits/structure/0-3999.tsv" not in benchmarks


def test_one_scoring_is_what_was_before(tmp_path, monkeypatch):
    study = study_of(tmp_path, monkeypatch, scorings=1)
    assert study.score_folders == ["scores"]
    assert study.score_files("digits", "naswot-10") == ["results/three/scores/digits/naswot.parquet"]


def test_more_scorings_than_runs_are_refused(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match=r"scoring.scorings is 7, but search.runs is 6"):
        study_of(tmp_path, monkeypatch, scorings=7)


def test_a_shipped_folder_with_fewer_scorings_is_refused_when_the_study_is_read(tmp_path, monkeypatch):
    families = ("naswot", "structure", "logsynflow", "gradients", "zen", "az_nas")
    read = ("naswot", "structure", "gradients", "az_nas")
    for folder, names in {"digits": families, "digits.scoring-1": read}.items():
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / f"{name}.parquet").touch()
            (tmp_path / folder / f"{name}.json").write_text("{}")
    study = study_of(tmp_path, monkeypatch, scores="shipped", shipped=".", scorings=2)
    assert study.shipped_tables("digits", "scores-1") == [f"./digits.scoring-1/{name}.parquet" for name in read]
    assert study.score_files("digits", "naswot-10") == [
        f"results/three/{f}/digits.parquet" for f in study.score_folders
    ]
    with pytest.raises(
        DataError, match=r"which has no digits.scoring-2/naswot.parquet: set scoring.scorings to 2, or set"
    ):
        study_of(tmp_path, monkeypatch, scores="shipped", shipped=".", scorings=3)


def test_another_scoring_differs_in_the_initialisations_alone(tmp_path):
    from test_scoring import Batch, score

    rng = np.random.default_rng(0)
    facts = {"dataset": "made-up", "classes": 10, "images": 6}
    images = rng.standard_normal((6, 1, 8, 8)).astype(np.float32)
    batch = tmp_path / "batch.npz"
    Batch(images, np.zeros((6, 1, 8, 8), np.uint8), np.arange(6), np.arange(6), facts).write(batch)
    first, second = (score(batch, 0, 3, tmp_path / f"{k}.parquet", scoring=k) for k in (0, 1))
    both = score(batch, 0, 3, tmp_path / "both.parquet", repeats=4)
    assert second["repeat"].tolist() == [2, 3] * 3
    columns = ["arch", "repeat", "raw"]
    together = pd.concat([first, second]).sort_values(["arch", "repeat"], ignore_index=True)[columns]
    pd.testing.assert_frame_equal(together, both.sort_values(["arch", "repeat"], ignore_index=True)[columns])


def shipped_table(path, scoring, images="a"):
    table = score_table(np.random.default_rng(scoring).normal(size=SPACE_SIZE), "naswot")
    facts = {"dataset": "digits", "skeleton": SKELETON, "batch": BATCH | {"sha256": images}, "scoring": scoring}
    facts |= {"families": {"naswot": {"scoring": scoring, "device": "a CPU", "repeats": 1}}, "versions": {}}
    write_scores(path, table, facts)
    return path


def test_scorings_are_shipped_side_by_side(tmp_path):
    paths = [ship(shipped_table(tmp_path / f"{k}.parquet", k), tmp_path / "shipped") for k in (0, 1)]
    assert [[path.parent.name for path in part] for part in paths] == [["digits"], ["digits.scoring-1"]]
    for scoring, part in enumerate(paths):
        assert take_shipped(part, "digits", SKELETON, ["naswot"], scoring)[1]["scoring"] == scoring


def test_the_first_scoring_under_the_name_of_another_is_refused(tmp_path):
    shipped_table(tmp_path / "digits/naswot.parquet", 0)
    path = shipped_table(tmp_path / "digits.scoring-1/naswot.parquet", 0)
    with pytest.raises(ScoreError, match="holds scoring 0 where number 1 is needed"):
        take_shipped([path], "digits", SKELETON, ["naswot"], 1)
    path = shipped_table(tmp_path / "digits.scoring-1/naswot.parquet", 1, images="b")
    with pytest.raises(ScoreError, match="was scored on other images than"):
        take_shipped([path], "digits", SKELETON, ["naswot"], 1)


@pytest.fixture(scope="module")
def nested(tmp_path_factory):
    """Runs of a search that is deterministic given its scores, of one that is not, and of one that reads none."""
    folder = tmp_path_factory.mktemp("nested")
    truth = {"one": write(truth_table(), folder / "one.csv")}
    scores = []
    for number in range(3):
        rng = np.random.default_rng(number)
        values = truth_table()["test_accuracy"].to_numpy() + 4 * rng.normal(size=SPACE_SIZE)
        scores.append(write(score_table(values), folder / f"scores-{number}.csv"))
    paths = []
    for label, settings in {
        "settled": {"algorithm": "proxy_argmax", "proxy": "made_up"},
        "drawing": {"algorithm": "proxy_search", "proxy": "made_up", "sample": 5},
        "random": {"algorithm": "random_cell"},
    }.items():
        tables = [] if label == "random" else scores
        for first, last in ((0, 3), (4, 11)):
            paths.append(folder / f"{label}-{first}.parquet")
            run_block(Block(label, settings, first, last, 1, "made-up"), "one", Inputs(truth, tables), paths[-1])
    return truth, scores, paths


def test_run_r_reads_table_r_modulo_their_number_however_runs_are_cut(nested, tmp_path):
    truth, scores, paths = nested
    runs = pd.concat([pd.read_parquet(path) for path in paths])
    for label, group in runs.groupby("search"):
        assert group["scoring"].tolist() == [0 if label == "random" else run % 3 for run in group["run"]]
    settled = runs[runs["search"] == "settled"]
    for number, path in enumerate(scores):
        best = ScoreTable.read(path).scores("made_up").argmax()
        assert set(settled[settled["scoring"] == number]["arch"]) == {SPACE.strings[best]}
    output = tmp_path / "alone.parquet"
    settings = {"algorithm": "proxy_search", "proxy": "made_up", "sample": 5}
    run_block(Block("drawing", settings, 4, 4, 1, "made-up"), "one", Inputs(truth, [scores[1]]), output)
    drawing = runs[(runs["search"] == "drawing") & (runs["run"] == 4)]
    assert pd.read_parquet(output)["arch"].tolist() == drawing["arch"].tolist(), "the draws are those of the run"


def test_a_search_that_ends_at_one_cell_per_scoring_is_seen_three_times_not_twelve(nested, tmp_path):
    _, _, paths = nested
    summarise_searches(paths, tmp_path / "search.csv", 2026)
    summary = pd.read_csv(tmp_path / "search.csv").set_index(["search", "metric"])
    row = summary.loc["settled", "test_accuracy"]
    runs = pd.concat([pd.read_parquet(path) for path in paths])
    means = runs[runs["search"] == "settled"].groupby("scoring")["test_accuracy"].mean()
    assert (row["n"], row["scorings"]) == (12, 3)
    assert row["std_scorings"] == pytest.approx(means.std(ddof=1))
    exact = scipy.stats.t.interval(0.95, 2, means.mean(), means.std(ddof=1) / np.sqrt(3))
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(exact)
    assert summary.loc["random", "test_accuracy"]["scorings"] == 1
    assert np.isnan(summary.loc["random", "test_accuracy"]["std_scorings"])


def test_the_interval_is_never_narrower_than_that_of_runs_alone(nested, tmp_path):
    rng = np.random.default_rng(0)
    values, groups = rng.normal(size=300), np.arange(300) % 3
    values -= np.array([values[groups == g].mean() for g in range(3)])[groups]  # three equal means by chance
    alone, nested_summary = (summarise(values, np.random.default_rng(1), scorings) for scorings in (None, groups))
    assert nested_summary.std_scorings == pytest.approx(0, abs=1e-12)
    assert (nested_summary.low, nested_summary.high) == (alone.low, alone.high)


def test_an_interval_of_two_scorings_stays_within_what_an_accuracy_can_be():
    rng = np.random.default_rng(0)
    groups = np.arange(30) % 2
    values = np.where(groups, 96.0, 90.0) + rng.normal(size=30) / 10
    free, held = (summarise(values, np.random.default_rng(1), groups, bounds=b) for b in (ANYTHING, PERCENT))
    assert free.high > 100 > free.low
    assert (held.low, held.high) == (free.low, 100)
    assert (held.mean, held.std_scorings) == (free.mean, free.std_scorings)
    regret = summarise(97 - values, np.random.default_rng(1), groups, bounds=(0, 97))
    assert (regret.low, regret.high) == (0, pytest.approx(97 - free.low))


@pytest.mark.parametrize("between", [0.0, 1.0])
def test_the_nested_interval_covers_the_mean_where_resampled_runs_do_not(between):
    rng = np.random.default_rng(8)
    groups = np.arange(60) % 3
    hits = np.zeros(2)
    for _ in range(300):
        values = between * rng.normal(size=3)[groups] + rng.normal(size=60)
        low, high = nested_interval(values, groups)
        hits[0] += low <= 0 <= high
        half = 1.96 * values.std(ddof=1) / np.sqrt(60)
        hits[1] += abs(values.mean()) <= half
    assert 0.91 <= hits[0] / 300 <= 0.98
    assert (hits[1] / 300 < 0.6) == bool(between), "runs of one scoring are not independent"


def test_groups_of_unequal_size_keep_the_mean_of_runs_in_the_middle():
    values, groups = np.array([1.0, 2, 3, 4, 10]), np.array([0, 0, 1, 1, 2])
    low, high = nested_interval(values, groups)
    sums = np.array([1 + 2 - 8, 3 + 4 - 8, 10 - 4])
    half = scipy.stats.t.ppf(0.975, 2) * np.sqrt(3 / 2 * (sums**2).sum()) / 5
    assert (low, high) == pytest.approx((4 - half, 4 + half))


def test_a_lead_that_one_scoring_alone_has_is_not_called_better(tmp_path):
    rng = np.random.default_rng(2)
    scoring = np.arange(300) % 3
    base = pd.DataFrame({"searched_on": "one", "dataset": "one", "run": np.arange(300), "arch": ""})
    base = base.assign(valid_accuracy=np.nan, cells=1.0, duplicates=0.0, scoring_seconds=0.0)
    base = base.assign(training_seconds=0.0, wall_seconds=0.0)
    lead = np.array([0.2, 0.3, 3.0])[scoring] + 0.1 * rng.normal(size=300)
    tables = {
        "scored": base.assign(search="scored", scoring=scoring, test_accuracy=90 + lead),
        "trained": base.assign(search="trained", scoring=0, test_accuracy=90.0),
    }
    paths = [tmp_path / f"{name}.parquet" for name in tables]
    for path, table in zip(paths, tables.values(), strict=True):
        table.to_parquet(path)
    compare_searches(paths, tmp_path / "comparisons.csv", 2026)
    row = pd.read_csv(tmp_path / "comparisons.csv").iloc[0]
    assert (row["scorings"], row["n"]) == (3, 300)
    assert row["p_holm"] < 1e-10
    assert row["ci_low"] < 0 < row["ci_high"]
    assert Pairs(tmp_path / "comparisons.csv").between("one", "scored", "trained").verdict == "undecided"
    truths = {"one": write(pd.DataFrame({"test_accuracy": [95.0]}), tmp_path / "truth.csv")}
    summarise_regret(paths, truths, tmp_path / "regret.csv", 2026)
    regret = pd.read_csv(tmp_path / "regret.csv").set_index("search").loc["scored"]
    assert regret["ci_high"] == pytest.approx(5 - row["ci_low"])
    assert (regret["ci_low"], 5 - row["ci_high"] < 0) == (0, True), "nothing is better than the best cell"
