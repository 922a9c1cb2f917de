"""NAS-Bench-Macro: its strings, its networks against the numbers of its authors, its truth, and its scores."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tfnas.analysis.statistics import spearman
from tfnas.errors import CellError, TruthError
from tfnas.networks.shape import Shape
from tfnas.proxies.any_module.structure import count_of_flops, count_of_parameters
from tfnas.proxies.registry import get_family
from tfnas.scoring.chunk import Draws, score_cells
from tfnas.scoring.plan import classes, count_to_score, representatives
from tfnas.spaces.nasbench_macro import SPACE
from tfnas.spaces.pool import Pool
from tfnas.truth.table import convert

SHAPE = Shape(classes=10, image_channels=3, image_size=32)


@pytest.fixture
def published(shared_data) -> pd.DataFrame:
    return pd.read_parquet(shared_data / "other-spaces/nasbench-macro-cifar10.parquet")


def counts(text: str) -> tuple[int, int]:
    """Parameters, and multiply-accumulates as the authors count them: without the biases of the classifier."""
    network = SPACE.network(SPACE.parse(text), SHAPE)
    return count_of_parameters(network), count_of_flops(network, torch.zeros(2, 3, 32, 32)) - SHAPE.classes


def test_strings_and_codes_are_one_another():
    assert SPACE.size == 6561
    assert [SPACE.text(code) for code in (0, 1, 6560)] == ["00000000", "00000001", "22222222"]
    assert SPACE.parse("02012100") == int("02012100", 3)
    for text, sentence in (
        ("0201210", "has 7 layers where the space 'nasbench-macro' has 8"),
        ("02013100", "Layer 5 of '02013100' is '3': use 0, 1 or 2"),
        ("|nor_conv_3x3~0|", "use 0, 1 or 2"),
    ):
        with pytest.raises(CellError, match=sentence.replace("|", r"\|")):
            SPACE.parse(text)


def test_there_are_3969_networks_and_an_identity_may_stand_anywhere_in_its_stage():
    assert len(np.unique(SPACE.classes)) == 9 * 21 * 21 == 3969
    alike = [SPACE.parse(text) for text in ("02021010", "02021001", "02021100")]
    assert SPACE.canonical(alike[:2]).tolist() == [alike[1], alike[1]]
    assert SPACE.canonical(alike[2:]) != alike[1]  # the first layer of a stage is another thing
    assert count_to_score("naswot", True, SPACE) == len(representatives("naswot", True, Pool(SPACE))) == 3969
    assert (classes("naswot", Pool(SPACE)) == SPACE.classes).all()


@pytest.mark.parametrize(("text", "params", "flops"), [("02012100", 890_666, 47_327_744)])
def test_a_network_has_the_counts_of_the_authors(text, params, flops):
    assert counts(text) == (params, flops)


def test_classes_and_counts_equal_those_of_the_table(published):
    table = published
    codes = SPACE.codes_of(table["arch"], "the table")
    theirs = SPACE.codes_of(table["canonical"], "the table")
    assert (SPACE.classes[codes] == SPACE.classes[theirs]).all()
    assert table["canonical"].nunique() == 3969
    for row in table.sample(60, random_state=0).itertuples():
        assert counts(row.arch) == (row.params, row.flops), row.arch


def test_truth_has_the_facts_that_are_known_of_it(published):
    table = published
    accuracy = table["test_accuracy"]
    assert table["canonical"][accuracy.argmax()] == "22212220"
    assert accuracy.max() == pytest.approx(93.127, abs=1e-3)
    assert (table["arch"][accuracy.argmin()], round(accuracy.min(), 3)) == ("00000000", 45.363)
    assert (round(accuracy.mean(), 3), round(accuracy.std(ddof=0), 3)) == (90.247, 2.683)
    distinct = table.drop_duplicates("canonical")
    for column, known in (("flops", 0.738), ("params", 0.315)):
        found = spearman(distinct[column].to_numpy(), distinct["test_accuracy"].to_numpy())
        assert found.value == pytest.approx(known, abs=1e-3)


def official(path: Path) -> Path:
    rows = {}
    for code in range(SPACE.size):
        accuracies = [80 + code / 1000 + part for part in (0, 0.1, 0.2)]
        rows[SPACE.text(code)] = {"test_acc": accuracies, "mean_acc": accuracies[1], "std": 0.1, "params": 1000 + code}
        rows[SPACE.text(code)]["flops"] = 10**6 * (1 + code)
    path.write_text(json.dumps(rows))
    return path


def test_the_file_of_the_authors_is_read(tmp_path):
    convert(official(tmp_path / "macro.json"), "cifar10", None, tmp_path / "truth.parquet", space="nasbench-macro")
    table = pd.read_parquet(tmp_path / "truth.parquet")
    assert (table["arch"][:2].tolist(), len(table)) == (["00000000", "00000001"], 6561)
    assert table["test_accuracy"][1000] == pytest.approx(81.1)
    assert table["flops"][3] == 4
    assert table["valid_accuracy"].isna().all()
    (tmp_path / "other.json").write_text('{"00000000": {"accuracy": 1}}')
    with pytest.raises(TruthError, match=r"other\.json' is not the file of NAS-Bench-Macro"):
        convert(tmp_path / "other.json", "cifar10", None, tmp_path / "t.parquet", space="nasbench-macro")
    with pytest.raises(TruthError, match="'nats-tss' knows no file like"):
        convert(tmp_path / "other.json", "cifar10", None, tmp_path / "t.parquet")


@pytest.mark.parametrize("family", ["naswot", "gradients", "zen", "az_nas", "structure", "synflow", "meco", "vkdnw"])
def test_networks_are_scored_one_by_one_and_named_by_their_strings(family, monkeypatch):
    for name in ("az_nas", "vkdnw"):
        monkeypatch.setattr(f"tfnas.proxies.any_module.{name}.BATCH", 3)
    images = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 1, 0])
    cells = [SPACE.architecture(SPACE.parse(text)) for text in ("21012100", "00000000")]
    member = get_family(family)
    wanted = [proxy.name for proxy in member.proxies if "cell" not in proxy.requires]
    shape = Shape(classes=3, image_channels=3, image_size=16)
    rows = score_cells(member, cells, images, labels, shape, Draws(2, 7), 1, wanted)
    assert [row[:3] for row in rows] == [
        (str(cell), name, repeat) for cell in cells for repeat in range(2) for name in wanted
    ]
    assert all(np.isfinite(row[3]) and row[5] == "" for row in rows)
    other = score_cells(member, cells[::-1], images, labels, shape, Draws(1, 7), 1, wanted)
    values = {row[:3]: row[3] for row in rows}
    assert all(values[row[:3]] == row[3] for row in other)
