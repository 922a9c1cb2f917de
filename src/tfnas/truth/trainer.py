"""Ground truth that is trained here: distinct cells, in blocks, many networks at once, several training seeds.

Recipe (keys of ``training`` in a study file): SGD with momentum, weight decay on all weights, learning rate falling to
zero along half a cosine over all steps, mini-batches reshuffled every epoch (the last, incomplete one is left out), no
augmentation, cross-entropy. Normalisation keeps running statistics for evaluation (momentum 0.1). After
``early_epochs`` epochs the validation accuracy of the same run is noted: that is what a search may look at.

The initial weights come from a stream named after cell and training seed, the order of images from one named after the
training seed, so that a result depends neither on blocks nor on which networks were trained together, beyond the
rounding of sums; at a high learning rate that rounding grows within a training as another seed's noise would. All cells
see the same images in the same order: what differs between cells is the cell.

One cell per benchmark class is trained (6,466, :meth:`tfnas.spaces.nats_tss.Cell.canonical`) and stands for its class.
"""

import dataclasses
import hashlib
import importlib.metadata
import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from tfnas import seeds
from tfnas.analysis.statistics import spearman
from tfnas.datasets.digits import NAME as DIGITS
from tfnas.datasets.digits import SPLIT_SEED
from tfnas.datasets.images import ImageSet
from tfnas.datasets.sources import ImageSource
from tfnas.datasets.training_splits import PARTS, check_classes, training_places
from tfnas.errors import DataError
from tfnas.files import facts_path, read_facts, read_table, write_table
from tfnas.networks import batched, reference
from tfnas.networks import skeleton as skeleton_module
from tfnas.networks.batched import BatchedNetworks
from tfnas.networks.reference import initial_state
from tfnas.networks.skeleton import Skeleton, count_flops, count_parameters
from tfnas.runtime.faults import device_error, fault_of
from tfnas.runtime.memory import give_back_memory, keep_freed_memory
from tfnas.runtime.progress import progress
from tfnas.schemas.truth_blocks import SCHEMA as BLOCKS
from tfnas.schemas.truth_seeds import SCHEMA as SEEDS
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import SPACE, Cell
from tfnas.truth.schema import write_truth

log = logging.getLogger("tfnas")

MEASURED = ("valid_accuracy", "test_accuracy", "early_valid_accuracy", "early_seconds", "valid_seconds", "seconds")
Train = Callable[[Sequence[Cell]], dict[str, np.ndarray]]
"""Trains networks of some cells together and returns what :data:`MEASURED` names, each of shape (G,)."""


@cache
def trained_cells() -> np.ndarray:
    """Return the codes of the cells that are trained, one per benchmark class, ascending, shape (6466,), int64."""
    return np.unique(SPACE.classes)


@dataclasses.dataclass(frozen=True)
class Training:
    """What decides a training besides its cell and its images.

    Attributes:
        recipe: ``epochs``, ``early_epochs``, ``batch_size``, ``learning_rate``, ``momentum``, ``weight_decay``,
            ``nesterov``, ``schedule``, ``seeds``, ``train_size``, ``valid_size``, ``test_size`` and
            ``networks_per_batch``.
        skeleton: ``channels`` and ``cells_per_stage``.
        seed: child seed of this study and dataset.
    """

    recipe: dict[str, Any]
    skeleton: dict[str, int]
    seed: int


