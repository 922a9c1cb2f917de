"""The seam to Snakemake: what a job does around its call, leases of devices, and the sources of a stage."""

from __future__ import annotations

import errno
import logging
import os
import platform
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from tfnas.errors import ConfigError, DataError, DeviceError
from tfnas.files import write_table
from tfnas.provenance import provenance, seconds_by_rule
from tfnas.workflow import (
    THREAD_VARIABLES,
    _why_no_gpu,
    check_writable,
    copy_report,
    forget_dead_locks,
    has_gpu,
    job,
    lease_device,
    put_report_back,
    stage_sources,
)


@pytest.fixture(autouse=True)
def _same_threads_afterwards(monkeypatch):
    for variable in THREAD_VARIABLES:
        monkeypatch.setenv(variable, os.environ.get(variable, "1"))


def fake_snakemake(tmp_path, **params):
    """Return what a script gets from Snakemake, as far as a job looks at it."""
    values = SimpleNamespace(**params)
    values.get = lambda name, default=None: params.get(name, default)
    log = [str(tmp_path / "logs" / "job.log")]
    return SimpleNamespace(log=log, input=[], params=values, threads=1, rule="score_chunk")


def test_log_lines_go_to_the_log_and_the_terminal(tmp_path, capsys):
    with job(fake_snakemake(tmp_path)) as run:
        assert run.device == "cpu"
        logging.getLogger("tfnas.scoring.chunk").info("500 of 1000 cells")
    assert "500 of 1000 cells" in (tmp_path / "logs/job.log").read_text()
    assert "score_chunk: done in" in (tmp_path / "logs/job.log").read_text()
    assert "500 of 1000 cells" in capsys.readouterr().err


def test_a_users_error_is_one_sentence_and_its_traceback_lies_beside_the_log(tmp_path, capsys):
    with pytest.raises(SystemExit) as caught, job(fake_snakemake(tmp_path)):
        raise DataError("'x.npz' has no images: give another file.")
    assert caught.value.code == 1
    log = tmp_path / "logs/job.log"
    assert capsys.readouterr().err == f"Error: 'x.npz' has no images: give another file. [log: {log}]\n"
    assert "Traceback" not in log.read_text()
    assert log.read_text().rstrip().endswith(f"Error: 'x.npz' has no images: give another file. [log: {log}]")
    assert "Traceback (most recent call last)" in log.with_suffix(".traceback").read_text()


def test_a_bug_leaves_its_traceback_in_the_log(tmp_path, capsys):
    with pytest.raises(SystemExit), job(fake_snakemake(tmp_path)):
        raise ZeroDivisionError("division by zero")
    log = tmp_path / "logs/job.log"
    lines = log.read_text().splitlines()
    assert lines[1] == "Traceback (most recent call last):"
    assert "Unexpected ZeroDivisionError: division by zero" in lines[-1], "the last line is the cause"
    error = capsys.readouterr().err
    assert error == f"Unexpected ZeroDivisionError: division by zero [the traceback is in {log}]\n"


def test_a_full_disk_is_one_sentence_whatever_was_being_written(tmp_path, capsys):
    with pytest.raises(SystemExit), job(fake_snakemake(tmp_path)):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "figure.pdf")
    error = capsys.readouterr().err
    assert error.startswith("Error: Cannot write 'figure.pdf': the disk is full, free some space and run the same")
    assert "Traceback" not in (tmp_path / "logs/job.log").read_text()


