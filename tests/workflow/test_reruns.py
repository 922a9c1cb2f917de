"""What reruns after which change: decided by Snakemake in dry-runs on a study that is complete.

The study is made once by jobs that only touch their outputs (the plan is what is tested); each test clones it, changes
one thing and asks for the plan.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from workflow_helpers import PRETENCE, Project, write_inputs

CONFIG = ("--configfile", "tests/configs/rerun.yaml")

CONTESTS = {"summarise_comparisons", "summarise_regret", "tabulate_comparisons", "tabulate_regret"}
REPORT = {"render_report", "compile_report", "all"}
PRICES = {
    "summarise_curves",
    "summarise_equal_time",
    "summarise_search_costs",
    "tabulate_search_costs",
    "tabulate_equal_time",
}
FIGURES = {"draw_scatter", "draw_anytime", "draw_equal_time", "draw_queries", "draw_search_times", "draw_comparisons"}
TABLES = {"tabulate_correlations", "tabulate_search", "tabulate_transfer", "tabulate_times", "tabulate_provenance"}
SUMMARIES = {"summarise_correlations", "summarise_proxies", "summarise_noise", "summarise_order"}
AFTER_SEARCH = {"summarise_search", *CONTESTS, *PRICES, "write_provenance", "write_numbers", *REPORT}


@pytest.fixture(scope="session")
def complete(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The study of tests/configs/rerun.yaml, complete."""
    project = Project.copy_to(root, tmp_path_factory.mktemp("complete") / "project")
    write_inputs(project.folder)
    project.edit("src/tfnas/workflow.py", PRETENCE)
    project.snakemake("--cores", "2", *CONFIG)
    return project


@pytest.fixture
def study(complete: Project, tmp_path: Path) -> Project:
    """A clone of the complete study."""
    return complete.clone_to(tmp_path / "project")


def test_nothing_runs_when_nothing_changed(study):
    assert not study.planned(*CONFIG)
    assert "Nothing to be done" in study.snakemake("--cores", "1", *CONFIG)


@pytest.mark.parametrize("target", [(), ("--", "report.pdf")])
def test_the_report_that_is_asked_for_lies_at_the_root_though_another_study_ran_since(study, target):
    report, copy = study.folder / "results/rerun/report.pdf", study.folder / "report.pdf"
    report.write_text("this study")
    copy.write_text("another study")
    study.snakemake("--dry-run", *CONFIG, *target)
    study.snakemake("--cores", "1", *CONFIG, "--", "search")
    assert copy.read_text() == "another study", "a plan and another target leave it"
    assert "Nothing to be done" in study.snakemake("--cores", "1", *CONFIG, *target)
    assert copy.read_text() == "this study"


def test_a_touched_file_reruns_nothing(study):
    scripts = list((study.folder / "workflow/scripts").glob("*.py"))
    assert len(scripts) > 10
    for name in ("src/tfnas/spaces/nats_tss.py", "src/tfnas/analysis/statistics.py", "report/refs.bib", *scripts):
        os.utime(study.folder / name)
    assert not study.planned(*CONFIG)


