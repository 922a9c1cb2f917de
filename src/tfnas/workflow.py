"""The seam between Snakemake and the library: what a job does around its one call, and which sources a rule depends on.

Nothing else in the library knows of Snakemake. A script reads::

    with job(snakemake) as run:
        from tfnas.scoring.chunk import score_chunk

        score_chunk(..., device=run.device)
"""

import ast
import fcntl
import filecmp
import logging
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

import tfnas
from tfnas.errors import ConfigError, DataError, DeviceError, TfnasError
from tfnas.files import FULL, atomic, require_facts, write_fault
from tfnas.runtime.faults import device_error

PACKAGE = Path(tfnas.__file__).resolve().parent
"""Folder of the library."""

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""What numerical libraries read when they are imported."""

WITHOUT_EFFECT = ("tfnas", "tfnas.errors", "tfnas.workflow")
"""Modules that cannot change a result (version, wording of errors, this seam): no stage depends on them."""

GPU_DEVICES = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
"""What a system with a GPU shows: NVIDIA's driver, Windows' under Linux, AMD's."""

GPU_KNOWN = "TFNAS_HAS_GPU"
"""Environment variable that hands PyTorch's answer on to processes of the same run."""

PYTHON = sys.executable
"""The interpreter; kept here because the workflow quotes ``sys.executable`` for Snakemake."""

log = logging.getLogger("tfnas")

_HELD: list[IO[str]] = []
"""Advisory locks that this process holds until it ends."""


class Run:
    """What a job hands to its script.

    Attributes:
        device: ``cpu`` or ``cuda:N``; ``cpu`` for a job that names no device.
        threads: threads the job may use.
    """

    def __init__(self, snakemake: Any, device: str):
        self.snakemake = snakemake
        self.device = device
        self.threads = int(snakemake.threads)
        self.started = time.perf_counter()

    def by_dataset(self, paths: Any) -> dict[str, str]:
        """Return ``{dataset: path}`` for files given in the order of ``params.datasets``."""
        paths = [paths] if isinstance(paths, str) else list(paths)
        return dict(zip(self.snakemake.params.datasets, paths, strict=True))


@contextmanager
def job(snakemake: Any) -> Iterator[Run]:
    """Run a script's body as a job: log, errors, seeds, threads, device.

    * Every table of the study among the inputs must have its facts beside it: they say whether it is whole.
    * Log lines go to ``snakemake.log[0]`` and, but for long lists (level debug), to the terminal.
    * A :class:`~tfnas.errors.TfnasError` is one sentence on the terminal and in the log; its traceback lies beside the
      log in ``name.traceback``. So is memory that runs out, and a device that fails (:mod:`tfnas.runtime.faults`). Any
      other exception is a bug: its traceback goes to the log, its last line to the terminal. All end the job with exit
      status 1.
    * ``params.seed``, if there is one, seeds the global generators of Python and numpy. The library never draws from
      them; this only makes third-party code repeatable.
    * Thread counts of numerical libraries are ``snakemake.threads``.
    * ``params.device`` (auto, cpu or cuda), if there is one, becomes a device; a GPU is leased, so that no two jobs
      of this machine share one.

    Args:
        snakemake: the object that Snakemake gives to a script.
    """
    path = Path(snakemake.log[0]) if len(snakemake.log) else None
    handlers = _handlers(path)
    for handler in handlers:
        log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    # Tells the logs of two attempts apart: a job that dies before this line leaves the log of the attempt before.
    log.debug("%s starts on %s%s", snakemake.rule, platform.node(), f", Slurm job {slurm_job()}" if slurm_job() else "")
    device, lease = "cpu", None
    try:
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(snakemake.threads)))
        for table in map(str, snakemake.input):
            require_facts(table)
        if declared := getattr(snakemake, "config", {}).get("scoring", {}).get("own"):
            from tfnas.proxies.registry import declare_own

            declare_own(declared)  # reports ask for the titles of a study's own scores by name
        if (seed := snakemake.params.get("seed")) is not None:
            import numpy as np

            random.seed(int(seed))
            np.random.seed(int(seed) % 2**32)  # noqa: NPY002 (the global generator of third-party code is what is meant)
        device, lease = _device(snakemake.params.get("device"), int(snakemake.threads), f"{snakemake.rule}, log {path}")
        run = Run(snakemake, device)
        yield run
        log.info("%s: done in %.1f s on %s", snakemake.rule, time.perf_counter() - run.started, device)
    except TfnasError as error:
        _explain_error(error, path)
        raise SystemExit(1) from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:  # of any library: a disk is full or closed
            fault: TfnasError | None = write_fault(error, error.filename or "a file of this job")
        else:
            fault = device_error(error, device)
        if fault is None:
            _explain_bug(error, path)
        else:
            fault.__cause__ = error
            _explain_error(fault, path)
        raise SystemExit(1) from None
    finally:
        if lease is not None:
            lease.close()
        for handler in handlers:
            log.removeHandler(handler)
            with suppress(OSError):  # a full disk: what it has to say was said
                handler.close()


