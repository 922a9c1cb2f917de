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
params, flops         ``get_cost_info("cifar10")``                        ``get_cost_info(dataset)``
====================  ==================================================  ===========================================

Each record is unpacked once for all datasets. One is in memory at a time, and of a tar one record is on disk at a time.

The records are Python pickles, which can run code when they are read: use an archive from the authors' own links.
"""

from __future__ import annotations

import contextlib
import io
import pickle
import re
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfnas.cells import SPACE_SIZE
from tfnas.downloads import reading_tar, sources_of
from tfnas.errors import DataError, TruthError, UnknownNameError
from tfnas.files import read_facts, read_table, write_table
from tfnas.truth.schema import COLUMNS, require_complete, write_truth

if TYPE_CHECKING:
    import pandas as pd
    from nats_bench.api_topology import NATStopology

RESOURCE = "NATS-tss"
"""Name of the archive in the table of sources: ``tfnas.downloads.download(RESOURCE, folder)``."""

DATASETS = {"cifar10": "cifar10-valid", "cifar100": "cifar100", "ImageNet16-120": "ImageNet16-120"}
"""Datasets of the archive, and under which of its names validation accuracies and costs are found."""

TEST_IMAGES = {"cifar10": 10_000, "cifar100": 5_000, "ImageNet16-120": 3_000}
"""Images that the test accuracy is measured on (Dong and Yang 2020, NAS-Bench-201, section 2.2)."""

EARLY_EPOCHS, FULL_EPOCHS = "12", "200"

SEEDS = ("valid_seeds", "test_seeds", "early_seeds")
"""Columns with the training seeds that an accuracy is a mean over, separated by spaces."""

META = "meta.pickle.pbz2"
_RECORD = re.compile(r"(\d{6})\.pickle\.pbz2")


def read_archive(
    archive: str | Path,
    datasets: Sequence[str],
    output: str | Path,
    allow_incomplete: bool = False,
    progress: bool = True,
) -> None:
    """Read every record of the official archive once, and write what it says of several datasets as one table.

    Args:
        archive: the folder, its ``.tar``, or a folder that holds either, as :func:`tfnas.downloads.download` leaves it.
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
    import pandas as pd
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
    columns = ["dataset", *COLUMNS, *SEEDS]
    write_table(output, pd.DataFrame(rows, columns=columns), {"archive": place.name, "missing": names})


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
    rows, facts = read_table(table, ("dataset", *COLUMNS, *SEEDS)), read_facts(table)
    rows = rows[rows["dataset"] == dataset]
    require_complete(facts["missing"], len(rows), f"The archive '{facts['archive']}'", allow_incomplete)
    write_truth(rows, _facts(dataset, facts["archive"], rows), output)


def find_archive(path: Path) -> Path:
    """Return the archive's own folder or tar file.

    Args:
        path: the archive, or a folder that holds it.

    Raises:
        DataError: there is none.
    """
    if path.is_file() or (path / META).is_file():
        return path
    candidates = sorted(path.glob(f"NATS-tss-*-simple/{META}")) + sorted(path.glob("NATS-tss-*-simple.tar"))
    if not candidates:
        raise DataError(
            f"'{path}' holds no NATS-Bench archive ({META} and a file per cell): give the folder "
            f"NATS-tss-v1_0-3ffb9-simple or its .tar, see {sources_of(RESOURCE)[0].page}."
        )
    return candidates[0].parent if candidates[0].name == META else candidates[0]


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
    with tar.extractfile(member) as content, target.open("wb") as file:
        shutil.copyfileobj(content, file)
    if target.stat().st_size != member.size:
        raise tarfile.ReadError(f"'{member.name}' ends early")
    return target


def _api(folder: Path) -> NATStopology:
    from nats_bench.api_topology import NATStopology

    with contextlib.redirect_stdout(io.StringIO()):
        try:
            api = NATStopology(str(folder), fast_mode=True, verbose=False)
        except (OSError, EOFError, ValueError, KeyError, TypeError, pickle.UnpicklingError) as error:
            raise DataError(
                f"'{folder / META}' is damaged or truncated ({error or type(error).__name__}): get the archive again."
            ) from error
    if len(api.meta_archs) != SPACE_SIZE:
        raise DataError(
            f"The archive '{folder}' lists {len(api.meta_archs):,} cells where {SPACE_SIZE:,} are expected: "
            "it is not NATS-tss."
        )
    return api


def _read_cell(api: NATStopology, index: int, folder: Path, datasets: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for each dataset from the record of a cell, which is unpacked once."""
    record = folder / f"{index:06d}.pickle.pbz2"
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            api.reload(str(folder), index)
            rows = [_read_results(api, index, dataset, record.name) for dataset in datasets]
    except (
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        OSError,
        EOFError,
        pickle.UnpicklingError,
        AssertionError,
        AttributeError,
        ImportError,
    ) as error:
        raise DataError(
            f"'{record.name}' of the archive is damaged or truncated ({error or type(error).__name__}): "
            "get the archive again."
        ) from error
    held = api.arch2infos_dict[index][FULL_EPOCHS].arch_str
    if held != api.meta_archs[index]:
        raise DataError(
            f"'{record.name}' of the archive holds the cell '{held}' where '{api.meta_archs[index]}' is expected: "
            "get the archive again."
        )
    api.arch2infos_dict.pop(index, None)
    api.evaluated_indexes.discard(index)
    return rows


def _read_results(api: NATStopology, index: int, dataset: str, record: str) -> dict[str, Any]:
    """Return the row of one dataset, out of a record that ``nats_bench`` has read."""
    validation = DATASETS[dataset]
    try:
        full = api.get_more_info(index, validation, hp=FULL_EPOCHS, is_random=False)
        test = api.get_more_info(index, dataset, hp=FULL_EPOCHS, is_random=False)
        early = api.get_more_info(index, validation, hp=EARLY_EPOCHS, is_random=False)
        results = api.arch2infos_dict[index]
        costs = results[FULL_EPOCHS].get_compute_costs(dataset)
        seeds = (
            results[FULL_EPOCHS].get_dataset_seeds(validation),
            results[FULL_EPOCHS].get_dataset_seeds(dataset),
            results[EARLY_EPOCHS].get_dataset_seeds(validation),
        )
        return {
            "dataset": dataset,
            "arch": api.meta_archs[index],
            "index": index,
            "valid_accuracy": full["valid-accuracy"],
            "test_accuracy": test["test-accuracy"],
            "early_valid_accuracy": early["valid-accuracy"],
            "early_seconds": early["train-all-time"],
            "valid_seconds": early["valid-per-time"],
            "params": round(costs["params"] * 1e6),
            "flops": costs["flops"],
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
        "licence": source.licence,
        "cite": source.cite,
    }


def _say_seeds(sets: list[str]) -> str:
    """Return over which seeds means were taken; cells of the archive differ in how many they were trained with."""
    if len(sets) == 1:
        return f"mean over training seeds {sets[0]}"
    return f"mean over the training seeds of each cell, one of: {'; '.join(sets)}"
