"""Score a chunk of cells with the proxies of one family on one mini-batch.

The weights of a network come from a generator named after its cell and its repeat, so that scores do not depend on
chunks, order or batching. Seconds are wall seconds from drawing the weights to the raw values, shared equally among the
networks that ran together.
"""

from __future__ import annotations

import importlib.metadata
import logging
import math
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch

from tfnas.cells import EDGES, Cell
from tfnas.datasets.images import Batch
from tfnas.errors import DataError, DeviceError, TfnasError
from tfnas.files import write_table
from tfnas.memory import keep_freed_memory
from tfnas.networks.skeleton import Skeleton
from tfnas.precision import full_precision
from tfnas.progress import progress
from tfnas.proxies.registry import Family, get_family
from tfnas.proxies.trial import Trial
from tfnas.scoring_plan import CHUNK_COLUMNS, representatives
from tfnas.seeds import child_seed

log = logging.getLogger("tfnas")

NETWORKS_ON_CUDA = 256
"""At most so many networks run together on a GPU; halved when its memory runs out."""

FILLED = 0.7
"""Share of a GPU's free memory that networks may fill, as judged by a few of them."""

PILOTS = 2
"""Networks that tell how much memory one needs: several run by other code than a single one."""

NETWORKS_ON_CPU = 64
"""At most so many networks run together on a CPU."""

CACHED_BYTES = 2**22
"""On a CPU the activations of one stage of all networks that run together should not exceed this."""


