"""The MnasNet space: its strings, its networks against the table of Accel-NASBench, that table as truth, its scores."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from module_space_helpers import BEYOND, FAMILIES, counted_by_building, require_counts, require_scores

from tfnas.analysis.statistics import spearman
from tfnas.errors import CellError, TruthError
from tfnas.networks.mnasnet import SqueezeExcitation
from tfnas.networks.shape import Shape
from tfnas.spaces.mnasnet import EFFICIENTNET_B0, PUBLISHED, SPACE, layers, text_of_row
from tfnas.truth import latencies
from tfnas.truth.table import convert

FIRST = "e6k3l1-e4k5l2-e6k3l3-e6k5l3-e6k5l2-e1k3l2-e1k3l2"
"""The first row of the benchmark's table."""


@pytest.fixture
def published(shared_data) -> pd.DataFrame:
    return pd.read_parquet(shared_data / "other-spaces/accel-nasbench-imagenet.parquet")


def rows(*texts: str, **columns: object) -> pd.DataFrame:
    """A table as the authors lay it out."""
    made = []
    for text in texts:
        row: dict[str, object] = {}
        for block, token in enumerate(text.split("-")):
            expansion, kernel, depth = (int(token[place]) for place in (1, 3, 5))
            row |= {f"block{block}_e": expansion, f"block{block}_k": kernel, f"block{block}_l": depth}
            row[f"block{block}_se"] = token.endswith("s")
        made.append(row)
    return pd.DataFrame(made).assign(**columns)


def test_strings_and_codes_are_one_another():
    assert SPACE.size == 104_485_552_128
    assert not SPACE.enumerable
    assert len(SPACE.variables) == 28
    assert SPACE.text(0) == "e1k3l1-" * 6 + "e1k3l1"
    assert SPACE.text(SPACE.size - 1) == "e6k5l3s-" * 5 + "e6k5l4s-e6k5l3s"
    assert SPACE.text(SPACE.parse(EFFICIENTNET_B0)) == EFFICIENTNET_B0
    codes = SPACE.sample(np.random.default_rng(0), 200)
    assert SPACE.codes_of(SPACE.texts(codes), "a table").tolist() == codes.tolist()
    assert (SPACE.codes(SPACE.digits(codes)) == codes).all()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("e6k3l1-e4k5l2", "has 2 blocks where the space 'mnasnet' has 7"),
        (FIRST.replace("e4", "e3"), "The block 2 expansion of 'e6k3l1-e3k5l2-e6k3l3"),
        (FIRST.replace("e6k3l3", "e6k7l3"), "block 3 kernel of"),
        (FIRST.replace("e6k3l3", "e6k3l4"), "block 3 layers of"),
        (FIRST.replace("e6k3l3", "e6k3"), "Block 3 of 'e6k3l1-e4k5l2-e6k3-e6k5l3-e6k5l2-e1k3l2-e1k3l2' is 'e6k3': wri"),
        ("64-41414-1_02_333", "has 3 blocks where"),
    ],
)
def test_a_string_that_is_none_is_told_where(text, sentence):
    with pytest.raises(CellError) as error:
        SPACE.parse(text)
    assert sentence in str(error.value)


def test_counts_equal_those_of_the_networks_and_of_efficientnet_b0():
    require_counts(SPACE, SPACE.sample(np.random.default_rng(0), 4).tolist(), (224, 32, 33))
    from torchvision.models import efficientnet_b0

    params, macs = SPACE.counts(SPACE.parse(EFFICIENTNET_B0), PUBLISHED)
    assert params == sum(weight.numel() for weight in efficientnet_b0().parameters()) == 5_288_548
    assert macs / 1e6 == pytest.approx(386, abs=0.5)
    assert counted_by_building(SPACE, SPACE.parse(FIRST), PUBLISHED)[0] == 2_501_160


