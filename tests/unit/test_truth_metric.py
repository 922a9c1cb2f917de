"""Metrics of ground truth: what may be declared, how values are kept, and which of the two splits is reported."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import spearmanr
from search_helpers import truth_table

from tfnas.analysis import truths
from tfnas.errors import ConfigError, DataError, TruthError
from tfnas.files import read_facts, read_table
from tfnas.products import Named
from tfnas.report.rounding import accuracy_decimals, plain, printing
from tfnas.report.wording import reported_words
from tfnas.spaces.mnasnet import OF_BLOCK
from tfnas.spaces.nats_tss import SPACE
from tfnas.study.results import check_results, split_of
from tfnas.truth.benchmark import Benchmark, ReadOff
from tfnas.truth.metric import Metric, metric_at, reported, reported_name
from tfnas.truth.table import convert

SSIM = {"name": "SSIM", "unit": "", "direction": 1, "range": [-1, 1]}
LOSS = {"name": "loss", "unit": "nats", "direction": -1, "range": [0, None]}

TRANSNAS = {
    "class_object": (45.586, {"name": "top-1 accuracy", "unit": "%", "direction": 1, "range": [0, 100]}),
    "class_scene": (54.936, {"name": "top-1 accuracy", "unit": "%", "direction": 1, "range": [0, 100]}),
    "jigsaw": (95.372, {"name": "top-1 accuracy", "unit": "%", "direction": 1, "range": [0, 100]}),
    "segmentsemantic": (94.613, {"name": "pixel accuracy", "unit": "%", "direction": 1, "range": [0, 100]}),
    "autoencoder": (0.5772, SSIM),
    "normal": (0.5873, SSIM),
    "room_layout": (-0.6010, {"name": "negative loss", "unit": "", "direction": 1, "range": [None, 0]}),
}
"""Best validation metric of the micro networks of TransNAS-Bench-101, and what it is."""


def toy(folder, columns, facts=None):
    """Write a ready table of the first cells with these columns, and facts beside it."""
    count = len(next(iter(columns.values())))
    pd.DataFrame({"arch": SPACE.strings[:count], **columns}).to_csv(folder / "toy.csv", index=False)
    if facts is not None:
        (folder / "toy.json").write_text(json.dumps(facts))
    return folder / "toy.csv"


def converted(path, **settings):
    output = path.with_name("out.parquet")
    convert(path, "toy", {}, output, allow_incomplete=True, **settings)
    return output


@pytest.mark.parametrize("task", TRANSNAS)
def test_validation_metrics_of_seven_tasks(task, shared_data, tmp_path, caplog):
    """Real values on toy cells: fractions and negative numbers are taken for what the facts say that they are."""
    best, metric = TRANSNAS[task]
    table = pd.read_parquet(shared_data / "other-spaces/transnas101-valid-final.parquet")
    values = table[table["space"] == "transbench101_micro"][task].to_numpy()
    assert len(values) == 4096
    output = converted(toy(tmp_path, {"valid_accuracy": values}), metric=metric)
    kept = read_table(output)
    assert kept["valid_accuracy"].max() == pytest.approx(best, abs=6e-4 if best > 1 else 6e-5)
    assert kept["test_accuracy"].isna().all()
    assert metric_at(output) == Metric.of(metric, "here")
    assert reported(kept) == "valid_accuracy"
    assert "has no test_accuracy: valid_accuracy is reported in its place." in caplog.text
    assert f"validation {metric['name']} after full training" in read_facts(output)["accuracies"]["valid_accuracy"]
    if best < 1:
        with pytest.raises(TruthError, match=r"fractions|that are not a percentage"):
            converted(toy(tmp_path, {"valid_accuracy": values}))


@pytest.mark.parametrize(
    ("task", "best", "index", "with_params", "dataset"),
    [("ninapro", 94.385, 6186, 0.010, "ninapro"), ("darcy", 0.98481, 3976, 0.620, "darcy-flow")],
)
def test_two_more_tasks_of_nats(task, best, index, with_params, dataset, shared_data, root, tmp_path):
    """All 15,625 cells as the study reads them; numbers as the benchmark's own table gives them."""
    truth = yaml.safe_load((root / "studies/nats-tss-tasks.yaml").read_text())["datasets"][dataset]["truth"]
    path, output = shared_data / "nats-tss/nb360-ninapro-darcy.parquet", tmp_path / "out.parquet"
    metric = truth.get("metric")
    metric = metric and {"unit": ""} | metric
    convert(path, dataset, {"index": "index"} | truth["columns"], output, metric=metric)
    kept = read_table(output)
    assert len(kept) == 15625
    assert kept["test_accuracy"].max() == pytest.approx(best, abs=5e-4 if best > 1 else 5e-6)
    assert kept["index"][kept["test_accuracy"].idxmax()] == index
    params = pd.read_parquet(shared_data / "nats-tss/cifar10.parquet").set_index("arch")["params"]
    rho = spearmanr(kept["test_accuracy"], params.loc[kept["arch"]]).statistic
    assert rho == pytest.approx(with_params, abs=5e-4)


