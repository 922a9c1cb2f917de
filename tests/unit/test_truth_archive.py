"""The official archive of NATS-Bench: read as a folder and as a tar, incomplete, damaged, and compared with a table."""

from __future__ import annotations

import bz2
import contextlib
import json
import os
import pickle
import shutil
import sys
import tarfile

import pandas as pd
import pytest

from tfnas.datasets.registry import get_dataset
from tfnas.errors import DataError, TruthError, UnknownNameError
from tfnas.files import read_table
from tfnas.networks.skeleton import count_flops, count_parameters
from tfnas.spaces.nats_tss import Cell
from tfnas.study.load import load_study
from tfnas.truth import archive as archive_module
from tfnas.truth.archive import LARGEST, META, read_archive, skeleton_of, take_dataset

pytest.importorskip("nats_bench")

NAME = "NATS-tss-v1_0-3ffb9-simple"
DATASETS = ("cifar10", "cifar100", "ImageNet16-120")


@pytest.fixture(scope="module")
def archive(shared_data):
    return shared_data / "nats-tss" / NAME


def convert(archive, dataset, output, allow_incomplete=False, progress=False):
    """Read one dataset of the archive and take it, as the two rules do."""
    table = output.parent / "archive" / "0.parquet"
    read_archive(archive, [dataset], table, allow_incomplete, progress)
    take_dataset(table, dataset, output, allow_incomplete)


def tar_of(folder, path):
    with tarfile.open(path, "w") as tar:
        tar.add(folder, arcname=NAME)
    return path


def facts_of(path):
    return json.loads(path.with_suffix(".json").read_text())


@pytest.mark.parametrize("dataset", DATASETS)
def test_values_are_those_of_the_table(dataset, archive, shared_data, tmp_path, capsys, caplog):
    output = tmp_path / f"{dataset}.parquet"
    convert(archive, dataset, output, allow_incomplete=True)
    ours = read_table(output).sort_values("index").reset_index(drop=True)
    theirs = pd.read_parquet(shared_data / "nats-tss" / f"{dataset}.parquet").set_index("index").loc[[0, 11, 284]]
    assert ours["index"].tolist() == [0, 11, 284]
    assert ours["arch"].tolist() == theirs["arch"].tolist()
    assert ours["params"].tolist() == theirs["params"].tolist()
    for column, name in {
        "valid_accuracy": "valid_accuracy_200",
        "test_accuracy": "test_accuracy_200",
        "early_valid_accuracy": "valid_accuracy_12",
        "early_seconds": "train_seconds_12",
        "flops": "mflops",
    }.items():
        assert ours[column].to_numpy() == pytest.approx(theirs[name].to_numpy(), abs=1e-5), column
    assert ours["valid_seconds"].to_numpy() == pytest.approx(theirs["valid_seconds"].to_numpy(), rel=0.15)  # estimated
    assert capsys.readouterr().out == ""
    assert f"The archive '{archive}' lacks 15,622 cells (the log lists them); going on with 3." in caplog.messages


def test_every_record_is_unpacked_once_for_all_datasets(archive, tmp_path, monkeypatch):
    unpacked, read = [], archive_module.read_pickle

    def count(path, *rest):
        unpacked.append(path.name[:6])
        return read(path, *rest)

    monkeypatch.setattr(archive_module, "read_pickle", count)
    read_archive(archive, DATASETS, tmp_path / "all.parquet", allow_incomplete=True, progress=False)
    assert unpacked == ["meta.p", "000000", "000011", "000284"]
    monkeypatch.undo()
    for dataset in DATASETS:
        convert(archive, dataset, tmp_path / "alone.parquet", allow_incomplete=True)
        take_dataset(tmp_path / "all.parquet", dataset, tmp_path / "taken.parquet", allow_incomplete=True)
        assert read_table(tmp_path / "taken.parquet").equals(read_table(tmp_path / "alone.parquet"))
        assert facts_of(tmp_path / "taken.parquet") == facts_of(tmp_path / "alone.parquet")


def test_a_dataset_that_allows_no_gaps_is_stopped_on_its_own(archive, tmp_path):
    read_archive(archive, DATASETS, tmp_path / "all.parquet", allow_incomplete=True, progress=False)
    with pytest.raises(TruthError, match="holds 3 of 15,625 cells; 15,622 are missing, the first 000001 "):
        take_dataset(tmp_path / "all.parquet", "cifar10", tmp_path / "out.parquet")


def test_the_costs_are_those_a_search_is_charged(archive, tmp_path):
    """``simulate_train_eval`` charges training and one validation pass of a seed; all seeds cost the same."""
    from nats_bench.api_topology import NATStopology

    convert(archive, "cifar10", tmp_path / "out.parquet", allow_incomplete=True)
    truth = read_table(tmp_path / "out.parquet").set_index("index")
    api = NATStopology(str(archive), fast_mode=True, verbose=False)
    charged = api.simulate_train_eval(11, "cifar10", hp="12")[2]
    assert truth.loc[11, "early_seconds"] + truth.loc[11, "valid_seconds"] == pytest.approx(charged)