def train_block(
    source: ImageSource,
    training: Training,
    first: int,
    last: int,
    scratch: str | Path,
    output: str | Path,
    device: str = "cpu",
) -> None:
    """Train the cells ``first`` .. ``last - 1`` of :func:`trained_cells` and write one row per cell and training seed.

    Each group of networks and training seed is kept under ``scratch`` as soon as it is done, so that a job that was
    killed goes on where it was, and one with more seeds trains only the new ones. What is kept is named by everything
    that decides it: recipe, images, skeleton, seeds, cells, device, and the version of PyTorch and of this code.

    Args:
        source: where the images of the dataset come from.
        training: how the cells are trained.
        first: first place among the trained cells.
        last: one past the last place.
        scratch: folder for what is done.
        output: block file; its facts are written beside it.
        device: ``cpu`` or ``cuda:N``.

    Raises:
        DataError: the recipe asks for more images than there are, or stops early after the end.
    """
    keep_freed_memory()
    recipe, seed = training.recipe, training.seed
    splits = load_splits(source, recipe)
    shape = Skeleton.for_images(training.skeleton, splits["train"].images, splits["train"].classes)
    without = ("seeds", "networks_per_batch", "cells_per_job")  # they decide how many trainings there are, no training
    decides = {name: value for name, value in recipe.items() if name not in without}
    made_by = [torch.__version__, device.partition(":")[0], sources_digest()]
    content = {
        name: [hashlib.sha256(part.images.tobytes() + part.labels.tobytes()).hexdigest(), part.mean, part.std]
        for name, part in splits.items()
    }
    cells = [Cell.from_code(int(code)) for code in trained_cells()[first:last]]
    at_once = recipe["networks_per_batch"]
    groups = [cells[start : start + at_once] for start in range(0, len(cells), at_once)]
    given: dict[str, Any] = {"splits": splits, "skeleton": shape, "recipe": recipe, "seed": seed, "device": device}
    rows = []
    with progress(len(cells) * recipe["seeds"], "trainings") as advance:
        for train_seed in range(recipe["seeds"]):
            train = partial(train_group, train_seed=train_seed, **given)
            for group in groups:
                named = [str(cell) for cell in group]
                key = [decides, made_by, content, vars(shape), seed, train_seed, named]
                rows.append(_resumed(Path(scratch), key, group, train_seed, train, device))
                advance(len(group))
    table = pd.concat(rows, ignore_index=True)
    facts = {
        "dataset": source.dataset,
        "recipe": recipe,
        "seed": seed,
        "device": device,
        "skeleton": vars(shape),
        "split_sizes": {name: len(images) for name, images in splits.items()},
        "licence": splits["train"].licence,
        "cite": splits["train"].cite,
        "versions": {name: importlib.metadata.version(name) for name in ("torch", "numpy")},
    }
    BLOCKS.write(output, table, facts)


@cache
def sources_digest() -> str:
    """Return a digest of the source files that decide what a training gives: what others gave is stale."""
    modules = (sys.modules[__name__], batched, reference, skeleton_module, seeds)
    return hashlib.sha256(b"".join(Path(str(module.__file__)).read_bytes() for module in modules)).hexdigest()


def load_splits(source: ImageSource, recipe: dict[str, Any]) -> dict[str, ImageSet]:
    """Return the image sets ``train``, ``valid`` and ``test`` of a recipe, disjoint and the same for every cell.

    Which images these are is decided by :func:`tfnas.datasets.training_splits.training_places`.

    Raises:
        DataError: there are fewer images than the recipe asks for, a class is tested on that is not trained on, or the
            early stop comes after the end.
    """
    if recipe["early_epochs"] > recipe["epochs"]:
        raise DataError(
            f"training.early_epochs is {recipe['early_epochs']}, after the end of {recipe['epochs']} epochs: "
            "stop at or before training.epochs."
        )
    train, test = source.load(), source.load("test")
    sizes = {name: recipe[f"{name}_size"] for name in PARTS}
    places = training_places(source.dataset, source.path, len(train), len(test), sizes)
    if source.dataset == DIGITS and source.path is None:
        test = train  # all parts are places in the one set
    check_classes(source.dataset, train.labels, test.labels, places)
    return {name: _subset(test if name == "test" else train, where) for name, where in places.items()}


def _subset(images: ImageSet, places: np.ndarray) -> ImageSet:
    return dataclasses.replace(
        images,
        images=images.images[places],
        labels=images.labels[places],
        positions=images.positions[places],
        drawable=None,
    )


def _resumed(
    scratch: Path, key: list, group: Sequence[Cell], train_seed: int, train: Train, device: str
) -> pd.DataFrame:
    path = scratch / f"{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:20]}.parquet"
    if path.exists() and facts_path(path).exists():  # facts are written last
        return read_table(path)
    measured = train_what_fits(group, train, device)
    table = pd.DataFrame({"arch": [str(cell) for cell in group], "train_seed": train_seed, **measured})
    write_table(path, table)
    return table


