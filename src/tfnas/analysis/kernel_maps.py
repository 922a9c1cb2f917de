"""NASWOT's kernels of a few cells, evenly spaced in the order of accuracy up to the most accurate one, for the eye.

``kernels/{dataset}.npz``: ``kernels`` float32 of shape (n, B, B), each divided by its number of ReLU inputs N_A, so
that an entry is the share of them in which two images agree, 1 on the diagonal; ``archs``, ``accuracies``
(reported, percent) and ``scores`` (ln |det K|, NaN where K is singular), shape (n,) each.
"""

from pathlib import Path

import numpy as np

from tfnas.datasets.images import Batch
from tfnas.errors import TruthError
from tfnas.files import atomic, facts_path, write_json
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.naswot import kernels, log_determinant
from tfnas.proxies.trial import Trial
from tfnas.runtime.exact_arithmetic import full_precision
from tfnas.scoring.chunk import device_name, load_batch
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import SPACE, Cell
from tfnas.truth.benchmark import ReadOff

CELLS = 12
"""Cells whose kernels are shown."""


def spaced_cells(codes: np.ndarray, accuracies: np.ndarray) -> list[int]:
    """Return codes of :data:`CELLS` cells evenly spaced in the order of accuracy, the last of them the most accurate.

    They are chosen from the connected cells, one of each functional class: the most accurate of the class. Where there
    are fewer all are returned. Codes of the cells of a ground truth and their test accuracies have shape (n,).

    Raises:
        TruthError: no cell is connected.
    """
    order = codes[np.argsort(-accuracies, kind="stable")]
    _, first = np.unique(SPACE.classes[order], return_index=True)
    distinct = [int(code) for code in order[np.sort(first)] if Cell.from_code(int(code)).is_connected]
    if not distinct:
        raise TruthError("No cell of the ground truth has a path from input to output: there are no kernels to show.")
    distinct.reverse()
    return [distinct[place] for place in np.unique(np.linspace(0, len(distinct) - 1, CELLS).round().astype(int))]


def measure_kernels(
    batch_path: str | Path,
    truth_path: str | Path,
    dataset: str,
    skeleton: dict[str, int],
    seed: int,
    device: str,
    output: str | Path,
    first_images: int | None = None,
) -> None:
    """Compute the kernels of a few cells, each network drawn once, on the study's mini-batch.

    Args:
        batch_path: mini-batch file.
        truth_path: ground truth of the dataset, which says how accurate cells are.
        dataset: its name.
        skeleton: ``channels`` and ``cells_per_stage`` of the study.
        seed: child seed of this study and dataset.
        device: ``cpu`` or ``cuda:N``.
        output: file to write (.npz), its facts beside it.
        first_images: so many images of the mini-batch are looked at, the first ones; all if left out.

    Raises:
        TruthError: no cell of the ground truth is connected.
        DataError: a file is missing or damaged.
    """
    full_precision()
    batch = Batch.read(batch_path)
    images, labels = (part[:first_images] for part in load_batch(batch, str(batch_path), device))
    shape = Skeleton.for_images(skeleton, batch.images, batch.facts["classes"])
    truth = ReadOff.read(truth_path, dataset)
    chosen = spaced_cells(truth.codes, truth.final(truth.codes))
    maps, scores = [], []
    for code in chosen:
        weights = child_seed(seed, "weights", code)
        trial = Trial([Cell.from_code(code)], [weights], shape, images, labels, frozenset({"naswot"}))
        kernel = kernels(trial.networks(every_relu=True), trial.input())[0][0].cpu()
        scores.append(log_determinant(kernel)[0])
        maps.append((kernel / kernel[0, 0]).numpy().astype(np.float32))
    with atomic(output) as temporary:
        np.savez_compressed(
            temporary,
            kernels=np.stack(maps),
            archs=np.array([str(Cell.from_code(code)) for code in chosen]),
            accuracies=truth.final(np.array(chosen)),
            scores=np.array(scores),
        )
    facts = {"dataset": dataset, "seed": seed, "device": device_name(device), "images": len(images)}
    write_json(facts_path(output), facts)