def networks_per_pass(
    family: Family,
    images: torch.Tensor,
    labels: torch.Tensor,
    skeleton: Skeleton,
    proxies: Sequence[str] | None = None,
) -> int:
    """Return how many networks run together.

    On a CPU one of the benchmark's, dozens of small ones: their activations should fit into its cache. On a GPU as many
    as its free memory holds, judged by the cell with most activations.
    """
    if images.is_cuda:
        return _networks_that_fit(family, images, labels, skeleton, proxies)
    activations = len(images) * skeleton.channels * skeleton.image_size**2 * torch.float32.itemsize
    return max(1, min(NETWORKS_ON_CPU, CACHED_BYTES // activations))


def _networks_that_fit(
    family: Family,
    images: torch.Tensor,
    labels: torch.Tensor,
    skeleton: Skeleton,
    proxies: Sequence[str] | None,
) -> int:
    heaviest = Cell(("nor_conv_3x3",) * len(EDGES))
    device = images.device
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    held = torch.cuda.memory_allocated(device)
    wanted = _wanted(family, proxies)
    try:
        _score_group(family, [(heaviest, pilot) for pilot in range(PILOTS)], images, labels, skeleton, 0, wanted)
    except torch.cuda.OutOfMemoryError:
        return 1
    used = torch.cuda.max_memory_allocated(device) - held
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(device)
    return int(max(1, min(NETWORKS_ON_CUDA, FILLED * free * PILOTS // max(used, 1))))


def score_chunk(
    family: str,
    proxies: Sequence[str],
    first: int,
    last: int,
    batch_path: str | Path,
    skeleton: dict[str, int],
    repeats: int,
    seed: int,
    device: str,
    share_classes: bool,
    output: str | Path,
    first_images: int | None = None,
    scoring: int = 0,
) -> None:
    """Score the cells ``first`` .. ``last - 1`` of the scoring order and write rows and facts.

    Args:
        family: name of a proxy family.
        proxies: the members whose rows are kept.
        first: first place in :func:`tfnas.scoring_plan.representatives`.
        last: one past the last place.
        batch_path: mini-batch file.
        skeleton: ``channels`` and ``cells_per_stage``; the rest follows from the batch.
        repeats: initialisations per cell.
        seed: child seed of this study and dataset.
        device: ``cpu`` or ``cuda:N``.
        share_classes: score one cell per class of equal distribution.
        output: chunk file; its facts are written beside it.
        first_images: so many images of the mini-batch are looked at, the first ones; all if left out.
        scoring: number of the independent scoring: another one differs in the initialisations alone, which are the
            next ones of the same stream.

    Raises:
        DataError: the images are not finite or all equal.
        DeviceError: not even one network fits into the memory of the device.
    """
    started = time.perf_counter()
    keep_freed_memory()
    full_precision()
    batch = Batch.read(batch_path)
    images, labels = (part[:first_images] for part in load_batch(batch, str(batch_path), device))
    shape = skeleton_of(skeleton, batch)
    cells = [Cell.from_code(int(code)) for code in representatives(family, share_classes)[first:last]]
    member = get_family(family)
    together = networks_per_pass(member, images, labels, shape, proxies)
    drawn = range(scoring * repeats * member.draws, (scoring + 1) * repeats * member.draws)
    rows = score_cells(member, cells, images, labels, shape, drawn, seed, together, proxies)
    table = pd.DataFrame(rows, columns=list(CHUNK_COLUMNS))
    facts = {
        "dataset": batch.facts["dataset"],
        "family": family,
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "precision": member.precision,
        "networks_per_pass": together,
        "initialisation": "PyTorch default" if member.initialisation == "default" else member.initialisation,
        "images": len(images),
        "repeats": len(drawn),
        "scoring": scoring,
        "seed": seed,
        "share_classes": share_classes,
        "cells_scored": len(cells),
        "wall_seconds": round(time.perf_counter() - started, 2),
        "skeleton": vars(shape),
        "batch": batch.facts | {"positions": batch.positions.tolist()},
        "versions": versions(),
    }
    write_table(output, table, facts)


def skeleton_of(skeleton: dict[str, int], batch: Batch) -> Skeleton:
    """Return the macro skeleton of a study (``channels`` and ``cells_per_stage``) for the images of a mini-batch."""
    _, channels, size, _ = batch.images.shape
    return Skeleton(
        channels=skeleton["channels"],
        cells_per_stage=skeleton["cells_per_stage"],
        classes=batch.facts["classes"],
        image_channels=channels,
        image_size=size,
    )


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
    cells: Sequence[Cell],
    images: torch.Tensor,
    labels: torch.Tensor,
    skeleton: Skeleton,
    repeats: int | range,
    seed: int,
    together: int = 1,
    proxies: Sequence[str] | None = None,
) -> list[tuple]:
    """Return rows (arch, proxy, repeat, raw, seconds, reason) for cells and repeats.

    Args:
        family: which proxies to evaluate.
        cells: the cells, in any order.
        images: mini-batch on the device that is to be used, shape (B, C, H, W).
        labels: shape (B,).
        skeleton: shared macro skeleton.
        repeats: initialisations per cell, or their numbers.
        seed: parent of the seeds of all initialisations.
        together: networks per pass.
        proxies: members of the family whose rows are wanted; all of them if left out.

    Raises:
        DeviceError: not even one network fits into the memory of the device.
    """
    numbers = range(repeats) if isinstance(repeats, int) else repeats
    jobs = [(cell, repeat) for cell in cells for repeat in numbers]
    wanted = _wanted(family, proxies)
    rows: list[tuple] = []
    done = 0
    with progress(len(jobs), "cells") as advance:
        while done < len(jobs):
            group = jobs[done : done + together]
            try:
                rows += _score_group(family, group, images, labels, skeleton, seed, wanted)
            except torch.cuda.OutOfMemoryError as error:
                torch.cuda.empty_cache()
                if len(group) == 1:
                    raise DeviceError(
                        f"One network with {len(images)} images does not fit into the memory of {images.device}: "
                        "use a smaller scoring.batch_size or scoring.device: cpu."
                    ) from error
                together = len(group) // 2
                log.warning("The memory of %s ran out: %d networks at a time from here.", images.device, together)
                continue
            done += len(group)
            advance(len(group))
    return rows


def _wanted(family: Family, proxies: Sequence[str] | None) -> list[str]:
    return [proxy.name for proxy in family.proxies if proxies is None or proxy.name in proxies]


def _score_group(
    family: Family,
    group: Sequence[tuple[Cell, int]],
    images: torch.Tensor,
    labels: torch.Tensor,
    skeleton: Skeleton,
    seed: int,
    wanted: Sequence[str],
) -> list[tuple]:
    """Score networks together; those of a group that fails alone, and their proxies one by one, to find the culprit."""
    trial = Trial(
        cells=[cell for cell, _ in group],
        seeds=[child_seed(seed, "weights", str(cell), repeat) for cell, repeat in group],
        skeleton=skeleton,
        images=images,
        labels=labels,
        wanted=frozenset(wanted),
        noise_seed=seed,
    )
    started = trial.clock()
    try:
        results = family.evaluate(trial)
    except (torch.cuda.OutOfMemoryError, TfnasError):
        raise
    except Exception as error:
        if len(group) > 1:
            return [r for one in group for r in _score_group(family, [one], images, labels, skeleton, seed, wanted)]
        if len(wanted) > 1:
            return [r for one in wanted for r in _score_group(family, group, images, labels, skeleton, seed, [one])]
        log.exception("%s of %s failed:", wanted[0], group[0][0])
        failed = torch.full((1,), torch.nan, dtype=torch.float64)
        results = {wanted[0]: (failed, [f"{type(error).__name__}: {error}".splitlines()[0][:200]])}
    seconds = trial.seconds(trial.clock() - started)
    return [
        (str(cell), proxy, repeat, raw, seconds[proxy], reason)
        for place, (cell, repeat) in enumerate(group)
        for proxy in wanted
        for raw, reason in [_finite(float(results[proxy][0][place]), results[proxy][1][place])]
    ]


def _finite(raw: float, reason: str) -> tuple[float, str]:
    """Return a raw value and its reason; what overflowed is NaN, and NaN never goes without a reason."""
    return (raw, reason) if math.isfinite(raw) else (math.nan, reason or f"the value is {raw}")


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