def train_what_fits(cells: Sequence[Cell], train: Train, device: str = "cpu") -> dict[str, np.ndarray]:
    """Train networks together, in halves where memory runs out: trainings agree within rounding then.

    Args:
        cells: the G cells.
        train: :func:`train_group` with all that it needs but the cells.
        device: where it trains, for messages.

    Raises:
        DeviceError: not even one network fits into memory, or the device failed.
    """
    try:
        return train(cells)
    except Exception as error:
        if fault_of(error) != "memory" or len(cells) == 1:
            sentence = device_error(error, device, "Training one network", "use a smaller training.batch_size")
            if sentence is None:
                raise
            raise sentence from error
    give_back_memory()
    half = len(cells) // 2
    log.warning("The memory of %s ran out: %d networks at a time for now.", device, half)
    parts = [train_what_fits(part, train, device) for part in (cells[:half], cells[half:])]
    return {name: np.concatenate([part[name] for part in parts]) for name in MEASURED}


def train_group(
    cells: Sequence[Cell],
    splits: dict[str, ImageSet],
    skeleton: Skeleton,
    recipe: dict[str, Any],
    seed: int,
    train_seed: int,
    device: str = "cpu",
) -> dict[str, np.ndarray]:
    """Train networks together, once, and return what :data:`MEASURED` names, each of shape (G,).

    Accuracies are in percent. Seconds are the processor seconds of this process on a CPU (threads added up, so that
    other work on the machine does not count) and wall seconds on a GPU, shared equally among the G networks.
    """
    states = [
        initial_state(cell, skeleton, torch.Generator().manual_seed(child_seed(seed, "weights", str(cell), train_seed)))
        for cell in cells
    ]
    networks = BatchedNetworks(cells, skeleton, states).to(device)
    data = {
        name: (torch.from_numpy(part.normalise(part.images)).to(device), torch.from_numpy(part.labels).to(device))
        for name, part in splits.items()
    }
    images, labels = data["train"]
    batch = min(recipe["batch_size"], len(images))
    steps = len(images) // batch
    optimiser = torch.optim.SGD(
        networks.parameters(),
        lr=recipe["learning_rate"],
        momentum=recipe["momentum"],
        weight_decay=recipe["weight_decay"],
        nesterov=recipe["nesterov"] and recipe["momentum"] > 0,
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe["epochs"] * steps)
    order = torch.Generator().manual_seed(child_seed(seed, "order", train_seed))
    clock = _clock(device)
    measured: dict[str, np.ndarray] = {}
    spent, begun = 0.0, clock()
    for epoch in range(1, recipe["epochs"] + 1):
        started = clock()
        networks.train()
        shuffled = torch.randperm(len(images), generator=order).to(device)
        for step in range(steps):
            chosen = shuffled[step * batch : (step + 1) * batch]
            logits = networks(images[chosen])
            loss = F.cross_entropy(logits.flatten(0, 1), labels[chosen].repeat(len(cells)), reduction="sum") / batch
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
        spent += clock() - started
        if epoch == recipe["early_epochs"]:
            started = clock()
            measured["early_valid_accuracy"] = accuracy(networks, *data["valid"])
            measured["valid_seconds"] = np.full(len(cells), (clock() - started) / len(cells))
            measured["early_seconds"] = np.full(len(cells), spent / len(cells))
    for name in ("valid", "test"):
        measured[f"{name}_accuracy"] = accuracy(networks, *data[name])
    measured["seconds"] = np.full(len(cells), (clock() - begun) / len(cells))
    return {name: measured[name] for name in MEASURED}


def accuracy(networks: BatchedNetworks, images: torch.Tensor, labels: torch.Tensor, at_once: int = 250) -> np.ndarray:
    """Return the accuracy of each network in percent, shape (G,), with running statistics."""
    networks.eval()
    correct = torch.zeros(networks.count, device=images.device)
    with torch.no_grad():
        for start in range(0, len(images), at_once):
            logits = networks(images[start : start + at_once])
            correct += (logits.argmax(-1) == labels[start : start + at_once]).sum(1)
    return (100 * correct.double() / len(images)).cpu().numpy()


def _clock(device: str) -> Callable[[], float]:
    if not device.startswith("cuda"):
        return time.process_time

    def synchronised() -> float:
        torch.cuda.synchronize()
        return time.perf_counter()

    return synchronised


