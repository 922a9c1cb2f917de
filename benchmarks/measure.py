"""Measure in processes of their own how long our code and the reference take for the same cells.

Each process has its own threads and its own peak memory. The process that starts them imports no torch: on Linux a new
process inherits the peak memory of its parent.
"""

from __future__ import annotations

import logging
import os
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.registry import family_of, get_family
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import Cell

if TYPE_CHECKING:
    from torch import Tensor, nn

WARM_UP_CELLS = 64
WARM_UP_IMAGES = 8
"""On a CPU one cell with so many images is scored before the clock starts."""


@dataclass(frozen=True)
class Task:
    """What one or several processes measure.

    Attributes:
        code: whose.
        proxies: in the order in which they are computed.
        cells: official strings.
        skeleton: fields of :class:`tfnas.networks.skeleton.Skeleton`.
        images: ``normal`` (random), ``digits`` (real), or an ``.npz`` file of normalised ``images`` and ``labels``.
        batch: number of images.
        device: ``cpu`` or ``cuda:N``.
        threads: of each process.
        seed: parent of all seeds.
        together: networks per pass of our code; None leaves the choice to it.
    """

    code: Literal["ours", "reference"]
    proxies: tuple[str, ...]
    cells: tuple[str, ...]
    skeleton: dict[str, int]
    images: str = "normal"
    batch: int = 128
    device: str = "cpu"
    threads: int = 1
    seed: int = 0
    together: int | None = None


