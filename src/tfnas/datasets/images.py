"""Images with labels, checked; and the fixed mini-batches that proxies look at.

Pixels are kept as the source has them (uint8) and normalised when a batch is made:
``(pixel - mean) / std`` per channel, with mean and std on the scale of the pixels.
"""

import hashlib
import os
import zipfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from tfnas.errors import DataError
from tfnas.files import atomic, facts_path, read_json, write_json

LARGEST_MEAN = 1.5
"""How far from 0 the mean of the normalised training pixels of a channel may be."""

STDS = (0.25, 4.0)
"""Between which borders their standard deviation must lie."""

PerChannel = Sequence[float] | np.ndarray

ARRAYS = ("images", "pixels", "labels", "positions")
"""What the file of a mini-batch holds."""


@dataclass(frozen=True)
class ImageSet:
    """Labelled images of one dataset and split.

    Args:
        name: name of the dataset.
        images: uint8, shape (N, C, H, W), as the source has them.
        labels: int64, shape (N,), 0-based classes.
        positions: int64, shape (N,), place of each image in the source's training (or test) set.
        classes: number of classes.
        mean: mean per channel, on the scale of the pixels.
        std: standard deviation per channel, on the scale of the pixels.
        constants: where mean and std come from.
        licence: licence of the images.
        cite: what to cite.
        source: where the images were read from, in words (no folder of this machine).
        split: ``train`` or ``test``.
        drawable: int64, indices of the images that mini-batches may be drawn from; None is all.
        drawn_from: the same in words.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    positions: np.ndarray
    classes: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    constants: str
    licence: str
    cite: str
    source: str
    split: str = "train"
    drawable: np.ndarray | None = None
    drawn_from: str = "the whole training set"

    def __len__(self) -> int:
        return len(self.images)

    def normalise(self, pixels: np.ndarray) -> np.ndarray:
        """Return ``(pixels - mean) / std`` per channel.

        Args:
            pixels: uint8, shape (B, C, H, W).

        Returns:
            float32, same shape.
        """
        mean = np.asarray(self.mean, dtype=np.float32)[:, None, None]
        std = np.asarray(self.std, dtype=np.float32)[:, None, None]
        return (pixels.astype(np.float32) - mean) / std


@dataclass(frozen=True)
class Batch:
    """A fixed mini-batch.

    Args:
        images: float32, shape (B, C, H, W), normalised.
        pixels: uint8, shape (B, C, H, W), before normalisation.
        labels: int64, shape (B,).
        positions: int64, shape (B,), place of each image in the source's training set.
        facts: what the batch holds and where it comes from.
    """

    images: np.ndarray
    pixels: np.ndarray
    labels: np.ndarray
    positions: np.ndarray
    facts: dict[str, Any]

    def write(self, path: str | Path) -> None:
        """Write the batch as ``name.npz`` and its facts as ``name.json``.

        Raises:
            DataError: the folder cannot be written to.
        """
        write_json(facts_path(path), self.facts)
        with atomic(path) as temporary:
            np.savez_compressed(temporary, **{name: getattr(self, name) for name in ARRAYS})

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a batch that :meth:`write` wrote.

        Raises:
            DataError: a file is missing or damaged.
        """
        arrays = load_npz(path)
        if missing := [name for name in ARRAYS if name not in arrays]:
            raise DataError(
                f"'{path}' has no array {', '.join(missing)}: it is no mini-batch, remove it and run again."
            )
        return cls(**{name: arrays[name] for name in ARRAYS}, facts=read_json(facts_path(path)))


def stands_for(batch: Batch, dataset: str) -> Batch:
    """Return a mini-batch as that of a dataset; where the images are another's its facts name that one (images_of)."""
    if batch.facts["dataset"] != dataset:
        batch.facts.update(dataset=dataset, images_of=batch.facts["dataset"])
    return batch


