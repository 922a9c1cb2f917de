"""Score a chunk of cells with the proxies of one family on one mini-batch.

The weights of a network come from a generator named after its cell and its repeat. What is left is rounding: which
networks run together moves the last bits of a value, and with them, rarely, a ReLU. So groups are cut at fixed places
of the scoring order, whatever the chunks (:func:`groups`), and a chunk whose ends lie inside a group runs the whole
group: on one device, with one number of threads and of networks per pass, scores are equal to the bit however the work
is cut, however many repeats there are, and after any restart. Groups of another size, as on a GPU with less memory,
agree within rounding.

Seconds are wall seconds from drawing the weights to the raw values, shared equally among the networks that ran
together.

A fault is never a score. Memory that runs out means fewer networks together, down to one, and then a failed job; a
device that fails, and a proxy that breaks its contract (:mod:`tfnas.proxies.contract`), fail the job at once.
"""

import importlib
import importlib.metadata
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from tfnas.datasets.images import Batch
from tfnas.errors import DataError, ProxyError, TfnasError
from tfnas.files import read_table
from tfnas.networks.shape import shape_of
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.contract import Checked, check_results
from tfnas.proxies.registry import Family, Results, get_family, name_of
from tfnas.proxies.trial import Shown, Trial
from tfnas.runtime.exact_arithmetic import full_precision
from tfnas.runtime.faults import device_error, fault_of, first_line
from tfnas.runtime.memory import give_back_memory, keep_freed_memory
from tfnas.runtime.progress import progress
from tfnas.schemas.chunks import SCHEMA as CHUNKS
from tfnas.scoring.plan import representatives
from tfnas.seeds import child_seed
from tfnas.spaces.base import Architecture
from tfnas.spaces.nats_tss import EDGES, Cell
from tfnas.spaces.pool import Pool
from tfnas.spaces.registry import DEFAULT, get_space

log = logging.getLogger("tfnas")

NETWORKS_ON_CUDA = 256
"""At most so many networks run together on a GPU; halved when its memory runs out."""

FILLED = 0.7
"""Share of a GPU's free memory that networks may fill, as judged by a few of them."""

PILOTS = 2
"""Networks that tell how much memory one needs: several run by other code than a single one."""

NETWORKS_ON_CPU = 64
"""At most so many networks run together on a CPU."""

NETWORKS_OF_FEW_IMAGES = 256
"""The same for families that look at a few images alone: what costs there is the number of operations."""

CACHED_BYTES = 2**22
"""On a CPU the activations of one stage of all networks that run together should not exceed this."""