class _LogFile(logging.FileHandler):
    """A log that a full disk silences: the error of the job itself says what is the matter."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def _handlers(path: Path | None) -> list[logging.Handler]:
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    handlers[0].setFormatter(logging.Formatter("%(message)s"))
    handlers[0].setLevel(logging.INFO)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".traceback").unlink(missing_ok=True)
        path.write_text("", encoding="utf-8")
        handlers.append(_LogFile(path, encoding="utf-8"))
        handlers[1].setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    return handlers


def _explain_error(error: TfnasError, path: Path | None) -> None:
    """Give the sentence to the log and the terminal, and the traceback to a file beside the log."""
    where = ""
    if path is not None:
        with suppress(OSError):  # a full disk
            path.with_suffix(".traceback").write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        where = f" [log: {path}]"
    log.error("Error: %s%s", error, where)


def _explain_bug(error: Exception, path: Path | None) -> None:
    """Give the traceback to the log and its last line to the terminal."""
    text = "".join(traceback.format_exception(error))
    if path is None:
        sys.stderr.write(text)
        return
    with path.open("a", encoding="utf-8") as file:
        file.write(text)
    log.error("Unexpected %s: %s [the traceback is in %s]", type(error).__name__, error, path)


def _device(wanted: str | None, threads: int, holder: str) -> tuple[str, IO[str] | None]:
    """Return the device for ``auto``, ``cpu``, ``cuda`` or None, and the lease that must stay open while it is used."""
    if wanted is None:
        return "cpu", None
    import torch

    torch.set_num_threads(threads)
    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return "cpu", None
    if not torch.cuda.is_available():
        raise DeviceError(
            "scoring.device is 'cuda', but PyTorch finds no GPU on this machine: set scoring.device to auto or cpu, or "
            "install a GPU build of PyTorch and its driver."
        )
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    names = visible.split(",") if visible else [str(number) for number in range(torch.cuda.device_count())]
    number, lease = lease_device(names, holder)
    torch.cuda.set_device(number)
    return f"cuda:{number}", lease


def lease_device(names: list[str], holder: str, folder: Path | None = None, wait: float = 1.0) -> tuple[int, IO[str]]:
    """Take the first device that no other job of this machine holds; wait until there is one, and log who holds them.

    A lease is an advisory lock on a file per device. The system releases it when the job ends, however it ends. Slurm
    gives each of its jobs devices of its own, and where it confines them those of every job have the numbers 0, 1, ...:
    there the lock belongs to the Slurm job, too, so that only processes of one Slurm job wait for one another.

    Args:
        names: names of the devices, the same in all jobs.
        holder: what a job that has to wait is told about this one; the process and the time are added.
        folder: where the lock files lie; the system's temporary folder by default.
        wait: seconds between two tries.

    Returns:
        Place of the device in ``names``, and the open lock file: close it to release the device.
    """
    folder = folder or Path(tempfile.gettempdir()) / f"tfnas-devices-{os.getuid()}"
    folder.mkdir(parents=True, exist_ok=True)
    prefix = f"slurm-{slurm_job()}-" if slurm_job() else ""
    told = False
    while True:
        held = []
        for number, name in enumerate(names):
            file = (folder / f"{prefix}{name.replace('/', '-')}.lock").open("a+", encoding="utf-8")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                held.append(f"{name} ({file.read() or 'a job that is just starting'})")
                file.close()
            else:
                file.truncate(0)
                file.write(f"{holder}, process {os.getpid()}, since {time.strftime('%H:%M:%S')}")
                file.flush()
                return number, file
        if not told:
            log.info("Every GPU is taken, so this job waits for one: %s", "; ".join(held))
            told = True
        time.sleep(wait)


def slurm_job() -> str | None:
    """Return the number of the Slurm job that this process belongs to, None outside of Slurm."""
    return os.environ.get("SLURM_JOB_ID") or None


def forget_logs(logs: Iterable[Iterable[str | Path]]) -> None:
    """Remove the logs of jobs that are about to run, so that one which is killed at its start shows no older error.

    Args:
        logs: the log files of each job.
    """
    for paths in logs:
        for path in map(Path, paths):
            path.unlink(missing_ok=True)
            path.with_suffix(".traceback").unlink(missing_ok=True)


def check_writable(*folders: str | Path) -> None:
    """Check that folders, or the nearest of their parents that exist, may be written to.

    Raises:
        DataError: one may not.
    """
    for folder in folders:
        path = Path(folder).absolute()
        existing = next(place for place in (path, *path.parents) if place.exists())
        if not os.access(existing, os.W_OK | os.X_OK):
            raise DataError(
                f"Cannot write to '{existing}', where '{folder}' belongs: permission denied, work in a copy of the "
                "project that is yours."
            )


def forget_dead_locks(folder: Path) -> None:
    """Remove the locks that a killed Snakemake left, so that the same command simply goes on.

    Every living Snakemake shares an advisory lock on ``tfnas.lock``, which the system releases when it dies. Whoever
    gets it alone knows that nobody else is at work, and that locks of Snakemake that lie about are dead; it removes
    them and shares the lock from then on. While another one lives nothing is removed, and Snakemake's own lock speaks.

    Args:
        folder: ``.snakemake``.
    """
    try:
        folder.mkdir(exist_ok=True)
        file = (folder / "tfnas.lock").open("w")
    except OSError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder / "locks", ignore_errors=True)
    except BlockingIOError:
        pass
    except OSError:
        file.close()
        return
    # Waits only while another Snakemake holds the lock alone: for as long as it removes dead locks.
    fcntl.flock(file, fcntl.LOCK_SH)
    _HELD.append(file)


@cache
def has_gpu() -> bool:
    """Return whether PyTorch finds a GPU, which is what a job asks, without importing torch into this process.

    Where the system shows no GPU, or all are hidden, PyTorch is not asked. Else it is asked once, in a process of its
    own; processes started from here find the answer in :data:`GPU_KNOWN`.
    """
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    if hidden or not any(Path(device).exists() for device in GPU_DEVICES):
        return False
    if GPU_KNOWN not in os.environ:
        question = "import torch; print(torch.version.cuda or torch.version.hip, torch.cuda.is_available())"
        answer = subprocess.run([PYTHON, "-c", question], capture_output=True, text=True)
        found = answer.stdout.strip().endswith("True")
        os.environ[GPU_KNOWN] = str(found)
        if not found:
            log.warning("%s", _why_no_gpu(answer.stdout, answer.stderr))
    return os.environ[GPU_KNOWN] == "True"


def _why_no_gpu(answer: str, complaints: str) -> str:
    """Return the sentence about a GPU that the system shows and PyTorch does not use, with PyTorch's own reason."""
    said = [line.strip() for line in complaints.splitlines() if "driver" in line or "CUDA" in line or "Error" in line]
    why, mend = [*said, "it gives no reason"][0], "update the driver, or install the PyTorch build that suits it"
    if answer.startswith("None"):
        why, mend = "PyTorch was built without GPU support", "install a GPU build of PyTorch"
    return (
        f"This machine shows a GPU that PyTorch cannot use ({why}), so everything runs on the CPU: {mend}, or set "
        "scoring.device to cpu to make this warning go."
    )