def make_batch(image_set: ImageSet, batch_size: int, seed: int) -> Batch:
    """Draw a mini-batch without replacement and without augmentation.

    The drawable images are shuffled with ``numpy.random.default_rng(seed)`` and the first ``batch_size`` different ones
    are taken: two equal images would make the kernel of NASWOT singular for every cell.

    Args:
        image_set: where to draw from.
        batch_size: number of images, at least 2.
        seed: of this batch, for example ``child_seed(master, study, dataset, "batch")``.

    Raises:
        DataError: there are fewer different images than were asked for.
    """
    drawable = np.arange(len(image_set)) if image_set.drawable is None else image_set.drawable
    if batch_size < 2:
        raise DataError(f"A batch of {batch_size} compares nothing: set scoring.batch_size to at least 2.")
    if batch_size > len(drawable):
        raise DataError(
            f"A batch of {batch_size} is larger than the {len(drawable)} images of {image_set.name} "
            f"({image_set.source}, {image_set.drawn_from}): set scoring.batch_size to at most {len(drawable)}."
        )
    places: dict[bytes, int] = {}  # by what the image holds
    for place in np.random.default_rng(seed).permutation(drawable):
        places.setdefault(image_set.images[place].tobytes(), int(place))
        if len(places) == batch_size:
            break
    chosen = list(places.values())
    if len(chosen) < batch_size:
        raise DataError(
            f"{image_set.name} ({image_set.source}) has {len(chosen)} different images, fewer than a batch of "
            f"{batch_size}: set scoring.batch_size to at most {len(chosen)}."
        )
    pixels = np.ascontiguousarray(image_set.images[chosen])
    facts = {
        "dataset": image_set.name,
        "source": image_set.source,
        "split": image_set.split,
        "drawn_from": image_set.drawn_from,
        "classes": image_set.classes,
        "images": batch_size,
        "shape": list(pixels.shape[1:]),
        "mean": list(image_set.mean),
        "std": list(image_set.std),
        "constants": image_set.constants,
        "augmentation": "none",
        "seed": seed,
        "sha256": hashlib.sha256(pixels.tobytes()).hexdigest(),
        "licence": image_set.licence,
        "cite": image_set.cite,
    }
    return Batch(
        images=image_set.normalise(pixels),
        pixels=pixels,
        labels=image_set.labels[chosen],
        positions=image_set.positions[chosen],
        facts=facts,
    )


def check_shape(shape: tuple[int, ...], place: str) -> None:
    """Check that images are N x C x H x W squares that the network can halve twice.

    Args:
        shape: of the array of images.
        place: what to call the file in a message.

    Raises:
        DataError: they are not; the message says what is wrong and what to do.
    """
    if len(shape) != 4 or not 1 <= shape[1] <= 4:
        raise DataError(
            f"The images of {place} have shape {shape} where N x C x H x W with 1 to 4 channels is expected: "
            "transpose or reshape them."
        )
    if shape[0] == 0:
        raise DataError(f"{place} holds no image: use a file that does.")
    height, width = shape[2:]
    if height != width or height < 8 or height % 4:
        raise DataError(
            f"The images of {place} are {height} x {width} pixels where squares are expected with a side of at "
            "least 8 that 4 divides (the network halves them twice): crop or resize them."
        )


def check_labels(labels: np.ndarray, count: int, place: str) -> np.ndarray:
    """Check that there is a whole number for each image and return them as int64 (N,); a column (N, 1) is taken.

    Args:
        labels: as the file has them.
        count: number of images.
        place: what to call the file in a message.

    Raises:
        DataError: there are more or fewer labels than images, or they are no whole numbers.
    """
    if labels.shape == (count, 1):
        labels = labels[:, 0]
    if labels.ndim > 1:
        raise DataError(
            f"The labels of {place} have shape {labels.shape} where ({count},) is expected: give the number of its "
            "class for each image (of one-hot labels: labels.argmax(1))."
        )
    if labels.shape != (count,):
        raise DataError(f"{place} has {count} images but labels of shape {labels.shape}: give one for each.")
    if labels.dtype.kind not in "iu":
        raise DataError(f"The labels of {place} are of type {labels.dtype} where integers are expected: number them.")
    if int(labels.max()) > np.iinfo(np.int64).max:
        raise DataError(f"The labels of {place} go up to {labels.max()}: number the classes from 0 without gaps.")
    return labels.astype(np.int64)


def check_pixels(images: np.ndarray, place: str) -> np.ndarray:
    """Check the pixels of images (N, C, H, W) and return them as uint8.

    Raises:
        DataError: they are no whole numbers from 0 to 255, or every image is of one colour.
    """
    if images.dtype != np.uint8:
        images = _as_uint8(images, place)
    if (images == images[:, :1, :1, :1]).all():
        raise DataError(f"Every image of {place} is of one single colour: it says nothing about a network.")
    return images


