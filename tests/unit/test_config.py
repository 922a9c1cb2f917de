"""The study file: what a wrong one is told, sentence by sentence, and what is filled in."""

from __future__ import annotations

import copy

import pytest
import yaml

from tfnas.errors import ConfigError, DataError, TfnasError, UnknownNameError
from tfnas.scoring.ensembles import ENSEMBLES, Ensemble
from tfnas.study.load import load_study, warnings_of
from tfnas.study.settings import scored_names

MINIMAL = """
study: tiny
datasets:
  digits:
    truth: {source: table, path: truth.csv}
scoring:
  proxies: [naswot]
search:
  budget_seconds: 100
  use:
    naswot-10: {algorithm: proxy_search, proxy: naswot, sample: 10}
    evolution: {algorithm: regularised_evolution}
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A minimal study in a folder of its own, with the file that it names."""
    monkeypatch.chdir(tmp_path)
    pair = Ensemble("pair", "Pair", ("params", "flops"), "rank_sum", ("", ""), "Made up.")
    monkeypatch.setitem(ENSEMBLES, "pair", pair)
    (tmp_path / "truth.csv").touch()
    return yaml.safe_load(MINIMAL)


def change(config, path, value):
    """Return the study with one value changed; ``...`` removes the key."""
    config = copy.deepcopy(config)
    *parents, last = path.split(".")
    place = config
    for part in parents:
        place = place.setdefault(part, {})
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return config


def test_defaults_are_filled_in(config):
    study = load_study(config)
    assert study["seed"] == 2026
    assert study["skeleton"] == {"channels": 16, "cells_per_stage": 5}
    assert study["datasets"]["digits"]["images"] == {"path": None}
    assert study["datasets"]["digits"]["truth"]["allow_incomplete"] is False
    assert study["search"]["use"]["evolution"]["population"] == 10
    assert study["report"] == {"published": False}
    assert study["scoring"]["ensembles"] == []
    assert "seed" not in config, "the study that was given is left as it was"


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("scoring.batchsize", 64, "Unknown key 'batchsize' in 'scoring' (did you mean 'batch_size'?): it may hold"),
        ("datsets", {}, "Unknown key 'datsets' in the study file (did you mean 'datasets'?)"),
        ("datasets.digits.truth.paht", "x", "Unknown key 'paht' in 'datasets.digits.truth' (did you mean 'path'?)"),
        ("search.use.naswot-10.smaple", 3, "Unknown key 'smaple' in 'search.use.naswot-10' (did you mean 'sample'?)"),
        ("search.use.naswot-10.sample", ..., "The key sample is missing in 'search.use.naswot-10': add it."),
        ("study", ..., "The key study is missing in the study file: add it."),
        ("search.spaces", {"few": {}}, "'search.spaces' is called search.subspaces now: rename the key."),
        ("search.subspaces", {"few": {}}, "'search.subspaces.few' holds nothing: add an entry (The cells of"),
        ("search.use.new", {"algorithm": "hnas", "proxies": ["a"]}, "must hold at least 2 entries, not 1 (Two: the"),
        ("search.use.new", {"algorithm": "robot", "proxies": ["a", "a"]}, "['a', 'a'] has non-unique elements (Names"),
        (
            "study",
            "My study",
            "The name 'My study' in 'study' may hold lower-case letters, digits and hyphens only: write 'my-study'.",
        ),
        ("seed", "abc", "'seed' is 'abc' where a whole number is needed"),
        ("search.runs", 1, "'search.runs' is 1: it must be at least 2 (Runs (seeds) of each search"),
        ("scoring.device", "gpu", "'gpu' in 'scoring.device' is not allowed: use one of auto, cpu, cuda."),
        ("scoring.scores", "computd", "did you mean 'computed'?"),
        ("scoring.proxies", [], "The study has no scores: name some under scoring.proxies or scoring.own"),
        ("datasets", {}, "'datasets' holds nothing: add an entry"),
        ("training.learning_rate", 0, "'training.learning_rate' is 0: it must be more than 0"),
    ],
)
def test_wrong_keys_and_values_are_one_sentence(config, path, value, sentence):
    with pytest.raises(ConfigError) as caught:
        load_study(change(config, path, value))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("scoring.proxies", ["nawsot"], "Unknown proxy 'nawsot' in 'scoring.proxies[0]': choose one of "),
        (
            "scoring.first_images",
            {"grads": 64},
            "Unknown family 'grads' in 'scoring.first_images': choose one of az_nas",
        ),
        ("scoring.ensembles", ["az_nsa"], "Unknown ensemble 'az_nsa' in 'scoring.ensembles[0]': choose one of az_nas"),
        ("search.use.evolution.algorithm", "evolve", "Unknown search 'evolve' in 'search.use.evolution.algorithm'"),
        ("datasets.digits.truth.source", "magic", "Unknown ground truth 'magic' in 'datasets.digits.truth.source'"),
    ],
)
def test_unknown_names_list_those_that_exist(config, path, value, sentence):
    with pytest.raises(UnknownNameError) as caught:
        load_study(change(config, path, value))
    assert sentence in str(caught.value)