def test_every_accuracy_says_what_it_is(archive, tmp_path):
    said = {}
    for dataset in DATASETS:
        convert(archive, dataset, tmp_path / "out.parquet", allow_incomplete=True)
        said[dataset] = facts_of(tmp_path / "out.parquet")["accuracies"]
    assert said["cifar10"]["test_accuracy"] == (
        "cifar10, trained on the whole training set (train and valid halves) for 200 epochs, "
        "measured on the official test set; mean over training seeds 777 888 999"
    )
    assert "x-valid half of the official test set; mean over" in said["cifar100"]["valid_accuracy"]
    assert said["cifar10"]["early_valid_accuracy"].endswith("mean over training seeds 111 777")
    assert said["ImageNet16-120"]["early_valid_accuracy"].endswith("mean over training seeds 111")


def test_a_tar_is_read_like_the_folder(archive, tmp_path):
    convert(archive, "cifar100", tmp_path / "folder.parquet", allow_incomplete=True)
    resources = tmp_path / "resources"
    resources.mkdir()
    tar_of(archive, resources / f"{NAME}.tar")
    convert(resources, "cifar100", tmp_path / "tar.parquet", allow_incomplete=True)
    assert read_table(tmp_path / "folder.parquet").equals(read_table(tmp_path / "tar.parquet"))
    assert [path.name for path in resources.iterdir()] == [f"{NAME}.tar"]


def test_an_incomplete_archive_is_reported_cell_by_cell(archive, tmp_path, caplog):
    with pytest.raises(TruthError) as raised, caplog.at_level("DEBUG", logger="tfnas"):
        convert(archive, "cifar10", tmp_path / "out.parquet")
    sentence = str(raised.value)
    assert "holds 3 of 15,625 cells; 15,622 are missing, the first 000001 '|nor_conv_3x3~0|+|" in sentence
    assert "(the log lists all): complete it" in sentence
    missing = [message for message in caplog.messages if message.startswith("missing: ")]
    assert len(missing) == 15_622
    assert missing[0].startswith("missing: 000001 '|nor_conv_3x3~0|+|")
    assert sentence.endswith("set truth.allow_incomplete: true in the study file to go on with the cells it has.")
    assert list(tmp_path.iterdir()) == []
    convert(archive, "cifar10", tmp_path / "out.parquet", allow_incomplete=True)
    facts = facts_of(tmp_path / "out.parquet")
    assert facts["cells"] == 3
    assert len(set(facts["missing"])) == 15_622


def test_progress_goes_to_standard_error(archive, tmp_path, capsys):
    convert(archive, "cifar10", tmp_path / "out.parquet", allow_incomplete=True, progress=True)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "the archive: 100%" in printed.err
    assert "cell/s" in printed.err


@pytest.fixture
def copy(archive, tmp_path):
    folder = tmp_path / NAME
    shutil.copytree(archive, folder, copy_function=shutil.copyfile)
    folder.chmod(0o755)
    return folder


def truncate(path, share=0.5):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_truncated_tar_is_one_sentence(share, archive, tmp_path):
    path = tar_of(archive, tmp_path / "archive.tar")
    truncate(path, share)
    with pytest.raises(DataError, match=r"'.*archive.tar' (is damaged or truncated|holds no meta)"):
        convert(path, "cifar10", tmp_path / "out.parquet", allow_incomplete=True)
    assert not (tmp_path / "out.parquet").exists()


def test_a_damaged_record_is_one_sentence(copy, tmp_path):
    truncate(copy / "000011.pickle.pbz2")
    with pytest.raises(
        DataError, match=r"'000011.pickle.pbz2' of the archive is damaged or truncated .*: get it again from"
    ):
        convert(copy, "cifar10", tmp_path / "out.parquet", allow_incomplete=True)


def test_a_record_without_results_is_one_sentence(copy, tmp_path):
    with bz2.open(copy / "000011.pickle.pbz2") as file:
        record = pickle.load(file)
    del record["12"]
    with bz2.open(copy / "000011.pickle.pbz2", "wb") as file:
        pickle.dump(record, file)
    with pytest.raises(
        TruthError, match=r"'000011.pickle.pbz2' of the archive has no results of cifar10 after 12 and 200"
    ):
        convert(copy, "cifar10", tmp_path / "out.parquet", allow_incomplete=True)