def test_a_log_on_a_full_disk_does_not_hide_the_error(tmp_path, capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fail():
        monkeypatch.setattr("logging.FileHandler.flush", full)
        monkeypatch.setattr("pathlib.Path.write_text", full)
        raise DataError("Cannot write 'a': the disk is full.")

    with pytest.raises(SystemExit), job(fake_snakemake(tmp_path)):
        fail()
    error = capsys.readouterr().err
    assert error.startswith("Error: Cannot write 'a': the disk is full. [log: ")
    assert "Logging error" not in error
    assert "Traceback" not in error


def test_a_table_of_the_study_without_its_facts_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_table("results/a/summaries/search.csv", pd.DataFrame({"a": [1]}), {})
    snakemake = fake_snakemake(tmp_path)
    snakemake.input = ["results/a/summaries/search.csv", "data/of-a-person.csv"]
    with job(snakemake):
        pass
    (tmp_path / "results/a/summaries/search.json").unlink()
    with pytest.raises(SystemExit), job(snakemake):
        pytest.fail("the body must not run")
    assert "has no 'search.json' beside it, which says whether it is whole: remove the table" in capsys.readouterr().err


def test_the_traceback_of_an_earlier_failure_goes_away(tmp_path):
    with pytest.raises(SystemExit), job(fake_snakemake(tmp_path)):
        raise DataError("wrong.")
    with job(fake_snakemake(tmp_path)):
        pass
    assert not (tmp_path / "logs/job.traceback").exists()


def test_threads_reach_numerical_libraries(tmp_path):
    snakemake = fake_snakemake(tmp_path)
    snakemake.threads = 3
    with job(snakemake) as run:
        assert {os.environ[variable] for variable in THREAD_VARIABLES} == {"3"}
        assert run.threads == 3


def test_a_seed_makes_global_generators_repeatable(tmp_path):
    import random

    import numpy as np

    drawn = []
    for _ in range(2):
        with job(fake_snakemake(tmp_path, seed=2**62 + 5)):
            drawn.append((random.random(), np.random.random()))  # noqa: NPY002
    assert drawn[0] == drawn[1]


def test_a_gpu_that_is_not_there_is_one_sentence(tmp_path, monkeypatch, capsys):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit), job(fake_snakemake(tmp_path, device="cuda")):
        pytest.fail("the body must not run")
    assert "scoring.device is 'cuda', but PyTorch finds no GPU on this machine: set" in capsys.readouterr().err
    with job(fake_snakemake(tmp_path, device="auto")) as run:
        assert run.device == "cpu"
    assert issubclass(DeviceError, Exception)


def test_two_jobs_never_lease_one_device(tmp_path):
    first, lease = lease_device(["0", "1"], "a job", tmp_path)
    second, other = lease_device(["0", "1"], "a job", tmp_path)
    assert {first, second} == {0, 1}

    third = []
    waiting = threading.Thread(target=lambda: third.append(lease_device(["0", "1"], "a job", tmp_path, wait=0.01)))
    waiting.start()
    waiting.join(0.1)
    assert third == [], "a third job waits"
    lease.close()
    waiting.join(5)
    assert third[0][0] == first, "and gets the device that was given back"
    other.close()
    third[0][1].close()


def test_a_killed_job_gives_its_device_back(tmp_path):
    script = "import sys, time; from pathlib import Path; from tfnas.workflow import lease_device\n"
    script += "lease = lease_device(['0'], 'a job', Path(sys.argv[1])); print('mine', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "mine\n"
    process.kill()
    process.wait()
    number, lease = lease_device(["0"], "a job", tmp_path)
    assert number == 0
    lease.close()


def test_a_wait_for_a_gpu_is_logged_with_who_holds_it(tmp_path, caplog):
    _, lease = lease_device(["7"], "score_chunk, log results/x.log", tmp_path)
    with caplog.at_level(logging.INFO, logger="tfnas"):
        waiting = threading.Thread(target=lambda: lease_device(["7"], "another", tmp_path, wait=0.01)[1].close())
        waiting.start()
        waiting.join(0.2)
        lease.close()
        waiting.join(5)
    assert len(caplog.messages) == 1, "told once"
    assert "waits for one: 7 (score_chunk, log results/x.log, process " in caplog.messages[0]
    _, lease = lease_device(["7"], "a third", tmp_path)
    assert (tmp_path / "7.lock").read_text().startswith("a third, process"), "who held it before is forgotten"
    lease.close()


def test_jobs_of_slurm_do_not_wait_for_one_another_though_each_has_a_gpu_0(tmp_path, monkeypatch):
    leases = []
    for number in ("11", "12"):
        monkeypatch.setenv("SLURM_JOB_ID", number)
        leases.append(lease_device(["0"], "a job", tmp_path))
    assert [number for number, _ in leases] == [0, 0]
    other = []
    waiting = threading.Thread(target=lambda: other.append(lease_device(["0"], "a job", tmp_path, wait=0.01)))
    waiting.start()
    waiting.join(0.1)
    assert other == [], "within one Slurm job they do"
    leases[1][1].close()
    waiting.join(5)
    other[0][1].close()
    leases[0][1].close()


