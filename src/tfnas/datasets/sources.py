"""Where the images of a dataset come from: what was downloaded, the official layout, own images, or a package.

Neither torch nor torchvision is imported, but for CIFAR in its official layout.
"""

from dataclasses import dataclass
from pathlib import Path

from tfnas.datasets.images import ImageSet
from tfnas.datasets.own_images import describe_file, outline_of_own, read_own, read_subset
from tfnas.datasets.registry import dataset_names, get_dataset
from tfnas.datasets.splits import SPLITS, find_list
from tfnas.errors import DataError


@dataclass(frozen=True)
class ImageSource:
    """Where the images of a dataset come from; the attributes are the arguments of :func:`load_images`."""

    dataset: str
    path: str | Path | None = None
    folder: str | Path | None = None

    def load(self, split: str = "train") -> ImageSet:
        """Return the images, see :func:`load_images`."""
        return load_images(self.dataset, self.path, self.folder, split)


def load_images(dataset: str, path: str | Path | None, folder: str | Path | None, split: str = "train") -> ImageSet:
    """Read the images of a dataset: from ``path`` if one is given, else from where they were downloaded to.

    Args:
        dataset: name in the registry; or any other name if ``path`` is an ``.npz`` file of own images.
        path: folder in the official layout, or an ``.npz`` file, see :mod:`tfnas.datasets.own_images`; None for the
            download, or for what comes with a package.
        folder: ``resources/{dataset}``; official split lists are looked for here and beside ``path``.
        split: ``train`` or ``test``.

    Raises:
        UnknownNameError: there is no dataset of this name.
        DataError: a file is missing, damaged, or not what it should be.
    """
    local = Path(path) if path is not None else None
    drawn_from = f"the whole {'training' if split == 'train' else 'test'} set"
    if local is not None and local.suffix == ".npz" and dataset not in dataset_names():
        return read_own(dataset, local, split)
    spec = get_dataset(dataset)
    if local is not None and local.suffix == ".npz":
        images, labels, positions = read_subset(spec, local, split)
        source = describe_file(local)
        drawn_from = f"all {len(images)} images of the file"
    elif spec.embedded:
        if local is not None:
            raise DataError(
                f"datasets.{dataset}.images.path is '{local}', but this dataset has no folder layout: "
                "set it to null, or to an .npz file."
            )
        images, labels, positions = spec.read(Path(), split)
        source = spec.sources[0].note
    else:
        where = local or Path(folder or Path("resources") / dataset)
        if not where.is_dir():
            mend = "check datasets.{}.images.path" if local else "download {} first, or set images.path"
            raise DataError(f"The folder '{where}' does not exist: {mend.format(dataset)}.")
        images, labels, positions = spec.read(where, split)
        source = f"official files, checksums verified ({spec.sources[0].page})"
    drawable = None
    if spec.drawable is not None and split == "train":
        drawable, drawn_from = spec.drawable(positions, [*_beside(local), *([Path(folder)] if folder else [])])
    return ImageSet(
        name=spec.name,
        images=images,
        labels=labels,
        positions=positions,
        classes=spec.classes,
        mean=spec.mean,
        std=spec.std,
        constants=spec.constants,
        licence=spec.sources[0].licence,
        cite=spec.sources[0].cite,
        source=source,
        split=split,
        drawable=drawable,
        drawn_from=drawn_from,
    )


def dataset_shape(dataset: str, path: str | Path | None) -> tuple[int, int, int]:
    """Return classes, channels and pixels along each side of the images of a dataset, without reading a pixel.

    Args:
        dataset: name in the registry, or any other.
        path: as for :func:`load_images`; an ``.npz`` file if the dataset is not in the registry.

    Raises:
        DataError: the file of own images is not as it should be.
    """
    if dataset in dataset_names():
        spec = get_dataset(dataset)
        return spec.classes, spec.channels, spec.image_size
    assert path is not None
    outline = outline_of_own(Path(path))
    channels, size = outline.parts["train"].shape[1:3]
    return outline.classes, channels, size


def split_files(dataset: str, path: str | Path | None) -> list[Path]:
    """Return the official split list beside local images that decides which of them a mini-batch is drawn from.

    Args:
        dataset: name in the registry, or any other.
        path: as for :func:`load_images`; a list that was downloaded with the images is not returned.
    """
    known = dataset in dataset_names() and dataset in SPLITS and get_dataset(dataset).drawable is not None
    found = find_list(dataset, _beside(Path(path))) if known and path is not None else None
    return [] if found is None else [found]


def _beside(local: Path | None) -> list[Path]:
    """Return where the split lists of local images are looked for: in their folder, and beside it."""
    return [] if local is None else [local.parent if local.is_file() else local, local.parent]