def test_a_number_of_evaluations_needs_no_budget(config):
    config = change(config, "search.budget_seconds", {})
    config = change(config, "search.use.evolution", {"algorithm": "random_search", "evaluations": 50})
    assert load_study(config)["search"]["use"]["evolution"]["evaluations"] == 50
    scored = {"algorithm": "plain_evolution", "proxy": "naswot", "evaluations": 5, "population": 10}
    with pytest.raises(ConfigError, match=r"^search.use.scored is wrong: .*5 cells in all"):
        load_study(change(config, "search.use.scored", scored))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"datasets.cifar11": {"truth": {"source": "archive"}}},
            "Unknown dataset 'cifar11' in 'datasets' (did you mean 'cifar10'?): choose one of",
        ),
        (
            {"search.use.naswot-10.proxy": "naswot-x"},
            "search.use.naswot-10.proxy is 'naswot-x', which is no proxy or ensemble (did you mean 'naswot'?): the "
            "study scores naswot; scores of your own are declared under scoring.own.",
        ),
        (
            {"search.use.naswot-10.proxy": "synflow"},
            "search.use.naswot-10.proxy is 'synflow', which the study does not score: add it to scoring.proxies (now "
            "naswot).",
        ),
        (
            {"search.use.naswot-10.proxy": "az_nas"},
            "search.use.naswot-10.proxy is 'az_nas', which the study does not score: add it to scoring.ensembles (now "
            "none).",
        ),
        (
            {"scoring.ensembles": ["pair"]},
            "scoring.ensembles names 'pair', which is made of scores that the study does not have: add params, flops "
            "to scoring.proxies (now naswot).",
        ),
        (
            {"scoring.noise_cells": 1},
            "scoring.noise_cells is 1, but a ranking needs two cells: use 0 (none) or 2 and more.",
        ),
        (
            {"search.budget_seconds": {}},
            "search.use.evolution trains, but search.budget_seconds has nothing for 'digits': add 'budget_seconds: "
            "{digits: SECONDS}' under search, or 'evaluations: NUMBER' to this search.",
        ),
        (
            {"search.use.evolution": {"algorithm": "random_search", "evaluations": 9, "overshoot": False}},
            "search.use.evolution.overshoot is false, which is about the last query of a budget of seconds, but",
        ),
        ({"search.budget_seconds": {"digits": 5, "digit": 5}}, "names 'digit', which is no dataset of the study (did"),
        ({"search.use.naswot-10.sample": 15626}, "sample is 15626"),
        ({"search.use": {}}, "search.use names no search, so there is nothing to summarise: add one under search.use"),
        ({"datasets.digits.truth.path": None}, "truth.source is 'table': set datasets.digits.truth.path to the table."),
        ({"datasets.digits.truth.source": "trained"}, "is 'trained', which reads no file: remove"),
        (
            {"datasets.digits.truth": {"source": "trained"}, "training": {"epochs": 3, "early_epochs": 4}},
            "training.early_epochs is 4, after the end of 3 epochs: stop at or before training.epochs.",
        ),
        ({"scoring.scores": "shipped"}, "scoring.scores is 'shipped': set scoring.shipped to the folder"),
        (
            {"search.use.area": {"algorithm": "area", "proxy": "naswot", "sample": 5, "population": 10}},
            "search.use.area is wrong: area keeps the best 10 of 5 scored cells",
        ),
        (
            {"search.use.evolution.accuracies_of": "digit"},
            "evolution.accuracies_of names 'digit', which is no dataset of the study (did you mean 'digits'?):"
            " it has digits.",
        ),
        (
            {"search.use.naswot-10.accuracies_of": "digits"},
            "search.use.naswot-10.accuracies_of is 'digits', but 'proxy_search' never looks at early accuracies:",
        ),
    ],
)
def test_keys_that_do_not_agree(config, changes, sentence):
    for path, value in changes.items():
        config = change(config, path, value)
    with pytest.raises(ConfigError) as caught:
        load_study(config)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