def networks_per_pass(
    family: Family, images: torch.Tensor, labels: torch.Tensor, skeleton: Skeleton, proxies: Sequence[str] | None = None
) -> int:
    """Return how many networks run together, a power of two, so that groups of different size share their ends.

    On a CPU one of the benchmark's, dozens of small ones: their activations should fit into its cache. On a GPU as many
    as its free memory holds, judged by the cell with most activations.
    """
    if images.is_cuda:
        return _networks_that_fit(family, images, labels, skeleton, proxies)
    count, size = family.shown
    pixels = min(count or len(images), len(images)) * (size or skeleton.image_size) ** 2
    activations = pixels * skeleton.channels * torch.float32.itemsize
    most = NETWORKS_OF_FEW_IMAGES if count else NETWORKS_ON_CPU
    return _power_of_two(min(most, CACHED_BYTES // activations))


def _networks_that_fit(
    family: Family, images: torch.Tensor, labels: torch.Tensor, skeleton: Skeleton, proxies: Sequence[str] | None
) -> int:
    heaviest = Cell(("nor_conv_3x3",) * len(EDGES))
    device = images.device
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    held = torch.cuda.memory_allocated(device)
    wanted = _wanted(family, proxies)
    try:
        _score_group(family, [(heaviest, pilot) for pilot in range(PILOTS)], images, labels, skeleton, 0, wanted)
    except Exception as error:
        if fault_of(error) == "memory":
            return 1
        raise
    used = torch.cuda.max_memory_allocated(device) - held
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(device)
    return _power_of_two(min(NETWORKS_ON_CUDA, int(FILLED * free * PILOTS // max(used, 1))))


def _power_of_two(number: int) -> int:
    """Return the largest power of two that is at most ``number``, or 1."""
    return 1 << max(number, 1).bit_length() - 1


@dataclass(frozen=True)
class Chunk:
    """A part of the scoring order of a family of proxies, :func:`tfnas.scoring.plan.representatives`.

    Attributes:
        family: name of a proxy family.
        proxies: the members whose rows are kept.
        first: first place in the order.
        last: one past the last place.
        share_classes: score one cell per class of equal distribution.
        space: name of the search space of the cells.
        pool: a table whose cells, in the column ``arch``, are the pool; None for the whole space.
    """

    family: str
    proxies: Sequence[str]
    first: int
    last: int
    share_classes: bool = True
    space: str = DEFAULT
    pool: str | Path | None = None

    def cells(self) -> Pool:
        """Return the cells of which it scores a part."""
        space = get_space(self.space)
        if self.pool is None:
            return Pool(space)
        return Pool(space, np.unique(space.codes_of(read_table(self.pool, ("arch",))["arch"], f"'{self.pool}'")))


@dataclass(frozen=True)
class Draws:
    """Which initialisations of every cell are drawn.

    Attributes:
        repeats: how many.
        seed: parent of the seeds of all initialisations.
        scoring: number of the independent scoring: another one differs in the initialisations alone, which are the
            next ones of the same stream.
    """

    repeats: int
    seed: int
    scoring: int = 0

    @property
    def numbers(self) -> range:
        """Their numbers in the stream."""
        return range(self.scoring * self.repeats, (self.scoring + 1) * self.repeats)


def score_chunk(
    chunk: Chunk,
    draws: Draws,
    outputs: Mapping[str, str | Path],
    skeleton: Mapping[str, int],
    device: str,
    first_images: int | None = None,
) -> None:
    """Score the cells of a chunk on each of some mini-batches, one after another, and write rows and facts.

    Groups that the ends of the chunk cut are run as a whole: give chunks of a multiple of the networks per pass.

    Args:
        chunk: what is scored.
        draws: the repeats of each cell: each is the mean of as many initialisations as the family's definition says.
            Their seed is a child of this study and dataset.
        outputs: chunk file by mini-batch file; facts are written beside it.
        skeleton: ``channels`` and ``cells_per_stage``; the rest follows from the batch.
        device: ``cpu`` or ``cuda:N``.
        first_images: so many images of the mini-batch are looked at, the first ones; all if left out.

    Raises:
        DataError: the images are not finite or all equal.
        DeviceError: not even one network fits into the memory of the device, or the device failed.
        ProxyError: a proxy breaks its contract.
    """
    keep_freed_memory()
    full_precision()
    pool = chunk.cells()
    space = pool.space
    codes = representatives(chunk.family, chunk.share_classes, pool)
    order = [space.architecture(code) for code in codes.tolist()]
    named = {str(cell) for cell in order[chunk.first : chunk.last]}
    member = get_family(chunk.family)
    drawn = replace(draws, repeats=draws.repeats * member.draws)
    for batch_path, output in outputs.items():
        started = time.perf_counter()
        batch = Batch.read(batch_path)
        images, labels = (part[:first_images] for part in load_batch(batch, batch_path, device))
        shape = shape_of(space, skeleton, batch.images, batch.facts["classes"])
        together = networks_per_pass(member, images, labels, shape, chunk.proxies) if "cell" in space.offers else 1
        whole = _whole_groups(order, chunk.first, chunk.last, together)
        rows = score_cells(member, whole, images, labels, shape, drawn, together, chunk.proxies)
        table = pd.DataFrame([row for row in rows if row[0] in named], columns=list(CHUNKS.names))
        facts = {
            "space": space.name,
            "dataset": batch.facts["dataset"],
            "family": chunk.family,
            "device": device_name(device),
            "threads": torch.get_num_threads(),
            "precision": member.precision,
            "networks_per_pass": together,
            "initialisation": "PyTorch default" if member.initialisation == "default" else member.initialisation,
            "images": len(images),
            "repeats": drawn.repeats,
            "scoring": draws.scoring,
            "seed": draws.seed,
            "share_classes": chunk.share_classes,
            "cells_scored": len(named),
            "wall_seconds": round(time.perf_counter() - started, 2),
            "skeleton": shape.facts,
            "batch": batch.facts | {"positions": batch.positions.tolist()},
            "versions": versions(),
        } | ({} if pool.whole else {"pool": len(pool)})
        CHUNKS.write(output, table, facts)


def _whole_groups(order: Sequence[Any], first: int, last: int, together: int) -> Sequence[Any]:
    """Return the cells of all groups of which the cells ``first`` .. ``last - 1`` hold a part."""
    whole = order[first // together * together : -(-last // together) * together]
    beside = len(whole) - len(order[first:last])
    if beside:
        log.info(
            "%d cells of groups that this job cuts run too: make scoring.cells_per_job (noise_cells) a multiple of %d.",
            beside,
            together,
        )
    return whole


def load_batch(batch: Batch, place: str, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images (B, C, H, W) float32 and labels (B,) on the device, checked.

    Raises:
        DataError: there is one image only, an image is not finite, or all images are equal.
    """
    images = torch.from_numpy(batch.images).to(device)
    if not torch.isfinite(images).all():
        bad = int((~torch.isfinite(images)).flatten(1).any(1).nonzero()[0])
        raise DataError(f"Image {bad} of '{place}' is not finite: check the images it was made from.")
    if len(images) < 2:
        raise DataError(f"'{place}' holds {len(images)} image, but proxies compare images: raise scoring.batch_size.")
    if (images == images[:1]).all():
        raise DataError(f"All images of '{place}' are equal, so no proxy can tell networks apart: use real images.")
    return images, torch.from_numpy(batch.labels).to(device)


def score_cells(
    family: Family,
    cells: Sequence[Any],
    images: torch.Tensor,
    labels: torch.Tensor,
    skeleton: Skeleton,
    draws: Draws,
    together: int = 1,
    proxies: Sequence[str] | None = None,
) -> list[tuple]:
    """Return rows (arch, proxy, repeat, raw, seconds, reason) for cells and repeats, in this order.

    Args:
        family: which proxies to evaluate.
        cells: the cells, in any order.
        images: mini-batch on the device that is to be used, shape (B, C, H, W).
        labels: shape (B,).
        skeleton: shared macro skeleton.
        draws: which initialisations each cell gets.
        together: networks per pass.
        proxies: members of the family whose rows are wanted; all of them if left out.

    Raises:
        DeviceError: not even one network fits into the memory of the device, or the device failed.
        ProxyError: a proxy breaks its contract.
    """
    wanted = _wanted(family, proxies)
    rows: list[tuple] = []
    with progress(len(cells) * draws.repeats, "cells") as advance:
        for group in groups(cells, draws.numbers, family.draws, together):
            while group:
                part = group[:together]
                try:
                    rows += _score_group(family, part, images, labels, skeleton, draws.seed, wanted)
                    group = group[len(part) :]
                    advance(len(part))
                    continue
                except Exception as error:
                    together = _fewer(error, family, len(part), images)
                give_back_memory()  # here the exception is gone, and what it held
    place = {str(cell): number for number, cell in enumerate(cells)}
    return sorted(rows, key=lambda row: (place[row[0]], row[2]))


def groups(cells: Sequence[Any], repeats: range, draws: int, together: int) -> Iterator[list[tuple[Any, int]]]:
    """Yield the networks that run together, as cells and numbers of repeats.

    Cells are cut every ``together`` of them. The networks of such a window, all ``draws`` that one score takes cell by
    cell, are cut every ``together`` again. So what stands in a group depends neither on how many cells come before or
    after the window nor on how many scores are averaged.

    Example:
        >>> for group in groups("abc", range(4), draws=2, together=2):
        ...     print(group)
        [('a', 0), ('a', 1)]
        [('b', 0), ('b', 1)]
        [('a', 2), ('a', 3)]
        [('b', 2), ('b', 3)]
        [('c', 0), ('c', 1)]
        [('c', 2), ('c', 3)]
    """
    for first in range(0, len(cells), together):
        for start in range(0, len(repeats), draws):
            drawn = repeats[start : start + draws]
            window = [(cell, repeat) for cell in cells[first : first + together] for repeat in drawn]
            for place in range(0, len(window), together):
                yield window[place : place + together]


def _fewer(error: Exception, family: Family, count: int, images: torch.Tensor) -> int:
    """Return how many networks to run together after ``count`` of them raised an error, or raise what it means."""
    if isinstance(error, TfnasError):
        raise error
    device = str(images.device)
    if fault_of(error) == "memory" and count > 1:
        log.warning("The memory of %s ran out: %d networks at a time from here.", device, count // 2)
        return count // 2
    what = f"One network with {len(images)} images"
    sentence = device_error(error, device, what, f"use a smaller scoring.batch_size for '{name_of(family)}'")
    if sentence is None:
        raise error
    raise sentence from error


def _wanted(family: Family, proxies: Sequence[str] | None) -> list[str]:
    return [proxy.name for proxy in family.proxies if proxies is None or proxy.name in proxies]


def _score_group(
    family: Family,
    group: Sequence[tuple[Any, int]],
    images: torch.Tensor,
    labels: torch.Tensor,
    skeleton: Skeleton,
    seed: int,
    wanted: Sequence[str],
) -> list[tuple]:
    """Score networks together.

    Raises:
        ProxyError: a proxy breaks its contract or raises an error, for the cell that is named.
    """
    cells = [cell for cell, _ in group]
    seeds = [child_seed(seed, "weights", str(cell), repeat) for cell, repeat in group]
    shown: Any = {"images": images, "labels": labels, "wanted": frozenset(wanted), "noise_seed": seed}
    if isinstance(cells[0], Architecture):
        trial, evaluate = _of_modules().trial_of(name_of(family), cells[0], seeds[0], skeleton, shown)
    else:
        trial, evaluate = Trial(cells, seeds, skeleton, **shown), family.evaluate
    started = trial.clock()
    try:
        results = evaluated(family, trial, evaluate, wanted, cells)
    except ProxyError as error:
        if error.__cause__ is not None and len(group) > 1:  # it was raised, by which cell is unknown
            for one in group:
                _score_group(family, [one], images, labels, skeleton, seed, wanted)
        raise
    seconds = trial.seconds(trial.clock() - started)
    return [
        (str(cell), proxy, repeat, results[proxy][0][place], seconds[proxy], results[proxy][1][place])
        for place, (cell, repeat) in enumerate(group)
        for proxy in wanted
    ]


def _of_modules() -> Any:
    """Return what scores modules of any kind; studies of NATS-Bench's cells do not depend on it."""
    return importlib.import_module("tfnas.scoring.modules")


def evaluated(
    family: Family, trial: Shown, evaluate: Callable[[Any], Results], wanted: Sequence[str], cells: Sequence[Any]
) -> Checked:
    """Return the values and reasons of a trial of some cells, held against the contract.

    Raises:
        ProxyError: they do not keep it, or the family raised an error that is not the machine's fault.
    """
    name = name_of(family)
    try:
        results = evaluate(trial)
    except Exception as error:
        if isinstance(error, TfnasError) or fault_of(error):
            raise
        where = str(cells[0]) if trial.count == 1 else f"one of {trial.count} networks together"
        raise ProxyError(
            f"Proxy family '{name}' failed on {where} ({first_line(error)}): its definition names no such failure, so "
            "there is no score; run again, or mend the family."
        ) from error
    return check_results(family, name, results, wanted, cells)


def device_name(device: str) -> str:
    """Return the model of the device, for manifests."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else _processor()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "CPU"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "CPU")


def versions() -> dict[str, str]:
    """Return the versions of the packages that decide scores."""
    return {name: importlib.metadata.version(name) for name in ("torch", "numpy")}
