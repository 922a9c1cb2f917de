r"""Prune supernets on the images of a dataset: what the runs of the search ``te_nas_pruning`` do live.

The condition number is that of the tangent kernel of a supernet of few channels in training mode, on a mini-batch of
images; the regions are those of its cell of one channel on crops of 3 x 3 pixels. Images are drawn from those that
mini-batches of the dataset may be drawn from, normalised, not augmented; of equal images one is kept, because two of
them make every kernel singular.

Chance, as in the authors' code (where it asks for another initialisation, it gets none): in a round one draw of
weights, PyTorch's default, for all condition numbers and another mini-batch for each repeat; new weights of the region
network for each operation that is tried, and new crops for each repeat. A supernet and what it is compared with share
weights, images and crops.

What differs from the code: all operations of a round are tried on the same mini-batches (there: three of their own
each), so that the supernet itself is evaluated once for all of them; images are not flipped and shifted; eigenvalues
are float64. A kernel that float32 cannot tell from a singular one has the largest condition number that it can tell,
:math:`(B \epsilon)^{-2}` for B images.

Source: Chen, Gong, Wang 2021, "Neural Architecture Search on ImageNet in Four GPU Hours" (ICLR; arXiv 2102.11535), code
``prune_tenas.py``, ``lib/procedures/ntk.py`` and ``lib/procedures/linear_region_counter.py``.
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from tfnas.datasets.images import ImageSet
from tfnas.datasets.sources import ImageSource
from tfnas.errors import DataError
from tfnas.files import facts_path, read_table, write_table
from tfnas.networks import reference, supernet, tangent
from tfnas.networks.skeleton import Skeleton
from tfnas.networks.supernet import supernet_state
from tfnas.networks.tangent import tangent_rows
from tfnas.proxies import linear_regions, ntk
from tfnas.proxies.linear_regions import BATCHES, PIXELS, SIDE, THIN
from tfnas.proxies.ntk import condition_number
from tfnas.runtime.exact_arithmetic import full_precision
from tfnas.runtime.memory import keep_freed_memory
from tfnas.runtime.progress import progress
from tfnas.schemas.live import SCHEMA as LIVE
from tfnas.schemas.rounds import SCHEMA as ROUNDS
from tfnas.scoring.chunk import device_name, versions
from tfnas.search.block import Block
from tfnas.search.live import pruning, supernet_regions
from tfnas.search.live.pruning import TRIED, Active, Measured, Tried, prune
from tfnas.search.live.supernet_regions import region_counts


class Evaluator:
    """Measures the supernets of one run on the images of one dataset.

    Args:
        images: the images of the dataset.
        parameters: ``channels`` and ``cells_per_stage`` of the network whose kernel is computed, ``batch_size``,
            ``samples`` and ``repeats``, see :class:`tfnas.search.te_nas_pruning.TeNasPruning`.
        rng: the run's source of randomness.
        device: where everything is computed.
        advance: called with the number of operations that were tried.

    Raises:
        DataError: there are fewer different images than a mini-batch has.
    """

    def __init__(
        self,
        images: ImageSet,
        parameters: dict[str, Any],
        rng: np.random.Generator,
        device: str = "cpu",
        advance: Callable[[int], None] = lambda count: None,
    ):
        self.images, self.rng, self.device, self.advance = images, rng, device, advance
        self.batch_size, self.samples = parameters["batch_size"], parameters["samples"]
        self.repeats = parameters["repeats"]
        self.places = distinct_places(images)
        if self.batch_size > len(self.places):
            raise DataError(
                f"{images.name} ({images.source}) has {len(self.places)} different images, fewer than a mini-batch of "
                f"{self.batch_size}: lower batch_size of the search."
            )
        self.skeleton = Skeleton.for_images(parameters, images.images, images.classes)

    def __call__(self, active: Active, smaller: Sequence[Active]) -> Measured:
        """Measure a supernet beside smaller ones, see :data:`tfnas.search.live.pruning.Evaluate`."""
        state = {name: part.to(self.device) for name, part in supernet_state(self.skeleton, self._generator()).items()}
        batches = [self._batch() for _ in range(self.repeats)]
        full = [self._kappa(active, state, batch) for batch in batches]
        kappa_without, regions = [], []
        for other in smaller:
            kappa_without.append([self._kappa(other, state, batch) for batch in batches])
            thin = supernet_state(THIN, self._generator())
            crops = torch.stack([self._crops() for _ in range(self.repeats)]).repeat(2, 1, 1, 1)
            pairs = [active] * self.repeats + [other] * self.repeats
            regions.append(region_counts(pairs, [thin] * len(pairs), crops).cpu().view(2, -1).numpy())
            self.advance(1)
        counted = np.array(regions, dtype=np.float64)
        kappa = np.tile(full, (len(smaller), 1))
        return Measured(kappa, np.array(kappa_without), counted[:, 0], counted[:, 1])

    def _generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(int(self.rng.integers(2**63)))

    def _batch(self) -> Tensor:
        chosen = self.rng.choice(self.places, self.batch_size, replace=False)
        return torch.from_numpy(self.images.normalise(self.images.images[chosen])).to(self.device)

    def _kappa(self, active: Active, state: dict[str, Tensor], batch: Tensor) -> float:
        return kappa(tangent_rows(active, self.skeleton, state, batch))

    def _crops(self) -> Tensor:
        """Return crops of one channel of one image each, all images in turn, shape (BATCHES, n, 9), float64."""
        pixels = self.images.images
        chosen = np.resize(self.rng.permutation(self.places), self.samples)[:, None, None]
        channel = self.rng.integers(pixels.shape[1], size=self.samples)[:, None, None]
        row, column = (self.rng.integers(side - SIDE + 1, size=self.samples) for side in pixels.shape[2:])
        offsets = np.arange(SIDE)
        crops = pixels[chosen, channel, row[:, None, None] + offsets[:, None], column[:, None, None] + offsets]
        crops = (crops - np.asarray(self.images.mean)[channel]) / np.asarray(self.images.std)[channel]
        return torch.from_numpy(crops.reshape(BATCHES, -1, PIXELS)).to(self.device)


def distinct_places(images: ImageSet) -> np.ndarray:
    """Return the places of the images that mini-batches may be drawn from, of equal images the first."""
    drawable = np.arange(len(images)) if images.drawable is None else images.drawable
    seen: dict[bytes, int] = {}
    for place in drawable.tolist():
        seen.setdefault(hashlib.sha256(images.images[place].tobytes()).digest(), place)
    return np.array(list(seen.values()), dtype=np.int64)


def kappa(rows: Tensor) -> float:
    r"""Return the condition number of the kernel of gradients (B, weights), at most :math:`(B \epsilon)^{-2}`."""
    rows = rows.double()
    value, why = condition_number((rows @ rows.T).cpu())
    return float((len(rows) * torch.finfo(torch.float32).eps) ** -2.0) if why else value


def sources_digest() -> str:
    """Return a digest of the source files that decide what a run ends with: what others gave is stale."""
    modules = (sys.modules[__name__], pruning, supernet_regions, supernet, tangent, reference, linear_regions, ntk)
    return hashlib.sha256(b"".join(Path(str(module.__file__)).read_bytes() for module in modules)).hexdigest()


def prune_block(
    block: Block, source: ImageSource, device: str, scratch: str | Path, output: str | Path, rounds: str | Path
) -> None:
    """Do a block of runs of a search by pruning on the images of a dataset and write what they ended with.

    A run is kept under ``scratch`` as soon as it is done, under a name of all that decides it, so that a job that was
    killed goes on where it was.

    Args:
        block: the runs.
        source: where the images of the dataset come from.
        device: ``cpu`` or ``cuda:N``.
        scratch: folder for runs that are done.
        output: table to write (.parquet) with :data:`LIVE`; facts go beside it.
        rounds: record to write (.parquet): ``run`` and the fields of :class:`tfnas.search.live.pruning.Tried`.

    Raises:
        DataError: the images are missing or too few.
    """
    keep_freed_memory()
    full_precision()
    dataset, parameters = source.dataset, block.parameters
    images = source.load()
    places = distinct_places(images)
    pixels = hashlib.sha256(images.images[places].tobytes()).hexdigest()
    content = [pixels, images.mean, images.std, images.classes]
    decides = [torch.__version__, device_name(device), sources_digest(), content, parameters, block.seed, block.study]
    keys = {run: json.dumps([*decides, dataset, run]).encode() for run in block.runs}
    paths = {run: Path(scratch) / f"{hashlib.sha256(key).hexdigest()[:20]}.parquet" for run, key in keys.items()}
    missing = [run for run, path in paths.items() if not (path.exists() and facts_path(path).exists())]
    with progress(len(missing) * TRIED, "operations tried") as advance:
        for run in missing:
            _run(run, Evaluator(images, parameters, block.rng(dataset, run), device, advance), paths[run])
    record = pd.concat([read_table(path) for path in paths.values()], ignore_index=True)
    ends = ["run", "arch", "seconds", "networks"]
    facts = {
        "dataset": dataset,
        **block.facts,
        **{name: getattr(images, name) for name in ("source", "drawn_from", "licence", "cite")},
        "images": len(places),
        "augmentation": "none",
        "initialisation": "PyTorch default",
        "precision": "gradients float32, eigenvalues and regions float64",
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "versions": versions(),
    }
    ROUNDS.write(rounds, record.drop(columns=ends[1:]), facts)
    LIVE.write(output, record[ends].drop_duplicates(ignore_index=True), facts)


@torch.no_grad()
def _run(run: int, evaluate: Evaluator, path: Path) -> None:
    """Do one run and keep it."""
    started = time.perf_counter()
    cell, tried = prune(evaluate)
    seconds = time.perf_counter() - started
    networks = len(tried) + len({one.round for one in tried})
    table = pd.DataFrame(tried, columns=list(Tried._fields))
    write_table(path, table.assign(run=run, arch=str(cell), seconds=seconds, networks=networks))
