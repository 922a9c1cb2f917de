"""The table of ground truth: what it accepts, what it refuses and how; and ready tables with other names."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tfnas.datasets.registry import get_dataset
from tfnas.errors import ConfigError, DataError, TruthError
from tfnas.files import read_table
from tfnas.networks.skeleton import Skeleton, count_flops, count_parameters
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE, Cell
from tfnas.truth import latencies
from tfnas.truth.schema import COLUMNS, OPTIONAL, missing_cells, validate, write_truth
from tfnas.truth.table import convert

FACTS = {
    "dataset": "toy",
    "source": "made up",
    "accuracies": dict.fromkeys(("valid_accuracy", "test_accuracy", "early_valid_accuracy"), "toy, 3 epochs, seed 0"),
    "licence": "none",
    "cite": "nobody",
}
NATS = {
    "valid_accuracy": "valid_accuracy_200",
    "test_accuracy": "test_accuracy_200",
    "early_valid_accuracy": "valid_accuracy_12",
    "early_seconds": "train_seconds_12",
    "flops": "mflops",
}
"""Names of the columns in the tables of the development data."""


def rows(count: int = 6) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "arch": SPACE.strings[:count],
            "index": np.arange(count)[::-1],
            "valid_accuracy": 50.0 + np.arange(count),
            "test_accuracy": 51.0 + np.arange(count),
            "early_valid_accuracy": 20.0,
            "early_seconds": 3.0,
            "valid_seconds": 0.5,
            "params": 1000,
            "flops": 1.5,
        }
    )


def test_the_columns_are_known_without_pandas():
    code = "import sys; from tfnas.truth.schema import COLUMNS; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_table_is_sorted_by_cell_and_typed():
    clean = validate(rows().sample(frac=1, random_state=0).assign(more=1), "here")
    assert tuple(clean.columns) == COLUMNS
    assert [Cell.parse(arch).code for arch in clean["arch"]] == list(range(6))
    assert clean["index"].tolist() == [5, 4, 3, 2, 1, 0]
    assert str(clean["index"].dtype) == "Int64"
    assert clean["params"].dtype == np.int64
    assert clean["flops"].dtype == np.float64


@pytest.mark.parametrize("column", OPTIONAL)
def test_what_not_every_search_needs_may_be_absent(column, tmp_path, caplog):
    clean = validate(rows().drop(columns=column), "here")
    assert clean[column].isna().all()
    assert tuple(clean.columns) == COLUMNS
    assert validate(clean, "here").equals(clean), "a table that was written is read again"
    assert validate(rows(), "here").drop(columns=column).equals(clean.drop(columns=column))
    rows().drop(columns=column).to_csv(tmp_path / "toy.csv", index=False)
    convert(tmp_path / "toy.csv", "toy", {}, tmp_path / "out.parquet", allow_incomplete=True)
    assert read_table(tmp_path / "out.parquet").equals(clean)
    lost = "valid_accuracy is reported in its place" if column == "test_accuracy" else "searches that need them"
    said = f"toy.csv' has no {column}: {lost}" in caplog.text
    assert said == (column != "index")
    if column == "early_valid_accuracy":
        accuracies = json.loads((tmp_path / "out.json").read_text())["accuracies"]
        assert accuracies["early_valid_accuracy"] == "the table does not have it"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda t: t.drop(columns=["valid_accuracy", "test_accuracy"]),
            "here has no column test_accuracy: it has arch, .*truth.columns",
        ),
        (
            lambda t: t.assign(early_seconds=t["early_seconds"].where(t.index != 3)),
            r"Column early_seconds of here has 1 value\(s\) .*the first nan for cell '\|none",
        ),
        (lambda t: t.iloc[:0], "here has no row"),
        (lambda t: pd.concat([t, t.iloc[2:3]]), r"here has 1 cell\(s\) more than once, the first '\|none"),
        (
            lambda t: t.assign(
                arch=t["arch"].where(t.index != 2, "|conv_7x7~0|+|none~0|none~1|+|none~0|none~1|none~2|")
            ),
            "here has a row that is no cell of the space: Edge 0->1 .* is written 'conv_7x7~0'",
        ),
        (lambda t: t.assign(arch=" " + t["arch"]), "here writes the cell '.*' in another way than the benchmark"),
        (lambda t: t.assign(test_accuracy=101.0), r"test_accuracy of here has 6 value\(s\) that are not a percentage"),
        (
            lambda t: t.assign(valid_accuracy=t["valid_accuracy"].where(t.index != 3)),
            r"Column valid_accuracy of here has 1 value\(s\) .*the first nan for cell '\|none",
        ),
        (lambda t: t.assign(test_accuracy="ninety"), "the first ninety for cell"),
        (lambda t: t.assign(test_accuracy=pd.to_timedelta(range(50, 56), "ns")), "the first 0 days 00:00:00.00000005"),
        (
            lambda t: t.assign(valid_accuracy=0.5, test_accuracy=0.6),
            "valid_accuracy of here never exceeds 1: .* percent",
        ),
        (
            lambda t: t.assign(valid_accuracy=0.5),
            "Column valid_accuracy of here never exceeds 1: it looks like fractions",
        ),
        (lambda t: t.assign(test_accuracy=0.4841), "Column test_accuracy of here never exceeds 1: it looks like frac"),
        (lambda t: t.assign(early_valid_accuracy=0.3), "Column early_valid_accuracy of here never exceeds 1: it looks"),
        (lambda t: t.assign(test_accuracy="93,5"), "the first 93,5 for cell .*: write a point in numbers instead of a"),
        (lambda t: t.assign(params=1.29), "params of here .* not a whole number of parameters.* the first 1.29 for"),
        (lambda t: t.assign(params=0.073), "params of here .* not a whole number of parameters.* the first 0.073"),
        (lambda t: t.assign(early_seconds=-1.0), "a number of seconds, 0 or more"),
        (lambda t: t.assign(valid_seconds=np.inf), "a number of seconds, 0 or more"),
        (lambda t: t.assign(params=0), "Column params of here .* a whole number of parameters, 1 or more"),
        (lambda t: t.assign(index=7), "Column index of here must hold different numbers from 0 to 15624"),
        (lambda t: t.assign(index="x"), "Column index of here holds something else than whole numbers"),
    ],
)
def test_bad_tables_are_one_sentence(change, sentence):
    with pytest.raises(TruthError, match=sentence):
        validate(change(rows()), "here")


def test_a_table_is_written_with_its_facts_and_read(tmp_path):
    path = tmp_path / "new" / "toy.parquet"
    write_truth(rows(), FACTS, path)
    assert read_table(path).equals(validate(rows(), "here"))
    facts = json.loads((tmp_path / "new" / "toy.json").read_text())
    assert facts["cells"] == 6
    assert len(facts["missing"]) == SPACE_SIZE - 6
    assert facts["missing"][0] == SPACE.strings[6]
    assert set(facts["columns"]) == set(COLUMNS)
    assert facts["accuracies"] == FACTS["accuracies"]


def test_facts_that_say_too_little_are_one_sentence(tmp_path):
    accuracies = {"valid_accuracy": "?", "early_valid_accuracy": "?"}
    facts = {**{key: FACTS[key] for key in ("dataset", "source", "licence")}, "accuracies": accuracies}
    with pytest.raises(TruthError, match=r"The facts of '.*toy.parquet' lack cite, accuracies.test_accuracy: say what"):
        write_truth(rows(), facts, tmp_path / "toy.parquet")
    assert list(tmp_path.iterdir()) == []


def test_missing_cells_are_named_in_order():
    assert missing_cells(rows(SPACE_SIZE - 2)) == list(SPACE.strings[-2:])


# ---- ready tables


@pytest.mark.parametrize("name", ["toy.parquet", "toy.csv", "toy.csv.gz"])
def test_a_ready_table_with_other_names(name, tmp_path):
    table = rows().rename(columns={"valid_accuracy": "val", "arch": "cell"})
    table.to_parquet(tmp_path / name) if name.endswith("parquet") else table.to_csv(tmp_path / name, index=False)
    output = tmp_path / "out" / "toy.parquet"
    convert(tmp_path / name, "toy", {"valid_accuracy": "val", "arch": "cell"}, output, allow_incomplete=True)
    assert read_table(output).equals(validate(rows(), "here"))
    facts = json.loads(output.with_suffix(".json").read_text())
    assert facts["dataset"] == "toy"
    assert facts["source"] == f"the table {name}"
    assert "column val of toy" in facts["accuracies"]["valid_accuracy"]
    assert "do not say more" in facts["accuracies"]["valid_accuracy"]
    assert str(tmp_path) not in json.dumps(facts)


def test_facts_beside_a_ready_table_are_kept(tmp_path):
    write_truth(rows(), {**FACTS, "recipe": {"epochs": 3}}, tmp_path / "toy.parquet")
    output = tmp_path / "out.parquet"
    convert(tmp_path / "toy.parquet", "toy", {}, output, True)
    facts = json.loads(output.with_suffix(".json").read_text())
    assert facts["accuracies"]["valid_accuracy"] == "toy, 3 epochs, seed 0"
    assert facts["recipe"] == {"epochs": 3}


def test_bad_ready_tables_are_one_sentence(tmp_path, caplog):
    path = tmp_path / "toy.csv"
    rows().to_csv(path, index=False)

    def call(columns=None, allow=False):
        convert(path, "toy", columns, tmp_path / "out.parquet", allow)

    with pytest.raises(ConfigError, match=r"truth.columns of toy maps accuracy, which ground truth does not have: use"):
        call({"accuracy": "acc"})
    with pytest.raises(TruthError, match=r"'.*toy.csv' has no column acc \(for test_accuracy\): it has arch"):
        call({"test_accuracy": "acc"})
    with pytest.raises(
        TruthError, match=r"toy.csv' holds 6 of 15,625 cells; 15,619 are missing, the first \|none~0\|.*"
    ):
        call()
    call(allow=True)
    assert "lacks 15,619 cells (the log lists them); going on with 6." in caplog.messages[-1]
    rows().drop(columns=["test_accuracy", "valid_accuracy"]).to_csv(path, index=False)
    with pytest.raises(TruthError, match="has no column test_accuracy"):
        call(allow=True)
    rows().drop(columns="valid_accuracy").to_csv(path, index=False)
    call(allow=True)
    assert "has no valid_accuracy: searches that need them are impossible on it." in caplog.text
    path.unlink()
    with pytest.raises(DataError, match=r"toy.csv' does not exist: check the path in the study file"):
        call()


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "ImageNet16-120"])
def test_the_real_tables(dataset, shared_data, tmp_path):
    spec = get_dataset(dataset)
    shape = {"classes": spec.classes, "image_channels": spec.channels, "image_size": spec.image_size}
    shape |= {"channels": 16, "cells_per_stage": 5}
    convert(shared_data / "nats-tss" / f"{dataset}.parquet", dataset, NATS, tmp_path / "out.parquet", skeleton=shape)
    truth = read_table(tmp_path / "out.parquet")
    assert len(truth) == SPACE_SIZE
    best = {"cifar10": (6111, 94.37), "cifar100": (9930, 73.51), "ImageNet16-120": (857, 47.31)}[dataset]
    top = truth[truth["test_accuracy"] > truth["test_accuracy"].max() - 1e-4]
    assert best[0] in set(top["index"])  # on CIFAR-10 two cells share the first place
    assert round(top["test_accuracy"].max(), 2) == best[1]


# ---- units of counts, held against tfnas' own

SHAPE = {"channels": 16, "cells_per_stage": 5, "classes": 10, "image_channels": 3, "image_size": 32}


def counted(**changes) -> pd.DataFrame:
    cells, skeleton = [Cell.from_code(code) for code in range(6)], Skeleton(**SHAPE)
    counts = {
        "params": [count_parameters(cell, skeleton) for cell in cells],
        "flops": [count_flops(cell, skeleton) / 1e6 for cell in cells],
    }
    table = rows().assign(**counts)
    return table.assign(**{name: change(table[name]) for name, change in changes.items()})


def convert_counted(folder, facts=None, shape=SHAPE, **changes):
    path = folder / "given.csv"
    counted(**changes).to_csv(path, index=False)
    if facts is not None:
        (folder / "given.json").write_text(json.dumps(facts))
    convert(path, "toy", {}, folder / "out.parquet", allow_incomplete=True, skeleton=shape)
    return read_table(folder / "out.parquet")


@pytest.mark.parametrize("decimals", [6, 2])
def test_counts_of_the_study_s_networks_are_taken(decimals, tmp_path):
    assert (
        convert_counted(tmp_path, flops=lambda t: t.round(decimals))["params"].tolist() == counted()["params"].tolist()
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"params": lambda t: t * 1e-6}, "Column params of '.*given.csv' .* not a whole number of parameters"),
        ({"params": lambda t: (t * 1e-3).round()}, "they look like thousands, give single parameters"),
        ({"params": lambda t: t * 1000}, "Column params of '.*given.csv' says .* where tfnas counts"),
        (
            {"params": lambda t: t + 1},
            r"says 73,?307 for cell .* where tfnas counts 73306 \(channels 16, .*: mend or drop",
        ),
        ({"flops": lambda t: t * 1e6}, "Column flops of .* look like single ones, give multiply-accumulates in"),
        ({"flops": lambda t: t * 1e-3}, "they look like thousands of millions, give multiply-accumulates in millions"),
        ({"flops": lambda t: t * 2}, "they look like two operations for each, give multiply-accumulates in millions"),
        ({"flops": lambda t: t + 1}, "state it as 'skeleton' in the JSON beside the table"),
    ],
)
def test_counts_in_another_unit_are_refused_naming_the_table(changes, sentence, tmp_path):
    with pytest.raises(TruthError, match=sentence):
        convert_counted(tmp_path, **changes)
    assert not (tmp_path / "out.parquet").exists()


def test_counts_of_another_skeleton_are_taken_where_the_table_states_it(tmp_path, caplog):
    study = SHAPE | {"channels": 4}
    with pytest.raises(TruthError, match=r"where tfnas counts .*channels 4"):
        convert_counted(tmp_path, shape=study)
    convert_counted(tmp_path, {"skeleton": SHAPE}, study)
    assert "holds networks of another skeleton than those that the study scores." in caplog.text
    caplog.clear()
    convert_counted(tmp_path, {"skeleton": SHAPE})
    assert "another skeleton" not in caplog.text
    with pytest.raises(TruthError, match=r"where tfnas counts .*channels 4"):
        convert_counted(tmp_path, {"skeleton": study})


@pytest.mark.parametrize(
    "stated", [None, [], 3, "16", {}, {"channels": 16}, SHAPE | {"channels": "16"}, SHAPE | {"channels": 0}]
)
def test_a_stated_skeleton_that_is_none_is_one_sentence(stated, tmp_path):
    with pytest.raises(
        TruthError, match=r"^'skeleton' in '.*given.json' is .* where whole numbers are expected for chan"
    ):
        convert_counted(tmp_path, {"skeleton": stated})


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        (
            {"test_images": "many"},
            r"'test_images' in '.*given.json' is 'many' where a number of images is needed: mend",
        ),
        ({"test_images": 0}, "'test_images' in .* is 0 where a number"),
        ({"split_sizes": {"test": [1]}}, r"'split_sizes: test' in .* is \[1\] where a number"),
        ({"split_sizes": [1]}, "'split_sizes' in .* is a list where names and values"),
    ],
)
def test_a_number_of_test_images_that_is_none_is_refused_when_it_is_read(stated, sentence, tmp_path):
    rows().to_csv(tmp_path / "given.csv", index=False)
    (tmp_path / "given.json").write_text(json.dumps(stated))
    with pytest.raises(DataError, match=sentence):
        convert(tmp_path / "given.csv", "toy", None, tmp_path / "out.parquet", allow_incomplete=True)


def test_counts_of_the_embedded_benchmark_are_our_own(root, tmp_path, caplog):
    shape = {"channels": 2, "cells_per_stage": 1, "classes": 10, "image_channels": 1, "image_size": 8}
    convert(root / "data" / "digits" / "truth.parquet", "digits", {}, tmp_path / "out.parquet", False, shape)
    assert "another skeleton" not in caplog.text


# ---- forms of files


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "t.csv",
            b"arch;valid_accuracy;test_accuracy\n|x|;93,5;93,1\n",
            r"\(arch, valid_accuracy, test_accuracy\) are sep.* a semicolon",
        ),
        ("t.csv", b"arch\tvalid_accuracy\n", r"\(arch, valid_accuracy\) are separated by a tab: save it with commas"),
        ("t.csv", b"\n<!DOCTYPE html><html>", "is a web page, not a table: download the file that the page links to"),
        ("t.parquet", b"<html>", "is a web page, not a table"),
        ("t.csv", b"\xef\xbb\xbf<!DOCTYPE html><html>", "is a web page, not a table"),
        ("t.parquet", b"arch,test_accuracy\n", "is no Parquet file: if it is text with commas, name it .csv"),
        (
            "t.csv.gz",
            gzip.compress(b"arch;test_accuracy\n", mtime=0),
            r"\(arch, test_accuracy\) are separated by a semicolon",
        ),
        ("t.csv", gzip.compress(b"arch,test_accuracy\n", mtime=0), "is packed by gzip: name it .csv.gz"),
        ("t.csv", b"PAR1....", "is a Parquet file: name it .parquet"),
        ("t.csv", b"PK\x03\x04", "is a zip or a spreadsheet: save its table as .csv"),
        ("t.csv", "arch,test".encode("utf-16"), "is text in UTF-16: save it as UTF-8"),
        ("t.csv", f"{SPACE.strings[0]},93,92\n".encode(), "has no line of names above its first cell"),
        ("t.csv", b"", "cannot be read as a table"),
        ("t.csv.gz", b"no gzip", "cannot be read as a table"),
    ],
)
def test_a_file_of_another_form_is_named(name, content, sentence, tmp_path):
    (tmp_path / name).write_bytes(content)
    for read in (convert, latencies.convert):
        with pytest.raises(DataError, match=sentence):
            read(tmp_path / name, "toy", {}, tmp_path / "out.parquet")


def test_a_folder_is_no_table(tmp_path):
    for read in (convert, latencies.convert):
        with pytest.raises(DataError, match=r"is a folder where a table is expected: name a file \(.parquet, .csv or"):
            read(tmp_path, "toy", {}, tmp_path / "out.parquet")


@pytest.mark.parametrize(
    ("renamed", "sentence"),
    [
        (
            {"valid_accuracy": "val_acc"},
            r"has no column valid_accuracy: it has arch, index, val_acc, test_accuracy, .* flops; mend truth.columns "
            r"of toy in the study file \(for example 'valid_accuracy: COLUMN'\)",
        ),
        ({name: name.upper() for name in COLUMNS}, "no column arch, index, .*: it has ARCH, .* example 'arch: ARCH'"),
        ({"params": "Params"}, "has no column params: it has .*for example 'params: Params'"),
        ({"early_seconds": "Early seconds"}, "has no column early_seconds: .*example 'early_seconds: Early seconds'"),
    ],
)
def test_a_table_with_other_columns_shows_those_of_the_file(renamed, sentence, tmp_path):
    rows().rename(columns=renamed).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(TruthError, match=sentence):
        convert(tmp_path / "t.csv", "toy", {}, tmp_path / "out.parquet", True)