@dataclass
class Outcome:
    """What one process measured.

    Attributes:
        values: raw value of each (cell, proxy).
        seconds: of all cells, by family for our code and by proxy for the reference; drawing weights is part of the
            former and not of the latter.
        started: when scoring began, on the clock that all processes of a machine share.
        ended: when it was over.
        memory: peak resident memory of the process in bytes, Python and libraries included.
        device_memory: peak memory allocated on the GPU in bytes.
        facts: device, threads, versions.
    """

    values: dict[tuple[str, str], float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = 0.0
    ended: float = 0.0
    memory: int = 0
    device_memory: int = 0
    facts: dict[str, Any] = field(default_factory=dict)


def prepare(task: Task) -> None:
    """Set up this process: threads, precision, log; then score a little, so that all libraries are loaded."""
    import torch

    from tfnas.runtime.exact_arithmetic import full_precision

    logging.basicConfig(level=logging.WARNING, format="    %(message)s")
    torch.set_num_threads(task.threads)
    full_precision()
    if task.code == "ours":
        from tfnas.runtime.memory import keep_freed_memory

        keep_freed_memory()
    if task.device == "cpu":
        few = replace(task, batch=min(WARM_UP_IMAGES, task.batch), cells=task.cells[:1])
    else:  # there kernels are chosen by shape
        few = replace(task, cells=task.cells[: WARM_UP_CELLS if task.code == "ours" else 1])
    _run(few)


def measure(task: Task, first: bool) -> Outcome:
    """Score in this process, which must have been prepared.

    Args:
        task: what to score.
        first: whether this is the first of the processes, which alone reports its progress; the others take the cells
            in reverse order, so that the processes are at different cells.
    """
    if first:
        logging.getLogger("tfnas").setLevel(logging.INFO)
    else:
        task = replace(task, cells=task.cells[::-1])
    return _run(task)


def _run(task: Task) -> Outcome:
    import torch

    from tfnas.scoring.chunk import device_name, versions

    images, labels = load_images(task)
    score = score_ours if task.code == "ours" else score_reference
    started = clock(task.device)
    values, seconds = score(task, images, labels)
    outcome = Outcome(values, seconds, started, clock(task.device))
    outcome.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if images.is_cuda:
        outcome.device_memory = torch.cuda.max_memory_allocated(images.device)
    outcome.facts = {"device": device_name(task.device), "cores": os.cpu_count(), "versions": versions()}
    return outcome


def limits(device: str, threads: int) -> dict[str, float]:
    """Return what this machine can do: multiply-accumulates per second in float32, bytes moved per second by a copy.

    The best of several products of two 2048 x 2048 matrices, and of several copies of 256 MB (read and written).
    """
    import torch

    from tfnas.runtime.exact_arithmetic import full_precision

    torch.set_num_threads(threads)
    full_precision()
    matrix = torch.randn(2048, 2048, device=device)
    values = torch.randn(2**26, device=device)
    copy = torch.empty_like(values)

    def best(work: Callable[[], Any]) -> float:
        spent = []
        for _ in range(5):
            started = clock(device)
            work()
            spent.append(clock(device) - started)
        return min(spent)

    return {
        "macs_per_second": len(matrix) ** 3 / best(lambda: matrix @ matrix),
        "bytes_per_second": 2 * values.numel() * values.itemsize / best(lambda: copy.copy_(values)),
    }


def clock(device: str) -> float:
    """Return the time in seconds, after what the device was given is done."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.synchronize(device)
    return time.perf_counter()


def load_images(task: Task) -> tuple[Tensor, Tensor]:
    """Return images (B, C, H, W), float32, and labels (B,), int64, on the task's device."""
    import torch

    skeleton = Skeleton(**task.skeleton)
    if task.images == "digits":
        from tfnas.datasets.images import make_batch
        from tfnas.datasets.sources import load_images as load

        batch = make_batch(load("digits", None, None), task.batch, task.seed)
        images, labels = batch.images, batch.labels
    elif task.images == "normal":
        rng = np.random.default_rng(child_seed(task.seed, "images"))
        shape = (task.batch, skeleton.image_channels, skeleton.image_size, skeleton.image_size)
        images = rng.standard_normal(shape, dtype=np.float32)
        labels = rng.integers(0, skeleton.classes, task.batch)
    else:
        with np.load(task.images, allow_pickle=False) as file:
            images, labels = file["images"][: task.batch], file["labels"][: task.batch]
    return torch.from_numpy(images).float().to(task.device), torch.from_numpy(labels).long().to(task.device)


def families_of(proxies: Iterable[str]) -> dict[str, list[str]]:
    """Return the proxies by the family that computes them.

    Raises:
        UnknownNameError: a proxy does not exist.
    """
    families: dict[str, list[str]] = {}
    for proxy in proxies:
        families.setdefault(family_of(proxy), []).append(proxy)
    return families


def score_ours(task: Task, images: Tensor, labels: Tensor) -> tuple[dict, dict]:
    """Return values by cell and proxy, and seconds by family, of :func:`tfnas.scoring.chunk.score_cells`."""
    from tfnas.scoring.chunk import Draws, networks_per_pass, score_cells

    skeleton, cells = Skeleton(**task.skeleton), [Cell.parse(text) for text in task.cells]
    values, seconds = {}, {}
    for name, members in families_of(task.proxies).items():
        family = get_family(name)
        started = clock(task.device)
        together = task.together or networks_per_pass(family, images, labels, skeleton, members)
        rows = score_cells(
            family, cells, images, labels, skeleton, Draws(family.draws, task.seed), together, proxies=members
        )
        seconds[name] = clock(task.device) - started
        drawn: dict[tuple[str, str], list[float]] = {}
        for arch, proxy, _, raw, _, _ in rows:
            drawn.setdefault((arch, proxy), []).append(raw)
        values |= {key: float(np.mean(draws)) for key, draws in drawn.items()}
    return values, seconds


def score_reference(task: Task, images: Tensor, labels: Tensor) -> tuple[dict, dict]:
    """Return values by cell and proxy, and seconds by proxy, of ``benchmarks/reference.py``.

    Networks get the weights that our code gives them in its first draw; building them is not timed.
    """
    from benchmarks.reference import REFERENCE
    from tfnas.runtime.progress import progress

    values, seconds = {}, dict.fromkeys(task.proxies, 0.0)
    with progress(len(task.cells) * len(task.proxies), "values of the reference") as advance:
        for text in task.cells:
            networks: dict[str, Any] = {}
            for proxy in task.proxies:
                initialisation = get_family(family_of(proxy)).initialisation.replace("none", "default")
                if initialisation not in networks:
                    networks[initialisation] = build(task, text, initialisation).to(task.device)
                noise = {"noise": zen_noise(task, images, labels)} if proxy == "zen" else {}
                started = clock(task.device)
                values[text, proxy] = REFERENCE[proxy](networks[initialisation], images, labels, **noise)
                seconds[proxy] += clock(task.device) - started
                advance(1)
    return values, seconds


def build(task: Task, text: str, initialisation: str) -> nn.Module:
    """Return the reference network of a cell with the weights of our code's first draw."""
    import torch

    from tfnas.networks.reference import Network, initial_state

    cell, skeleton = Cell.parse(text), Skeleton(**task.skeleton)
    generator = torch.Generator().manual_seed(child_seed(task.seed, "weights", text, 0))
    network = Network(cell, skeleton)
    network.load_state_dict(initial_state(cell, skeleton, generator, initialisation), strict=False)
    return network


def zen_noise(task: Task, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the Gaussian input and nudge that our code uses for zen."""
    from tfnas.proxies.trial import Trial

    trial = Trial([], [], Skeleton(**task.skeleton), images, labels, frozenset(), noise_seed=task.seed)
    return trial.gaussian("zen input", *images.shape), trial.gaussian("zen nudge", *images.shape)


def run_processes(task: Task, count: int) -> list[Outcome]:
    """Run a task in ``count`` new processes at once, each of which scores all cells; they start together."""
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(task.threads)
    pools = [ProcessPoolExecutor(1, mp_context=get_context("spawn")) for _ in range(count)]
    try:
        for ready in [pool.submit(prepare, task) for pool in pools]:
            ready.result()
        running = [pool.submit(measure, task, number == 0) for number, pool in enumerate(pools)]
        return [outcome.result() for outcome in running]
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)


def wall_seconds_per_cell(task: Task, outcomes: Sequence[Outcome]) -> float:
    """Return the wall seconds per cell scored by any of the processes."""
    wall = max(outcome.ended for outcome in outcomes) - min(outcome.started for outcome in outcomes)
    return wall / (len(task.cells) * len(outcomes))
