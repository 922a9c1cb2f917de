"""Ground truth from the official archive of NATS-Bench, ``NATS-tss-v1_0-3ffb9-simple``, read through ``nats_bench``.

The archive is a folder (or a tar of it) with ``meta.pickle.pbz2`` and one ``{index:06d}.pickle.pbz2`` per cell. Which
numbers are taken (Dong et al. 2021; ``simulate_train_eval`` of ``nats_bench`` for the costs), all of them means over
the training seeds that the archive holds (``is_random=False``):

====================  ==================================================  ===========================================
column                CIFAR-10                                            CIFAR-100, ImageNet16-120
====================  ==================================================  ===========================================
valid_accuracy        ``cifar10-valid``, 200 epochs, split x-valid        200 epochs, split x-valid
test_accuracy         ``cifar10``, 200 epochs, split ori-test             200 epochs, split x-test
early_valid_accuracy  ``cifar10-valid``, 12 epochs, split x-valid         12 epochs, split x-valid
early_seconds         ``cifar10-valid``, 12 epochs, train-all-time        12 epochs, train-all-time
valid_seconds         ``cifar10-valid``, 12 epochs, valid-per-time        12 epochs, valid-per-time
params, flops         counted by tfnas                                    counted by tfnas
====================  ==================================================  ===========================================

Each record is unpacked once for all datasets. One is in memory at a time, and of a tar one record is on disk at a time.

Parameters and FLOPs are counted here, for the benchmark's own skeleton: the counts in the archive are known to be wrong
in places, and ``nats_bench`` replaces those it finds at odds with one another by those of one training seed.

The records are Python pickles. They are read by :mod:`tfnas.datasets.pickles`, which runs nothing of them, and
``nats_bench`` is given what they hold.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from tfnas.datasets.official_files import reading_tar, sources_of
from tfnas.datasets.pickles import PLAIN, SCALARS, read_pickle
from tfnas.errors import DataError, TruthError, UnknownNameError
from tfnas.files import read_facts
from tfnas.networks.skeleton import Skeleton, count_flops, count_parameters
from tfnas.schemas.truth_archive import SCHEMA as ARCHIVE
from tfnas.spaces.nats_tss import SPACE_SIZE, Cell
from tfnas.truth.schema import require_complete, write_truth

if TYPE_CHECKING:
    from nats_bench.api_topology import NATStopology

RESOURCE = "NATS-tss"
"""Name of the archive in the table of sources: ``tfnas.datasets.downloads.download(RESOURCE, folder)``."""

DATASETS = {"cifar10": "cifar10-valid", "cifar100": "cifar100", "ImageNet16-120": "ImageNet16-120"}
"""Datasets of the archive, and under which of its names validation accuracies and costs are found."""

SHAPES = {"cifar10": (10, 32), "cifar100": (100, 32), "ImageNet16-120": (120, 16)}
"""Number of classes, and pixels along each side of an image; kept here so that the archive is not read anew whenever
something about images is edited."""
TEST_IMAGES = {"cifar10": 10_000, "cifar100": 5_000, "ImageNet16-120": 3_000}
"""Images that the test accuracy is measured on (Dong and Yang 2020, NAS-Bench-201, section 2.2)."""

EARLY_EPOCHS, FULL_EPOCHS = "12", "200"

SEEDS = ("valid_seeds", "test_seeds", "early_seeds")
"""Columns with the training seeds that an accuracy is a mean over, separated by spaces."""

META = "meta.pickle.pbz2"
_RECORD = re.compile(r"(\d{6})\.pickle\.pbz2")

_DAMAGED = LookupError, TypeError, ValueError, OSError, AssertionError, AttributeError, ImportError, ZeroDivisionError
"""What reading a damaged record may end with."""

LARGEST = 1 << 24
"""Bytes that a file of the archive may have, packed or unpacked; the real ones unpack to 0.3 and 1.4 million."""


def read_archive(
    archive: str | Path,
    datasets: Sequence[str],
    output: str | Path,
    allow_incomplete: bool = False,
    progress: bool = True,
) -> None:
    """Read every record of the official archive once, and write what it says of several datasets as one table.

    Args:
        archive: the folder, its ``.tar``, or a folder that holds either, as :func:`tfnas.datasets.downloads.download`
            leaves it.
        datasets: which of ``cifar10``, ``cifar100`` and ``ImageNet16-120`` to read.
        output: the table to write, ``name.parquet``: a row per cell and dataset with the columns of ground truth,
            ``dataset``, and for each accuracy the training seeds that it is a mean over (:data:`SEEDS`).
        allow_incomplete: whether an archive that lacks cells is read all the same.
        progress: show cells, rate and remaining time on standard error.

    Raises:
        UnknownNameError: the archive does not have a dataset.
        DataError: the archive or a record in it is missing, damaged or truncated.
        TruthError: cells are missing and ``allow_incomplete`` is false; the log lists them.
    """
    from tqdm import tqdm

    for dataset in datasets:
        if dataset not in DATASETS:
            raise UnknownNameError("dataset", dataset, tuple(DATASETS), "the archive NATS-tss")
    place = find_archive(Path(archive))
    with _open(place) as (api, indices, records):
        missing = sorted(set(range(len(api.meta_archs))) - indices)
        names = [f"{index:06d} '{api.meta_archs[index]}'" for index in missing]
        require_complete(names, len(indices), f"The archive '{place}'", allow_incomplete)
        rows = []
        every = 0.5 if sys.stderr.isatty() else 30
        bar = tqdm(
            records, desc="the archive", total=len(indices), unit="cell", disable=not progress, mininterval=every
        )
        for index, folder in bar:
            rows += _read_cell(api, index, folder, datasets)
    ARCHIVE.write(output, pd.DataFrame(rows, columns=list(ARCHIVE.names)), {"archive": place.name, "missing": names})


def take_dataset(table: str | Path, dataset: str, output: str | Path, allow_incomplete: bool = False) -> None:
    """Turn what was read of the archive into the ground truth of one dataset.

    Args:
        table: what :func:`read_archive` wrote.
        dataset: one of the datasets that were read.
        output: the ground truth to write, ``name.parquet``.
        allow_incomplete: whether an archive that lacks cells is used all the same; the JSON beside the output lists
            the missing ones.

    Raises:
        DataError: the table is missing or damaged.
        TruthError: cells are missing and ``allow_incomplete`` is false; the log lists them.
    """
    rows, facts = ARCHIVE.read(table), read_facts(table)
    rows = rows[rows["dataset"] == dataset]
    place = f"The archive '{facts['archive']}'"
    require_complete(facts["missing"], len(rows), place, allow_incomplete)
    write_truth(rows, _facts(dataset, facts["archive"], rows), output, place)


def find_archive(path: Path) -> Path:
    """Return the archive's own folder or tar file.

    Args:
        path: the archive, or a folder that holds it.

    Raises:
        DataError: there is none, or the file is of another format.
    """
    if path.is_file():
        _check_format(path)
        return path
    if (path / META).is_file():
        return path
    candidates = sorted(path.glob(f"NATS-tss-*-simple/{META}")) + sorted(path.glob("NATS-tss-*-simple.tar"))
    if not candidates:
        raise DataError(f"'{path}' holds no NATS-Bench archive ({META} and a file per cell): {_what_to_give()}.")
    return candidates[0].parent if candidates[0].name == META else candidates[0]


def _check_format(path: Path) -> None:
    """Refuse a file that is no tar at all, naming what it looks like; one that is cut off is found when it is read."""
    with path.open("rb") as file:
        start = file.read(512)
    if path.suffix == ".pth":
        found = "is a file of PyTorch, the form in which the older NAS-Bench-201 was distributed"
    elif path.suffix == ".pbz2" or start.startswith(b"BZh"):
        found = "is a pickle packed by bzip2, the form of NATS-Bench in one file"
    elif start.lstrip()[:1] == b"<":
        found = "is a web page, probably of a sign-in or of a used-up quota"
    elif not start:
        found = "is empty"
    elif not tarfile.is_tarfile(path):
        found = "is no tar"
    else:
        return
    raise DataError(f"'{path}' {found}, not the archive of NATS-Bench: {_what_to_give()}.")


def _what_to_give() -> str:
    page = sources_of(RESOURCE)[0].page
    return f"give the folder NATS-tss-v1_0-3ffb9-simple or its .tar, see {page}"


@contextlib.contextmanager
def _open(place: Path) -> Iterator[tuple[NATStopology, set[int], Iterator[tuple[int, Path]]]]:
    """Yield the api, the indices of the cells in the archive, and an iterator of (index, folder holding its record)."""
    if place.is_dir():
        indices = {int(match[1]) for file in place.iterdir() if (match := _RECORD.fullmatch(file.name))}
        yield _api(place), indices, ((index, place) for index in sorted(indices))
        return
    with tempfile.TemporaryDirectory(prefix="tfnas-nats-") as scratch, reading_tar(place):
        folder = Path(scratch)
        with tarfile.open(place) as tar:
            members = {Path(member.name).name: member for member in tar.getmembers() if member.isfile()}
            if META not in members:
                raise DataError(
                    f"'{place}' holds no {META}: it is truncated or another archive, remove it and get it again."
                )
            _extract(tar, members[META], folder)
            found = {int(match[1]): member for name, member in members.items() if (match := _RECORD.fullmatch(name))}
            yield _api(folder), set(found), _one_by_one(tar, found, folder)


def _one_by_one(tar: tarfile.TarFile, members: dict[int, tarfile.TarInfo], folder: Path) -> Iterator[tuple[int, Path]]:
    """Unpack one record after another in the order of the tar, removing each before the next."""
    for index, member in sorted(members.items(), key=lambda item: item[1].offset):
        record = _extract(tar, member, folder)
        yield index, folder
        record.unlink()


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> Path:
    """Write a plain member under its bare name: nothing in the tar can choose where it lands."""
    target = folder / Path(member.name).name
    if member.size > LARGEST:
        raise DataError(
            f"'{member.name}' of the archive claims {member.size:,} bytes, which no official file has: do not use it, "
            "get the archive again from its authors."
        )
    content = tar.extractfile(member)
    assert content is not None
    with content, target.open("wb") as file:
        shutil.copyfileobj(content, file)
    if target.stat().st_size != member.size:
        raise tarfile.ReadError(f"'{member.name}' ends early")
    return target


def _api(folder: Path) -> NATStopology:
    """Return the api of ``nats_bench``, which knows all cells and no record yet."""
    from nats_bench.api_topology import NATStopology

    meta = read_pickle(folder / META, PLAIN, f"'{folder / META}'", LARGEST)
    archs = meta.get("meta_archs") if isinstance(meta, dict) else None
    if not isinstance(archs, list) or len(archs) != SPACE_SIZE or not all(isinstance(arch, str) for arch in archs):
        held = f"lists {len(archs):,} cells" if isinstance(archs, list) else "lists no cells"
        raise DataError(f"The archive '{folder}' {held} where {SPACE_SIZE:,} are expected: it is not NATS-tss.")
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return NATStopology({"meta_archs": archs, "arch2infos": {}, "evaluated_indexes": ()}, verbose=False)
    except ValueError as error:
        raise DataError(f"'{folder / META}' is damaged ({error}): get the archive again.") from error


def _read_record(folder: Path, name: str) -> dict[str, Any]:
    """Return what a record holds: the results by number of epochs, as ``nats_bench`` builds them."""
    from nats_bench.api_utils import ArchResults

    record = read_pickle(folder / name, SCALARS, f"'{name}' of the archive", LARGEST)
    # nats_bench would take a text for the path of another pickle, and open it.
    if not isinstance(record, dict) or not all(isinstance(results, dict) for results in record.values()):
        raise TypeError("it holds no results by number of epochs")
    return {epochs: ArchResults.create_from_state_dict(results) for epochs, results in record.items()}


def _read_cell(api: NATStopology, index: int, folder: Path, datasets: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for each dataset from the record of a cell, which is unpacked once."""
    name = f"{index:06d}.pickle.pbz2"
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            api.arch2infos_dict[index] = _read_record(folder, name)
            api.evaluated_indexes.add(index)
            rows = [_read_results(api, index, dataset, name) for dataset in datasets]
            held = api.arch2infos_dict[index][FULL_EPOCHS].arch_str
    except _DAMAGED as error:
        raise DataError(f"'{name}' of the archive is damaged or truncated ({error}): get the archive again.") from error
    if held != api.meta_archs[index]:
        raise DataError(
            f"'{name}' of the archive holds the cell '{held}' where '{api.meta_archs[index]}' is expected: "
            "get the archive again."
        )
    api.arch2infos_dict.pop(index, None)
    api.evaluated_indexes.discard(index)
    return rows


