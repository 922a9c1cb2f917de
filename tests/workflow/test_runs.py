"""Real runs: a study from images to report.pdf in a folder with a space, and a scoring that is killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from workflow_helpers import Project, write_inputs

from tfnas.datasets.images import load_npz
from tfnas.errors import DataError
from tfnas.files import facts_path, is_table, read_json, read_table
from tfnas.scoring.table import ScoreTable
from tfnas.scoring.writer import write_scores
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE
from tools.table_reference import schemas

TINY = ("--cores", "2", "--configfile", "tests/configs/tiny.yaml")


def write_shipped(folder: Path) -> None:
    """Write made-up score tables of two datasets."""
    folder.mkdir()
    score = np.random.default_rng(0).normal(size=SPACE_SIZE)
    table = pd.DataFrame({"arch": SPACE.strings, "proxy": "naswot", "score": score, "raw": score})
    table = table.assign(spread=np.nan, repeats=1, seconds=0.01, scored_arch=table["arch"], reason="")
    facts = {
        "skeleton": {"channels": 2, "cells_per_stage": 1},
        "versions": {"torch": "2.12.1"},
        "families": {
            "naswot": {
                "device": "a made-up CPU",
                "threads": 1,
                "precision": "float32",
                "networks_per_pass": 1,
                "initialisation": "PyTorch default",
                "repeats": 1,
                "wall_seconds": 1.0,
                "cells_scored": SPACE_SIZE,
            }
        },
    }
    batch = {"images": 12, "classes": 4, "shape": [3, 8, 8]}
    for dataset in ("mine", "yours"):
        write_scores(folder / dataset / "naswot.parquet", table, {"dataset": dataset, "batch": batch, **facts})


@pytest.fixture(scope="module")
def tiny(root, tmp_path_factory):
    """The study of tests/configs/tiny.yaml, run for real; without LaTeX up to report.tex."""
    project = Project.copy_to(root, tmp_path_factory.mktemp("run") / "a folder with spaces")
    write_inputs(project.folder)
    write_shipped(project.folder / "shipped")
    target = "report.pdf" if shutil.which("latexmk") else "tex"
    project.snakemake(*TINY, "--", target)
    return project


@pytest.mark.slow
def test_a_study_runs_from_images_to_the_report(tiny):
    results = tiny.folder / "results/tiny"
    summary = pd.read_csv(results / "summaries/search.csv")
    assert set(summary["searched_on"]) == {"mine", "yours"}
    assert summary["search"].nunique() == 6
    assert (summary["n"] == 4).all()
    assert yaml.safe_load((results / "run_config.yaml").read_text())["search"]["runs"] == 4
    assert (results / "provenance.json").exists()
    assert (results / "report.tex").exists()


@pytest.mark.slow
def test_the_report_is_a_pdf_at_the_root(tiny):
    if not shutil.which("latexmk"):
        pytest.skip("LaTeX is not installed")
    assert (tiny.folder / "report.pdf").read_bytes().startswith(b"%PDF")


SMOKE = ("--cores", "2", "--configfile", "studies/smoke.yaml", "--")


@pytest.fixture(scope="module")
def smoke(root, tmp_path_factory):
    """The smoke study, run for real. Nothing is made up: digits, the embedded ground truth, scores computed here."""
    project = Project.copy_to(root, tmp_path_factory.mktemp("smoke") / "project")
    project.snakemake(*SMOKE, "report.pdf" if shutil.which("latexmk") else "tex", timeout=1500)
    return project


@pytest.mark.slow
def test_the_smoke_study_scores_searches_and_reports_for_real(smoke):
    results = smoke.folder / "results/smoke"
    scores = ScoreTable.read(results / "scores/digits.parquet").scores("naswot")
    assert np.isnan(scores).sum() == 201, "the cells that rectify no signal"
    summary = pd.read_csv(results / "summaries/search.csv").query("metric == 'test_accuracy'").set_index("search")
    assert summary.loc["oracle-10", "mean"] > summary.loc["random-cell", "mean"]
    assert summary.loc["naswot-10", "scoring_seconds"] > 0
    assert f"{summary.loc['oracle-10', 'mean']:.2f}" in (results / "tables/search.tex").read_text()


def read_by_programs(results):
    """Return the files of a study but those of exhibits: the CSV behind a figure or a table is for people alone."""
    return [path for path in results.rglob("*") if path.is_file() and path.parent.name not in ("figures", "tables")]


@pytest.mark.slow
def test_every_table_of_a_study_is_as_its_schema_says(smoke):
    results, known, seen = smoke.folder / "results/smoke", schemas(), set()
    for path in (path for path in read_by_programs(results) if path.suffix in (".csv", ".parquet")):
        name = str(path.relative_to(results))
        fits = [key for key, schema in known.items() if re.fullmatch(re.sub(r"{.*?}", "[^/]+", schema.file), name)]
        # A score table of a family, noise, and further scorings are of the form of other files.
        fits = fits or ["chunks" if name.startswith("noise/") or "/chunk-" in name else "scores"]
        if fits == ["scores"]:
            assert ScoreTable.read(path).proxies == ["naswot"]
        else:
            known[fits[0]].read(path)
        seen |= set(fits)
    assert {"scores", "chunks", "truth", "runs", "run_curves", "search", "correlations", "curves"} <= seen


@pytest.mark.slow
def test_every_table_and_json_of_a_study_is_refused_when_it_was_cut(smoke):
    """What is read is what was written: no reader goes on with the first 60 % of a file."""
    files = read_by_programs(smoke.folder / "results/smoke")
    readers = {".parquet": read_table, ".csv": read_table, ".json": read_json, ".npz": load_npz}
    checked = Counter()
    for path in files:
        if path.suffix not in readers:
            continue
        assert path.suffix == ".json" or facts_path(path).exists(), f"{path} has no facts"
        whole, told = path.read_bytes(), path.stat()
        path.write_bytes(whole[: len(whole) * 6 // 10])
        with pytest.raises(DataError) as caught:
            readers[path.suffix](path)
        assert "\n" not in str(caught.value)
        if is_table(path):
            assert "was cut" in str(caught.value)
        path.write_bytes(whole)
        os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))
        readers[path.suffix](path)
        checked[path.suffix] += 1
    assert checked[".csv"] >= 10
    assert checked[".parquet"] >= 15
    assert checked[".npz"] == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cut", "target"),
    [
        ("scores/digits.parquet", "summaries/correlations.csv"),
        ("scores/digits/naswot.parquet", "runs/digits/area/seeds-0-29.parquet"),
        ("summaries/search.csv", "tables/search.tex"),
        ("truth/digits.parquet", "summaries/proxies.csv"),
    ],
)
def test_a_rerun_on_a_table_that_was_cut_stops_with_one_sentence(smoke, tmp_path, cut, target):
    project = smoke.clone_to(tmp_path / "project")
    path = project.folder / "results/smoke" / cut
    lines = path.read_bytes()
    path.write_bytes(lines[: lines.rfind(b"\n", 0, len(lines) * 6 // 10) + 1])
    text = project.snakemake(*SMOKE, f"results/smoke/{target}", check=False)
    assert f"Error: 'results/smoke/{cut}' was cut: it has " in text
    path.unlink()  # what the sentence says
    project.snakemake(*SMOKE, f"results/smoke/{target}")
    assert path.exists()


@pytest.mark.slow
def test_a_second_call_does_nothing_and_says_so(tiny):
    target = "report.pdf" if shutil.which("latexmk") else "tex"
    assert "Nothing to be done" in tiny.snakemake(*TINY, "--", target)


@pytest.mark.slow
def test_snakemake_makes_its_own_report(tiny):
    target = "report.pdf" if shutil.which("latexmk") else "tex"
    tiny.snakemake(*TINY, "--report", "report.zip", "--", target)
    with zipfile.ZipFile(tiny.folder / "report.zip") as archive:
        assert any(name.endswith("report.html") for name in archive.namelist())


@pytest.mark.slow
def test_a_failing_job_shows_one_sentence_and_where_the_log_is(project):
    write_inputs(project.folder)
    table = pd.read_csv(project.folder / "truth.csv")
    table.drop(columns=["test_accuracy", "valid_accuracy"]).to_csv(project.folder / "truth.csv", index=False)
    text = project.snakemake("--cores", "1", "--configfile", "tests/configs/rerun.yaml", "--", "truth", check=False)
    log = "results/rerun/logs/truth_from_table/digits.log"
    assert "test_accuracy" in (project.folder / log).read_text()
    # What Snakemake says after the sentences: where its log is, how long it took, that a job failed.
    told = [line for line in text.splitlines()[-6:] if line.startswith("Error: ")]
    assert len(told) == 2, "the run ends with a sentence for each job that failed"
    for sentence, dataset in zip(told, ("digits", "mine"), strict=True):
        assert sentence.startswith("Error: 'truth.csv' has no column test_accuracy")
        assert sentence.endswith(f"[log: results/rerun/logs/truth_from_table/{dataset}.log]")
    assert 'File "' not in text.replace("CalledProcessError in file", ""), "no traceback of the library on the terminal"
    assert "Traceback" in (project.folder / log).with_suffix(".traceback").read_text()


@pytest.mark.slow
def test_a_killed_scoring_loses_at_most_the_running_chunk(project):
    write_inputs(project.folder)
    chunks = [f"results/chunks/scores/mine/naswot/chunk-{50 * n}-{50 * n + 49}.parquet" for n in range(4)]
    arguments = ("--cores", "1", "--configfile", "tests/configs/chunks.yaml", "--", *chunks)
    files = [project.folder / chunk for chunk in chunks]

    running = subprocess.Popen(
        project.command(*arguments),
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 300
    while sum(file.exists() for file in files) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()

    done = {file: file.stat().st_mtime_ns for file in files if file.exists()}
    assert 2 <= len(done) < 4
    for file in done:
        assert len(pd.read_parquet(file)) == 50, "what is there is whole"

    # Whether the kill came while a file was being written is chance, so one that was is made up.
    hit = next(file for file in files if not file.exists())
    for suffix in (".parquet", ".json"):
        hit.with_name(f".{hit.stem}.{running.pid}.partial{suffix}").touch()

    project.snakemake(*arguments)  # no --unlock, no other option
    again = [file for file in done if file.stat().st_mtime_ns != done[file]]
    assert len(again) <= 1, "at most the chunk that was running is computed again"
    assert all(len(pd.read_parquet(file)) == 50 for file in files)
    assert not list(files[0].parent.glob(".*partial*")), "nothing half-written is left"


@pytest.mark.slow
def test_a_block_of_cells_is_trained_and_picked_up_again(project):
    write_inputs(project.folder)
    block = "results/chunks/truth/mine/block-0-19.parquet"
    arguments = ("--cores", "1", "--configfile", "tests/configs/chunks.yaml", "--", block)
    project.snakemake(*arguments)
    trained = pd.read_parquet(project.folder / block)
    assert len(trained) == 20
    (project.folder / block).unlink()
    project.snakemake(*arguments)
    pd.testing.assert_frame_equal(pd.read_parquet(project.folder / block), trained)