def test_a_loss_is_kept_with_its_sign_turned(tmp_path):
    path = toy(tmp_path, {"test_accuracy": [0.5, 2.0, 0.25], "valid_accuracy": [0.6, 1.0, 0.3]}, {"metric": LOSS})
    output = converted(path)
    kept = read_table(output)
    np.testing.assert_array_equal(kept["test_accuracy"], [-0.5, -2.0, -0.25])
    np.testing.assert_array_equal(kept["valid_accuracy"], [-0.6, -1.0, -0.3])
    assert kept["early_valid_accuracy"].isna().all()
    assert read_facts(output)["metric"] == {"name": "negative loss", "unit": "nats", "direction": 1, "range": [None, 0]}
    meaning = read_facts(output)["accuracies"]["test_accuracy"]
    assert meaning.startswith("test loss after full training, nats, kept with its sign turned")
    assert ReadOff.read(output, "toy").final(np.arange(3)).tolist() == [-0.5, -2.0, -0.25], "larger is better"


def test_a_search_sees_no_reported_metric_but_a_reference(tmp_path):
    """With validation alone what is reported is what only references may look at; early accuracies stay as they are."""
    table = truth_table().assign(test_accuracy=np.nan)
    read_off, benchmark = ReadOff(table, "toy"), Benchmark(table, "toy")
    assert read_off.reported == "valid_accuracy"
    assert read_off.final(7) == benchmark.validation(7) == table["valid_accuracy"][7]
    assert benchmark.query(7) == table["early_valid_accuracy"][7] != read_off.final(7)
    valid, test = read_off.peek(np.array([1, 2]))
    assert np.isnan(test).all()
    assert valid.tolist() == table["valid_accuracy"][[1, 2]].tolist()
    with pytest.raises(TruthError, match="has no validation accuracy for cell"):
        ReadOff(table.head(3), "toy").peek(5)


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        ({"name": "SSIM"}, "must have name, unit, direction, range and nothing else"),
        (SSIM | {"name": " "}, "needs a text as name"),
        (SSIM | {"unit": None}, "needs a text as name and as unit"),
        (SSIM | {"direction": 2}, "has direction 2: use 1 if larger is better, -1 if smaller is"),
        (SSIM | {"direction": True}, "has direction True"),
        (SSIM | {"range": [1, 0]}, "the first number must be smaller"),
        (SSIM | {"range": [0, math.inf]}, "give the lowest and the highest value, null for none"),
        (SSIM | {"name": "表"}, "which the report cannot print"),
    ],
)
def test_a_wrong_metric_is_one_sentence(metric, sentence, tmp_path):
    path = toy(tmp_path, {"test_accuracy": [0.5, 0.6]}, {"metric": metric})
    with pytest.raises(TruthError, match=sentence):
        converted(path)


def test_wrong_values_and_columns_are_one_sentence(tmp_path):
    with pytest.raises(TruthError, match=r"1 value\(s\) that are not a value of SSIM from -1 to 1, the first 1.5"):
        converted(toy(tmp_path, {"test_accuracy": [0.5, 1.5]}), metric=SSIM)
    with pytest.raises(TruthError, match=r"that are not a finite value of loss of 0 or more, the first -1.0"):
        converted(toy(tmp_path, {"test_accuracy": [0.5, -1.0]}), metric=LOSS)
    with pytest.raises(TruthError, match=r"datasets.toy.truth.metric is another one than 'metric' in .*: remove one"):
        converted(toy(tmp_path, {"test_accuracy": [0.5, 0.6]}, {"metric": LOSS}), metric=SSIM)
    converted(toy(tmp_path, {"test_accuracy": [0.5, 0.6]}, {"metric": SSIM}), metric=SSIM)
    with pytest.raises(TruthError, match=r"Column test_accuracy of .* is empty: fill it or remove it"):
        converted(toy(tmp_path, {"test_accuracy": [None, None], "valid_accuracy": [50.0, 60.0]}, {}))
    with pytest.raises(TruthError, match=r"has no column test_accuracy: it has arch, valid_accuracy, Test_acc"):
        converted(toy(tmp_path, {"valid_accuracy": [50.0, 60.0], "Test_acc": [50.0, 60.0]}))


def study_of(*truth_of_each):
    named = zip(("one", "two"), truth_of_each, strict=False)
    return {
        "space": "nats-tss",
        "datasets": {name: {"truth": {"metric": None, "columns": {}} | truth} for name, truth in named},
    }


