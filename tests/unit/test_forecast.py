"""What a study says of its work before it starts."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml

from tfnas.networks.skeleton import Skeleton
from tfnas.spaces.nats_tss import SPACE, Cell
from tfnas.study.forecast import forecast, mean_values, seconds_of_training
from tfnas.study.load import load_study
from tfnas.study.study import Study


def study_of(root, name, **changes):
    """Return a study that ships, with some keys changed."""
    content = yaml.safe_load((root / f"studies/{name}.yaml").read_text(encoding="utf-8"))
    for key, value in changes.items():
        content[key] = value
    return Study(load_study(content))


@pytest.fixture
def own(root, tmp_path):
    """The study of own images with images of 32 x 32 pixels."""
    labels = np.arange(1200) % 4
    images = np.zeros((1200, 3, 32, 32), dtype=np.uint8)
    np.savez(tmp_path / "i.npz", train_images=images, train_labels=labels, test_images=images, test_labels=labels)
    dataset = {"images": {"path": str(tmp_path / "i.npz")}, "truth": {"source": "trained"}}
    return study_of(root, "own-images", datasets={"my-images": dataset})


def test_own_images_say_what_is_trained_before_it_starts(own):
    training, scores = forecast(own)
    assert training.startswith(
        "Ground truth of my-images: 25,864 networks are to be trained (6,466 distinct cells, 4 seeds each; 12 epochs "
        "of 600 images), less what is finished. That takes about 100 hours of one CPU core"
    )
    assert scores.startswith("Scores: 5,785 networks are to be scored (1 family of proxies; images: 64 of my-images)")
    assert scores.endswith("most proxies take a multiple of that.")


def test_shipped_scores_say_nothing(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").touch()
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits/naswot.parquet").touch()
    (tmp_path / "digits/naswot.json").write_text("{}")
    datasets = {"digits": {"truth": {"source": "table", "path": "t.csv"}}}
    shipped = {"scores": "shipped", "shipped": ".", "proxies": ["naswot"]}
    assert forecast(study_of(root, "smoke", datasets=datasets, scoring=shipped)) == []


def test_a_family_that_builds_no_network_is_not_counted(root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    one = forecast(study_of(root, "smoke"))
    two = forecast(study_of(root, "smoke", scoring={"proxies": ["naswot", "params"], "batch_size": 16, "scorings": 2}))
    assert one == two
    assert one[0].startswith(f"Scores: {2 * 5785:,} networks"), "two scorings"
    twice = forecast(study_of(root, "smoke", scoring={"proxies": ["naswot"], "batch_size": 16, "repeats": 2}))
    assert twice[0].startswith(f"Scores: {2 * 5785:,} networks")


def test_the_estimate_is_within_a_factor_of_three_of_the_trainings_that_ship(root):
    """The digits benchmark took as many processor seconds as its facts say."""
    facts = json.loads((root / "data/digits/truth.json").read_text(encoding="utf-8"))
    study = study_of(root, "digits-retrain")
    taken = facts["seconds"] / (6466 * facts["recipe"]["seeds"])
    assert 1 / 3 < seconds_of_training(study, "digits") / taken < 3


def test_values_of_feature_maps_by_hand():
    skeleton = Skeleton(channels=2, cells_per_stage=1, image_channels=1, image_size=8)
    distinct = [Cell.from_code(int(code)) for code in np.unique(SPACE.classes)]
    maps = np.mean([sum(operation != "none" for operation in cell.operations) for cell in distinct])
    cells = maps * (2 * 64 + 4 * 16 + 8 * 4)
    assert mean_values(skeleton) == pytest.approx(cells + 3 * (4 * 16 + 8 * 4) + 2 * 64)
