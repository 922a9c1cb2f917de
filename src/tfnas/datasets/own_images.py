"""Images in an ``.npz`` file: a subset of a known dataset, or images of one's own.

Keys, the first that is there wins: ``train_images``, ``train_labels`` and, if given, ``train_index`` (place of each
image in the official training set), with ``test_images`` and so on beside them; or ``images``, ``labels`` and, if
given, ``index``. Own images may add ``mean`` and ``std`` (one number per channel, on the scale of the pixels),
``class_names``, ``licence`` and ``cite``; other keys are left alone.

Whichever part is asked for, training and test images are held against each other first. That needs no pixel, so a
study file can be checked with it.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tfnas.datasets.images import (
    ImageSet,
    check_labels,
    check_pixels,
    check_shape,
    check_statistics,
    load_npz,
    npz_shapes,
)
from tfnas.datasets.official_files import checksum
from tfnas.datasets.registry import DatasetSpec, Images
from tfnas.errors import DataError
from tfnas.letters import check_letters

CONSTANTS = ("mean", "std")
EXTRAS = (*CONSTANTS, "class_names", "licence", "cite")
"""What a file of own images may say beside images, labels and their places."""

_NAMES = [*EXTRAS, *(f"{prefix}{name}" for prefix in ("", "train_", "test_") for name in ("labels", "index"))]
"""All arrays that are looked at, but for the images themselves."""


@dataclass(frozen=True)
class Part:
    """The training or the test images of a file, without their pixels.

    Args:
        key: name of the array of images.
        shape: of that array, (N, C, H, W).
        kept: indices of the images of this array that belong to the dataset, shape (n,).
        labels: int64, shape (n,), as the file has them, or 0-based classes of a known dataset.
        positions: int64, shape (n,), place of each image in the source's training (or test) set.
    """

    key: str
    shape: tuple[int, ...]
    kept: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)
    positions: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class Outline:
    """What a file holds, without the pixels, checked.

    Args:
        path: the file.
        parts: ``train`` and, if the file has test images, ``test``.
        classes: number of classes.
        constants: mean and standard deviation per channel as the file gives them, None where it gives none.
        extras: whatever else of :data:`EXTRAS` the file gives.
    """

    path: Path
    parts: dict[str, Part]
    classes: int
    constants: tuple[np.ndarray, np.ndarray] | None
    extras: dict[str, np.ndarray]

    def part(self, split: str) -> Part:
        """Return ``train`` or ``test``.

        Raises:
            DataError: the file has no test images.
        """
        if split not in self.parts:
            raise DataError(
                f"'{self.path}' has no array 'test_images', but networks are tested: add it with test_labels."
            )
        return self.parts[split]

    def pixels(self, split: str) -> np.ndarray:
        """Read and check the images of a part: uint8, shape (n, C, H, W).

        Raises:
            DataError: the pixels are none, or the file has no such part.
        """
        part = self.part(split)
        images = check_pixels(load_npz(self.path, (part.key,))[part.key], f"'{self.path}'")
        return images if len(part.kept) == len(images) else images[part.kept]


def read_subset(spec: DatasetSpec, path: Path, split: str) -> Images:
    """Read images of a known dataset from an ``.npz`` file.

    Raises:
        DataError: the file cannot be read, or what it holds is not of this dataset.
    """
    outline = outline_of_subset(spec, path)
    part, images = outline.part(split), outline.pixels(split)
    if split == "train":
        mend = f"give the pixels of {spec.name} on their own scale, or another name to your own images"
        check_statistics(images, spec.mean, spec.std, f"'{path}'", mend)
    return images, part.labels, part.positions


def read_own(name: str, path: Path, split: str) -> ImageSet:
    """Read images of one's own; mean and std are computed from the training images unless the file gives them.

    Args:
        name: the dataset's name in the study file.
        path: the ``.npz`` file.
        split: ``train`` or ``test``.

    Raises:
        DataError: the file cannot be read, training and test images or labels do not agree, mean and std do not
            normalise the training pixels, or a channel is constant.
    """
    outline = outline_of_own(path)
    part, images = outline.part(split), outline.pixels(split)
    train = images if split == "train" else outline.pixels("train")
    if outline.constants is not None:
        mean, std = outline.constants
        mend = "give mean and std on the scale of the pixels, or leave both out to have them computed"
        check_statistics(train, mean, std, f"'{path}'", mend)
    else:
        mean, std = train.mean(axis=(0, 2, 3), dtype=np.float64), train.std(axis=(0, 2, 3), dtype=np.float64)
        if not (std > 0).all():
            raise DataError(
                f"Channel {int(np.argmin(std))} of the training images of '{path}' is the same everywhere, so it "
                "cannot be normalised: drop constant channels."
            )
    licence, cite = (str(outline.extras.get(key, "not stated in the file")) for key in ("licence", "cite"))
    check_letters({"licence": licence, "cite": cite}, f"'{path}'", DataError)
    return ImageSet(
        name=name,
        images=images,
        labels=part.labels,
        positions=part.positions,
        classes=outline.classes,
        mean=tuple(float(value) for value in mean),
        std=tuple(float(value) for value in std),
        constants="given in the file" if outline.constants else "computed from the training images of the file",
        licence=licence,
        cite=cite,
        source=describe_file(path),
        split=split,
        drawn_from="all images of the file" if split == "train" else "the test images of the file",
    )


def outline_of_subset(spec: DatasetSpec, path: Path) -> Outline:
    """Return what a file of images of a known dataset holds, with 0-based classes.

    Raises:
        DataError: the file cannot be read, or what it holds is not of this dataset.
    """
    parts = _parts(path, load_npz(path, _NAMES))
    expected = (spec.channels, spec.image_size, spec.image_size)
    for split, part in parts.items():
        if part.shape[1:] != expected:
            raise DataError(
                f"The images of '{path}' are {' x '.join(map(str, part.shape[1:]))} where {spec.name} is "
                f"{' x '.join(map(str, expected))}: give images of this dataset, or another name to your own."
            )
        if spec.relabel is not None:
            keep, labels = spec.relabel(part.labels)
            part = replace(part, kept=part.kept[keep], labels=labels, positions=part.positions[keep])
            parts[split] = part
        if part.labels.min() < 0 or part.labels.max() >= spec.classes:
            raise DataError(
                f"The labels of '{path}' run from {part.labels.min()} to {part.labels.max()} where {spec.name} has "
                f"classes 0 to {spec.classes - 1}: check which dataset it is."
            )
    _check_same_classes(parts, path)
    return Outline(path, parts, spec.classes, None, {})


def outline_of_own(path: Path) -> Outline:
    """Return what a file of one's own images holds.

    Raises:
        DataError: the file cannot be read, images or labels are not as they should be, training and test images do not
            agree, or what the file says of its classes and constants does not fit them.
    """
    arrays = load_npz(path, _NAMES)
    parts = _parts(path, arrays)
    extras = {name: arrays[name] for name in EXTRAS if name in arrays}
    classes = _classes(parts, extras.get("class_names"), path)
    _check_same_classes(parts, path)
    return Outline(path, parts, classes, _constants(extras, parts["train"].shape[1], path), extras)


def describe_file(path: Path) -> str:
    """Return a name for a local file that means the same on every machine: its own name and its checksum."""
    return f"{path.name} (sha256 {checksum(path, 'sha256')[:16]}...)"


def _parts(path: Path, arrays: dict[str, np.ndarray]) -> dict[str, Part]:
    """Return the parts of a file; test images must have the shape of training images."""
    shapes = npz_shapes(path)
    parts = {"train": _part("train_" if "train_images" in shapes else "", path, shapes, arrays)}
    if "test_images" in shapes:
        parts["test"] = _part("test_", path, shapes, arrays)
        train, test = parts["train"].shape[1:], parts["test"].shape[1:]
        if train != test:
            raise DataError(
                f"The test images of '{path}' are {' x '.join(map(str, test))} (channels x height x width) where its "
                f"training images are {' x '.join(map(str, train))}: give both the same shape."
            )
    return parts


def _part(prefix: str, path: Path, shapes: dict[str, tuple[int, ...]], arrays: dict[str, np.ndarray]) -> Part:
    key, missing = f"{prefix}images", [name for name in (f"{prefix}images", f"{prefix}labels") if name not in shapes]
    if missing:
        raise DataError(
            f"'{path}' has no array {' and '.join(missing)}: name them images and labels, or train_images and "
            f"train_labels (it has {', '.join(shapes) or 'nothing'})."
        )
    shape, place = shapes[key], f"'{path}'" if prefix != "test_" else f"'{path}' (test)"
    check_shape(shape, place)
    labels = check_labels(arrays[f"{prefix}labels"], shape[0], place)
    positions = arrays.get(f"{prefix}index", np.arange(shape[0]))
    if positions.shape != labels.shape:
        raise DataError(f"{place} has {shape[0]} images but {prefix}index of shape {positions.shape}: give one each.")
    if positions.dtype.kind not in "iu" or positions.min() < 0 or positions.max() > np.iinfo(np.int64).max:
        raise DataError(
            f"{prefix}index of {place} must hold whole numbers, 0 or more (it is of type {positions.dtype}): give the "
            "place of each image in the official set, or leave it out."
        )
    return Part(key, shape, np.arange(shape[0]), labels, positions.astype(np.int64))


def _classes(parts: dict[str, Part], names: np.ndarray | None, path: Path) -> int:
    """Return the number of classes: that of ``class_names``, or of the training labels, which then have no gaps."""
    present = np.unique(parts["train"].labels)
    lowest = min(int(part.labels.min()) for part in parts.values())
    highest = int(present[-1])
    if lowest < 0:
        raise DataError(f"The labels of '{path}' go down to {lowest}: number the classes from 0.")
    if names is not None and names.ndim != 1:
        raise DataError(f"class_names of '{path}' has shape {names.shape}: give one list with a name for each class.")
    if names is not None and highest >= len(names):
        raise DataError(
            f"class_names of '{path}' has {len(names)} names, but labels go up to {highest}: give a name to each of "
            "the classes from 0."
        )
    classes = len(names) if names is not None else highest + 1
    if classes < 2:
        raise DataError(f"'{path}' has {classes} class(es) and labels up to {highest}: give at least two classes.")
    if names is None and len(present) != classes:
        gap = int(np.flatnonzero(present != np.arange(len(present)))[0])
        raise DataError(
            f"The training labels of '{path}' hold {len(present)} different numbers from {present[0]} to {highest}, "
            f"but not {gap}: number the classes from 0 without gaps, or name all of them under class_names."
        )
    return classes


def _check_same_classes(parts: dict[str, Part], path: Path) -> None:
    """Refuse test images of classes that no training image shows: no network can learn them."""
    if "test" not in parts:
        return
    test = parts["test"].labels
    unknown = test[~np.isin(test, parts["train"].labels)]
    if unknown.size:
        raise DataError(
            f"{unknown.size} of the {test.size} test images of '{path}' are of classes that no training image has, the "
            f"first of class {unknown[0]}: add training images of them, or take these test images out."
        )


def _constants(extras: dict[str, np.ndarray], channels: int, path: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """Return mean and std as the file gives them, shape (C,) each, None where it gives none."""
    given = [name for name in CONSTANTS if name in extras]
    if not given:
        return None
    if len(given) == 1:
        other = "std" if given == ["mean"] else "mean"
        raise DataError(f"'{path}' gives {given[0]} but no {other}: give both, or neither to have them computed.")
    mean, std = (np.atleast_1d(extras[name]) for name in CONSTANTS)
    numbers = all(values.dtype.kind in "iuf" and values.shape == (channels,) for values in (mean, std))
    if not numbers or not np.isfinite([mean, std]).all() or not (std > 0).all():
        raise DataError(
            f"Mean {mean.tolist()} and std {std.tolist()} of '{path}' cannot normalise {channels} channels: "
            "give one finite mean and one positive std per channel, as numbers, or leave both out."
        )
    return mean, std