def test_the_log_of_a_job_begins_with_where_it_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    with job(fake_snakemake(tmp_path)):
        pass
    first = (tmp_path / "logs/job.log").read_text().splitlines()[0]
    assert f"score_chunk starts on {platform.node()}, Slurm job 4711" in first


def test_provenance_says_versions_and_machine():
    facts = provenance()
    assert facts["versions"]["numpy"]
    assert facts["cores"] >= 1
    assert set(facts) == {"commit", "changed_files", "python", "system", "cores", "versions"}


def test_seconds_by_rule_sums_benchmark_files(tmp_path):
    (tmp_path / "score_chunk" / "digits").mkdir(parents=True)
    for number, seconds in enumerate((1.5, 2.25)):
        text = f"s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t5.0\n"
        (tmp_path / "score_chunk" / "digits" / f"{number}.tsv").write_text(text)
    (tmp_path / "score_chunk" / "digits" / "of-another-cutting.tsv").write_text("s\th:m:s\n100.0\t0:01:40\n")
    (tmp_path / "write_numbers.tsv").write_text("s\th:m:s\n4.0\t0:00:04\n")
    assert seconds_by_rule(tmp_path, ["score_chunk/digits/0.tsv", "score_chunk/digits/1.tsv"]) == {
        "score_chunk": {"jobs": 2, "seconds": 3.75},
        "write_numbers": {"jobs": 1, "seconds": 4.0},
    }


def names(paths):
    """Return paths of the library without what stands before the package."""
    return {path.partition("tfnas/")[2] for path in paths}


def test_sources_follow_imports_inside_functions_and_of_imported_modules(root):
    found = names(stage_sources(root / "workflow/scripts/run_search.py"))
    assert {"search/runner.py", "truth/benchmark.py", "spaces/registry.py", "seeds.py"} <= found


def test_sources_leave_out_what_the_stage_does_not_use(root):
    truth = names(stage_sources(root / "workflow/scripts/truth_from_table.py"))
    assert "truth/table.py" in truth
    assert {name for name in truth if name.startswith("networks")} == {"networks/skeleton.py"}
    assert not {name for name in truth if name.startswith(("proxies", "search", "report", "datasets"))}
    scores = names(stage_sources(root / "workflow/scripts/score_chunk.py"))
    assert not {"proxies/naswot.py", "analysis/statistics.py", "analysis/correlations.py"} & scores
    assert not {"errors.py", "workflow.py", "__init__.py"} & scores


def test_sources_take_in_the_file_of_the_family(root):
    family = root / "src/tfnas/proxies/naswot.py"
    found = names(stage_sources(root / "workflow/scripts/score_chunk.py", [family]))
    assert {"proxies/naswot.py", "proxies/classes.py"} <= found


def test_sources_are_relative_to_the_working_folder(root, monkeypatch):
    monkeypatch.chdir(root)
    assert "src/tfnas/spaces/registry.py" in stage_sources("workflow/scripts/run_search.py")


def test_what_a_registry_finds_at_run_time_counts_where_the_registry_does(root, monkeypatch):
    monkeypatch.chdir(root)
    behind = {"src/tfnas/spaces/registry.py": ["src/tfnas/spaces/nats_tss.py"]}
    space = "src/tfnas/spaces/nats_tss.py"
    assert space in stage_sources("workflow/scripts/run_search.py", registered=behind)
    assert space not in stage_sources("workflow/scripts/compile_report.py", registered=behind)


def test_imports_for_type_checkers_do_not_count(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tfnas.spaces.nats_tss import Cell\n"
        "def f():\n    import tfnas.seeds\n    from tfnas import files\n"
    )
    assert names(stage_sources(script)) - {""} == {"seeds.py", "files.py"}
    assert str(script) in stage_sources(script), "the script itself is told by its content"


def test_a_script_that_is_missing_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"The script '.*gone\.py' of a rule does not exist"):
        stage_sources(Path(tmp_path) / "gone.py")


def holder(folder):
    """Start a process that forgets dead locks in a folder and then lives until it is killed."""
    script = "import sys, time; from pathlib import Path; from tfnas.workflow import forget_dead_locks\n"
    script += "forget_dead_locks(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def end(process):
    process.kill()
    process.wait()


