"""Studies on a real Slurm: to the PDF, on GPUs, with a node that dies, a job over its memory, Snakemake stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import yaml
from pandas.testing import assert_frame_equal
from slurm_helpers import WITH_GPUS, wait_for
from workflow_helpers import Project, write_inputs

PROFILE = ("--workflow-profile", "profiles/slurm", "--configfile")
SMOKE = (*PROFILE, "studies/smoke.yaml", "--")
SCORES = "results/smoke/scores/digits.parquet"
LIMIT = 2400.0
ACTIVE = {"PENDING", "CONFIGURING", "RUNNING", "COMPLETING"}

RECORD = '''

@contextmanager
def job(snakemake):
    """Touch the outputs, say where this ran and with which GPUs, and go home."""
    for path in snakemake.output:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    node, gpus = os.environ.get("SLURMD_NODENAME"), os.environ.get("CUDA_VISIBLE_DEVICES")
    with open("ran.txt", "a") as file:
        file.write(f"{snakemake.rule} {node} {gpus} {slurm_job()}\\n")
    sys.exit(0)
    yield
'''

WAIT = """
import os, time
from pathlib import Path

if "SLURMD_NODENAME" in os.environ and not Path("go").exists():
    Path("waiting").write_text(os.environ["SLURMD_NODENAME"])
    time.sleep(600)
"""

HOG = """
import time

hog = b"x" * 1_800_000_000
time.sleep(15)
"""


def before(project: Project, script: str, code: str) -> None:
    """Put code before everything else that a script of the copy does."""
    path = project.folder / f"workflow/scripts/{script}.py"
    path.write_text(code + path.read_text(encoding="utf-8"), encoding="utf-8")


def started(project: Project, *arguments: str) -> subprocess.Popen[str]:
    """Start Snakemake in a process group of its own, which an interrupt from the keyboard would reach."""
    return subprocess.Popen(
        project.command(*arguments),
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def cancelling(root: Path) -> str:
    """Return the command with which docs/cluster.md cancels orphans."""
    text = (root / "docs/cluster.md").read_text(encoding="utf-8")
    return next(line for line in text.splitlines() if line.startswith("scancel "))


def active(slurm) -> list[dict[str, str]]:
    return [job for job in slurm.jobs() if job["state"] in ACTIVE]


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Return scores and summaries of a study less what measured seconds decide, which no two runs share.

    AREA goes: it pays for its scores out of its budget, so how many cells it evaluates depends on the machine. Holm's
    correction goes with it, since it depends on every comparison.
    """
    found = {}
    for path in sorted([*folder.glob("scores*/*.parquet"), *folder.glob("summaries/*.csv")]):
        table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
        for column in {"search", "other"} & set(table):
            table = table[table[column] != "area"]
        if path.name == "curves.csv":  # its points are the seconds at which something was found
            table = table[["dataset", "search"]].drop_duplicates()
        if path.name == "equal-time.csv":  # who leads a group at a moment depends on the seconds
            table = table[["dataset", "group"]].drop_duplicates().sort_values(["dataset", "group"])
        if path.name == "search-costs.csv":
            table = table[["search", "dataset", "pricing", "n", "scored_cells"]]
        kept = [column for column in table if "seconds" not in column and column != "p_holm"]
        found[str(path.relative_to(folder))] = table[kept].reset_index(drop=True)
    return found


def test_the_smoke_study_runs_to_the_report_and_its_tables_are_those_of_a_local_run(slurm, project, root, tmp_path):
    target = "report.pdf" if shutil.which("latexmk") else "tex"
    local = Project.copy_to(root, tmp_path / "local")
    local.snakemake("--cores", "2", "--configfile", "studies/smoke.yaml", "--", target, timeout=LIMIT)
    earlier = {job["id"] for job in slurm.jobs()}
    begun = time.monotonic()
    project.snakemake(*SMOKE, target, timeout=LIMIT)
    print(f"smoke study on Slurm: {time.monotonic() - begun:.0f} s")
    if target == "report.pdf":
        assert (project.folder / "report.pdf").read_bytes().startswith(b"%PDF")
    here, there = tables(local.folder / "results/smoke"), tables(project.folder / "results/smoke")
    assert set(here) == set(there)
    assert {"scores/digits.parquet", "summaries/search.csv", "summaries/correlations.csv"} <= set(here)
    for name in here:
        assert_frame_equal(here[name], there[name], obj=name, check_exact=True)
    jobs = [job for job in slurm.jobs() if job["id"] not in earlier]
    assert {job["state"] for job in jobs} == {"COMPLETED"}
    assert len([job for job in jobs if job["comment"].startswith("rule_searches")]) == 1, (
        "six searches are one Slurm job"
    )
    assert {job["partition"] for job in jobs} == {"main"}, "no rule asks for a GPU"