def test_a_record_under_the_wrong_name_is_one_sentence(copy, tmp_path):
    shutil.copyfile(copy / "000011.pickle.pbz2", copy / "000012.pickle.pbz2")
    with pytest.raises(
        DataError, match=r"'000012.pickle.pbz2' of the archive holds the cell '.*' where '.*' is expected"
    ):
        convert(copy, "cifar10", tmp_path / "out.parquet", allow_incomplete=True)


def test_a_damaged_meta_file_is_one_sentence(copy, tmp_path):
    truncate(copy / META)
    with pytest.raises(DataError, match=r"meta.pickle.pbz2' is damaged or truncated"):
        convert(copy, "cifar10", tmp_path / "out.parquet", allow_incomplete=True)


def test_a_folder_that_is_no_archive_is_one_sentence(tmp_path):
    with pytest.raises(
        DataError, match=r"holds no NATS-Bench archive .* give the folder NATS-tss-v1_0-3ffb9-simple or"
    ):
        convert(tmp_path, "cifar10", tmp_path / "out.parquet")


def test_a_dataset_that_the_archive_does_not_have(tmp_path):
    with pytest.raises(
        UnknownNameError, match="Unknown dataset 'digits' in the archive NATS-tss: choose one of ImageNet"
    ):
        convert(tmp_path, "digits", tmp_path / "out.parquet")


# ---- counts


@pytest.mark.parametrize("dataset", DATASETS)
def test_counts_are_those_of_the_archive_after_12_epochs(dataset, archive, tmp_path):
    """Records of 200 epochs are wrong in places and repaired from one seed; ours need no record."""
    from nats_bench.api_topology import NATStopology

    convert(archive, dataset, tmp_path / "out.parquet", allow_incomplete=True)
    truth = read_table(tmp_path / "out.parquet").set_index("index")
    api = NATStopology(str(archive), fast_mode=True, verbose=False)
    for index in (0, 11, 284):
        costs = api.get_cost_info(index, dataset, hp="12")
        assert truth.loc[index, "params"] == round(costs["params"] * 1e6)
        assert truth.loc[index, "flops"] == pytest.approx(costs["flops"], abs=1e-9)
    assert facts_of(tmp_path / "out.parquet")["counts"].startswith("params and flops: counted by tfnas")


@pytest.mark.parametrize("dataset", DATASETS)
def test_own_counts_are_those_of_all_cells(dataset, shared_data):
    table, skeleton = pd.read_parquet(shared_data / "nats-tss" / f"{dataset}.parquet"), skeleton_of(dataset)
    cells = [Cell.parse(arch) for arch in table["arch"]]
    assert [count_parameters(cell, skeleton) for cell in cells] == table["params"].tolist()
    assert [count_flops(cell, skeleton) / 1e6 for cell in cells] == table["mflops"].tolist()


def test_the_shapes_of_the_archive_are_those_of_the_datasets():
    for dataset in DATASETS:
        spec, skeleton = get_dataset(dataset), skeleton_of(dataset)
        assert (spec.classes, spec.channels) == (skeleton.classes, skeleton.image_channels)
        assert spec.image_size == skeleton.image_size


def test_wrong_counts_in_a_record_do_not_reach_the_table(copy, tmp_path):
    record = record_of(copy)
    for epochs in ("12", "200"):
        for result in record[epochs]["all_results"].values():
            result["params"], result["flop"] = 0.073, 1.0
    write(copy / "000011.pickle.pbz2", record)
    convert(copy, "cifar10", tmp_path / "out.parquet", allow_incomplete=True)
    truth = read_table(tmp_path / "out.parquet").set_index("index")
    assert truth.loc[11, "params"] == count_parameters(Cell.parse(truth.loc[11, "arch"]), skeleton_of("cifar10"))


# ---- records that are programs


def record_of(folder):
    with bz2.open(folder / "000011.pickle.pbz2") as file:
        return pickle.load(file)


def write(path, content):
    with bz2.open(path, "wb") as file:
        pickle.dump(content, file)


class Call:
    """An object whose pickle calls a function when it is opened."""

    def __init__(self, function, *arguments):
        self.called = function, arguments

    def __reduce__(self):
        return self.called