@pytest.fixture
def held(monkeypatch):
    """The locks that this process holds, given back at the end of a test."""
    held = []
    monkeypatch.setattr("tfnas.workflow._HELD", held)
    yield held
    for file in held:
        file.close()


def test_dead_locks_are_forgotten_and_living_ones_respected(tmp_path, held):
    first = holder(tmp_path)
    lock = tmp_path / "locks/0.output.lock"
    lock.parent.mkdir()
    lock.touch()
    second = holder(tmp_path)
    assert lock.exists(), "the first one lives"
    end(first)
    forget_dead_locks(tmp_path)
    assert lock.exists(), "the second one lives: the lock may be its own"
    held.pop().close()
    end(second)
    forget_dead_locks(tmp_path)
    assert not lock.parent.exists()


TOO_OLD = (
    "UserWarning: CUDA initialization: The NVIDIA driver on your system is too old (found version 11040). Please "
    "update your GPU driver.\n  return torch._C._cuda_getDeviceCount() > 0\n"
)


def test_a_gpu_that_pytorch_was_not_built_for_is_said_in_a_sentence():
    assert "built without GPU support" in _why_no_gpu("None False\n", "")
    assert "it gives no reason" in _why_no_gpu("12.6 False\n", "")


def test_the_copy_of_the_report_is_replaced_and_a_missing_report_leaves_it(tmp_path):
    copy_report(tmp_path / "none.pdf", tmp_path / "report.pdf")
    assert not (tmp_path / "report.pdf").exists()
    for content in ("one", "two"):
        (tmp_path / "study.pdf").write_text(content)
        copy_report(tmp_path / "study.pdf", tmp_path / "report.pdf")
        assert (tmp_path / "report.pdf").read_text() == content
    (tmp_path / "other.pdf").write_text("of a study that ran another target")
    copy_report(tmp_path / "other.pdf", tmp_path / "report.pdf", since=time.time() + 60)
    assert (tmp_path / "report.pdf").read_text() == "two"
    put_report_back(tmp_path / "none.pdf", tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_text() == "two"
    put_report_back(tmp_path / "other.pdf", tmp_path / "report.pdf")
    told = (tmp_path / "report.pdf").stat()
    assert (tmp_path / "report.pdf").read_text() == "of a study that ran another target"
    put_report_back(tmp_path / "other.pdf", tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").stat().st_ino == told.st_ino, "one that is there already is left alone"


def test_pytorch_is_asked_for_a_gpu_only_where_the_system_shows_one(tmp_path, monkeypatch, caplog):
    asked = []

    def run(command, **_):
        asked.append(command)
        return SimpleNamespace(stdout="12.6 False\n", stderr=TOO_OLD)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    # Set and then removed, so that what has_gpu writes is forgotten after the test.
    monkeypatch.setenv("TFNAS_HAS_GPU", "")
    monkeypatch.delenv("TFNAS_HAS_GPU")
    monkeypatch.setattr("tfnas.workflow.GPU_DEVICES", (str(tmp_path / "none"),))
    assert not has_gpu.__wrapped__()
    assert asked == []
    monkeypatch.setattr("tfnas.workflow.GPU_DEVICES", (str(tmp_path),))
    assert not has_gpu.__wrapped__(), "a driver, but one that PyTorch cannot use"
    assert not has_gpu.__wrapped__()
    assert len(asked) == 1, "asked once"
    assert len(caplog.messages) == 1, "said once"
    assert "The NVIDIA driver on your system is too old (found version 11040)" in caplog.text
    assert "everything runs on the CPU" in caplog.text
    monkeypatch.setenv("TFNAS_HAS_GPU", "True")
    assert has_gpu.__wrapped__()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert not has_gpu.__wrapped__()


def test_a_folder_without_write_permission_is_named(tmp_path, monkeypatch):
    check_writable(tmp_path, tmp_path / "results" / "tiny")
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path and allowed(path, mode))
    with pytest.raises(DataError, match="permission denied") as caught:
        check_writable(tmp_path / "results" / "tiny")
    assert f"'{tmp_path}'" in str(caught.value)
