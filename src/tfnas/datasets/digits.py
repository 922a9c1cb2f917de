"""Handwritten digits: the 1,797 real images of 8 x 8 pixels that come with scikit-learn; nothing is downloaded.

Pixels are whole numbers from 0 to 16. They are normalised with the mean and the standard deviation of all pixels of
all images (4.8842 and 6.0168): one shift and one scale for everything, so it carries no label and hardly anything of
the images it was computed from.
"""

import hashlib
from pathlib import Path

import numpy as np

from tfnas.datasets.registry import DatasetSpec, Images, register
from tfnas.errors import DataError

NAME = "digits"

IMAGES = 1797
"""Number of images."""

SPLIT_SEED = 0
"""Seed of the split that mini-batches are drawn from, and that a recipe should use unless it studies splits."""

TRAIN_SIZE, VALID_SIZE = 600, 400
"""Default sizes of the split, those of the embedded benchmark; the other 797 images are for testing."""


def digits_splits(
    seed: int = SPLIT_SEED, train: int = TRAIN_SIZE, valid: int = VALID_SIZE, test: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a stratified split of the digits into three disjoint parts.

    Each image gets the SHA-256 of ``"{seed}:{position}"``. Within a class of n images, the one with the r-th smallest
    hash (r = 0 .. n - 1) is ranked (r + 0.5) / n; all images in the order of this rank, ties by hash, are cut into
    train, valid and test. Every part is stratified to within one image per class, a longer part contains the shorter
    one of the same seed, and no library's random numbers are involved, so the split will never change.

    Args:
        seed: of the split.
        train: number of training images.
        valid: number of validation images.
        test: number of test images; None is all that are left (797 by default).

    Returns:
        Three int64 arrays of positions 0 .. 1796, each ascending.

    Raises:
        DataError: a part is empty, or they need more than 1,797 images.
    """
    test = IMAGES - train - valid if test is None else test
    check_sizes(train, valid, test)
    from sklearn.datasets import load_digits

    labels = load_digits().target
    hashes = [hashlib.sha256(f"{seed}:{position}".encode()).hexdigest() for position in range(IMAGES)]
    rank = np.empty(IMAGES)
    for digit in range(10):
        members = sorted(np.flatnonzero(labels == digit), key=hashes.__getitem__)
        rank[members] = (np.arange(len(members)) + 0.5) / len(members)
    order = np.array(sorted(range(IMAGES), key=lambda position: (rank[position], hashes[position])), dtype=np.int64)
    ends = np.cumsum([train, valid, test])
    return np.sort(order[: ends[0]]), np.sort(order[ends[0] : ends[1]]), np.sort(order[ends[1] : ends[2]])


def check_sizes(train: int, valid: int, test: int) -> None:
    """Check that the digits can be split into parts of these sizes, without reading them.

    Raises:
        DataError: a part is empty, or they need more than 1,797 images.
    """
    if min(train, valid, test) < 1 or train + valid + test > IMAGES:
        raise DataError(
            f"The digits cannot be split into {train}, {valid} and {test} images: "
            f"each part needs at least one and all together have {IMAGES}."
        )


def _read(folder: Path, split: str) -> Images:
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = digits.images.astype(np.uint8)[:, None]
    positions = np.arange(len(images))
    if split == "test":
        positions = digits_splits()[2]
    return images[positions], digits.target[positions].astype(np.int64), positions


def _drawable(positions: np.ndarray, folders: list[Path]) -> tuple[np.ndarray | None, str]:
    train = digits_splits()[0]
    words = f"the {len(train)} training images of digits_splits(seed={SPLIT_SEED})"
    return np.flatnonzero(np.isin(positions, train)), words


register(
    DatasetSpec(
        name=NAME,
        classes=10,
        channels=1,
        image_size=8,
        counts=(IMAGES, IMAGES - TRAIN_SIZE - VALID_SIZE),
        mean=(4.8842,),
        std=(6.0168,),
        constants="mean and standard deviation of all pixels of all 1,797 images, pixels 0..16",
        layout="nothing: the images come with scikit-learn",
        read=_read,
        drawable=_drawable,
        embedded=True,
    )
)
