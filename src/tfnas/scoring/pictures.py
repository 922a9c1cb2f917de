"""The mini-batch that a single network is scored on: a tensor, an array, a ``.npz`` file or a folder of pictures."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tfnas.datasets.own_images import read_own
from tfnas.errors import DataError

FIRST = 64
"""Images taken of a file or folder."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")


def pictures(
    images: Tensor | np.ndarray | str | Path, labels: Tensor | np.ndarray | None = None
) -> tuple[Tensor, Tensor | None]:
    """Return a mini-batch (B, C, H, W), float32, normalised, and its labels (B,), int64, or None where nobody says.

    Args:
        images: numbers that are normalised already; pixels (uint8), which are normalised by the mean and standard
            deviation of each channel; a ``.npz`` file as for studies (:mod:`tfnas.datasets.own_images`); or a folder
            of pictures of one size, in a folder for each class or without classes.
        labels: whole numbers from 0; those of the file or folder if left out.

    Raises:
        DataError: they are no mini-batch of images, or labels do not fit them.
    """
    found: Tensor | np.ndarray | None = None
    if isinstance(images, str | Path):
        path = Path(images)
        if not path.exists():
            raise DataError(f"'{path}' does not exist: give a .npz file or a folder of pictures.")
        if path.is_dir():
            values, found = _of_folder(path)
        else:
            read = read_own(path.stem, path, "train")
            values = torch.from_numpy(read.normalise(read.images[:FIRST]))
            found = read.labels[:FIRST]
    else:
        values = torch.as_tensor(images)
    values = _normalised(values)
    given = labels if labels is not None else found
    targets = None if given is None else torch.as_tensor(given).long().cpu()
    if targets is not None and (targets.shape != (len(values),) or int(targets.min()) < 0):
        raise DataError(
            f"There are {len(values)} images and labels of shape {tuple(targets.shape)} from {int(targets.min())}: "
            "give one whole number from 0 for each image."
        )
    return values, targets


def _normalised(values: Tensor) -> Tensor:
    if values.ndim != 4 or len(values) < 2:
        raise DataError(
            f"Images have the shape {tuple(values.shape)}: give two or more, of shape (B, channels, height, width)."
        )
    pixels = values.dtype == torch.uint8
    values = values.float()
    if not values.isfinite().all():
        raise DataError("An image holds numbers that are not finite: check what it was made from.")
    if (values == values[:1]).all():
        raise DataError("All images are equal, so no proxy can tell networks apart: use real images.")
    if pixels:
        mean, std = values.mean((0, 2, 3), keepdim=True), values.std((0, 2, 3), keepdim=True)
        values = (values - mean) / std.clamp_min(1e-6)
    return values


def _of_folder(folder: Path) -> tuple[Tensor, np.ndarray | None]:
    """Return the pixels of the pictures of a folder, in turn one of each class, and their classes."""
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and any(_pictures_in(path)))
    if classes:
        listed = [list(_pictures_in(path)) for path in classes]
        chosen = [
            (paths[turn], number)
            for turn in range(max(map(len, listed)))
            for number, paths in enumerate(listed)
            if turn < len(paths)
        ][:FIRST]
    else:
        chosen = [(path, 0) for path in _pictures_in(folder)][:FIRST]
    if len(chosen) < 2:
        raise DataError(f"'{folder}' holds {len(chosen)} pictures ({', '.join(SUFFIXES)}): give two or more.")
    pixels = [_pixels(path) for path, _ in chosen]
    for (path, _), one in zip(chosen, pixels, strict=True):
        if one.shape != pixels[0].shape:
            raise DataError(
                f"'{path}' is {' x '.join(map(str, one.shape))} (channels x height x width) where '{chosen[0][0]}' is "
                f"{' x '.join(map(str, pixels[0].shape))}: bring all pictures to one size."
            )
    return torch.from_numpy(np.stack(pixels)), np.array([number for _, number in chosen]) if classes else None


def _pictures_in(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def _pixels(path: Path) -> np.ndarray:
    """Return the pixels of a picture, (channels, height, width), uint8: one channel if it is grey, else three."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            grey = picture.mode in ("1", "L", "LA", "I", "I;16", "F")
            values = np.asarray(picture.convert("L" if grey else "RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"'{path}' cannot be read as a picture ({error}): mend or remove it.") from error
    return values[None] if grey else values.transpose(2, 0, 1).copy()