def what_failed(folder: str | Path, since: float) -> list[str]:
    """Return the last error of every log below ``folder`` written at or after ``since`` (seconds since 1970).

    A job that the system kills says nothing: its log has a start and no end.
    """
    sentences = []
    for path in sorted(Path(folder).rglob("*.log")):
        if path.stat().st_mtime >= since:
            lines = path.read_text(encoding="utf-8").splitlines()
            if errors := [line for line in lines if " ERROR " in line]:
                sentences.append(errors[-1].partition(" ERROR ")[2])
            elif any(" starts on " in line for line in lines) and not any(": done in " in line for line in lines):
                sentences.append(
                    f"Error: the job was killed before it could say why, as where memory runs out: give "
                    f"it more memory or run fewer jobs at once (--cores), and run again [log: {path}]"
                )
    return sentences


def put_report_back(report: str | Path, copy: str | Path) -> None:
    """Copy a report that was asked for to the root where another one lies, as that of a study that was run since.

    Where nothing is to be done Snakemake calls no hook, and it does not know what :func:`copy_report` wrote.
    """
    if Path(report).exists() and not (Path(copy).exists() and filecmp.cmp(report, copy, shallow=False)):
        copy_report(report, copy)


def copy_report(report: str | Path, copy: str | Path, since: float = 0.0) -> None:
    """Copy a finished report to the root of the project, where the report that was finished last lies.

    Nothing is copied where the report does not exist, or was written before ``since`` (seconds since 1970): another
    target was asked for.
    """
    if Path(report).exists() and Path(report).stat().st_mtime >= since:
        with atomic(copy) as temporary:
            shutil.copyfile(report, temporary)