@pytest.mark.parametrize(
    ("name", "rules"), [("truth.csv", {"truth_from_table": 2}), ("mine.npz", {"make_batch": 1, "make_second_batch": 1})]
)
def test_an_input_of_another_content_is_noticed_though_its_time_and_size_are_the_same(study, name, rules):
    path = study.folder / name
    told, content = path.stat(), path.read_bytes()
    at = content.rindex(b"0", 0, len(content) // 2)
    path.write_bytes(content[:at] + b"1" + content[at + 1 :])
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert path.stat().st_size == told.st_size
    planned = study.planned(*CONFIG)
    readers = {"truth_from_table", "make_batch", "make_second_batch"}
    assert {rule: planned[rule] for rule in readers if planned[rule]} == rules


def test_an_edited_script_reruns_its_rules(study):
    study.edit("workflow/scripts/make_batch.py")
    planned = study.planned(*CONFIG)
    assert planned["make_batch"] == 2
    assert not planned["truth_from_table"]


@pytest.mark.parametrize("keeps_times", [True, False])
def test_a_copy_of_a_finished_project_plans_nothing(complete, tmp_path, keeps_times):
    """`cp -a` and `cp -r` to a folder of another name, with its own environment; truth.csv has over a megabyte."""
    assert (complete.folder / "truth.csv").stat().st_size > 1_000_000
    folder = tmp_path / "moved" / "another name"
    copy = shutil.copy2 if keeps_times else shutil.copy
    shutil.copytree(complete.folder, folder, symlinks=True, copy_function=copy)
    (folder / ".venv").unlink(missing_ok=True)
    assert not Project(folder).planned(*CONFIG)


@pytest.mark.parametrize(
    ("file", "title"), [("proxies/naswot.py", "NASWOT"), ("search/regularised_evolution.py", "Regularised evolution")]
)
def test_a_title_reruns_whatever_prints_it(study, file, title):
    path = study.folder / "src/tfnas" / file
    text = path.read_text()
    assert f'title="{title}' in text
    path.write_text(text.replace(f'title="{title}', 'title="Another name'))
    planned = set(study.planned(*CONFIG))
    printed = {"tabulate_search", "tabulate_settings", "tabulate_regret", "draw_anytime", "draw_comparisons"}
    printed |= {"write_numbers", *REPORT}
    if file.startswith("proxies/"):
        printed |= {"tabulate_proxies", "tabulate_quality", "tabulate_first_cells", "tabulate_correlations"}
    assert printed <= planned
    assert not planned & {
        "make_batch",
        "truth_from_table",
        "draw_search_space",
        "tabulate_setup",
        "draw_accuracies",
    } - ({"tabulate_setup"} if file.startswith("proxies/") else set())


def test_a_template_reruns_the_report_alone(study):
    template = next((study.folder / "report").rglob("*.tex*")).relative_to(study.folder)
    study.edit(str(template), "% edited by a test\n")
    assert set(study.planned(*CONFIG)) == REPORT


def test_a_caption_of_the_html_report_reruns_nothing(study):
    caption = next((study.folder / "report" / "captions").glob("*.rst")).relative_to(study.folder)
    study.edit(str(caption))
    assert not study.planned(*CONFIG)


def test_statistics_rerun_summaries_and_what_follows(study):
    study.edit("src/tfnas/analysis/statistics.py")
    planned = set(study.planned(*CONFIG))
    assert {"summarise_search", *SUMMARIES} <= planned
    assert not planned & {"score_chunk", "score_noise", "merge_scores", "run_search", "make_batch", "truth_from_table"}


def test_a_family_reruns_its_scores_and_what_follows(study):
    study.edit("src/tfnas/proxies/naswot.py")
    planned = study.planned(*CONFIG)
    assert planned["score_chunk"] == 4
    assert planned["score_noise"] == 2, "two datasets"
    assert not set(planned) & {"make_batch", "make_second_batch", "truth_from_table", "draw_batch", "draw_accuracies"}
    assert planned["run_search"] == 2, "only the search that reads the scores, not evolution"


def test_an_ensemble_reruns_the_merged_tables_and_what_follows(study):
    study.edit("src/tfnas/scoring/ensembles.py")
    planned = study.planned(*CONFIG)
    follows = {"merge_scores", *SUMMARIES, "draw_scatter", "write_provenance", "write_numbers", *REPORT}
    tables = {"tabulate_setup", "tabulate_correlations", "tabulate_proxies", "tabulate_quality", "tabulate_provenance"}
    tables.add("tabulate_first_cells")
    assert set(planned) == follows | tables
    assert planned["merge_scores"] == 2


def test_a_search_reruns_itself_alone(study):
    study.edit("src/tfnas/search/proxy_search.py")
    planned = study.planned(*CONFIG)
    assert planned["run_search"] == 2
    assert set(planned) - {"run_search", *FIGURES, *TABLES} == AFTER_SEARCH
    assert not set(planned) & {"draw_scatter", "tabulate_correlations"}


def test_a_dataset_reruns_its_own_batch(study):
    study.edit("src/tfnas/datasets/digits.py")
    planned = study.planned(*CONFIG)
    assert planned["make_batch"] >= 1
    assert "truth_from_table" not in planned


def test_wording_of_errors_reruns_nothing(study):
    for name in ("errors", "workflow", "study/study", "study/sentences", "study/models/scoring"):
        study.edit(f"src/tfnas/{name}.py")
    assert not study.planned(*CONFIG)


def test_more_runs_compute_only_the_new_ones(study):
    planned = study.planned(*CONFIG, overlay={"search": {"runs": 6}})
    assert planned["run_search"] == 2, "one new block for each search"
    assert not set(planned) & {
        "score_chunk",
        "make_batch",
        "truth_from_table",
        "summarise_correlations",
        "draw_scatter",
    }


def test_other_noise_cells_are_scored_anew_and_nothing_else(study):
    planned = study.planned(*CONFIG, overlay={"scoring": {"noise_cells": 10}})
    assert planned["score_noise"] == 2
    assert not set(planned) & {"score_chunk", "make_second_batch", "run_search", "summarise_correlations"}
    assert not set(study.planned(*CONFIG, overlay={"scoring": {"noise_cells": 0}})) & {"score_noise", "summarise_noise"}


def test_a_new_search_runs_alone(study):
    planned = study.planned(*CONFIG, overlay={"search": {"use": {"random": {"algorithm": "random_search"}}}})
    assert planned["run_search"] == 2
    assert "score_chunk" not in planned


def test_a_new_family_is_scored_alone(study):
    text = (study.folder / "src/tfnas/proxies/naswot.py").read_text()
    for name in ("naswot_published", "naswot"):
        text = text.replace(f'name="{name}"', f'name="other_{name}"').replace(f'("{name}", ', f'("other_{name}", ')
    (study.folder / "src/tfnas/proxies/other.py").write_text(text)
    planned = study.planned(*CONFIG, overlay={"scoring": {"proxies": ["naswot", "other_naswot"]}})
    assert planned["score_chunk"] == 4, "two chunks of the new family on each of two datasets"
    assert "run_search" not in planned, "no search reads the new family"
    assert not set(planned) & {"make_batch", "truth_from_table"}


def test_another_title_does_not_score_or_search_again(study):
    planned = study.planned(*CONFIG, overlay={"title": "Another"})
    assert not set(planned) & {"score_chunk", "run_search", "make_batch", "truth_from_table", "summarise_search"}
    assert "render_report" in planned
