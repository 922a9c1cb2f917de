"""Images in an ``.npz`` file: a subset of a known dataset, or images of one's own.

Keys, the first that is there wins: ``train_images``, ``train_labels`` and, if given, ``train_index`` (place of each
image in the official training set), with ``test_images`` and so on beside them; or ``images``, ``labels`` and, if
given, ``index``. Own images may add ``mean`` and ``std`` (one number per channel, on the scale of the pixels),
``class_names``, ``licence`` and ``cite``; other keys are left alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfnas.datasets.images import ImageSet, check_images, load_npz
from tfnas.datasets.registry import DatasetSpec, Images
from tfnas.downloads import checksum
from tfnas.errors import DataError
from tfnas.letters import check_letters

_NOT_STATED = "not stated in the file"


def read_subset(spec: DatasetSpec, path: Path, split: str) -> Images:
    """Read images of a known dataset from an ``.npz`` file.

    Raises:
        DataError: the file cannot be read, or what it holds is not of this dataset.
    """
    images, labels, positions = _read_arrays(load_npz(path), path, split)
    expected = (spec.channels, spec.image_size, spec.image_size)
    if images.shape[1:] != expected:
        raise DataError(
            f"The images of '{path}' are {' x '.join(map(str, images.shape[1:]))} where {spec.name} is "
            f"{' x '.join(map(str, expected))}: give images of this dataset, or another name to your own."
        )
    if spec.relabel is not None:
        keep, labels = spec.relabel(labels)
        images, positions = images[keep], positions[keep]
    if labels.min() < 0 or labels.max() >= spec.classes:
        raise DataError(
            f"The labels of '{path}' run from {labels.min()} to {labels.max()} where {spec.name} has classes "
            f"0 to {spec.classes - 1}: check which dataset it is."
        )
    return images, labels, positions


def read_own(name: str, path: Path, split: str) -> ImageSet:
    """Read images of one's own; mean and std are computed from the training images unless the file gives them.

    Args:
        name: the dataset's name in the study file.
        path: the ``.npz`` file.
        split: ``train`` or ``test``.

    Raises:
        DataError: the file cannot be read, or a channel is constant.
    """
    arrays = load_npz(path)
    images, labels, positions = _read_arrays(arrays, path, split)
    if labels.min() < 0:
        raise DataError(f"The labels of '{path}' go down to {labels.min()}: number the classes from 0.")
    train = images if split == "train" else _read_arrays(arrays, path, "train")[0]
    given = "mean" in arrays and "std" in arrays
    mean = np.atleast_1d(arrays["mean"]) if given else train.mean(axis=(0, 2, 3), dtype=np.float64)
    std = np.atleast_1d(arrays["std"]) if given else train.std(axis=(0, 2, 3), dtype=np.float64)
    if (
        mean.shape != (images.shape[1],)
        or std.shape != mean.shape
        or not (std > 0).all()
        or not np.isfinite(mean).all()
    ):
        raise DataError(
            f"Mean {mean.tolist()} and std {std.tolist()} of '{path}' cannot normalise {images.shape[1]} channels: "
            "give one finite mean and one positive std per channel, and drop constant channels."
        )
    classes = len(arrays["class_names"]) if "class_names" in arrays else int(labels.max()) + 1
    if classes < 2 or labels.max() >= classes:
        raise DataError(f"'{path}' has {classes} class(es) and labels up to {labels.max()}: give at least two classes.")
    licence, cite = str(arrays.get("licence", _NOT_STATED)), str(arrays.get("cite", _NOT_STATED))
    check_letters({"licence": licence, "cite": cite}, f"'{path}'", DataError)
    return ImageSet(
        name=name,
        images=images,
        labels=labels,
        positions=positions,
        classes=classes,
        mean=tuple(float(value) for value in mean),
        std=tuple(float(value) for value in std),
        constants="given in the file" if given else "computed from the training images of the file",
        licence=licence,
        cite=cite,
        source=describe_file(path),
        split=split,
        drawn_from="all images of the file" if split == "train" else "the test images of the file",
    )


def describe_file(path: Path) -> str:
    """Return a name for a local file that means the same on every machine: its own name and its checksum."""
    return f"{path.name} (sha256 {checksum(path, 'sha256')[:16]}...)"


def _read_arrays(arrays: dict[str, np.ndarray], path: Path, split: str) -> Images:
    prefix = f"{split}_" if f"{split}_images" in arrays else ""
    if split == "test" and not prefix:
        raise DataError(f"'{path}' has no array 'test_images': it holds no test images.")
    missing = [name for name in (f"{prefix}images", f"{prefix}labels") if name not in arrays]
    if missing:
        raise DataError(
            f"'{path}' has no array {' and '.join(missing)}: name them images and labels, or train_images and "
            f"train_labels (it has {', '.join(arrays) or 'nothing'})."
        )
    images, labels = check_images(arrays[f"{prefix}images"], arrays[f"{prefix}labels"], f"'{path}'")
    positions = np.asarray(arrays.get(f"{prefix}index", np.arange(len(images))), dtype=np.int64)
    if positions.shape != labels.shape:
        raise DataError(
            f"'{path}' has {len(images)} images but {prefix}index of shape {positions.shape}: give one each."
        )
    return images, labels, positions