def test_parameters_of_all_networks_of_the_benchmark(published):
    counted = [SPACE.counts(SPACE.parse(text_of_row(row)), PUBLISHED)[0] for row in published.to_dict("records")]
    assert len(counted) == 5138
    assert (np.array(counted) == (published["params"] * 1e6).round()).all()


def more_than_layers(text: str) -> int:
    """What the benchmark's counter adds: four for each normalised value, and what is pooled into what."""
    digits, size = SPACE.choices(SPACE.parse(text)), 112
    total = 4 * 32 * size**2
    for layer in layers(digits):
        total += 4 * layer.expanded * size**2 * (layer.expanded != layer.channels_in)
        size //= layer.stride
        total += 4 * (layer.expanded + layer.channels) * size**2
        total += (layer.expanded * size**2 + layer.expanded) * (layer.squeezed > 0)
    return total + 4 * 1280 * size**2 + 1280 * size**2 + 1280


def test_multiply_accumulates_of_all_networks_of_the_benchmark(published):
    """Theirs are ours, what normalisation and pooling do added, and the biases of the classifier left out."""
    texts = [text_of_row(row) for row in published.to_dict("records")]
    ours = np.array([SPACE.counts(SPACE.parse(text), PUBLISHED)[1] for text in texts])
    theirs = (published["macs"].to_numpy() * 1e6).round()
    assert (ours - 1000 + np.array([more_than_layers(text) for text in texts]) == theirs).all()
    assert (ours / theirs).mean() == pytest.approx(0.913, abs=5e-4)


def test_truth_has_the_facts_that_are_known_of_it(published):
    for column, known in (("params", 0.810), ("macs", 0.617)):
        found = spearman(published[column].to_numpy(), published["val_top1"].to_numpy())
        assert found.value == pytest.approx(known, abs=1e-3)
    table = SPACE.truth_of(published)
    assert len(table) == 5125, "thirteen were trained twice"
    first = table.set_index("arch").loc[FIRST]
    assert first["valid_accuracy"] == pytest.approx((59.368 + 59.248) / 2)
    assert first["params"] == 2_501_160


def test_squeeze_and_excitation_scale_each_channel():
    module, x = SqueezeExcitation(4, 2), torch.randn(3, 4, 5, 5)
    means = x.mean((2, 3))
    hidden = (means @ module.fc1.weight.view(2, 4).T + module.fc1.bias).relu()
    scales = torch.sigmoid(hidden @ module.fc2.weight.view(4, 2).T + module.fc2.bias)
    torch.testing.assert_close(module(x), x * scales[:, :, None, None])


def test_the_table_of_the_authors_is_truth(tmp_path):
    rows(FIRST, EFFICIENTNET_B0, FIRST, val_top1=[60.0, 65.0, 61.0]).to_csv(tmp_path / "accel.csv")
    convert(tmp_path / "accel.csv", "imagenet", None, tmp_path / "truth.parquet", True, space="mnasnet")
    table = pd.read_parquet(tmp_path / "truth.parquet").set_index("arch")
    assert table["valid_accuracy"].to_dict() == {FIRST: 60.5, EFFICIENTNET_B0: 65.0}
    assert table["params"].to_dict() == {FIRST: 2_501_160, EFFICIENTNET_B0: 5_288_548}
    assert table.loc[EFFICIENTNET_B0, "flops"] == pytest.approx(385.815752)


def test_the_table_of_the_authors_is_latencies(tmp_path):
    table = rows(FIRST, EFFICIENTNET_B0, latency_zcu102_mean=[5.0, 7.5], throughput_a100_mean=[4000.0, np.nan])
    table.to_parquet(tmp_path / "accel.parquet")
    latencies.convert(tmp_path / "accel.parquet", "imagenet", None, tmp_path / "measured.parquet", space="mnasnet")
    found = pd.read_parquet(tmp_path / "measured.parquet").set_index("arch")
    assert found["zcu102"].to_dict() == {FIRST: 5.0, EFFICIENTNET_B0: 7.5}
    assert found.loc[FIRST, "a100 by throughput"] == 0.25
    assert np.isnan(found.loc[EFFICIENTNET_B0, "a100 by throughput"])


