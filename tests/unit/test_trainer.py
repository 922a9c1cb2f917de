"""Training of distinct cells: independence of company and of cutting, resuming, merging, and the shipped table."""

import numpy as np
import pandas as pd
import pytest

from tfnas.datasets.images import ImageSet
from tfnas.datasets.sources import ImageSource
from tfnas.errors import DataError
from tfnas.files import read_facts, read_table, write_table
from tfnas.networks.skeleton import Skeleton
from tfnas.spaces.nats_tss import SPACE, Cell
from tfnas.truth import trainer
from tfnas.truth.trainer import (
    MEASURED,
    Training,
    load_splits,
    merge_blocks,
    reliability,
    train_block,
    train_group,
    trained_cells,
)

RECIPE = {
    "epochs": 2,
    "early_epochs": 1,
    "batch_size": 20,
    "learning_rate": 0.1,
    "momentum": 0.9,
    "weight_decay": 0.0005,
    "nesterov": True,
    "schedule": "cosine",
    "seeds": 2,
    "train_size": 60,
    "valid_size": 100,
    "test_size": 200,
    "networks_per_batch": 3,
}
SHAPE = Skeleton(channels=4, cells_per_stage=1, classes=10, image_channels=1, image_size=8)
ACCURACIES = ["valid_accuracy", "test_accuracy", "early_valid_accuracy"]


def block(tmp_path, first, last, name="block", recipe=RECIPE):
    training = Training(recipe, {"channels": 4, "cells_per_stage": 1}, seed=1)
    train_block(ImageSource("digits"), training, first, last, tmp_path / "scratch", tmp_path / f"{name}.parquet")
    return read_table(tmp_path / f"{name}.parquet")


def test_a_network_learns_the_same_in_any_company():
    splits = load_splits(ImageSource("digits"), RECIPE)
    cells = [Cell.from_code(int(code)) for code in trained_cells()[[50, 1000, 3000, 6000]]]
    together = train_group(cells, splits, SHAPE, RECIPE, seed=1, train_seed=0)
    alone = train_group(cells[2:3], splits, SHAPE, RECIPE, seed=1, train_seed=0)
    for name in ACCURACIES:
        # The order of floating point sums may differ: allow one image.
        assert together[name][2] == pytest.approx(alone[name][0], abs=1.01)
    other = train_group(cells, splits, SHAPE, RECIPE, seed=1, train_seed=1)
    assert not np.array_equal(together["test_accuracy"], other["test_accuracy"])


def test_networks_learn_something():
    splits = load_splits(ImageSource("digits"), RECIPE)
    best = Cell.parse("|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|")
    dead = Cell.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")
    found = train_group([best, dead], splits, SHAPE, RECIPE | {"epochs": 8}, seed=1, train_seed=0)
    assert found["test_accuracy"][0] > 70 > 25 > found["test_accuracy"][1]
    assert set(found) == set(MEASURED)
    assert (found["early_seconds"] > 0).all()


def test_blocks_may_be_cut_anywhere_and_resume(tmp_path, monkeypatch):
    whole = block(tmp_path, 100, 106)
    assert whole["arch"].tolist()[:6] == [SPACE.strings[code] for code in trained_cells()[100:106]]
    assert whole["train_seed"].tolist() == [0] * 6 + [1] * 6
    calls = []
    monkeypatch.setattr(trainer, "train_group", lambda *a, **_: calls.append(a) or pytest.fail("trained again"))
    again = block(tmp_path, 100, 106, "again")
    pd.testing.assert_frame_equal(whole, again)
    assert not calls


def test_more_seeds_train_only_the_new_ones(tmp_path, monkeypatch):
    block(tmp_path, 100, 103)
    seeds = []
    real = trainer.train_group

    def noting(cells, splits, skeleton, recipe, seed, train_seed, device):
        seeds.append(train_seed)
        return real(cells, splits, skeleton, recipe, seed, train_seed, device)

    monkeypatch.setattr(trainer, "train_group", noting)
    block(tmp_path, 100, 103, "more", recipe=RECIPE | {"seeds": 3})
    assert seeds == [2]
    block(tmp_path, 100, 103, "other", recipe=RECIPE | {"epochs": 3})
    assert seeds == [2, 0, 1]
    monkeypatch.setattr(trainer, "sources_digest", lambda: "edited")
    block(tmp_path, 100, 103, "edited")
    assert seeds == [2, 0, 1, 0, 1]


def test_splits_are_disjoint_and_of_the_sizes_asked_for():
    splits = load_splits(ImageSource("digits"), RECIPE)
    positions = [set(part.positions) for part in splits.values()]
    assert [len(part) for part in positions] == [60, 100, 200]
    assert len(set.union(*positions)) == 360


def test_splits_of_another_dataset_come_from_its_training_and_test_set(monkeypatch):
    def images(source, split="train"):
        count = 50 if split == "train" else 30
        return ImageSet(
            "x",
            np.zeros((count, 1, 8, 8), np.uint8),
            np.zeros(count, np.int64),
            np.arange(count),
            2,
            (0.0,),
            (1.0,),
            "",
            "",
            "",
            "",
            split,
        )

    monkeypatch.setattr(ImageSource, "load", images)
    sizes = {"train_size": 30, "valid_size": 20, "test_size": 10}
    splits = load_splits(ImageSource("x"), RECIPE | sizes)
    assert not set(splits["train"].positions) & set(splits["valid"].positions)
    assert splits["test"].split == "test"
    with pytest.raises(DataError, match=r"asks for 51 training images of x, which has 50: make training.train_size"):
        load_splits(ImageSource("x"), RECIPE | sizes | {"train_size": 31})
    with pytest.raises(DataError, match="asks for 31 test images of x, which has 30"):
        load_splits(ImageSource("x"), RECIPE | sizes | {"test_size": 31})


