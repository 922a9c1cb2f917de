"""Which images a training recipe trains, validates and tests on; and whether a dataset has them, before it is read.

The digits that come with scikit-learn are cut by :func:`tfnas.datasets.digits.digits_splits`. Of any other dataset,
``train_size`` and ``valid_size`` images are drawn from its training set and ``test_size`` from its test set, by a
seeded shuffle. No torch is imported.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tfnas.datasets.digits import NAME as DIGITS
from tfnas.datasets.digits import SPLIT_SEED, check_sizes, digits_splits
from tfnas.datasets.own_images import outline_of_own, outline_of_subset
from tfnas.datasets.registry import dataset_names, get_dataset
from tfnas.errors import DataError
from tfnas.seeds import child_rng

PARTS = ("train", "valid", "test")


def check_recipe(dataset: str, path: str | Path | None, recipe: Mapping[str, int]) -> None:
    """Check that a dataset has the images that a recipe asks for, without reading a pixel.

    Args:
        dataset: name of the dataset.
        path: its images in the study file: an ``.npz`` file, a folder in the official layout, or None.
        recipe: ``train_size``, ``valid_size`` and ``test_size``.

    Raises:
        DataError: there are too few, or the file is not as it should be.
    """
    sizes = {part: recipe[f"{part}_size"] for part in PARTS}
    if path is not None and Path(path).suffix == ".npz":
        known = dataset in dataset_names()
        outline = outline_of_subset(get_dataset(dataset), Path(path)) if known else outline_of_own(Path(path))
        train, test = outline.part("train").labels, outline.part("test").labels
        check_classes(dataset, train, test, training_places(dataset, path, len(train), len(test), sizes))
    elif dataset == DIGITS:
        check_sizes(**sizes)
    else:
        _check_counts(dataset, *get_dataset(dataset).counts, sizes)


def training_places(
    dataset: str, path: str | Path | None, train: int, test: int, sizes: Mapping[str, int]
) -> dict[str, np.ndarray]:
    """Return the places of the images of each part: ``train`` and ``valid`` in the training, ``test`` in the test set.

    All parts of the digits of scikit-learn are places in the one set that they have.

    Args:
        dataset: name of the dataset.
        path: as for :func:`check_recipe`.
        train: number of training images.
        test: number of test images.
        sizes: number of images wanted of each of :data:`PARTS`.

    Returns:
        An int64 array for each part; disjoint within a set, the same for every cell.

    Raises:
        DataError: there are fewer images than wanted.
    """
    if dataset == DIGITS and path is None:
        return dict(zip(PARTS, digits_splits(SPLIT_SEED, **sizes), strict=True))
    _check_counts(dataset, train, test, sizes)
    order = child_rng(SPLIT_SEED, dataset, "split").permutation(train)
    return {
        "train": order[: sizes["train"]],
        "valid": order[sizes["train"] : sizes["train"] + sizes["valid"]],
        "test": child_rng(SPLIT_SEED, dataset, "test").permutation(test)[: sizes["test"]],
    }


def check_classes(dataset: str, train: np.ndarray, test: np.ndarray, places: Mapping[str, np.ndarray]) -> None:
    """Refuse parts where images of a class are validated or tested on that is not trained on.

    Args:
        dataset: name of the dataset.
        train: labels of the training set.
        test: labels of the set that test images come from.
        places: see :func:`training_places`.

    Raises:
        DataError: there is such a class.
    """
    trained = np.unique(train[places["train"]])
    for part, labels in (("valid", train), ("test", test)):
        unknown = np.setdiff1d(labels[places[part]], trained)
        if unknown.size:
            raise DataError(
                f"The recipe draws {len(places['train'])} training images of {dataset}, none of them of class "
                f"{unknown[0]}, which its {part} images show: make training.train_size larger."
            )


def _check_counts(dataset: str, train: int, test: int, sizes: Mapping[str, int]) -> None:
    for count, wanted, what in ((train, sizes["train"] + sizes["valid"], "training"), (test, sizes["test"], "test")):
        if wanted > count:
            raise DataError(
                f"The recipe asks for {wanted} {what} images of {dataset}, which has {count}: "
                "make training.train_size, valid_size or test_size smaller."
            )
