"""The official split lists of NATS-Bench: which images of its three datasets it trains, validates and tests on.

Source: D-X-Y/AutoDL-Projects (MIT), folder ``configs/nas-benchmark``, a text file per list. Several lists in one
``official_splits.npz`` (keys ``cifar10__train``, ``cifar100_test__xvalid``, ...) are read as well.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfnas.datasets.images import load_npz
from tfnas.errors import DataError

NPZ = "official_splits.npz"
"""Name of the file that holds all lists."""


@dataclass(frozen=True)
class SplitList:
    """Where one official list is found and what it must be.

    Args:
        file: name of the official text file.
        prefix: of its keys in :data:`NPZ`.
        parts: names of the two parts; together they are ``0 .. total - 1``, each number once.
        total: number of images that are split.
    """

    file: str
    prefix: str
    parts: tuple[str, str]
    total: int


SPLITS = {
    "cifar10": SplitList("cifar-split.txt", "cifar10", ("train", "valid"), 50_000),
    "cifar100": SplitList("cifar100-test-split.txt", "cifar100_test", ("xvalid", "xtest"), 10_000),
    "ImageNet16-120": SplitList("imagenet-16-120-test-split.txt", "imagenet16_120_test", ("xvalid", "xtest"), 6_000),
}
"""CIFAR-10 halves its training set; the other two halve their test set and train on all training images."""


def official_split(dataset: str, folders: list[Path]) -> dict[str, np.ndarray] | None:
    """Return the official split of a dataset, if one of the folders holds the list.

    Args:
        dataset: key of :data:`SPLITS`.
        folders: where to look, in this order.

    Returns:
        Each part's name with its positions, int64, ascending; None where no list is at hand.

    Raises:
        DataError: a list is there but is not the official one.
    """
    split = SPLITS[dataset]
    path = find_list(dataset, folders)
    if path is None:
        return None
    if path.name != NPZ:
        return _check(split, _read_text(path), path)
    arrays = load_npz(path)
    return _check(
        split, {part: arrays.get(f"{split.prefix}__{part}", np.empty(0, np.int64)) for part in split.parts}, path
    )


def find_list(dataset: str, folders: list[Path]) -> Path | None:
    """Return the file that :func:`official_split` reads, None where no list is at hand."""
    names = (SPLITS[dataset].file, NPZ)
    return next((folder / name for folder in folders for name in names if (folder / name).is_file()), None)


def _read_text(path: Path) -> dict[str, np.ndarray]:
    """Read the JSON of AutoDL-Projects: ``{"train": ["int", ["0", "5", ...]], ...}``."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {part: np.array([int(number) for number in numbers]) for part, (_, numbers) in content.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(
            f"'{path}' is no split list of AutoDL-Projects ({error}): remove it and get it again."
        ) from None


def _check(split: SplitList, parts: dict[str, np.ndarray], path: Path) -> dict[str, np.ndarray]:
    found = {part: np.sort(np.asarray(parts.get(part, ()), dtype=np.int64)) for part in split.parts}
    both = np.sort(np.concatenate(list(found.values())))
    halves = {len(numbers) for numbers in found.values()}
    if halves != {split.total // 2} or not np.array_equal(both, np.arange(split.total)):
        raise DataError(
            f"'{path}' is not the official split: {' and '.join(split.parts)} must be two disjoint halves of "
            f"0 to {split.total - 1}; remove it and get it again."
        )
    return found