def test_every_job_of_a_cuda_study_that_asks_for_a_gpu_gets_one(slurm, project):
    write_inputs(project.folder)
    project.edit("src/tfnas/workflow.py", RECORD)
    study = {
        "study": "gpus",
        "datasets": {"mine": {"images": {"path": "mine.npz"}, "truth": {"source": "trained"}}},
        "training": {"cells_per_job": 8000, "train_size": 20, "valid_size": 20, "test_size": 20},
        "scoring": {"proxies": ["naswot", "params"], "device": "cuda", "cells_per_job": 15625},
        "search": {
            "runs": 2,
            "runs_per_job": 2,
            "budget_seconds": 5,
            "use": {"naswot-10": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 10}}
            | {"te-nas": {"algorithm": "te_nas_pruning"}},
        },
    }
    (project.folder / "gpus.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    targets = ("summaries/search-costs.csv", "summaries/noise.csv", "kernels/mine.npz")
    earlier = {job["id"] for job in slurm.jobs()}
    begun = time.monotonic()
    project.snakemake(*PROFILE, "gpus.yaml", "--", *(f"results/gpus/{name}" for name in targets), timeout=LIMIT)
    print(f"pretended CUDA study on Slurm: {time.monotonic() - begun:.0f} s")
    rows = [line.split() for line in (project.folder / "ran.txt").read_text(encoding="utf-8").splitlines()]
    ran = pd.DataFrame(rows, columns=["rule", "node", "gpus", "job"])
    asking = ran[ran["node"] == WITH_GPUS]
    expected = {"score_chunk", "score_noise", "measure_kernels", "measure_seconds", "train_block", "prune_supernets"}
    assert set(asking["rule"]) == expected
    assert asking["gpus"].isin(["0", "1"]).all(), "one GPU each"
    assert not expected & set(ran[ran["node"] != WITH_GPUS]["rule"])
    assert asking[asking["rule"] == "score_noise"]["job"].nunique() == 1, "short jobs share a Slurm job"
    jobs = [job for job in slurm.jobs() if job["id"] not in earlier]
    assert {job["partition"] for job in jobs if job["node"] == WITH_GPUS} == {"gpu"}
    noise = next(job for job in jobs if job["comment"].startswith("rule_noise"))
    assert noise["memory"] == "8000M", "one after the other, so no more than one of them needs"
    assert noise["time"] == "2:00:00", "one of an hour for each of two families"


def test_a_job_whose_node_dies_runs_on_another_one(slurm, project):
    before(project, "score_chunk", WAIT)
    earlier = {job["id"] for job in slurm.jobs()}
    running = started(project, *SMOKE, SCORES)
    wait_for(lambda: (project.folder / "waiting").exists(), 300, "a chunk runs")
    node = (project.folder / "waiting").read_text(encoding="utf-8")
    (project.folder / "go").touch()
    slurm.kill_node(node)
    try:
        text, _ = running.communicate(timeout=LIMIT)
        assert running.returncode == 0, text[-6000:]
        assert (project.folder / SCORES).exists()
        jobs = [job for job in slurm.jobs() if job["id"] not in earlier and "score_chunk" in job["comment"]]
        assert len(jobs) == 3, "Slurm itself starts them again"
        assert {job["state"] for job in jobs} == {"COMPLETED"}
        assert node not in {job["node"] for job in jobs}
    finally:
        slurm.start_node(node)
        wait_for(lambda: set(slurm.states().values()) == {"idle"}, 120, "the node is back")


def test_a_job_over_its_memory_is_tried_with_more_and_shows_no_older_error(slurm, project):
    rule = project.folder / "rules/common.smk"
    rule.write_text(rule.read_text(encoding="utf-8").replace("by_attempt(8000)", "by_attempt(1500)"), encoding="utf-8")
    before(project, "score_chunk", HOG)
    old = project.folder / "results/smoke/logs/score_chunk/digits/naswot/0-2047.log"
    old.parent.mkdir(parents=True)
    old.write_text("Error: this is of last week\n", encoding="utf-8")
    earlier = {job["id"] for job in slurm.jobs()}
    text = project.snakemake(*SMOKE, "results/smoke/scores/digits/naswot/chunk-0-2047.parquet", timeout=LIMIT)
    assert "this is of last week" not in text
    assert "Trying to restart" in text
    jobs = [job for job in slurm.jobs() if job["id"] not in earlier and job["comment"].startswith("rule_score_chunk")]
    tried = sorted((job["memory"], job["state"] == "COMPLETED", job["time"]) for job in jobs)
    assert tried == [("1500M", False, "4:00:00"), ("3000M", True, "8:00:00")]


def test_an_interrupt_cancels_all_jobs_and_after_a_kill_scancel_does(slurm, project, root):
    before(project, "score_chunk", WAIT)
    for number in (signal.SIGINT, signal.SIGKILL):
        (project.folder / "waiting").unlink(missing_ok=True)
        running = started(project, *SMOKE, SCORES)
        wait_for(lambda: (project.folder / "waiting").exists(), 300, "a chunk runs")
        os.killpg(running.pid, number)
        running.communicate(timeout=120)
        if number == signal.SIGKILL:
            orphans = active(slurm)
            assert orphans, "Slurm does not know that Snakemake is gone"
            subprocess.run(cancelling(root), shell=True, check=True, cwd=project.folder, timeout=60)
        wait_for(lambda: not active(slurm), 60, "no job is left")
    (project.folder / "go").touch()
    project.snakemake(*SMOKE, SCORES, timeout=LIMIT)
