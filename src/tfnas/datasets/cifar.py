"""CIFAR-10 and CIFAR-100, read by torchvision, which checks the md5 of every file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfnas.datasets.registry import DatasetSpec, Images, register
from tfnas.datasets.splits import official_split
from tfnas.errors import DataError

_CONSTANTS = "xautodl (AutoDL-Projects) get_datasets, pixels 0..255; the same in the code of NASWOT"


def _read(reader: str, folder: Path, split: str) -> Images:
    import torchvision.datasets

    kind = getattr(torchvision.datasets, reader)
    root = folder.parent if folder.name == kind.base_folder else folder
    if not (root / kind.base_folder).is_dir():
        raise DataError(
            f"'{root}' has no folder '{kind.base_folder}': give the folder in which {kind.filename} was unpacked, "
            "or an .npz file."
        )
    try:
        data = kind(root, train=split == "train", download=False)
    except RuntimeError:
        raise DataError(
            f"A file in '{root / kind.base_folder}' is missing or has the wrong md5: unpack {kind.filename} again."
        ) from None
    labels = np.asarray(data.targets, dtype=np.int64)
    return np.ascontiguousarray(data.data.transpose(0, 3, 1, 2)), labels, np.arange(len(labels))


def _read_cifar10(folder: Path, split: str) -> Images:
    return _read("CIFAR10", folder, split)


def _read_cifar100(folder: Path, split: str) -> Images:
    return _read("CIFAR100", folder, split)


def _drawable_cifar10(positions: np.ndarray, folders: list[Path]) -> tuple[np.ndarray | None, str]:
    """Only the half of the training set that the benchmark trains on, if its list is at hand."""
    split = official_split("cifar10", folders)
    if split is None:
        return None, "the whole training set (the benchmark's split list cifar-split.txt is not at hand)"
    return np.flatnonzero(np.isin(positions, split["train"])), "the train half of NATS-Bench's split of CIFAR-10"


register(
    DatasetSpec(
        name="cifar10",
        classes=10,
        channels=3,
        image_size=32,
        mean=(125.3, 123.0, 113.9),
        std=(63.0, 62.1, 66.7),
        constants=_CONSTANTS,
        layout="the folder cifar-10-batches-py of the official archive",
        read=_read_cifar10,
        drawable=_drawable_cifar10,
    )
)
register(
    DatasetSpec(
        name="cifar100",
        classes=100,
        channels=3,
        image_size=32,
        mean=(129.3, 124.1, 112.4),
        std=(68.2, 65.4, 70.4),
        constants=_CONSTANTS,
        layout="the folder cifar-100-python of the official archive",
        read=_read_cifar100,
    )
)