def skeleton_of(dataset: str) -> Skeleton:
    """Return the skeleton that the archive's networks were trained in: C = 16, N = 5, and the dataset's shape."""
    classes, image_size = SHAPES[dataset]
    return Skeleton(classes=classes, image_size=image_size)


def _read_results(api: NATStopology, index: int, dataset: str, record: str) -> dict[str, Any]:
    """Return the row of one dataset, out of a record that ``nats_bench`` has read."""
    validation = DATASETS[dataset]
    try:
        full = api.get_more_info(index, validation, hp=FULL_EPOCHS, is_random=False)
        test = api.get_more_info(index, dataset, hp=FULL_EPOCHS, is_random=False)
        early = api.get_more_info(index, validation, hp=EARLY_EPOCHS, is_random=False)
        results = api.arch2infos_dict[index]
        cell, skeleton = Cell.parse(api.meta_archs[index]), skeleton_of(dataset)
        looks = ((FULL_EPOCHS, validation), (FULL_EPOCHS, dataset), (EARLY_EPOCHS, validation))
        seeds = [results[epochs].get_dataset_seeds(name) for epochs, name in looks]
        return {
            "dataset": dataset,
            "arch": api.meta_archs[index],
            "index": index,
            "valid_accuracy": full["valid-accuracy"],
            "test_accuracy": test["test-accuracy"],
            "early_valid_accuracy": early["valid-accuracy"],
            "early_seconds": early["train-all-time"],
            "valid_seconds": early["valid-per-time"],
            "params": count_parameters(cell, skeleton),
            "flops": count_flops(cell, skeleton) / 1e6,
            **{name: " ".join(map(str, numbers)) for name, numbers in zip(SEEDS, seeds, strict=True)},
        }
    except (KeyError, TypeError, ValueError) as error:
        raise TruthError(
            f"'{record}' of the archive has no results of {dataset} after {EARLY_EPOCHS} and {FULL_EPOCHS} "
            f"epochs ({error}): get the archive again."
        ) from error