def official(path: Path, *jsons: object) -> Path:
    """A file as the authors publish it."""
    with tarfile.open(path, "w:gz") as archive:
        for number, facts in enumerate(jsons):
            content = facts if isinstance(facts, bytes) else json.dumps(facts).encode()
            member = tarfile.TarInfo(f"anb_dataset/jsons/result_{number}.json")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_the_file_of_the_authors_is_truth_and_latencies(tmp_path):
    facts = [
        {
            "architecture": row,
            "metrics": {"val_top1": 60.0 + number, "val_top5": 80.0, "train_time": 1.0},
            "model_info": {"macs": 1.0, "params": 1.0},
            "platform_perf": {
                "latency_zcu102": {"latency_mean": 5.0 + number},
                "throughput_a100": {"throughput_mean": 4000.0, "throughput_std": 1.0},
            },
        }
        for number, row in enumerate(rows(FIRST, EFFICIENTNET_B0).astype(object).to_dict("records"))
    ]
    path = official(tmp_path / "anb.tar.gz", *facts)
    convert(path, "imagenet", None, tmp_path / "truth.parquet", True, space="mnasnet")
    truth = pd.read_parquet(tmp_path / "truth.parquet").set_index("arch")
    assert truth["valid_accuracy"].to_dict() == {FIRST: 60.0, EFFICIENTNET_B0: 61.0}
    assert truth["test_accuracy"].isna().all()
    latencies.convert(path, "imagenet", None, tmp_path / "measured.parquet", space="mnasnet")
    measured = pd.read_parquet(tmp_path / "measured.parquet").set_index("arch")
    assert measured["zcu102"].to_dict() == {FIRST: 5.0, EFFICIENTNET_B0: 6.0}
    assert measured["a100 by throughput"].to_dict() == {FIRST: 0.25, EFFICIENTNET_B0: 0.25}
    assert json.loads((tmp_path / "truth.json").read_text())["metric"]["unit"] == "%"


@pytest.mark.parametrize("content", [[b"no json"], [{"metrics": {}}], [b"[" + b"1," * 40_000 + b"1]"], []])
def test_a_file_that_is_not_the_authors_is_refused(content, tmp_path):
    path = official(tmp_path / "other.tar.gz", *content)
    with pytest.raises(TruthError, match=r"other\.tar\.gz' is not the file of Accel-NASBench \(.*\): get it again"):
        SPACE.official(path)
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(TruthError, match="is not the file of Accel-NASBench"):
        SPACE.official_latencies(path)


def test_a_table_of_ones_own_stays_as_it_is():
    table = pd.DataFrame({"arch": [FIRST], "valid_accuracy": [60.0]})
    assert SPACE.truth_of(table) is table
    assert SPACE.latencies_of(table) is table


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"block3_e": [3]}, "A row of the table is no architecture of the space: The block 4 expansion of"),
        ({"block3_se": ["maybe"]}, "'block3_se' of the table is 'maybe': write True or False"),
        ({"val_top1": None}, "The table of Accel-NASBench has no column val_top1: give the whole table"),
    ],
)
def test_a_table_that_is_not_the_authors_is_refused(change, sentence):
    table = rows(FIRST, val_top1=[60.0])
    for name, values in change.items():
        table = table.drop(columns=name) if values is None else table.assign(**{name: values})
    with pytest.raises(TruthError) as error:
        SPACE.truth_of(table)
    assert sentence in str(error.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_networks_are_scored(family, monkeypatch):
    require_scores(
        SPACE, "e1k3l1-e1k5l1s-e1k3l1-e1k3l1-e1k3l1-e1k3l1-e1k3l1", family, monkeypatch, reason=BEYOND.get(family, "")
    )


def test_networks_run_on_small_images():
    network = SPACE.network(SPACE.parse(EFFICIENTNET_B0), Shape(5, 1, 32))
    assert network(torch.zeros(2, 1, 32, 32)).shape == (2, 5)
