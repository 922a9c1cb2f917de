"""The datasets by name. Adding one is adding a file to this package that calls :func:`register`.

Names are known without torch: a dataset's file imports its reader inside the function that reads.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from tfnas.datasets.official_files import Source, sources_of
from tfnas.errors import UnknownNameError

Images = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Images uint8 (N, C, H, W), labels int64 (N,) and positions int64 (N,)."""


@dataclass(frozen=True)
class DatasetSpec:
    """What is known of a dataset before any file is read.

    Args:
        name: as study files, folders and the table of sources write it.
        classes: number of classes.
        channels: channels of an image.
        image_size: pixels along each side.
        counts: number of training and of test images.
        mean: mean per channel on the scale of the pixels (0 .. 255 unless said otherwise).
        std: standard deviation per channel on the same scale.
        constants: where mean and std come from.
        layout: what a folder in the official layout holds, in words.
        read: ``read(folder, split)`` gives the images of a folder in the official layout.
        drawable: ``drawable(positions, folders)`` gives the indices of the images that mini-batches may be drawn from
            (None is all) and the same in words; ``folders`` is where official split lists are looked for.
        relabel: for subsets in ``.npz`` form, ``relabel(labels)`` gives which images belong to the dataset and their
            0-based classes; None where labels are 0-based already.
        embedded: whether the images come with an installed package, so that nothing is downloaded.
        published: licence, what to cite and a note, where the images have no rows in the table of sources.
    """

    name: str
    classes: int
    channels: int
    image_size: int
    counts: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    constants: str
    layout: str
    read: Callable[[Path, str], Images]
    drawable: Callable[[np.ndarray, list[Path]], tuple[np.ndarray | None, str]] | None = None
    relabel: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None
    embedded: bool = False
    published: Source | None = None

    @property
    def sources(self) -> tuple[Source, ...]:
        """Rows of the table of sources: addresses, checksums, licence, what to cite."""
        return sources_of(self.name) if self.published is None else (self.published,)


_SPECS: dict[str, DatasetSpec] = {}


def register(spec: DatasetSpec) -> None:
    """Make a dataset known.

    Raises:
        ValueError: the name is taken (a mistake of a programmer, not of a user).
    """
    if spec.name in _SPECS and _SPECS[spec.name].read.__module__ != spec.read.__module__:
        raise ValueError(f"Two files register a dataset called '{spec.name}'.")
    _SPECS[spec.name] = spec


@cache
def _discover() -> None:
    package = importlib.import_module("tfnas.datasets")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"tfnas.datasets.{module.name}")


def dataset_names() -> list[str]:
    """Return the names of all datasets, in alphabetical order without regard to case."""
    _discover()
    return sorted(_SPECS, key=str.lower)


def get_dataset(name: str) -> DatasetSpec:
    """Return a dataset by name.

    Raises:
        UnknownNameError: there is none of this name; the message lists those there are.
    """
    _discover()
    if name not in _SPECS:
        raise UnknownNameError("dataset", name, dataset_names())
    return _SPECS[name]