def check_statistics(images: np.ndarray, mean: PerChannel, std: PerChannel, place: str, mend: str) -> None:
    """Refuse a mean and std under which training pixels are far from mean 0 and standard deviation 1.

    Networks at initialisation expect inputs of that order; their scores change with it. The borders
    (:data:`LARGEST_MEAN`, :data:`STDS`) leave room for small subsets, and for constants of other images of the same
    scale, those of ImageNet for example. A mean, a std or pixels on the scale 0 to 1 where the others are on 0 to 255,
    or a variance in the place of std, lie outside.

    Args:
        images: training images, uint8, shape (N, C, H, W).
        mean: mean per channel.
        std: standard deviation per channel.
        place: what to call the file in a message.
        mend: what to do, for the message.

    Raises:
        DataError: a channel is outside the borders.
    """
    counts = np.zeros((images.shape[1], 256), dtype=np.int64)
    for start in range(0, len(images), 1024):  # a copy of so many at a time
        for channel, row in enumerate(counts):
            row += np.bincount(images[start : start + 1024, channel].ravel(), minlength=256)
    for channel, row in enumerate(counts):
        pixels = (np.arange(256) - mean[channel]) / std[channel]
        centre = float(np.average(pixels, weights=row))
        spread = float(np.sqrt(np.average((pixels - centre) ** 2, weights=row)))
        if abs(centre) > LARGEST_MEAN or not STDS[0] <= spread <= STDS[1]:
            raise DataError(
                f"With mean {mean[channel]:g} and std {std[channel]:g} the training pixels of channel {channel} of "
                f"{place} have mean {centre:.3g} and standard deviation {spread:.3g} where about 0 and 1 are expected "
                f"(they run from {np.flatnonzero(row)[0]} to {np.flatnonzero(row)[-1]}): {mend}."
            )


def _as_uint8(images: np.ndarray, place: str) -> np.ndarray:
    if images.dtype.kind not in "iuf":
        raise DataError(f"The images of {place} are of type {images.dtype} where uint8 is expected: convert them.")
    if not np.isfinite(images).all():
        count = int((~np.isfinite(images)).any(axis=(1, 2, 3)).sum())
        raise DataError(f"{count} of the {len(images)} images of {place} hold NaN or infinite pixels: repair them.")
    if images.min() < 0 or images.max() > 255 or (images != np.round(images)).any():
        raise DataError(
            f"The pixels of {place} run from {images.min():g} to {images.max():g} where whole numbers from 0 to 255 "
            "are expected: give them as they were before any normalisation."
        )
    return images.astype(np.uint8)


def load_npz(path: str | Path, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Read arrays of an ``.npz`` file; pickled objects are refused.

    Args:
        path: the file.
        names: the arrays to read, as far as the file has them; None is all. Others are not looked at.

    Raises:
        DataError: the file is missing, damaged, holds Python objects, or more than this machine's memory.
    """
    with _reading_npz(path), np.load(path, allow_pickle=False) as file:
        wanted = [name for name in file.files if names is None or name in names]
        _check_memory(path, wanted)
        arrays = {name: file[name] for name in wanted}
        for name, array in arrays.items():
            if not isinstance(array, np.ndarray):
                raise ValueError(f"'{name}' is no array")
        return arrays


def npz_shapes(path: str | Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays in an ``.npz`` file by name, without reading the arrays.

    Raises:
        DataError: the file is missing or damaged.
    """
    shapes = {}
    with _reading_npz(path), zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member.endswith(".npy"):
                with archive.open(member) as file:
                    first = np.lib.format.read_magic(file) == (1, 0)
                    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
                    shapes[member.removesuffix(".npy")] = read(file)[0]
    return shapes


@contextmanager
def _reading_npz(path: str | Path) -> Iterator[None]:
    """Turn the errors of a file that is no sound ``.npz`` into one sentence."""
    try:
        yield
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"'{path}' does not exist: check the path in the study file.") from None
    except MemoryError as error:
        raise DataError(
            f"'{path}' claims more memory than there is ({error}): it may be damaged, make it again or smaller."
        ) from error
    except Exception as error:  # a damaged zip or header fails in many ways: method, checksum, syntax, types
        if isinstance(error, ValueError) and "Object arrays" in str(error):
            raise DataError(
                f"'{path}' holds an array of Python objects, which is not read: save numbers or text "
                "(for example labels.astype(np.int64), class_names.astype(str))."
            ) from None
        raise DataError(f"'{path}' cannot be read as .npz ({error}): it may be damaged, make it again.") from error


def _check_memory(path: str | Path, names: list[str]) -> None:
    """Refuse arrays that together unpack to more than this machine's memory: a zip can claim a thousandfold."""
    with zipfile.ZipFile(path) as archive:
        claimed = sum(member.file_size for member in archive.infolist() if member.filename[:-4] in names)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if claimed > memory:
        raise DataError(
            f"'{path}' unpacks to {claimed:,} bytes, more than the {memory:,} of this machine's memory: use a smaller "
            "file."
        )
