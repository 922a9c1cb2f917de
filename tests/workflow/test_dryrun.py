"""Plans: which jobs a study becomes, how fast that is known, and what wrong input is told before anything runs."""

from __future__ import annotations

import re
import resource

import pytest
import yaml
from workflow_helpers import shipped_names, write_inputs

NATS = ("--configfile", "studies/nats-tss.yaml")
EVERYTHING = ("--configfile", "studies/nats-all.yaml")


def test_the_full_study_is_planned_in_seconds_and_has_few_jobs(project):
    project.planned(*EVERYTHING)  # writes compiled modules, as set-up does
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    planned = project.planned(*EVERYTHING)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor seconds: what else the machine does must not fail a test.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 20
    assert planned["download"] == 4, "three datasets and the archive"
    assert planned["read_archive"] == 1, "once for three datasets"
    searches = yaml.safe_load((project.folder / EVERYTHING[1]).read_text(encoding="utf-8"))["search"]["use"]
    assert planned["score_chunk"] <= 3 * 16 * 8, "16 families, at most 15,625 cells, 2,000 a job"
    assert planned["run_search"] == len(searches)
    assert planned.total() <= 800


def test_shipped_scores_take_the_place_of_computed_ones(project):
    """The study of NATS-Bench as it stands: the archive is downloaded, no image is."""
    planned = project.planned(*NATS)
    assert planned["download"] == 1
    assert planned["take_shipped_scores"] == 3
    assert not {"score_chunk", "merge_family", "merge_scores"} & set(planned)


def test_ground_truth_from_three_sources(project):
    write_inputs(project.folder)
    config = {
        "study": "three",
        "datasets": {
            "cifar10": {"truth": {"source": "archive"}},
            "digits": {"truth": {"source": "table", "path": "truth.csv"}},
            "mine": {"images": {"path": "mine.npz"}, "truth": {"source": "trained"}},
        },
        "training": {"cells_per_job": 1000, "train_size": 20, "valid_size": 20, "test_size": 20},
        "search": {"use": {"random-cell": {"algorithm": "random_cell"}}},
    }
    (project.folder / "three.yaml").write_text(yaml.safe_dump(config))
    planned = project.planned("--configfile", "three.yaml", "--", "truth")
    assert planned == {
        "download": 1,
        "read_archive": 1,
        "truth_from_archive": 1,
        "truth_from_table": 1,
        "train_block": 7,
        "merge_truth": 1,
        "truth": 1,
    }


PAIR = """
ENSEMBLES["pair"] = Ensemble("pair", "Pair", ("naswot", "params"), "rank_sum", ("mellor2021naswot", ""), "Made up.")
"""


@pytest.mark.parametrize("scores", ["computed", "shipped"])
def test_an_ensemble_is_computed_where_tables_are_merged(project, scores):
    write_inputs(project.folder)
    project.edit("src/tfnas/scoring/ensembles.py", PAIR)
    for dataset in ("digits", "mine"):
        shipped_names(project.folder / dataset, "naswot", "structure")
    overlay = {
        "scoring": {"proxies": ["naswot", "params"], "ensembles": ["pair"], "scores": scores, "shipped": "."},
        "search": {"use": {"pair-10": {"algorithm": "proxy_search", "proxy": "pair", "sample": 10}}},
    }
    planned = project.planned("--configfile", "tests/configs/rerun.yaml", overlay=overlay)
    assert planned["run_search"] == 3 * 2
    assert planned["draw_scatter"] == 3
    if scores == "shipped":
        assert planned["take_shipped_scores"] == 2
        assert not {"score_chunk", "merge_family", "merge_scores"} & set(planned)
    else:
        assert planned["merge_scores"] == 2
        assert planned["merge_family"] == 2 * 2, "of each family, for the search that reads it alone and for the prices"
        assert planned["score_chunk"] == 2 * (2 + 4), "chunks of two families; an ensemble has none"


@pytest.mark.parametrize("scores", ["computed", "shipped"])
def test_further_scorings_add_the_scores_that_searches_read_and_nothing_else(project, scores):
    write_inputs(project.folder)
    for name in [f"{dataset}{number}" for dataset in ("digits", "mine") for number in ("", ".scoring-1", ".scoring-2")]:
        shipped_names(project.folder / name, "naswot", "structure", "zen")
    scoring = {"proxies": ["naswot", "params", "zen"], "scores": scores, "shipped": "."}
    once, thrice = (
        project.planned(
            "--configfile", "tests/configs/rerun.yaml", overlay={"scoring": scoring | {"scorings": scorings}}
        )
        for scorings in (1, 3)
    )
    added = {rule: count - once[rule] for rule, count in thrice.items() if count != once[rule] and rule != "total"}
    if scores == "shipped":
        assert added == {"take_shipped_scorings": 2 * 2}
    else:
        assert added == {"score_chunk": 2 * 2 * 2, "merge_family": 2 * 2}, "two more of naswot on two datasets"


def test_supernets_are_pruned_for_the_search_that_asks_for_it_even_with_shipped_scores(project):
    write_inputs(project.folder)
    for dataset in ("digits", "mine"):
        shipped_names(project.folder / dataset, "naswot")
    overlay = {
        "scoring": {"scores": "shipped", "shipped": "."},
        "search": {"runs": 25, "runs_per_job": 20, "use": {"te-nas": {"algorithm": "te_nas_pruning"}}},
    }
    planned = project.planned("--configfile", "tests/configs/rerun.yaml", overlay=overlay)
    assert planned["prune_supernets"] == 2 * 3
    assert planned["run_search"] == 3 * 2
    assert "prune_supernets" not in project.planned("--configfile", "tests/configs/rerun.yaml")