TWO = {"datasets.cifar10": {"truth": {"source": "table", "path": "truth.csv"}}, "search.budget_seconds": 100}
"""What makes the minimal study one of two datasets."""


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"scoring.ensemble_choice": {"proxies": ["naswot"], "largest": 1}},
            "The ensemble of scoring.ensemble_choice is chosen on the datasets other than the one it is judged "
            "on, and the study has only digits: add a dataset or leave it out.",
        ),
        (
            TWO | {"scoring.ensemble_choice": {"proxies": ["naswot"]}},
            "scoring.ensemble_choice.largest is 4, more than the proxies to choose from (1): lower it or add proxies.",
        ),
        (
            TWO | {"scoring.ensemble_choice": {"proxies": ["naswot"], "largest": 0}},
            "'scoring.ensemble_choice.largest' is 0: it must be at least 1",
        ),
        (
            TWO | {"scoring.ensemble_choice": {"proxies": ["nawsot"], "largest": 1}},
            "scoring.ensemble_choice.proxies names 'nawsot', which the study does not score (did you mean 'naswot'?): "
            "add it to scoring.proxies (now naswot).",
        ),
        (
            {"search.leagues": {"mine": ["evolution"]}},
            "The search of a league of search.leagues is chosen on the datasets other than the one it is judged "
            "on, and the study has only digits: add a dataset or leave it out.",
        ),
        (
            TWO | {"search.leagues": {"mine": ["evolution", "naswot-1"]}},
            "search.leagues.mine names 'naswot-1', which is no search of the study (did you mean 'naswot-10'?): "
            "search.use has naswot-10, evolution.",
        ),
        (TWO | {"search.leagues": {"mine": []}}, "'search.leagues.mine' holds nothing: add an entry"),
    ],
)
def test_choices_that_cannot_be_made(config, changes, sentence):
    for path, value in changes.items():
        config = change(config, path, value)
    with pytest.raises(ConfigError) as caught:
        load_study(config)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_choices_are_made_where_they_are_asked_for(config):
    study = load_study(config)
    assert study["scoring"]["ensemble_choice"] == {"proxies": [], "largest": 4}
    assert study["search"]["leagues"] == {}
    choices = TWO | {"scoring.ensemble_choice": {"proxies": ["naswot"], "largest": 1}}
    for path, value in (choices | {"search.leagues": {"mine": ["evolution", "naswot-10"]}}).items():
        config = change(config, path, value)
    study = load_study(config)
    assert study["scoring"]["ensemble_choice"]["proxies"] == ["naswot"]
    assert study["search"]["leagues"] == {"mine": ["evolution", "naswot-10"]}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"datasets.digits.truth.path": "gone.parquet"}, "datasets.digits.truth.path is 'gone.parquet', which does"),
        ({"datasets.digits.images": {"path": "gone.npz"}}, "datasets.digits.images.path is 'gone.npz', which does not"),
        ({"scoring.scores": "shipped", "scoring.shipped": "gone"}, "scoring.shipped is 'gone', which has no digits"),
    ],
)
def test_paths_that_do_not_exist(config, changes, sentence):
    for path, value in changes.items():
        config = change(config, path, value)
    with pytest.raises(DataError) as caught:
        load_study(config)
    assert sentence in str(caught.value)


