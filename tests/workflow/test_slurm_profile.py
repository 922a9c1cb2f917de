"""The profile for Slurm: where jobs go, what they ask for, how many there are. A real Slurm: `make test-slurm`."""

from __future__ import annotations

import ast
import re
from types import SimpleNamespace

import pytest
import yaml
from snakemake_executor_plugin_slurm.partitions import get_best_partition, read_partition_file
from workflow_helpers import Project, write_inputs

PROFILE = ("--workflow-profile", "profiles/slurm", "--configfile")

EVERY_GPU_RULE = {
    "study": "gpus",
    "datasets": {"mine": {"images": {"path": "mine.npz"}, "truth": {"source": "trained"}}},
    "training": {"train_size": 20, "valid_size": 20, "test_size": 20},
    "scoring": {"proxies": ["naswot", "params"]},
    "search": {
        "runs": 2,
        "use": {
            "te-nas": {"algorithm": "te_nas_pruning"},
            "naswot-10": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 10},
        },
    },
}

QUIET = SimpleNamespace(debug=lambda text: None, info=lambda text: None, warning=pytest.fail)


def rules_with(project: Project, words: str) -> set[str]:
    """Return the rules of the copy that have some words."""
    text = "".join(path.read_text(encoding="utf-8") for path in (project.folder / "rules").glob("*.smk"))
    return {part.partition(":")[0] for part in re.split(r"^rule ", text, flags=re.MULTILINE)[1:] if words in part}


def plan(project: Project, *arguments: str) -> list[dict[str, str]]:
    """Return the jobs of a plan that are no local ones: rule, group (its number, or nothing) and resources."""
    for path in (project.folder / "rules").glob("*.smk"):
        # A job with a message does not print its rule and resources.
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"^    message:\n        .*\n", "", text, flags=re.MULTILINE), encoding="utf-8")
    jobs, groups, inside = [], 0, ""
    local = {"all", *rules_with(project, "localrule: True")}
    for line in project.snakemake("--dry-run", *PROFILE, *arguments).splitlines():
        if "Group job " in line:
            groups += 1
        if match := re.match(r"( *)rule (\w+):", line):
            inside = "" if match[2] in local else match[2]
            group = str(groups) if match[1] else ""
        if inside and (match := re.match(r" +resources: (.*)", line)):
            resources = dict(item.split("=", 1) for item in match[1].split(", "))
            jobs.append({"rule": inside, "group": group, **resources})
            inside = ""
    return jobs


def slurm_jobs(jobs: list[dict[str, str]]) -> int:
    """Return how many jobs Slurm gets: a group is one."""
    return len({job["group"] for job in jobs if job["group"]}) + sum(not job["group"] for job in jobs)


def partition(project: Project, job: dict[str, str]) -> str | None:
    """Return where the Slurm plugin sends a job."""
    resources = {key: int(value) if value.isdigit() else value for key, value in job.items() if key != "rule"}
    partitions = read_partition_file(project.folder / "profiles/slurm/partitions.yaml")
    return get_best_partition(partitions, SimpleNamespace(name=job["rule"], threads=1, resources=resources), QUIET)


@pytest.mark.parametrize("device", ["cuda", "cpu"])
def test_whatever_asks_for_a_gpu_goes_to_the_partition_that_has_some_and_nothing_else(project, device):
    write_inputs(project.folder)
    study = {**EVERY_GPU_RULE, "scoring": {**EVERY_GPU_RULE["scoring"], "device": device}}
    (project.folder / "gpus.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    rules = rules_with(project, "**on_device(")
    assert len(rules) >= 6
    jobs = plan(project, "gpus.yaml")
    assert rules <= {job["rule"] for job in jobs}, "the study has a job of every rule that may ask for a GPU"
    on_gpus = {job["rule"] for job in jobs if partition(project, job) == "gpu"}
    assert on_gpus == (rules if device == "cuda" else set())
    assert all(partition(project, job) for job in jobs)


def test_a_job_that_is_tried_again_asks_for_more_memory_and_time(project):
    write_inputs(project.folder)
    (project.folder / "gpus.yaml").write_text(yaml.safe_dump(EVERY_GPU_RULE), encoding="utf-8")
    first, second = plan(project, "gpus.yaml"), plan(project, "gpus.yaml", "--attempt", "2")
    assert len(first) == len(second) > 20
    asked = {(job["rule"], int(job["mem_mb"]), int(job["runtime"])) for job in first}
    again = {(job["rule"], int(job["mem_mb"]), int(job["runtime"])) for job in second}
    assert again == {(rule, 2 * memory, 2 * minutes) for rule, memory, minutes in asked}


def test_short_jobs_share_a_slurm_job(project):
    jobs = plan(project, "studies/nats-tss.yaml")
    assert len([job for job in jobs if job["rule"] == "run_search"]) > 50
    assert slurm_jobs(jobs) <= 30
    assert not {job["rule"] for job in jobs if job["group"]} - {"run_search", "score_noise"}


def test_a_job_that_is_killed_at_its_start_does_not_show_the_error_of_an_earlier_run(project):
    write_inputs(project.folder)
    log = project.folder / "results/rerun/logs/truth_from_table/digits.log"
    log.parent.mkdir(parents=True)
    log.write_text("Error: this is of last week\n", encoding="utf-8")
    script = project.folder / "workflow/scripts/truth_from_table.py"
    script.write_text("import os\n\nos.kill(os.getpid(), 9)\n", encoding="utf-8")
    arguments = ("--cores", "1", "--configfile", "tests/configs/rerun.yaml", "--", "results/rerun/truth/digits.parquet")
    project.snakemake("--dry-run", *arguments)
    assert log.exists(), "a plan removes nothing"
    assert "this is of last week" not in project.snakemake(*arguments, check=False)


def test_both_places_say_that_an_option_replaces_the_whole_list_of_the_profile(root):
    profile = (root / "profiles/slurm/profile.yaml").read_text(encoding="utf-8")
    head = " ".join(profile.partition("\n\n# A target")[0].replace("\n#", " ").split())
    assert "An option on the command line replaces the whole list that this file gives for it" in head
    page = " ".join((root / "docs/cluster.md").read_text(encoding="utf-8").split())
    told = page.partition("An option on the command line replaces the whole list of the profile. ")[2][:300]
    for option in ("--default-resources", "--group-components", "--set-resources"):
        assert f"`{option}" in told


def test_a_cluster_without_accounting_finds_its_lines_in_the_profile(root):
    """Each is a comment that becomes a setting, below one with the word SITE, and stands in the table of the page.

    They are the lines that the tests on a real Slurm take in.
    """
    code = ast.parse((root / "tests/slurm/conftest.py").read_text(encoding="utf-8"))
    taken = [node for node in code.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SITE"]
    site = ast.literal_eval(taken[0].value)
    assert len(site) == 2
    profile = (root / "profiles/slurm/profile.yaml").read_text(encoding="utf-8")
    page = (root / "docs/cluster.md").read_text(encoding="utf-8")
    lines = profile.splitlines()
    for line in site:
        assert lines[lines.index(line) - 1].startswith("# SITE: ")
        setting = line.removeprefix("# ")
        assert f"| `{setting}` | Take it in " in page
        assert not set(yaml.safe_load(setting)) & set(yaml.safe_load(profile)), "it is taken in already"
    partitions = (root / "profiles/slurm/partitions.yaml").read_text(encoding="utf-8").splitlines()
    for words in ("main:", "gpu:", "# slurm_account:"):
        assert any(line.strip().startswith(words) and "# SITE" in line for line in (*lines, *partitions)), words