def stage_sources(
    script: str | Path, extra: Iterable[str | Path] = (), registered: Mapping[str, Iterable[str]] | None = None
) -> list[str]:
    """Return a script and the library files that it uses, to be declared as inputs of its rule.

    Snakemake tells a script by its time, which a copy of the project changes, and does not see the modules that it
    imports; as inputs all are told by what they hold. The imports of ``tfnas`` are followed through
    the syntax trees, those inside functions included, those under ``if TYPE_CHECKING`` not. Modules found at run time
    by a registry are not seen: name the one that a job uses in ``extra``. Modules that cannot change a result
    (:data:`WITHOUT_EFFECT`) are left out.

    Args:
        script: the script of the rule.
        extra: further files of the library, followed like the script.
        registered: files that a registry finds at run time, by the file of the registry: they count where it does.

    Returns:
        Sorted paths, relative to the working folder where they lie inside it.

    Raises:
        ConfigError: the script does not exist.
    """
    if not Path(script).exists():
        raise ConfigError(f"The script '{script}' of a rule does not exist.")
    found: set[Path] = {Path(path).resolve() for path in (script, *extra)}
    behind = {Path(path).resolve(): [Path(file) for file in files] for path, files in (registered or {}).items()}
    queue = list(found)
    while queue:
        next_ = queue.pop()
        for path in (*_imported(next_), *behind.get(next_, ())):
            if path not in found:
                found.add(path)
                queue.append(path)
    here = Path.cwd().resolve()
    return sorted(str(path.relative_to(here)) if path.is_relative_to(here) else str(path) for path in found)


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    """Return the files of the library that one file imports itself."""
    package = ("tfnas", *path.relative_to(PACKAGE).parts[:-1]) if path.is_relative_to(PACKAGE) else ()
    modules: set[str] = set()
    for node in _nodes(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            modules.add(module)
            modules.update(f"{module}.{alias.name}" for alias in node.names)
    files: set[Path] = set()
    for module in modules:
        parts = module.split(".")
        if parts[0] == "tfnas":
            for length in range(1, len(parts) + 1):
                name = ".".join(parts[:length])
                if name not in WITHOUT_EFFECT and not name.startswith("tfnas.study."):
                    files.update(_file(name))
    return tuple(files)


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk the statements of a syntax tree, leaving out what only type checkers read; expressions import nothing."""
    for block in ("body", "orelse", "handlers", "finalbody", "cases"):
        for node in getattr(tree, block, ()):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
                continue
            yield node
            yield from _nodes(node)


@cache
def _file(module: str) -> tuple[Path, ...]:
    """Return the file of a module of the library; none for a package, which is empty, a function or a class."""
    path = PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
    return (path,) if path.exists() else ()