def test_an_early_stop_after_the_end_is_refused():
    with pytest.raises(DataError, match=r"training.early_epochs is 3, after the end of 2 epochs"):
        load_splits(ImageSource("digits"), RECIPE | {"early_epochs": 3})


def made_up_block(path, seeds=4, spread=1.0):
    rng = np.random.default_rng(0)
    quality = rng.uniform(50, 90, len(trained_cells()))
    rows = []
    for seed in range(seeds):
        accuracy = quality + spread * rng.standard_normal(len(quality))
        rows.append(
            pd.DataFrame(
                {
                    "arch": np.array(SPACE.strings)[trained_cells()],
                    "train_seed": seed,
                    "valid_accuracy": accuracy,
                    "test_accuracy": accuracy,
                    "early_valid_accuracy": accuracy,
                    "early_seconds": 0.1,
                    "valid_seconds": 0.05,
                    "seconds": 0.5,
                }
            )
        )
    facts = {
        "dataset": "digits",
        "skeleton": vars(SHAPE),
        "split_sizes": {"train": 60, "valid": 100, "test": 200},
        "licence": "L",
        "cite": "C",
        "versions": {},
        "device": "cpu",
        "seed": 1,
    }
    write_table(path, pd.concat(rows), facts)


def test_merging_gives_every_cell_the_mean_of_its_class(tmp_path):
    made_up_block(tmp_path / "a.parquet")
    merge_blocks([tmp_path / "a.parquet"], RECIPE | {"seeds": 4}, tmp_path / "truth.parquet")
    table, single = read_table(tmp_path / "truth.parquet"), read_table(tmp_path / "truth-seeds.parquet")
    assert len(table) == 15625
    means = single.groupby("arch")["test_accuracy"].mean()
    expected = means[np.array(SPACE.strings)[SPACE.classes]].to_numpy()
    assert table["test_accuracy"].to_numpy() == pytest.approx(expected)
    facts = read_facts(tmp_path / "truth.parquet")
    assert facts["recipe"]["seeds"] == 4
    assert "mean of 4 training seeds" in facts["accuracies"]["test_accuracy"]
    assert facts["seconds"] == pytest.approx(0.5 * 4 * 6466)


def test_a_block_that_is_missing_is_noticed(tmp_path):
    made_up_block(tmp_path / "a.parquet", seeds=3)
    with pytest.raises(DataError, match="hold 19398 trainings where 25864 are expected"):
        merge_blocks([tmp_path / "a.parquet"], RECIPE | {"seeds": 4}, tmp_path / "truth.parquet")


def test_reliability_of_a_known_case():
    rng = np.random.default_rng(0)
    quality = rng.normal(0, 1, 3000)
    rows = [
        pd.DataFrame(
            {"arch": range(3000), "train_seed": s, "test_accuracy": quality + rng.normal(0, 1, 3000), "seconds": 1}
        )
        for s in range(4)
    ]
    found = reliability(pd.concat(rows))
    # Normal variables: Pearson 0.5 between seeds and 2/3 between means of two; Spearman is (6/pi) asin(r/2).
    assert found["seed_to_seed_spearman"] == pytest.approx(6 / np.pi * np.arcsin(0.25), abs=0.03)
    assert found["split_half_spearman"] == pytest.approx(6 / np.pi * np.arcsin(1 / 3), abs=0.03)
    assert found["reliability"] == pytest.approx(
        2 * found["split_half_spearman"] / (1 + found["split_half_spearman"]), abs=1e-3
    )
    assert found["noise_top_100"] == pytest.approx(0.92, abs=0.15)
    assert found["seconds"] == 12000


def test_the_shipped_table_is_found_again_within_its_noise(root):
    path = root / "data" / "digits" / "truth.parquet"
    facts, table, single = read_facts(path), read_table(path), read_table(path.with_name("truth-seeds.parquet"))
    splits = load_splits(ImageSource("digits"), facts["recipe"])
    codes = trained_cells()[[40, 900, 2500, 4200, 5100, 6400]]
    cells = [Cell.from_code(int(code)) for code in codes]
    skeleton, again = Skeleton(**facts["skeleton"]), 3
    found = [train_group(cells, splits, skeleton, facts["recipe"], facts["seed"], seed) for seed in range(again)]
    for place, cell in enumerate(cells):
        told = single.loc[single["arch"] == str(cell), "test_accuracy"]
        row = table[table["arch"] == str(cell)].iloc[0]
        assert row["test_accuracy"] == pytest.approx(told.mean(), abs=1e-6)
        # At a high learning rate the rounding of another group of networks grows into another outcome, as far from the
        # first as another seed's: means are compared, by the spread of this cell's own trainings.
        noise = max(told.std(), facts["noise_top_100"]) * (1 / again + 1 / len(told)) ** 0.5
        assert np.mean([part["test_accuracy"][place] for part in found]) == pytest.approx(told.mean(), abs=4 * noise)
