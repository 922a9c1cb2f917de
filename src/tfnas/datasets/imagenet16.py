"""ImageNet16-120: the first 120 classes of ImageNet at 16 x 16 pixels.

The official files are those of xautodl's class ``ImageNet16``: ten pickles ``train_data_batch_1 .. 10`` and
``val_data``, each a dict with ``data`` uint8 (n, 768), channels first, and ``labels`` 1 .. 1000. That class unpacks all
1.28 million images into Python lists; here one file is read at a time, after its md5 was found right, and only its
images of classes 1 .. 120 are kept. A test holds both readers side by side.
"""

from pathlib import Path

import numpy as np

from tfnas.datasets.official_files import sources_of, verify
from tfnas.datasets.pickles import ARRAYS, LARGEST_BATCH, read_pickle
from tfnas.datasets.registry import DatasetSpec, Images, register
from tfnas.errors import DataError

NAME = "ImageNet16-120"
CLASSES = 120


def _read(folder: Path, split: str) -> Images:
    images, labels, positions, first = [], [], [], 0
    for source in sources_of(NAME):
        if not source.file.startswith("train_data" if split == "train" else "val_data"):
            continue
        verify(folder / source.file, source)
        entry = read_pickle(folder / source.file, ARRAYS, f"'{folder / source.file}'", LARGEST_BATCH, "latin1")
        all_labels = np.asarray(entry["labels"], dtype=np.int64)
        keep = all_labels <= CLASSES
        images.append(np.asarray(entry["data"], dtype=np.uint8)[keep].reshape(-1, 3, 16, 16))
        labels.append(all_labels[keep] - 1)
        positions.append(first + np.arange(keep.sum()))
        first += int(keep.sum())
    return np.concatenate(images), np.concatenate(labels), np.concatenate(positions)


def _relabel(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep classes 1 .. 120 and count them from 0; labels that hold a 0 are taken as counted from 0 already."""
    if labels.min() == 0:
        return np.ones(len(labels), dtype=bool), labels
    keep = labels <= CLASSES
    if not keep.any():
        raise DataError(f"None of the labels is one of the {CLASSES} classes of {NAME} (1 to {CLASSES}).")
    return keep, labels[keep] - 1


register(
    DatasetSpec(
        name=NAME,
        classes=CLASSES,
        channels=3,
        image_size=16,
        counts=(151_700, 6_000),
        mean=(122.68, 116.66, 104.01),
        std=(63.22, 61.26, 65.09),
        constants="xautodl (AutoDL-Projects) get_datasets, pixels 0..255",
        layout="the files train_data_batch_1 to train_data_batch_10 and val_data",
        read=_read,
        relabel=_relabel,
    )
)
