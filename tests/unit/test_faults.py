"""Memory that runs out, devices that fail, workers that are killed: never a score, and a rerun computes it."""

from __future__ import annotations

import errno
import json
import logging
import math
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest
import torch
from search_helpers import NATS_DATASETS, shipped_rows

from tfnas.datasets.images import Batch
from tfnas.errors import DeviceError, ProxyError, ScoreError
from tfnas.files import read_facts, read_table, write_table
from tfnas.proxies.registry import Family, get_family, get_proxy
from tfnas.runtime.faults import device_error, fault_of
from tfnas.schemas.chunks import SCHEMA as CHUNKS
from tfnas.scoring import chunk
from tfnas.scoring.plan import merged_chunks, refuse_faults
from tfnas.search.live.supernets import kappa
from tfnas.spaces.nats_tss import Cell
from tfnas.truth import trainer
from tfnas.workflow import what_failed

MEMORY = (
    RuntimeError("cuFFT error: CUFFT_ALLOC_FAILED"),
    RuntimeError("can't start new thread"),
    torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    MemoryError(),
    type("_ArrayMemoryError", (MemoryError,), {})("Unable to allocate 8.00 EiB for an array"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
        "allocate 262144 bytes. Error code 12 (Cannot allocate memory)"
    ),
    RuntimeError("std::bad_alloc"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
    RuntimeError("GET was unable to find an engine to execute this computation"),
    RuntimeError("could not create a primitive"),
    torch.AcceleratorError("CUDA error: out of memory"),
)

BROKEN = (
    torch.AcceleratorError("CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronous"),
    RuntimeError("CUDA error: an illegal memory access was encountered"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(...)`"),
    RuntimeError("cusolver error: CUSOLVER_STATUS_INTERNAL_ERROR"),
)

BUGS = (
    RuntimeError("shape '[2, 3]' is invalid for input of size 5"),
    torch.linalg.LinAlgError("linalg.eigh: the input matrix contained non-finite values."),
    KeyError("naswot"),
    ValueError("out of memory of a different kind"),
    FileNotFoundError(errno.ENOENT, "no such file"),
)

CELLS = [Cell.from_code(code) for code in range(5, 10)]


@pytest.mark.parametrize("error", MEMORY, ids=lambda error: f"{type(error).__name__} {error}"[:50])
def test_memory_that_runs_out_is_known_in_every_dress(error):
    assert fault_of(error) == "memory"
    assert "does not fit into the memory of cuda:0" in str(device_error(error, "cuda:0"))


@pytest.mark.parametrize("error", BROKEN, ids=lambda error: str(error)[:50])
def test_a_device_that_fails_is_known(error):
    assert fault_of(error) == "device"
    text = str(device_error(error, "cuda:0"))
    assert text.startswith("cuda:0 failed (")
    assert "scoring.device to cpu" in text
    assert "\n" not in text


@pytest.mark.parametrize("error", BUGS, ids=lambda error: type(error).__name__)
def test_a_bug_is_no_fault_of_the_machine(error):
    assert fault_of(error) is None
    assert device_error(error, "cpu") is None


def family_that(fail) -> Family:
    """Return a family that calls ``fail(trial)`` before it gives every network the value 1."""

    def evaluate(trial):
        fail(trial)
        return {name: (torch.ones(trial.count, dtype=torch.float64), [""] * trial.count) for name in trial.wanted}

    return Family(proxies=get_family("naswot").proxies, same_score=str, evaluate=evaluate)


def score(family, together=4):
    return chunk.score_cells(
        family, CELLS, torch.zeros(2, 1, 8, 8), None, None, chunk.Draws(1, 0), together, ["naswot"]
    )


@pytest.mark.parametrize("error", MEMORY, ids=lambda error: f"{type(error).__name__} {error}"[:50])
def test_out_of_memory_makes_fewer_networks_and_no_missing_value(error, caplog):
    sizes = []

    def fail(trial):
        sizes.append(trial.count)
        if trial.count > 1:
            raise error

    with caplog.at_level(logging.WARNING, logger="tfnas"):
        rows = score(family_that(fail))
    assert [(row[0], row[3], row[5]) for row in rows] == [(str(cell), 1.0, "") for cell in CELLS]
    assert sizes == [4, 2, 1, 1, 1, 1, 1]
    assert "The memory of cpu ran out: 2 networks at a time from here." in caplog.text


@pytest.mark.parametrize("error", MEMORY, ids=lambda error: f"{type(error).__name__} {error}"[:50])
def test_out_of_memory_is_a_failed_job_not_a_score(error):
    def fail(trial):
        raise error

    with pytest.raises(DeviceError, match="One network with 2 images does not fit into the memory of cpu") as found:
        score(family_that(fail))
    assert "scoring.batch_size" in str(found.value)
    assert found.value.__cause__ is error


@pytest.mark.parametrize("error", BROKEN, ids=lambda error: str(error)[:50])
def test_a_broken_device_stops_the_job_at_once(error):
    sizes = []

    def fail(trial):
        sizes.append(trial.count)
        raise error

    with pytest.raises(DeviceError, match=r"cpu failed .*: run again; if it fails again, look after"):
        score(family_that(fail))
    assert sizes == [4]


@pytest.mark.parametrize("error", [*BUGS[:4], AssertionError("no")], ids=lambda error: type(error).__name__)
def test_any_other_error_of_a_proxy_fails_the_job_and_names_the_cell(error):
    def fail(trial):
        if CELLS[2] in trial.cells:
            raise error

    with pytest.raises(ProxyError) as found:
        score(family_that(fail))
    assert str(found.value).startswith(f"Proxy family 'naswot' failed on {CELLS[2]} ({type(error).__name__}: ")
    assert found.value.__cause__ is error


def test_an_error_of_networks_together_alone_fails_the_job_too():
    def fail(trial):
        if trial.count > 1:
            raise ValueError("only together")

    with pytest.raises(ProxyError, match="failed on one of 4 networks together"):
        score(family_that(fail))


def test_a_kernel_that_is_not_a_number_is_no_condition_number():
    with pytest.raises(torch.linalg.LinAlgError):
        kappa(torch.full((3, 5), math.nan))


def test_networks_that_are_not_a_number_have_no_relu_patterns(monkeypatch):
    from tfnas.networks.batched import BatchedNetworks
    from tfnas.networks.skeleton import Skeleton

    forward = BatchedNetworks.forward
    monkeypatch.setattr(BatchedNetworks, "forward", lambda self, *a, **b: forward(self, *a, **b) * math.nan)
    images, labels = torch.randn(4, 1, 8, 8), torch.arange(4)
    skeleton = Skeleton(2, 1, 4, 1, 8)
    for name in ("naswot", "swap"):
        with pytest.raises(ProxyError, match="the logits of a network are not finite"):
            chunk.score_cells(get_family(name), CELLS[:1], images, labels, skeleton, chunk.Draws(1, 0))


def test_a_group_too_large_to_train_is_trained_in_halves():
    seen = []

    def train_group(cells):
        seen.append(len(cells))
        if len(cells) > 2:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return {name: np.array([float(cell.code) for cell in cells]) for name in trainer.MEASURED}

    measured = trainer.train_what_fits(CELLS, train_group)
    assert seen == [5, 2, 3, 1, 2]
    assert measured["test_accuracy"].tolist() == [cell.code for cell in CELLS]


@pytest.mark.parametrize(
    ("error", "expected", "text"),
    [
        (RuntimeError("CUDA out of memory"), DeviceError, "Training one network does not fit into the memory of cpu"),
        (BROKEN[0], DeviceError, "cpu failed"),
        (ZeroDivisionError("a bug"), ZeroDivisionError, "a bug"),
    ],
)
def test_a_training_that_cannot_be_done_is_no_accuracy(error, expected, text):
    def train_group(cells):
        raise error

    with pytest.raises(expected, match=text):
        trainer.train_what_fits(CELLS[:1], train_group)


def test_memory_that_runs_out_while_a_table_is_read_is_no_damage(monkeypatch, tmp_path):
    (tmp_path / "a.csv").write_text("arch\n")

    def read_csv(_, **options):
        raise MemoryError

    monkeypatch.setattr(pd, "read_csv", read_csv)
    with pytest.raises(MemoryError):
        read_table(tmp_path / "a.csv")


def table_row(raw, reason, proxy="grad_norm"):
    return pd.DataFrame({"arch": [str(CELLS[0])], "proxy": proxy, "repeat": 0, "raw": raw, "seconds": 0.1}).assign(
        reason=reason
    )


@pytest.mark.parametrize(
    ("raw", "reason", "proxy"),
    [
        (math.nan, "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED", "grad_norm"),
        (math.nan, "RuntimeError: [enforce fail at alloc_cpu.cpp:127]", "naswot"),
        (math.nan, "", "naswot"),
        (math.nan, None, "naswot"),
        (math.inf, "the value is inf", "grad_norm"),
        (1.0, "singular kernel: rank 1 of 6", "naswot"),
    ],
)
def test_a_fault_in_a_chunk_of_old_is_refused(tmp_path, raw, reason, proxy):
    facts = {"dataset": "d", "family": "naswot", "batch": {}, "skeleton": {}, "versions": {}, "wall_seconds": 2.0}
    write_table(tmp_path / "chunk.parquet", table_row(raw, reason, proxy), facts)
    with pytest.raises(ScoreError, match=rf"chunk.parquet' has no score of '{proxy}' for .* remove the file and score"):
        merged_chunks([tmp_path / "chunk.parquet"])


def test_failures_that_a_definition_names_are_taken():
    refuse_faults(table_row(math.nan, "singular kernel: rank 1 of 6", "naswot"), "here")
    refuse_faults(table_row(1.0, None), "here")
    refuse_faults(table_row(math.nan, "no member has a score", "vote"), "here")


def test_shipped_tables_hold_no_faults(root):
    samples = sorted((root / "data/scores/nats-tss-sample").glob("*.parquet"))
    assert samples
    for path in samples:
        refuse_faults(read_table(path), path)
    for dataset in NATS_DATASETS:
        refuse_faults(shipped_rows(root, dataset), dataset)


def test_a_sum_beyond_double_precision_is_a_named_failure():
    from tfnas.proxies.synflow import OVERFLOW, explained, logarithm

    values = torch.tensor([2.0, math.inf, 0.0, math.nan], dtype=torch.float64)
    raw, reasons = explained(values)
    assert reasons == ["", OVERFLOW.reason, "", ""], "what is not a number has no reason, and so fails the job"
    assert raw.isnan().tolist() == [False, True, False, True]
    _, reasons = logarithm(values)
    assert [reason.partition(":")[0] for reason in reasons] == ["", OVERFLOW.reason, "synflow is zero", ""]
    assert OVERFLOW in get_proxy("logsynflow").failures


JOB = """
    import os, resource, signal, sys
    from types import SimpleNamespace
    from tfnas.workflow import job

    folder, room, kill = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "kill"
    given = {"log": [f"{folder}/job.log"], "input": [], "params": {"device": "cpu"}, "threads": 1}
    snakemake = SimpleNamespace(**given, rule="score_chunk")
    with job(snakemake) as run:
        import torch
        from tfnas.scoring import chunk
        chunk.representatives("gradients", True)
        if room:
            status = dict(line.split(":", 1) for line in open("/proc/self/status"))
            used = int(status["VmSize"].split()[0]) * 1024
            resource.setrlimit(resource.RLIMIT_AS, (used + room * 2**20,) * 2)
        if kill:
            chunk.evaluated = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        chunk.score_chunk(
            chunk.Chunk("gradients", ["grad_norm"], 0, 2), chunk.Draws(1, 5),
            {f"{folder}/batch.npz": f"{folder}/chunk.parquet"}, {"channels": 16, "cells_per_stage": 1}, run.device,
        )
"""


def run_job(folder, room=0, kill="") -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", textwrap.dedent(JOB), str(folder), str(room), kill]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def large_batch(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.standard_normal((128, 3, 32, 32)).astype(np.float32)
    facts = {"dataset": "made-up", "classes": 10, "images": 128}
    pixels, places = np.zeros((128, 3, 32, 32), np.uint8), np.arange(128)
    Batch(images, pixels, places % 10, places, facts).write(tmp_path / "batch.npz")
    return tmp_path


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space through /proc")
def test_a_job_without_memory_fails_with_a_sentence_and_its_rerun_scores(large_batch):
    starved = run_job(large_batch, room=60)
    assert starved.returncode == 1, starved.stderr
    last = starved.stderr.splitlines()[-1]
    assert last.startswith("Error: One network with 128 images does not fit into the memory of cpu"), starved.stderr
    assert "Traceback" not in starved.stderr
    assert not list(large_batch.glob("chunk*"))

    killed = run_job(large_batch, kill="kill")
    assert killed.returncode == -signal.SIGKILL
    assert not list(large_batch.glob("chunk*"))

    rerun = run_job(large_batch)
    assert rerun.returncode == 0, rerun.stderr
    table = CHUNKS.read(large_batch / "chunk.parquet")
    assert np.isfinite(table["raw"]).all()
    assert len(table) == 2
    assert json.dumps(read_facts(large_batch / "chunk.parquet")["cells_scored"]) == "2"


@pytest.mark.parametrize("error", [MEMORY[4], BROKEN[0]], ids=["memory", "device"])
def test_a_fault_anywhere_in_a_job_is_one_sentence(error, tmp_path, capsys):
    from types import SimpleNamespace

    from tfnas.workflow import job

    snakemake = SimpleNamespace(log=[str(tmp_path / "job.log")], input=[], params={}, threads=1, rule="train_block")
    with pytest.raises(SystemExit), job(snakemake):
        raise error
    shown = capsys.readouterr().err
    assert shown.startswith("Error: ")
    assert shown.count("\n") == 1
    assert "Traceback" in (tmp_path / "job.traceback").read_text()


def test_a_job_that_was_killed_has_a_sentence_although_it_says_nothing(tmp_path):
    begun = "2026-11-30 12:00:00,000 DEBUG score_chunk starts on here\n"
    (tmp_path / "killed.log").write_text(begun, encoding="utf-8")
    (tmp_path / "done.log").write_text(f"{begun}2026 INFO score_chunk: done in 2.0 s on cpu\n", encoding="utf-8")
    (tmp_path / "wrong.log").write_text(f"{begun}2026 ERROR Error: no file\n", encoding="utf-8")
    killed, wrong = what_failed(tmp_path, 0)
    assert "was killed" in killed
    assert "give it more memory or run fewer jobs at once" in killed
    assert killed.endswith(f"[log: {tmp_path / 'killed.log'}]")
    assert wrong == "Error: no file"