def planned_summary(project, name, **scoring):
    """Return the plan of one summary table of the study of tests/configs/rerun.yaml with other scoring settings."""
    write_inputs(project.folder)
    (project.folder / "scoring.yaml").write_text(yaml.safe_dump({"scoring": scoring}))
    target = f"results/rerun/summaries/{name}.csv"
    return project.planned("--configfile", "tests/configs/rerun.yaml", "scoring.yaml", "--", target)


def test_noise_is_measured_by_every_family_on_two_mini_batches(project):
    planned = planned_summary(project, "noise", proxies=["naswot", "params"])
    assert planned["make_batch"] == planned["make_second_batch"] == 2
    assert planned["score_noise"] == 2 * 2
    assert planned["summarise_noise"] == 1


def test_shipped_scores_are_compared_but_have_no_noise(project):
    for dataset in ("digits", "mine"):
        shipped_names(project.folder / dataset, "naswot")
    planned = planned_summary(project, "proxies", scores="shipped", shipped=".")
    assert planned == {"take_shipped_scores": 2, "truth_from_table": 2, "summarise_proxies": 1}
    arguments = ("--configfile", "tests/configs/rerun.yaml", "scoring.yaml", "--", "results/rerun/summaries/noise.csv")
    assert "MissingRuleException" in project.snakemake("--dry-run", *arguments, check=False)


def test_kernels_are_drawn_of_the_first_dataset_where_naswot_is_computed(project):
    planned = project.planned("--configfile", "studies/smoke.yaml")
    assert (planned["measure_kernels"], planned["draw_kernels"]) == (1, 1)
    shipped = project.planned(*NATS)
    assert not {"measure_kernels", "draw_kernels"} & set(shipped)


@pytest.mark.parametrize("study", ["smoke", "digits-retrain"])
def test_every_study_that_needs_no_download_has_a_plan(project, study):
    planned = project.planned("--configfile", f"studies/{study}.yaml")
    assert planned["compile_report"] == 1
    assert "download" not in planned
    assert planned.total() <= 150


def test_tasks_without_images_take_the_shipped_scores_of_others(project):
    """The table of the two tasks is the user's; nothing but the accuracies of CIFAR-10 is downloaded."""
    (project.folder / "tasks.csv").write_text("arch,ninapro,darcy\n")
    paths = {name: {"truth": {"path": "tasks.csv"}} for name in ("ninapro", "darcy-flow")}
    (project.folder / "mine.yaml").write_text(yaml.safe_dump({"datasets": paths}))
    planned = project.planned("--configfile", "studies/nats-tss-tasks.yaml", "mine.yaml")
    assert (planned["truth_from_table"], planned["truth_from_archive"]) == (2, 1)
    assert (planned["take_shipped_scores"], planned["download"], planned["make_batch"]) == (3, 1, 0)
    assert planned["tabulate_transfer"] == 1


def test_slurm_plans_the_same_jobs(project):
    assert project.planned("--workflow-profile", "profiles/slurm", *NATS) == project.planned(*NATS)


@pytest.mark.parametrize(
    ("overlay", "sentence"),
    [
        (
            {"scoring": {"batchsize": 3}},
            "Unknown key 'batchsize' in 'scoring' (did you mean 'batch_size'?): it may hold",
        ),
        ({"scoring": {"proxies": ["synflw"]}}, "Unknown proxy 'synflw' in 'scoring.proxies[0]': choose one of"),
        (
            {"scoring": {"ensembles": ["az_nas"]}},
            "scoring.ensembles names 'az_nas', which is made of scores that the study does not have: add az_",
        ),
        ({"search": {"runs": 1}}, "'search.runs' is 1: it must be at least 2"),
        ({"search": {"use": {"naswot-10": {"sample": 20000}}}}, "search.use.naswot-10.sample is 20000, but the search"),
    ],
)
def test_a_wrong_study_file_is_one_sentence(project, overlay, sentence):
    write_inputs(project.folder)
    (project.folder / "overlay.yaml").write_text(yaml.safe_dump(overlay))
    text = project.snakemake(
        "--dry-run", "--configfile", "tests/configs/rerun.yaml", "overlay.yaml", "--", "scores", check=False
    )
    assert sentence in text
    assert "Traceback" not in text
    assert len(text.splitlines()) < 8


def test_the_work_is_told_before_it_starts(project):
    text = project.snakemake("--dry-run", "--configfile", "studies/digits-retrain.yaml")
    trained = re.search(r"^Ground truth of digits: [\d,]+ networks are to be trained .* a GPU is faster\.$", text, re.M)
    scored = re.search(r"^Scores: [\d,]+ networks are to be scored .* take a multiple of that\.$", text, re.M)
    assert trained
    assert scored
    assert trained.start() < scored.start() < text.index("Job stats:")


def test_few_runs_are_warned_of(project):
    write_inputs(project.folder)
    text = project.snakemake("--dry-run", "--configfile", "tests/configs/rerun.yaml", "--", "search")
    assert "search.runs is 4: at least 30 are recommended" in text