def test_a_resolved_study_keeps_the_order_and_the_numbers_of_its_file(config):
    """The parameters of jobs are compared with those of the last run, so that neither may change by reading."""
    config["search"] = {"use": {"a": {"sample": 10, "algorithm": "oracle"}}, "runs": 30, "budget_seconds": 100}
    found = load_study(config)
    assert list(found)[:4] == ["study", "datasets", "scoring", "search"]
    assert list(found["search"])[:5] == ["use", "runs", "budget_seconds", "runs_per_job", "pay_once"]
    assert list(found["search"]["use"]["a"]) == ["sample", "algorithm"], "no key that stands for nothing is added"
    assert repr(found["search"]["budget_seconds"]) == "100"


def test_own_images_may_have_any_name(config, tmp_path):
    (tmp_path / "mine.npz").touch()
    dataset = {"images": {"path": "mine.npz"}, "truth": {"source": "table", "path": "truth.csv"}}
    assert "mine" in load_study(change(config, "datasets.mine", dataset))["datasets"]


def test_a_search_may_read_an_ensemble_whose_members_are_scored(config):
    config = change(config, "scoring", {"proxies": ["naswot", "params", "flops"], "ensembles": ["pair"]})
    study = load_study(change(config, "search.use.naswot-10.proxy", "pair"))
    assert scored_names(study) == ["naswot", "params", "flops", "pair"]


def test_a_budget_is_asked_for_the_dataset_whose_accuracies_are_paid(config, tmp_path):
    (tmp_path / "mine.npz").touch()
    dataset = {"images": {"path": "mine.npz"}, "truth": {"source": "table", "path": "truth.csv"}}
    config = change(change(config, "datasets.mine", dataset), "search.budget_seconds", {"mine": 5})
    with pytest.raises(ConfigError, match=r"evolution trains, but search.budget_seconds has nothing for 'digits'"):
        load_study(config)
    load_study(change(config, "search.use.evolution.accuracies_of", "mine"))


def test_few_runs_are_allowed_with_a_warning(config):
    study = load_study(change(config, "search.runs", 29))
    assert warnings_of(study) == ["search.runs is 29: at least 30 are recommended to tell searches apart."]
    assert warnings_of(load_study(change(config, "search.runs", 30))) == []


def test_validation_accuracies_alone_are_allowed_with_a_warning(config, tmp_path):
    (tmp_path / "truth.csv").write_text("arch,valid_accuracy\n")
    study = load_study(change(config, "search.runs", 30))
    assert warnings_of(study) == [
        "The ground truth has validation accuracies alone: they are reported, and what the chosen architectures reach "
        "on test images is unknown."
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"datasets.waves.scored_on": "cifar11"}, "Unknown dataset 'cifar11' in 'datasets.waves.scored_on'"),
        (
            {"datasets.waves.truth": {"source": "archive"}},
            "datasets.waves.scored_on names other images, but datasets.waves.truth.source is 'archive', which has",
        ),
        (
            {"search.use.pruned": {"algorithm": "te_nas_pruning"}},
            "search.use.pruned trains on images while it searches, and waves has those of another dataset (scored_on)",
        ),
        (
            {"datasets.waves.truth.metric": {"name": "SSIM", "direction": 0}},
            "'0' in 'datasets.waves.truth.metric.direction' is not allowed: use one of 1, -1.",
        ),
        (
            {"datasets.waves.truth.metric": {"name": "SSIM", "range": [1, 0]}},
            "has range [1.0, 0.0]: the first number must be smaller",
        ),
    ],
)
def test_images_of_another_dataset_and_metrics_that_cannot_be(config, changes, sentence):
    known = {"scored_on": "digits", "truth": {"source": "table", "path": "truth.csv"}}
    config = change(config, "datasets.waves", known)
    assert load_study(config)["datasets"]["waves"]["scored_on"] == "digits"
    for path, value in changes.items():
        config = change(config, path, value)
    with pytest.raises(TfnasError) as caught:
        load_study(config)
    assert sentence in str(caught.value)
