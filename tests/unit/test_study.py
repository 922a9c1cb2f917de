"""Which jobs a study becomes: blocks, chunks and files."""

from __future__ import annotations

import pytest
import yaml

from tfnas.study.load import load_study
from tfnas.study.study import NOTHING, Study, blocks, one_of

CONFIG = """
study: two
datasets:
  digits: {truth: {source: table, path: truth.csv}}
  cifar10: {truth: {source: archive}}
scoring: {proxies: [naswot], cells_per_job: 4000}
search:
  runs: 5
  runs_per_job: 2
  budget_seconds: {digits: 10, cifar10: 20}
  use:
    naswot-10: {algorithm: proxy_search, proxy: naswot, sample: 10}
    evolution: {algorithm: regularised_evolution}
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study of two datasets and two searches."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "truth.csv").touch()
    return Study(load_study(yaml.safe_load(CONFIG)))


def now(study):
    """Return the study as it is configured now: what it declares is read once."""
    return Study(study.config, study.project)


def summary_files(study, name):
    """Return where a study as it is configured now makes a summary, in a list that is empty if it makes none."""
    return [path for path in now(study).summaries if path.endswith(f"/summaries/{name}")]


def test_blocks_cover_everything_once():
    for total in (1, 2, 5, 500):
        for size in (1, 3, 250, 1000):
            covered = [number for first, last in blocks(total, size) for number in range(first, last + 1)]
            assert covered == list(range(total))


def test_more_runs_keep_the_old_blocks():
    assert set(blocks(500, 250)) < set(blocks(1000, 250))


def test_constraints_match_whole_names_only():
    import re

    assert re.fullmatch(one_of(["cifar10", "a.b"]), "cifar10")
    assert not re.fullmatch(one_of(["cifar10", "a.b"]), "axb")
    assert one_of([]) == NOTHING
    assert not re.search(NOTHING, "anything\n")


def test_run_files(study):
    files = study.run_files()
    assert len(files) == 2 * 2 * 3
    assert files[0] == "results/two/runs/digits/naswot-10/seeds-0-1.parquet"
    assert files[-1] == "results/two/runs/cifar10/evolution/seeds-4-4.parquet"


def test_a_search_reads_the_table_of_its_family_alone(study):
    family = next(iter(study.families))
    assert study.score_files("digits", "naswot-10") == [f"results/two/scores/digits/{family}.parquet"]
    assert study.score_files("digits", "evolution") == []


def test_a_search_by_an_ensemble_reads_the_table_of_all_families(study):
    study.config["scoring"] |= {"proxies": ["naswot", "params"], "ensembles": ["naswot_logsynflow"]}
    study.searches["naswot-10"]["proxy"] = "naswot_logsynflow"
    assert now(study).score_files("digits", "naswot-10") == ["results/two/scores/digits.parquet"]
    study.searches["naswot-10"]["proxy"] = "params"
    assert now(study).score_files("digits", "naswot-10") == ["results/two/scores/digits/structure.parquet"]


def test_an_ensemble_is_scored_and_drawn_but_belongs_to_no_family(study):
    study.config["scoring"]["ensembles"] = ["az_nas"]
    assert now(study).scored == ["naswot", "az_nas"]
    assert study.families == {"naswot": ["naswot"]}
    assert "results/two/figures/scatter-az_nas.pdf" in now(study).exhibits()


def test_noise_is_measured_on_two_mini_batches_of_every_dataset(study):
    assert study.measures_noise
    study.config["scoring"]["proxies"] = ["naswot", "params"]
    assert now(study).noise_files(2) == [
        "results/two/noise/digits/naswot-2.parquet",
        "results/two/noise/digits/structure-2.parquet",
        "results/two/noise/cifar10/naswot-2.parquet",
        "results/two/noise/cifar10/structure-2.parquet",
    ]
    assert study.noise_batch("digits", "1") == "results/two/batches/digits.npz"
    assert study.noise_batch("digits", "2") == "results/two/noise/digits/batch.npz"
    assert study.second_batch_seed != study.config["seed"]
    assert {"results/two/summaries/proxy-pairs.csv", "results/two/summaries/noise.csv"} <= set(study.summaries)


@pytest.mark.parametrize("change", [{"noise_cells": 0}, {"scores": "shipped"}])
def test_without_images_or_cells_there_is_no_noise(study, change):
    study.config["scoring"] |= change
    study = now(study)
    assert not study.measures_noise
    assert study.noise_files(1) == []
    assert "results/two/summaries/noise.csv" not in now(study).summaries


def test_more_proxies_have_more_exhibits(study):
    one = {path.removeprefix("results/two/") for path in now(study).exhibits()}
    assert {"tables/proxies.tex", "tables/quality.tex"} <= one
    study.config["scoring"]["proxies"] = ["naswot", "params"]
    two = {path.removeprefix("results/two/") for path in now(study).exhibits()}
    assert two - one == {"figures/correlations.pdf", "tables/ranking.tex", "figures/scatter-params.pdf"}
    study.config["scoring"]["ensembles"] = ["az_nas"]
    three = {path.removeprefix("results/two/") for path in now(study).exhibits()}
    pairs = {"figures/proxy-pairs-digits.pdf", "figures/proxy-pairs-cifar10.pdf"}
    assert three - two == pairs | {"figures/scatter-az_nas.pdf"}


def test_searches_are_compared_where_there_are_two_and_ranked_where_there_are_three_on_two_datasets(study):
    def made():
        return {path.removeprefix("results/two/") for path in [*now(study).exhibits(), *now(study).summaries]}

    two = made()
    compared = {"figures/comparisons-digits.pdf", "figures/comparisons-cifar10.pdf", "tables/comparisons.tex"}
    assert compared | {"tables/regret.tex", "summaries/comparisons.csv", "summaries/regret.csv"} <= two
    ranked = {"figures/critical-difference.pdf", "summaries/ranks.csv"}
    study.searches["random"] = {"algorithm": "random_cell"}
    assert not now(study).ranks_searches, "a reference is not ranked"
    study.searches["random-search"] = {"algorithm": "random_search"}
    assert made() - two == ranked
    assert summary_files(study, "ranks.csv") == ["results/two/summaries/ranks.csv"]
    del study.config["datasets"]["cifar10"]
    assert not made() & ranked
    study.searches.clear()
    study.searches["naswot-10"] = {"algorithm": "proxy_search", "proxy": "naswot", "sample": 10}
    assert not made() & compared
    assert "tables/regret.tex" in made()


def test_choices_made_elsewhere_have_summaries_and_tables_where_they_are_asked_for(study):
    def made():
        return {path.removeprefix("results/two/") for path in [*now(study).exhibits(), *now(study).summaries]}

    none = made()
    assert summary_files(study, "ensemble-choice.csv") == summary_files(study, "leagues.csv") == []
    study.config["scoring"]["ensemble_choice"] = {"proxies": ["naswot"], "largest": 1}
    ensembles = made()
    tables = {"tables/ensemble-choice.tex", "tables/ensemble-top.tex"}
    assert ensembles - none == {"summaries/ensemble-choice.csv", *tables}
    study.config["search"]["leagues"] = {"mine": ["evolution"]}
    assert made() - ensembles == {"summaries/leagues.csv", "tables/leagues.tex", "tables/league-searches.tex"}


def test_published_correlations_are_shown_where_there_are_any(study, root, monkeypatch):
    monkeypatch.chdir(root)
    table = "results/two/tables/published-correlations.tex"
    study.config["report"]["published"] = True
    assert table in now(study).exhibits()
    del study.config["datasets"]["cifar10"]
    assert table not in now(study).exhibits(), "nobody has published correlations on the digits"
    study.config["report"]["published"] = False
    assert table not in now(study).exhibits()


def test_published_searches_are_compared_where_one_matches(study, root, monkeypatch):
    monkeypatch.chdir(root)
    table, summary = "results/two/tables/published-searches.tex", "results/two/summaries/published.csv"
    assert table not in now(study).exhibits()
    study.config["report"]["published"] = True
    assert now(study).published_budgets == {"digits": 10, "cifar10": 20}
    assert summary_files(study, "published.csv") == [summary], "NASWOT, whatever the budget"
    assert table in now(study).exhibits()
    del study.searches["naswot-10"]
    assert summary_files(study, "published.csv") == [], "evolution with another budget is another search"
    study.config["search"]["budget_seconds"]["cifar10"] = 12000
    assert summary_files(study, "published.csv") == [summary]
    study.config["search"]["pay_once"] = True
    assert summary_files(study, "published.csv") == [], "who pays once per class pays another price"
    assert summary not in now(study).summaries


def test_curves_lie_beside_their_runs(study):
    curves = study.curve_files()
    assert curves[0] == "results/two/runs/digits/naswot-10/curves-0-1.parquet"
    assert len(curves) == len(study.run_files())


def test_groups_of_searches_are_compared_at_equal_time(study):
    exhibits = {
        f"results/two/{name}" for name in ("figures/equal-time.pdf", "figures/queries.pdf", "tables/equal-time.tex")
    }
    summary = "results/two/summaries/equal-time.csv"
    study.config["search"]["use"]["skip"] = {"algorithm": "freerea"}
    study.config["search"]["use"]["cell"] = {"algorithm": "random_cell"}
    assert now(study).equal_time_groups == {
        "naswot-10": "training-free", "evolution": "trained", "skip": "training-free-prior"
    }  # fmt: skip
    compared = now(study)
    assert (compared.searches_with_prior, compared.random_cell, compared.references) == (["skip"], "cell", ["cell"])
    assert summary_files(study, "equal-time.csv") == [summary]
    assert summary in now(study).summaries
    assert exhibits <= set(now(study).exhibits())
    study.config["search"]["use"] = {"small": {"algorithm": "random_cell", "constraint": {"params": {"max": 9}}}}
    assert now(study).random_cell is None, "a cell out of a part of the space"
    assert summary_files(study, "equal-time.csv") == []
    assert summary not in now(study).summaries
    assert not exhibits & set(now(study).exhibits())


def test_what_searches_read_is_priced(study):
    assert study.priced == {"naswot": ["naswot"]}
    assert study.rate_files() == ["results/two/machine-seconds/digits.json", "results/two/machine-seconds/cifar10.json"]
    assert study.score_facts("digits") == ["results/two/scores/digits/naswot.json"]
    study.config["scoring"]["scores"] = "shipped"
    assert now(study).score_facts("digits") == ["results/two/scores/digits.json"]
    exhibits = {"results/two/figures/anytime.pdf", "results/two/tables/search-costs.tex"}
    assert exhibits <= set(now(study).exhibits())
    study.config["search"]["use"] = {"cell": {"algorithm": "random_cell"}}
    assert not exhibits & set(now(study).exhibits()), "references are charged nothing"


def test_budgets_go_to_searches_that_train(study):
    assert study.budget("cifar10", "evolution") == 20
    assert study.budget("cifar10", "naswot-10") is None
    study.config["search"]["use"]["evolution"]["evaluations"] = 100
    assert study.budget("cifar10", "evolution") is None, "a number of looks ends it"
    study.config["search"]["use"]["evolution"]["evaluations"] = None
    study.config["search"]["use"]["evolution"]["accuracies_of"] = "digits"
    assert study.budget("cifar10", "evolution") == 10, "whose accuracies are paid"


def test_only_what_is_missing_is_downloaded(study):
    assert study.image_files("digits") == []
    assert study.image_files("cifar10") == ["resources/cifar10/downloaded.json"]
    assert study.archive_files("0") == ["resources/NATS-tss/downloaded.json"]


def test_an_archive_is_read_once_for_all_its_datasets(study):
    truth = {"source": "archive", "path": None, "columns": {}, "allow_incomplete": False}
    datasets, other = study.config["datasets"], study.config["datasets"]["cifar10"]
    datasets["cifar100"] = other | {"truth": truth | {"allow_incomplete": True}}
    datasets["ImageNet16-120"] = other | {"truth": truth | {"path": "mine.tar"}}
    study = now(study)
    assert study.archives == {"0": "resources/NATS-tss", "1": "mine.tar"}
    assert study.archive_datasets("0") == ["cifar10", "cifar100"]
    assert study.archive_may_lack_cells("0")
    assert not study.archive_may_lack_cells("1")
    assert study.archive_table("cifar10") == study.archive_table("cifar100") == "results/two/truth/archive/0.parquet"
    assert study.archive_table("ImageNet16-120") == "results/two/truth/archive/1.parquet"
    assert study.archive_files("1") == ["mine.tar"]


def test_scratch_does_not_follow_the_recipe(study):
    before = study.scratch("digits")
    study.config["training"]["seeds"] += 1
    assert study.scratch("digits") == before


def test_the_size_of_jobs_is_no_part_of_the_recipe(study):
    assert study.recipe["seeds"] == 1
    assert "cells_per_job" not in study.recipe


def test_benchmarks_of_blocks_are_named_like_the_blocks(study):
    names = study.block_benchmarks()
    assert names.count("run_search/naswot-10/4-4.tsv") == 1
    assert "score_chunk/scores/cifar10/naswot/0-3999.tsv" in names
    assert not [name for name in names if name.startswith("train_block")]
    study.config["datasets"]["cifar10"]["truth"]["source"] = "trained"
    assert "train_block/cifar10/0-499.tsv" in now(study).block_benchmarks()