def _facts(dataset: str, archive: str, rows: pd.DataFrame) -> dict[str, Any]:
    """Return what the table holds; the sentences name the training seeds that were really averaged."""
    valid, test, early = (_say_seeds(sorted(set(rows[column]))) for column in SEEDS)
    if dataset == "cifar10":
        trained, measured = "the train half of the training set", "the valid half of the training set (x-valid)"
        trained_for_test, tested = "the whole training set (train and valid halves)", "the official test set"
    else:
        trained = trained_for_test = "the whole training set"
        measured, tested = "the x-valid half of the official test set", "the x-test half of the official test set"
    source = sources_of(RESOURCE)[0]
    return {
        "dataset": dataset,
        "source": f"the official archive of NATS-Bench, {archive}, read through nats_bench",
        "accuracies": {
            "valid_accuracy": f"{dataset}, trained on {trained} for 200 epochs, measured on {measured}; {valid}",
            "test_accuracy": f"{dataset}, trained on {trained_for_test} for 200 epochs, measured on {tested}; {test}",
            "early_valid_accuracy": f"{dataset}, trained on {trained} for 12 epochs with a schedule of their own, "
            f"measured on {measured}; {early}",
        },
        "test_images": TEST_IMAGES[dataset],
        "costs": "early_seconds: train-all-time of the 12-epoch run; valid_seconds: valid-per-time of that run; "
        f"both under the name {DATASETS[dataset]}, as simulate_train_eval of nats_bench charges them",
        "counts": "params and flops: counted by tfnas for the benchmark's skeleton (C = 16, N = 5)",
        "licence": source.licence,
        "cite": source.cite,
    }


def _say_seeds(sets: list[str]) -> str:
    """Return over which seeds means were taken; cells of the archive differ in how many they were trained with."""
    if len(sets) == 1:
        return f"mean over training seeds {sets[0]}"
    return f"mean over the training seeds of each cell, one of: {'; '.join(sets)}"
