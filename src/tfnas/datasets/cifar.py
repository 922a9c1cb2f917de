"""CIFAR-10 and CIFAR-100 in the official layout: files, order and md5 of each file are those that torchvision knows.

A test holds the images beside those that torchvision reads.
"""

from pathlib import Path
from typing import Any

import numpy as np

from tfnas.datasets.official_files import checksum
from tfnas.datasets.pickles import ARRAYS, LARGEST_BATCH, read_pickle
from tfnas.datasets.registry import DatasetSpec, Images, register
from tfnas.datasets.splits import official_split
from tfnas.errors import DataError

_COMMON: dict[str, Any] = {
    "channels": 3,
    "image_size": 32,
    "counts": (50_000, 10_000),
    "constants": "xautodl (AutoDL-Projects) get_datasets, pixels 0..255; the same in the code of NASWOT",
}


def _read(reader: str, folder: Path, split: str) -> Images:
    import torchvision.datasets

    kind = getattr(torchvision.datasets, reader)
    root = folder.parent if folder.name == kind.base_folder else folder
    base = root / kind.base_folder
    if not base.is_dir():
        raise DataError(
            f"'{root}' has no folder '{kind.base_folder}': give the folder in which {kind.filename} was unpacked, "
            "or an .npz file."
        )
    images, labels = [], []
    for name, md5 in kind.train_list if split == "train" else kind.test_list:
        path = base / name
        if not path.is_file() or checksum(path, "md5") != md5:
            raise DataError(f"'{path}' is missing or has the wrong md5: unpack {kind.filename} again.")
        entry = read_pickle(path, ARRAYS, f"'{path}'", LARGEST_BATCH, "latin1")
        images.append(np.asarray(entry["data"], dtype=np.uint8).reshape(-1, 3, 32, 32))
        labels.append(np.asarray(entry["labels" if "labels" in entry else "fine_labels"], dtype=np.int64))
    return np.concatenate(images), np.concatenate(labels), np.arange(sum(map(len, labels)))


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
        mean=(125.3, 123.0, 113.9),
        std=(63.0, 62.1, 66.7),
        layout="the folder cifar-10-batches-py of the official archive",
        read=lambda folder, split: _read("CIFAR10", folder, split),
        drawable=_drawable_cifar10,
        **_COMMON,
    )
)
register(
    DatasetSpec(
        name="cifar100",
        classes=100,
        mean=(129.3, 124.1, 112.4),
        std=(68.2, 65.4, 70.4),
        layout="the folder cifar-100-python of the official archive",
        read=lambda folder, split: _read("CIFAR100", folder, split),
        **_COMMON,
    )
)