@pytest.mark.parametrize("name", [META, "000011.pickle.pbz2"])
@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda folder: Call(os.system, f"touch '{folder / 'ran'}'"), r"(posix|nt)\.system"),
        (lambda folder: Call(sys.exit, 0), r"sys\.exit"),
        (lambda folder: Call(eval, "1 + 1"), r"builtins\.eval"),
        (lambda folder: Call(getattr, "x", "upper"), r"builtins\.getattr"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_record_that_runs_code_is_refused_and_not_run(name, call, said, packed, copy, tmp_path):
    write(copy / name, {"meta_archs": [], "12": call(tmp_path)})
    place = tar_of(copy, tmp_path / "archive.tar") if packed else copy
    with pytest.raises(DataError, match=rf"{name}'.* wants to run {said} when it is opened, .* do not use it, get"):
        convert(place, "cifar10", tmp_path / "out.parquet", allow_incomplete=True)
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out.parquet").exists()


def test_a_record_that_names_another_file_does_not_open_it(copy, tmp_path):
    """``nats_bench`` takes a text for the path of a pickle."""
    write(tmp_path / "other.pbz2", Call(os.system, f"touch '{tmp_path / 'ran'}'"))
    write(copy / "000011.pickle.pbz2", {"12": str(tmp_path / "other"), "200": str(tmp_path / "other")})
    with pytest.raises(DataError, match=r"'000011.pickle.pbz2' of the archive is damaged .*no results by number of"):
        convert(copy, "cifar10", tmp_path / "out.parquet", allow_incomplete=True)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", [META, "000011.pickle.pbz2"])
def test_a_record_that_unpacks_to_too_much_is_refused(name, copy, tmp_path):
    with bz2.open(copy / name, "wb") as file:
        file.write(bytes(LARGEST + 1))
    with pytest.raises(DataError, match=rf"{name}'.* unpacks to more than 16,777,216 bytes, which no official file"):
        convert(copy, "cifar10", tmp_path / "out.parquet", allow_incomplete=True)


def test_a_member_of_a_tar_that_claims_too_much_is_not_unpacked(archive, tmp_path):
    path = tmp_path / "archive.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(archive / META, arcname=f"{NAME}/{META}")
        huge = tarfile.TarInfo(f"{NAME}/000011.pickle.pbz2")
        huge.size = 1 << 40
        tar.addfile(huge)  # the header alone
    with pytest.raises(DataError, match=r"(claims 1,099,511,627,776 bytes, which no official|is damaged or truncated)"):
        convert(path, "cifar10", tmp_path / "out.parquet", allow_incomplete=True)


@pytest.mark.parametrize("content", [None, [], {}, {"meta_archs": None}, {"meta_archs": [1]}, "text"])
def test_a_meta_file_of_something_else_is_one_sentence(content, copy, tmp_path):
    write(copy / META, content)
    with pytest.raises(DataError, match=r"lists .*cells where 15,625 are expected: it is not NATS-tss"):
        convert(copy, "cifar10", tmp_path / "out.parquet", allow_incomplete=True)


@pytest.mark.parametrize("content", [None, [], {}, {"12": {}, "200": {}}, {"12": {"all_results": 3}}, 7])
def test_a_record_of_something_else_is_one_sentence(content, copy, tmp_path):
    write(copy / "000011.pickle.pbz2", content)
    with pytest.raises(DataError, match=r"^'000011.pickle.pbz2' of the archive (is damaged|has no results)"):
        convert(copy, "cifar10", tmp_path / "out.parquet", allow_incomplete=True)


def test_records_with_flipped_bytes_are_one_sentence_or_read(copy, tmp_path):
    refused = 0
    path = copy / "000011.pickle.pbz2"
    whole = bz2.decompress(path.read_bytes())
    for place in range(0, len(whole), len(whole) // 40):
        changed = bytearray(whole)
        changed[place] ^= 0x55
        path.write_bytes(bz2.compress(bytes(changed)))
        with contextlib.suppress(DataError):  # any other exception fails
            convert(copy, "cifar10", tmp_path / "out.parquet", allow_incomplete=True)
            refused -= 1
        refused += 1
    assert refused > 0


# ---- other formats


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("NAS-Bench-201-v1_1-096897.pth", b"PK\x03\x04" * 200, "is a file of PyTorch, .* older NAS-Bench-201"),
        ("NATS-tss-v1_0-3ffb9.pickle.pbz2", bz2.compress(b"x"), "is a pickle packed by bzip2, .* in one file"),
        ("NATS-tss-v1_0-3ffb9-simple.tar", b"\n<!DOCTYPE html><html>Sign in</html>", "is a web page"),
        ("NATS-tss-v1_0-3ffb9-simple.tar", b"", "is empty"),
        ("accuracies.csv", b"arch,valid_accuracy\n", "is no tar"),
    ],
)
def test_a_file_of_another_format_is_named(name, content, said, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"'.*{name}' {said}.*, not the archive of NATS-Bench: give the folder NATS"):
        convert(tmp_path / name, "cifar10", tmp_path / "out.parquet")


def test_a_file_of_another_format_is_named_when_the_study_is_read(tmp_path):
    old = tmp_path / "NAS-Bench-201-v1_1-096897.pth"
    old.write_bytes(b"PK")
    search = {"use": {"random-cell": {"algorithm": "random_cell"}}}
    datasets = {"cifar10": {"truth": {"source": "archive", "path": str(old)}}}
    with pytest.raises(DataError, match=r"096897.pth' is a file of PyTorch, .* older NAS-Bench-201"):
        load_study({"study": "old", "datasets": datasets, "search": search})