def merge_blocks(blocks: Sequence[str | Path], recipe: dict[str, Any], output: str | Path) -> None:
    """Merge block files into ground truth: means over training seeds, each given to all cells of the class.

    Written beside the table: its JSON, with the recipe, the seconds and how noisy the table is; and
    ``name-seeds.parquet`` with every single training.

    Raises:
        DataError: a cell or a training seed is missing from the blocks.
    """
    trainings = pd.concat([BLOCKS.read(path) for path in blocks], ignore_index=True)
    trainings = trainings.sort_values(["arch", "train_seed"], kind="stable", ignore_index=True)
    facts = read_facts(blocks[0])
    expected = len(trained_cells()) * recipe["seeds"]
    if len(trainings) != expected or trainings.duplicated(["arch", "train_seed"]).any():
        raise DataError(
            f"The training blocks hold {len(trainings)} trainings where {expected} are expected: "
            "delete the blocks of this dataset and run again."
        )
    means = trainings.groupby("arch")[[name for name in MEASURED if name != "seconds"]].mean()
    strings = np.array(SPACE.strings, dtype=object)
    table = pd.DataFrame({"arch": strings}).join(means, on=pd.Series(strings[SPACE.classes], name="trained"))
    table = table.drop(columns="trained", errors="ignore")
    shape = Skeleton(**facts["skeleton"])
    cells = [Cell.from_code(code) for code in range(SPACE.size)]
    table["params"] = [count_parameters(cell, shape) for cell in cells]
    table["flops"] = [count_flops(cell, shape) / 1e6 for cell in cells]
    dataset, sizes = facts["dataset"], facts["split_sizes"]
    clock = "processor" if facts["device"] == "cpu" else "wall"
    told = f"{recipe['epochs']} epochs on {sizes['train']} images, mean of {recipe['seeds']} training seeds"
    write_truth(
        table,
        {
            "dataset": dataset,
            "source": "trained here, one cell per class of the benchmark",
            "accuracies": {
                "valid_accuracy": f"{dataset}, {sizes['valid']} validation images, {told}",
                "test_accuracy": f"{dataset}, {sizes['test']} test images, {told}",
                "early_valid_accuracy": f"{dataset}, {sizes['valid']} validation images, after "
                f"{recipe['early_epochs']} of {told}",
            },
            "licence": facts["licence"],
            "cite": facts["cite"],
            "recipe": recipe,
            "skeleton": facts["skeleton"],
            "split_sizes": sizes,
            "split_seed": SPLIT_SEED,
            "seed": facts["seed"],
            "trained_cells": len(trained_cells()),
            "versions": facts["versions"],
            "device": facts["device"],
            "seconds_meaning": f"{clock} seconds of one network and one training seed, mean over training seeds",
            **reliability(trainings),
        },
        output,
    )
    seeds_path = Path(output).with_name(f"{Path(output).stem}-seeds.parquet")
    SEEDS.write(
        seeds_path,
        trainings[list(SEEDS.names)],
        {"rows": "one per trained cell and training seed; accuracies in percent", "of": Path(output).name},
    )


def reliability(trainings: pd.DataFrame) -> dict[str, float]:
    """Return how far training seeds agree, from rows of (arch, train_seed, accuracies...).

    Returns:
        ``seconds``: of all trainings together, evaluation included; ``seed_to_seed_spearman``: mean Spearman of test
        accuracy over pairs of training seeds; ``split_half_spearman``: Spearman between the means of the even
        and of the odd training seeds; ``noise_top_100``: standard deviation between training seeds (ddof = 1), averaged
        over the 100 cells of the best mean test accuracy, in percentage points; ``reliability``: 2r / (1 + r) of the
        split-half value r (Spearman-Brown), how far the mean over all seeds can be expected to agree with another such
        mean; ``noise_of_mean_top_100``: ``noise_top_100`` divided by the root of the number of seeds. With a single
        seed the measures of agreement are NaN.
    """
    wide = trainings.pivot(index="arch", columns="train_seed", values="test_accuracy").to_numpy()
    count = wide.shape[1]
    pairs = [spearman(wide[:, a], wide[:, b]).value for a in range(count) for b in range(a)]
    best = np.argsort(-wide.mean(1), kind="stable")[:100]
    noise = float(wide[best].std(1, ddof=1).mean()) if count > 1 else float("nan")
    halves = spearman(wide[:, ::2].mean(1), wide[:, 1::2].mean(1)).value if count > 1 else float("nan")
    return {
        "seconds": round(float(trainings["seconds"].sum()), 1),
        "seed_to_seed_spearman": round(float(np.mean(pairs)), 4) if pairs else float("nan"),
        "split_half_spearman": round(float(halves), 4),
        "reliability": round(float(2 * halves / (1 + halves)), 4),
        "noise_top_100": round(noise, 4),
        "noise_of_mean_top_100": round(noise / count**0.5, 4),
    }