def test_one_report_gives_one_split(tmp_path):
    both = toy(tmp_path, {"valid_accuracy": [50.0], "test_accuracy": [51.0]})
    (tmp_path / "alone").mkdir()
    alone = toy(tmp_path / "alone", {"acc": [50.0]})
    tested = {"source": "table", "path": str(both)}
    validated = {"source": "table", "path": str(alone), "columns": {"valid_accuracy": "acc"}}
    assert split_of(study_of(tested), "one") == "test_accuracy"
    assert split_of(study_of(validated), "one") == "valid_accuracy"
    assert split_of(study_of({"source": "archive", "path": None}), "one") == "test_accuracy"
    check_results(study_of(validated, validated))
    for space, name, split in (
        ("mnasnet", "anb_dataset_jsons.tar.gz", "valid_accuracy"),
        ("nasbench101", "nasbench_only108.tfrecord", "test_accuracy"),
        ("nasbench-macro", "nas-bench-macro_cifar10.json", "test_accuracy"),
    ):
        given = study_of({"source": "table", "path": str(tmp_path / name), "columns": {}})
        assert split_of(given | {"space": space}, "one") == split
    rows = pd.DataFrame({f"block{block}_{what}": [] for block in range(7) for what in OF_BLOCK} | {"val_top1": []})
    rows.to_csv(tmp_path / "accel.csv", index=False)
    given = study_of({"source": "table", "path": str(tmp_path / "accel.csv"), "columns": {}})
    assert split_of(given | {"space": "mnasnet"}, "one") == "valid_accuracy"
    with pytest.raises(ConfigError, match="of two has validation accuracies alone, that of one has test accuracies"):
        check_results(study_of(tested, validated))
    with pytest.raises(ConfigError, match=r"one.truth.metric is for ready tables; a ground truth that is archive"):
        check_results(study_of({"source": "archive", "path": None, "metric": SSIM}))
    alone.write_text("")
    assert split_of(study_of(validated), "one") == "test_accuracy", "the job that reads the table says what is wrong"
    with pytest.raises(DataError):
        converted(alone)


def test_points_and_test_images_belong_to_test_accuracies_in_percent(tmp_path):
    facts = {"metric": SSIM, "test_images": 100}
    paths = {}
    for name, columns, told in (
        ("percent", {"test_accuracy": [50.0, 60.0, 60.5]}, {"test_images": 100}),
        ("valid", {"valid_accuracy": [50.0, 60.0, 60.5]}, {"test_images": 100}),
        ("ssim", {"test_accuracy": [0.5, 0.6, 0.61]}, facts),
    ):
        (tmp_path / name).mkdir()
        paths[name] = converted(toy(tmp_path / name, columns, told))
    truths.make(Named(truths=paths), Named(), Named(table=tmp_path / "truth.csv"))
    table = pd.read_csv(tmp_path / "truth.csv").set_index("dataset")
    assert table["accuracy"].tolist() == ["test_accuracy", "valid_accuracy", "test_accuracy"]
    assert table["best"].tolist() == [60.5, 60.5, 0.61]
    assert table["within_one_cells"].fillna(-1).tolist() == [2, 2, -1]
    assert table["test_images"].fillna(-1).tolist() == [100, -1, -1]
    assert table["half_width"].isna().tolist() == [False, True, True]
    assert table["gap_top"].tolist() == pytest.approx([0.5, 0.5, 0.01])


def test_what_results_are_called():
    words = reported_words("test_accuracy", {"a": Metric(), "b": Metric()})
    assert (words["words"], words["many"], words["label"]) == ("test accuracy", "test accuracies", "test accuracy (%)")
    assert (words["points"], words["decimals"], words["plain"]) == ("points", 2, True)
    words = reported_words("valid_accuracy", {"a": Metric.of(LOSS, "here")})
    assert (words["label"], words["points"]) == ("validation negative loss (nats)", "units of negative loss")
    assert (words["turned"], words["decimals"], words["percent"]) == (["loss"], 4, False)
    words = reported_words("valid_accuracy", {"a": Metric("top-1 accuracy"), "b": Metric("pixel accuracy")})
    assert (words["label"], words["points"], words["plain"]) == ("validation metric (%)", "points", False)
    assert words["datasets"] == {"a": "top-1 accuracy (%)", "b": "pixel accuracy (%)"}
    assert reported_name({"valid_accuracy", "test_accuracy"}) == "test_accuracy"
    assert reported_name({"valid_accuracy"}) == "valid_accuracy"


def test_accuracies_are_printed_with_the_decimals_of_the_metric():
    assert plain(0.57725, "accuracy") == "0.58"
    with printing(4):
        assert plain(0.57725, "accuracy") == "0.5773"
        assert plain(0.57725, "correlation") == "0.577"
    assert accuracy_decimals() == 2
