"""Datasets: every layout that images come in, what is refused and how, and the fixed mini-batches."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import pickle
import re
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from tfnas.datasets import downloads, pickles
from tfnas.datasets.digits import digits_splits
from tfnas.datasets.images import Batch, make_batch, stands_for
from tfnas.datasets.pickles import ARRAYS, PLAIN, read_pickle
from tfnas.datasets.registry import dataset_names, get_dataset, register
from tfnas.datasets.sources import load_images, split_files
from tfnas.datasets.splits import SPLITS, official_split
from tfnas.datasets.training_splits import check_recipe, training_places
from tfnas.errors import DataError, UnknownNameError
from tfnas.study.load import load_study


def pictures(count: int = 20, channels: int = 3, size: int = 32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, channels, size, size), dtype=np.uint8)


def npz(folder, **arrays):
    path = folder / "some.npz"
    np.savez(path, **arrays)
    return path


def own(folder, **changes):
    arrays = {"images": pictures(), "labels": np.arange(20) % 4, **changes}
    return load_images("mine", npz(folder, **{key: value for key, value in arrays.items() if value is not None}), None)


# ---- registry


def test_names_need_neither_torch_nor_pandas():
    code = (
        "import sys; from tfnas.datasets.registry import dataset_names, get_dataset; print(dataset_names());"
        "get_dataset('cifar10').sources[0].licence; heavy = {'torch', 'torchvision', 'xautodl', 'pandas'};"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['cifar10', 'cifar100', 'digits', 'ImageNet16-120']"


def test_an_unknown_dataset_lists_those_there_are(tmp_path):
    sentence = "Unknown dataset 'svhn': choose one of ImageNet16-120, cifar10, cifar100, digits."
    for call in (
        lambda: get_dataset("svhn"),
        lambda: load_images("svhn", None, None),
        lambda: load_images("svhn", tmp_path, None),
    ):
        with pytest.raises(UnknownNameError) as raised:
            call()
        assert str(raised.value) == sentence
    with pytest.raises(UnknownNameError, match=r"Unknown download 'svhn' in data/sources.tsv: choose one of"):
        downloads.download("svhn", tmp_path)


def test_two_files_cannot_register_one_name():
    with pytest.raises(ValueError, match="Two files register a dataset called 'digits'"):
        register(replace(get_dataset("digits"), read=pictures))


@pytest.mark.parametrize("name", dataset_names())
def test_every_dataset_says_what_to_cite(name):
    spec = get_dataset(name)
    assert spec.sources[0].licence
    assert spec.sources[0].cite
    assert len(spec.mean) == len(spec.std) == spec.channels


# ---- digits


def test_digits_are_embedded(tmp_path):
    downloads.download("digits", tmp_path)
    images = load_images("digits", None, tmp_path)
    assert images.images.shape == (1797, 1, 8, 8)
    assert images.images.max() == 16
    np.testing.assert_allclose(images.mean, images.images.mean(), atol=1e-4)
    np.testing.assert_allclose(images.std, images.images.std(), atol=1e-4)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_for_digits_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"datasets.digits.images.path is '.*', but this dataset has no folder layout"):
        load_images("digits", tmp_path, None)


def test_the_split_of_the_digits_is_stratified_disjoint_and_fixed():
    from sklearn.datasets import load_digits

    labels = load_digits().target
    parts = digits_splits(0)
    assert [len(part) for part in parts] == [600, 400, 797]
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(1797))
    for part in parts:
        share = np.bincount(labels[part]) - len(part) * np.bincount(labels) / 1797
        assert np.abs(share).max() <= 1
    digest = hashlib.sha256(",".join(map(str, np.concatenate(parts))).encode()).hexdigest()
    assert digest.startswith("1ae2a4f9678d976d"), "the embedded ground truth stands on this split"


def test_splits_of_the_digits_nest_and_differ_by_seed():
    small, large = digits_splits(3, 100, 100, 100), digits_splits(3)
    assert [len(part) for part in small] == [100, 100, 100]
    assert set(small[0]) < set(large[0])
    assert not np.array_equal(digits_splits(3)[0], digits_splits(4)[0])


@pytest.mark.parametrize("sizes", [(1797, 1, None), (0, 400, None), (900, 800, 98)])
def test_impossible_splits_are_one_sentence(sizes):
    with pytest.raises(DataError, match="The digits cannot be split into"):
        digits_splits(0, *sizes)


def test_a_batch_of_digits_comes_from_the_training_split():
    batch = make_batch(load_images("digits", None, None), 64, 1)
    assert set(batch.positions) <= set(digits_splits()[0])
    assert batch.facts["drawn_from"] == "the 600 training images of digits_splits(seed=0)"


# ---- .npz


def test_the_three_layouts_of_npz(tmp_path):
    images, labels = pictures(), np.arange(20) % 10
    first = load_images(
        "cifar10", npz(tmp_path, train_images=images, train_labels=labels, train_index=labels + 7), None
    )
    assert np.array_equal(first.positions, labels + 7)
    second = load_images("cifar10", npz(tmp_path, images=images, labels=labels), None)
    assert np.array_equal(second.positions, np.arange(20))
    assert np.array_equal(first.images, second.images)
    numbers = np.array([1, 120, 121, 1000])
    small = pictures(4, size=16)
    third = npz(tmp_path, images=small, labels=numbers, in_imagenet16_120=numbers <= 120)
    third = load_images("ImageNet16-120", third, None)
    assert third.labels.tolist() == [0, 119]
    assert third.positions.tolist() == [0, 1]
    assert np.array_equal(third.images, small[:2])
    assert third.classes == 120


def test_labels_of_imagenet16_may_count_from_0(tmp_path):
    path = npz(tmp_path, images=pictures(3, size=16), labels=np.array([0, 5, 119]))
    assert load_images("ImageNet16-120", path, None).labels.tolist() == [0, 5, 119]
    path = npz(tmp_path, images=pictures(3, size=16), labels=np.array([200, 500, 999]))
    with pytest.raises(DataError, match="None of the labels is one of the 120 classes"):
        load_images("ImageNet16-120", path, None)


def test_test_images_of_npz(tmp_path):
    arrays = {"train_images": pictures(seed=1), "train_labels": np.arange(20) % 10}
    path = npz(tmp_path, **arrays, test_images=pictures(5), test_labels=np.arange(5))
    assert len(load_images("cifar10", path, None, split="test")) == 5
    with pytest.raises(DataError, match="but networks are tested"):
        load_images("cifar10", npz(tmp_path, **arrays), None, split="test")


def test_own_images_bring_their_constants(tmp_path):
    images = own(tmp_path)
    np.testing.assert_allclose(images.mean, images.images.mean(axis=(0, 2, 3)))
    assert images.classes == 4
    assert images.constants == "computed from the training images of the file"
    given = own(tmp_path, mean=np.full(3, 100.0), std=np.full(3, 50.0), class_names=np.array(list("abcdef")))
    assert (given.mean, given.std, given.classes) == ((100.0,) * 3, (50.0,) * 3, 6)
    batch = make_batch(given, 8, 0)
    np.testing.assert_allclose(batch.images, (batch.pixels.astype(float) - 100) / 50, rtol=1e-6)


def test_whole_numbers_in_floats_are_pixels(tmp_path):
    assert own(tmp_path, images=pictures().astype(np.float64)).images.dtype == np.uint8


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"images": np.where(np.arange(20)[:, None, None, None] == 3, np.nan, pictures())},
            "1 of the 20 images .* NaN",
        ),
        ({"images": pictures() / 255}, "pixels .* run from 0 to 1 where whole numbers from 0 to 255 are expected"),
        ({"images": pictures().astype(str)}, "are of type .* where uint8 is expected"),
        ({"images": np.full((20, 3, 32, 32), 9, np.uint8)}, "Every image .* is of one single colour"),
        ({"images": pictures().transpose(0, 2, 3, 1)}, r"have shape \(20, 32, 32, 3\) where N x C x H x W"),
        ({"images": pictures()[:, 0]}, r"have shape \(20, 32, 32\) where N x C x H x W"),
        ({"images": pictures()[..., :30]}, "are 32 x 30 pixels where squares"),
        ({"images": pictures(size=18)}, "are 18 x 18 pixels where squares .* that 4 divides"),
        ({"images": pictures()[:0], "labels": np.arange(0)}, "holds no image"),
        ({"labels": np.arange(19)}, r"has 20 images but labels of shape \(19,\)"),
        ({"labels": np.linspace(0, 1, 20)}, "labels .* are of type float64 where integers"),
        ({"labels": np.arange(20) - 1}, "labels .* go down to -1: number the classes from 0"),
        ({"labels": np.zeros(20, int)}, r"has 1 class\(es\)"),
        ({"labels": None}, "has no array labels: name them images and labels"),
        ({"mean": np.zeros(3), "std": np.zeros(3)}, "cannot normalise 3 channels"),
        ({"index": np.arange(3)}, r"has 20 images but index of shape \(3,\)"),
    ],
)
def test_bad_own_images_are_one_sentence(changes, sentence, tmp_path):
    with pytest.raises(DataError, match=sentence) as raised:
        own(tmp_path, **changes)
    assert "some.npz" in str(raised.value)
    assert str(raised.value).count(". ") == 0


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}, "With mean 0.485 and std 0.229 .* have mean 5"),
        ({"mean": [0.485, 0.456, 0.406], "std": [58.4, 57.1, 57.4]}, "have mean 2.1.* on the scale of the pixels"),
        ({"mean": [123.7, 116.3, 103.5], "std": [0.229, 0.224, 0.225]}, "standard deviation 3"),
        ({"mean": [127.0] * 3, "std": [73.0**2] * 3}, "standard deviation 0.01"),
        ({"images": pictures() // 255, "mean": [123.7] * 3, "std": [58.4] * 3}, "they run from 0 to 1"),
        ({"mean": [127.0] * 3}, "gives mean but no std: give both, or neither"),
        ({"std": [73.0] * 3}, "gives std but no mean: give both, or neither"),
        ({"mean": ["a", "b", "c"], "std": [73.0] * 3}, "Mean .*'a'.* cannot normalise 3 channels: .* as numbers"),
        ({"mean": [127.0] * 3, "std": ["a", "b", "c"]}, "std .*'a'.* cannot normalise 3 channels"),
        ({"mean": [127.0], "std": [73.0]}, "cannot normalise 3 channels"),
        ({"mean": [127.0] * 3, "std": [np.inf] * 3}, "cannot normalise 3 channels"),
    ],
)
def test_constants_that_do_not_normalise_are_refused(changes, sentence, tmp_path):
    with pytest.raises(DataError, match=sentence):
        own(tmp_path, **changes)


@pytest.mark.parametrize("level", [60, 120, 180])
def test_constants_of_imagenet_are_taken_for_images_of_the_same_scale(level, tmp_path):
    images = np.clip(np.random.default_rng(0).normal(level, 40, (20, 3, 32, 32)), 0, 255).astype(np.uint8)
    assert own(tmp_path, images=images, mean=[123.7, 116.3, 103.5], std=[58.4, 57.1, 57.4]).std[0] == 58.4


def test_sparse_images_are_normalised_by_their_own_constants(tmp_path):
    images = np.zeros((20, 1, 32, 32), np.uint8)
    images[:, :, 3, ::7] = 255
    given = own(tmp_path, images=images)
    assert own(tmp_path, images=images, mean=np.array(given.mean), std=np.array(given.std)).mean == given.mean


@pytest.mark.parametrize(
    ("labels", "names", "sentence"),
    [
        (np.arange(20) % 3 + 1, None, "hold 3 different numbers from 1 to 3, but not 0: number the classes from 0"),
        (np.where(np.arange(20) % 2, 4, 2), None, "hold 2 different numbers from 2 to 4, but not 0"),
        (np.where(np.arange(20) == 7, 255, np.arange(20) % 3), None, "hold 4 .* from 0 to 255, but not 3"),
        (np.where(np.arange(20) == 7, 10**9, np.arange(20) % 2), None, "from 0 to 1000000000, but not 2"),
        (np.where(np.arange(20) == 7, 3_900_000_000, np.arange(20) % 2), None, "from 0 to 3900000000, but not 2"),
        (np.array([2**64 - 1, 0] * 10, dtype=np.uint64), None, "go up to 18446744073709551615: number the classes"),
        (np.arange(20) % 5, ["a", "b", "c"], "class_names .* has 3 names, but labels go up to 4: give a name to each"),
        (np.arange(20) % 2, "cat", r"class_names .* has shape \(\): give one list with a name for each class"),
        (np.eye(4)[np.arange(20) % 4], None, r"labels .* have shape \(20, 4\) where \(20,\) .*labels.argmax\(1\)"),
    ],
)
def test_labels_that_are_no_classes_are_refused(labels, names, sentence, tmp_path):
    with pytest.raises(DataError, match=sentence):
        own(tmp_path, labels=labels, class_names=None if names is None else np.array(names))


def test_class_names_allow_a_class_without_images(tmp_path):
    assert own(tmp_path, labels=np.arange(20) % 3 + 1, class_names=np.array(list("abcde"))).classes == 5


def test_a_column_of_labels_is_taken(tmp_path):
    assert own(tmp_path, labels=(np.arange(20) % 4)[:, None]).labels.tolist() == own(tmp_path).labels.tolist()


@pytest.mark.parametrize("index", [np.arange(20) + 0.5, np.arange(20).astype(str), np.arange(20) - 1])
def test_an_index_that_is_no_place_is_refused(index, tmp_path):
    with pytest.raises(DataError, match=r"index of .* must hold whole numbers, 0 or more"):
        own(tmp_path, index=index)


def both(folder, name="mine", split="train", **changes):
    arrays = {
        "train_images": pictures(),
        "train_labels": np.arange(20) % 4,
        "test_images": pictures(8, seed=1),
        "test_labels": np.arange(8) % 4,
    }
    return load_images(name, npz(folder, **{**arrays, **changes}), None, split=split)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", ["mine", "cifar10"])
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"test_labels": np.arange(8)}, "4 of the 8 test images .* of classes that no training image has, .* class 4"),
        ({"test_images": pictures(8, size=16)}, "test images .* are 3 x 16 x 16 .* training images are 3 x 32 x 32"),
        ({"test_images": pictures(8, channels=1)}, "test images .* are 1 x 32 x 32 .* training images are 3 x 32 x 32"),
        ({"test_images": pictures(8).transpose(0, 2, 3, 1)}, r"\(test\) have shape \(8, 32, 32, 3\)"),
        ({"test_labels": np.arange(7)}, r"\(test\) has 8 images but labels of shape \(7,\)"),
    ],
)
def test_test_images_are_held_against_training_images_whichever_is_read(changes, sentence, name, split, tmp_path):
    with pytest.raises(DataError, match=sentence):
        both(tmp_path, name, split, **changes)


def test_a_test_set_may_lack_classes(tmp_path):
    images = both(tmp_path, split="test", test_labels=np.zeros(8, int))
    assert (images.classes, len(images)) == (4, 8)


def test_pixels_of_a_known_dataset_on_another_scale_are_refused(tmp_path):
    path = npz(tmp_path, images=pictures() // 255, labels=np.arange(20) % 10)
    with pytest.raises(
        DataError, match=r"With mean 125.3 and std 63 .*they run from 0 to 1\): give the pixels of cifar"
    ):
        load_images("cifar10", path, None)


def test_a_constant_channel_is_one_sentence(tmp_path):
    images = pictures()
    images[:, 1] = 7
    with pytest.raises(DataError, match="drop constant channels"):
        own(tmp_path, images=images)


def test_images_of_another_dataset_are_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"are 3 x 16 x 16 where cifar10 is 3 x 32 x 32"):
        load_images("cifar10", npz(tmp_path, images=pictures(size=16), labels=np.arange(20) % 10), None)
    with pytest.raises(DataError, match=r"run from 0 to 19 where cifar10 has classes 0 to 9"):
        load_images("cifar10", npz(tmp_path, images=pictures(), labels=np.arange(20)), None)


def test_missing_and_damaged_files_are_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"'.*none.npz' does not exist: check the path in the study file"):
        load_images("cifar10", tmp_path / "none.npz", None)
    whole = npz(tmp_path, images=pictures(), labels=np.arange(20)).read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"'.*half.npz' cannot be read as .npz"):
        load_images("cifar10", tmp_path / "half.npz", None)
    with pytest.raises(DataError, match=r"holds an array of Python objects, which is not read"):
        load_images("cifar10", npz(tmp_path, images=pictures(), labels=np.array([object()] * 20)), None)
    with pytest.raises(DataError, match=r"The folder '.*nowhere' does not exist: check datasets.cifar10.images.path"):
        load_images("cifar10", tmp_path / "nowhere", None)
    with pytest.raises(DataError, match=r"The folder '.*cifar10' does not exist: download cifar10 first"):
        load_images("cifar10", None, tmp_path / "cifar10")


def zipped(folder, **contents):
    """Write a file like an ``.npz`` out of bytes."""
    with zipfile.ZipFile(folder / "some.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(f"{name}.npy", content)
    return folder / "some.npz"


def npy(array) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize("name", ["mine", "cifar10"])
def test_a_flipped_compression_byte_is_one_sentence(name, tmp_path):
    path = tmp_path / "some.npz"
    np.savez_compressed(path, images=pictures(), labels=np.arange(20) % 4)
    content = bytearray(path.read_bytes())
    for start in [match.start() for match in re.finditer(b"PK\x01\x02", bytes(content))]:
        content[start + 10] = 77  # the method
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"some.npz' cannot be read as .npz \(.*compression method is not supported"):
        load_images(name, path, None)


def test_a_flipped_header_is_one_sentence(tmp_path):
    whole = npy(pictures())
    for place in range(120):
        changed = bytearray(whole)
        changed[place] ^= 0x24
        path = zipped(tmp_path, images=bytes(changed), labels=npy(np.arange(20) % 4))
        with contextlib.suppress(DataError):  # any other exception fails
            load_images("mine", path, None)


@pytest.mark.parametrize("name", ["images", "labels"])
def test_a_header_that_claims_19_tb_is_one_sentence(name, tmp_path):
    contents = {"images": npy(pictures()), "labels": npy(np.arange(20) % 4)}
    count = 19 * 10**12 // 3072
    contents[name] = contents[name].replace(b"'shape': (20,", f"'shape': ({count},".encode())
    path = zipped(tmp_path, **{key: value for key, value in contents.items()})
    with pytest.raises(DataError, match=r"some.npz'? "):
        load_images("mine", path, None)


def test_a_file_that_unpacks_to_more_than_memory_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "some.npz"
    np.savez_compressed(path, images=np.zeros((2000, 3, 32, 32), np.uint8), labels=np.arange(2000) % 4)
    assert path.stat().st_size < 50_000
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}.__getitem__)
    with pytest.raises(
        DataError, match=r"unpacks to 6,144,128 bytes, more than the 4,096,000 of this machine's memory"
    ):
        load_images("mine", path, None)


def test_other_arrays_of_a_file_are_left_alone(tmp_path):
    assert len(own(tmp_path, thumbnails=np.array([object()]))) == 20


# ---- which images a recipe trains on

SIZES = {"train_size": 10, "valid_size": 6, "test_size": 8}


@pytest.mark.parametrize(
    ("name", "changes", "recipe", "sentence"),
    [
        ("mine", {}, {"valid_size": 11}, "asks for 21 training images of mine, which has 20: make training.train_size"),
        ("mine", {}, {"test_size": 9}, "asks for 9 test images of mine, which has 8"),
        ("mine", {}, {"train_size": 2}, "draws 2 training images of mine, none of them of class"),
        ("mine", {"test_images": None, "test_labels": None}, {}, "has no array 'test_images', but networks are tested"),
        ("mine", {"test_labels": np.arange(8)}, {}, "of classes that no training image has"),
        ("cifar10", {}, {"test_size": 9}, "asks for 9 test images of cifar10, which has 8"),
        ("cifar10", None, {"train_size": 50_000}, "asks for 50006 training images of cifar10, which has 50000"),
        ("ImageNet16-120", None, {"test_size": 6_001}, "asks for 6001 test images of ImageNet16-120, which has 6000"),
        ("digits", None, {"train_size": 1_790}, "digits cannot be split into 1790, 6 and 8 images"),
    ],
)
def test_a_recipe_that_asks_for_too_much_is_refused_before_an_image_is_read(name, changes, recipe, sentence, tmp_path):
    path = None
    if changes is not None:
        arrays = {"train_images": pictures(), "train_labels": np.arange(20) % 4, "test_images": pictures(8)}
        arrays |= {"test_labels": np.arange(8) % 4, **changes}
        path = npz(tmp_path, **{key: value for key, value in arrays.items() if value is not None})
    with pytest.raises(DataError, match=sentence):
        check_recipe(name, path, SIZES | recipe)


def test_a_study_that_trains_on_too_few_images_is_refused_when_it_is_read(tmp_path):
    arrays = {"train_images": pictures(), "train_labels": np.arange(20) % 4, "test_images": pictures(8)}
    path = npz(tmp_path, **arrays, test_labels=np.arange(8) % 4)
    study = {
        "study": "mine",
        "datasets": {"mine": {"images": {"path": str(path)}, "truth": {"source": "trained"}}},
        "search": {"use": {"random-cell": {"algorithm": "random_cell"}}},
        "training": SIZES,
    }
    assert load_study(study)["training"]["test_size"] == 8
    with pytest.raises(DataError, match="asks for 9 test images of mine, which has 8"):
        load_study(study | {"training": SIZES | {"test_size": 9}})


def test_digits_of_ones_own_are_drawn_like_any_other_images(tmp_path):
    """The places of scikit-learn's digits are none in another file."""
    images = pictures(40, channels=1, size=8) // 15
    arrays = {"train_images": images[:30], "train_labels": np.arange(30) % 10, "test_images": images[30:]}
    path = npz(tmp_path, **arrays, test_labels=np.arange(10))
    sizes = {"train": 20, "valid": 5, "test": 10}
    places = training_places("digits", path, 30, 10, sizes)
    assert {part: len(where) for part, where in places.items()} == sizes
    assert max(where.max() for where in places.values()) < 30


def test_a_recipe_that_fits_is_taken(tmp_path):
    arrays = {"train_images": pictures(), "train_labels": np.arange(20) % 4, "test_images": pictures(8)}
    check_recipe("mine", npz(tmp_path, **arrays, test_labels=np.arange(8) % 4), SIZES)
    for name in ("cifar10", "cifar100", "ImageNet16-120", "digits"):
        check_recipe(name, None, SIZES)


# ---- official layouts


def fake_cifar(folder, monkeypatch, kind="CIFAR10"):
    """Write a small dataset in the layout of the official archive, and let torchvision expect its checksums."""
    import torchvision.datasets

    reader = getattr(torchvision.datasets, kind)
    base = folder / reader.base_folder
    base.mkdir(parents=True)
    key = "labels" if kind == "CIFAR10" else "fine_labels"
    lists = {}
    for name in ("train_list", "test_list"):
        lists[name] = []
        for number, (file, _) in enumerate(getattr(reader, name)):
            content = pickle.dumps({"data": pictures(12, seed=number).reshape(12, -1), key: [0, 1, 2] * 4})
            (base / file).write_bytes(content)
            lists[name].append([file, hashlib.md5(content).hexdigest()])
        monkeypatch.setattr(reader, name, lists[name])
    content = pickle.dumps({reader.meta["key"]: list("abc")})
    (base / reader.meta["filename"]).write_bytes(content)
    monkeypatch.setattr(reader, "meta", {**reader.meta, "md5": hashlib.md5(content).hexdigest()})
    return base


@pytest.mark.parametrize(("name", "kind", "count"), [("cifar10", "CIFAR10", 60), ("cifar100", "CIFAR100", 12)])
def test_cifar_in_the_official_layout(name, kind, count, tmp_path, monkeypatch):
    pytest.importorskip("torchvision")
    base = fake_cifar(tmp_path, monkeypatch, kind)
    images = load_images(name, None, tmp_path)
    assert images.images.shape == (count, 3, 32, 32)
    assert np.array_equal(images.images[:12], pictures(12))
    assert images.labels[:4].tolist() == [0, 1, 2, 0]
    assert np.array_equal(images.images, load_images(name, base, None).images)
    assert len(load_images(name, tmp_path, None, split="test")) == 12


@pytest.mark.parametrize("kind", ["CIFAR10", "CIFAR100"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_cifar_is_what_torchvision_reads(kind, split, tmp_path, monkeypatch):
    torchvision = pytest.importorskip("torchvision")
    fake_cifar(tmp_path, monkeypatch, kind)
    ours = load_images(kind.lower(), None, tmp_path, split=split)
    theirs = getattr(torchvision.datasets, kind)(tmp_path, train=split == "train")
    assert np.array_equal(ours.images.transpose(0, 2, 3, 1), theirs.data)
    assert ours.labels.tolist() == theirs.targets


class Touch:
    """An object whose pickle makes a file when it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch '{self.path}'",)


def test_a_batch_that_runs_code_is_refused_and_not_run(tmp_path, monkeypatch):
    pytest.importorskip("torchvision")
    base = fake_cifar(tmp_path, monkeypatch)
    content = pickle.dumps({"data": Touch(tmp_path / "ran"), "labels": []})
    (base / "data_batch_1").write_bytes(content)
    import torchvision.datasets

    items = [
        [file, hashlib.md5((base / file).read_bytes()).hexdigest()]
        for file, _ in torchvision.datasets.CIFAR10.train_list
    ]
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "train_list", items)
    with pytest.raises(DataError, match=r"data_batch_1' wants to run .*system when it is opened"):
        load_images("cifar10", None, tmp_path)
    fake_imagenet16(tmp_path / "small", monkeypatch, {"data": Touch(tmp_path / "ran"), "labels": []})
    with pytest.raises(DataError, match=r"train_data_batch_1' wants to run .*system when it is opened"):
        load_images("ImageNet16-120", None, tmp_path / "small")
    assert not (tmp_path / "ran").exists()


def test_batches_of_python_2_are_read(tmp_path):
    """The official files were written by Python 2: texts are bytes, and numpy has its old name."""
    pixels = pictures(1, size=8).tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR(K\x01(K\x03K\x40tcnumpy\ndtype\n(U\x02u1"
        b"K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + len(pixels).to_bytes(4, "little")
        + pixels
        + b"tb"
    )
    (tmp_path / "batch").write_bytes(b"\x80\x02}U\x04data" + array + b"s.")
    read = read_pickle(tmp_path / "batch", ARRAYS, "batch", 1 << 20, "latin1")
    assert np.array_equal(read["data"].reshape(1, 3, 8, 8), pictures(1, size=8))


def nested(depth):
    """Return a pickle of a dictionary whose key is a tuple inside a tuple, and so on, made without any nesting."""
    return b"\x80\x02})" + b"\x85" * depth + b"K\x01s."


def test_tuples_nested_until_python_crashes_are_refused_before_anything_is_made(tmp_path, monkeypatch):
    path = tmp_path / "batch"
    path.write_bytes(nested(100))
    assert list(read_pickle(path, PLAIN, "batch", 1 << 20).values()) == [1]
    monkeypatch.setattr(pickles, "MOST_TUPLES", 99)
    with pytest.raises(DataError, match=r"^batch makes more than 99 tuples, which no official file does and which can"):
        read_pickle(path, PLAIN, "batch", 1 << 20)
    path.write_bytes(pickle.dumps(b"\x85" * 100, protocol=4))
    assert read_pickle(path, PLAIN, "batch", 1 << 20) == b"\x85" * 100, "bytes of images make no tuples"
    monkeypatch.undo()
    path.write_bytes(nested(3_000_000))
    with pytest.raises(DataError, match="makes more than 50,000 tuples"):
        read_pickle(path, PLAIN, "batch", 1 << 23)


def test_a_pickle_of_objects_in_an_array_does_not_reach_numpy(tmp_path):
    """A million objects of which the list holds none: numpy 2.4 ends with a segmentation fault."""
    (tmp_path / "batch").write_bytes(
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntVb\ntR(I1\n(I1000000\nt"
        b"cnumpy\ndtype\n(VO8\nI0\nI1\ntRI00\n(ltb."
    )
    with pytest.raises(DataError, match=r"batch is damaged or truncated \(it holds an array of 'O8'\): get it again"):
        read_pickle(tmp_path / "batch", ARRAYS, "batch", 1 << 20)


def test_damaged_cifar_is_one_sentence(tmp_path, monkeypatch):
    pytest.importorskip("torchvision")
    base = fake_cifar(tmp_path, monkeypatch)
    (base / "data_batch_3").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"is missing or has the wrong md5: unpack cifar-10-python.tar.gz again"):
        load_images("cifar10", None, tmp_path)
    with pytest.raises(DataError, match=r"has no folder 'cifar-10-batches-py': give the folder in which"):
        load_images("cifar10", base.parent.parent, None)


def fake_imagenet16(folder, monkeypatch, data=None):
    """Write a small dataset in the layout of the official files, with a table of sources that knows their checksums."""
    folder.mkdir(exist_ok=True)
    items = []
    pickled = [item for item in downloads.sources_of("ImageNet16-120") if not item.file.endswith(".txt")]
    for number, item in enumerate(pickled):
        labels = [1, 120, 121, 1000, 60 + number]
        made = {"data": pictures(5, size=16, seed=number).reshape(5, -1), "labels": labels}
        content = pickle.dumps(data or made)
        (folder / item.file).write_bytes(content)
        items.append(replace(item, checksum=hashlib.md5(content).hexdigest()))
    monkeypatch.setattr("tfnas.datasets.imagenet16.sources_of", lambda name: items)


def test_imagenet16_in_the_official_layout_is_what_xautodl_reads(tmp_path, monkeypatch):
    xautodl = pytest.importorskip("xautodl.datasets.DownsampledImageNet")
    fake_imagenet16(tmp_path, monkeypatch)
    monkeypatch.setattr(xautodl.ImageNet16, "_check_integrity", lambda self: True)
    for split, count in (("train", 30), ("test", 3)):
        ours = load_images("ImageNet16-120", tmp_path, None, split=split)
        theirs = xautodl.ImageNet16(str(tmp_path), split == "train", None, 120)
        assert len(ours) == len(theirs) == count
        assert np.array_equal(ours.images.transpose(0, 2, 3, 1), np.stack(theirs.data))
        assert ours.labels.tolist() == [label - 1 for label in theirs.targets]
        assert np.array_equal(ours.positions, np.arange(count))


def test_a_wrong_checksum_of_imagenet16_is_one_sentence(tmp_path, monkeypatch):
    fake_imagenet16(tmp_path, monkeypatch)
    (tmp_path / "train_data_batch_4").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"'.*train_data_batch_4' is not the official file \(wrong checksum"):
        load_images("ImageNet16-120", tmp_path, None)
    (tmp_path / "train_data_batch_4").unlink()
    with pytest.raises(DataError, match=r"'.*train_data_batch_4' does not exist"):
        load_images("ImageNet16-120", tmp_path, None)


def test_normalisation_is_that_of_xautodl():
    pytest.importorskip("xautodl.datasets")
    import inspect

    from xautodl.datasets import get_dataset_with_transform

    text = inspect.getsource(get_dataset_with_transform.get_datasets)
    for name in ("cifar10", "cifar100"):
        spec = get_dataset(name)
        assert f"mean = [x / 255 for x in [{', '.join(f'{value:.1f}' for value in spec.mean)}]]" in text
        assert f"std = [x / 255 for x in [{', '.join(f'{value:.1f}' for value in spec.std)}]]" in text
    spec = get_dataset("ImageNet16-120")
    assert f"mean = [x / 255 for x in [{', '.join(f'{value:.2f}' for value in spec.mean)}]]" in text
    assert f"std = [x / 255 for x in [{', '.join(f'{value:.2f}' for value in spec.std)}]]" in text


# ---- official splits


def write_split(folder, train, valid):
    content = {"train": ["int", [str(n) for n in train]], "valid": ["int", [str(n) for n in valid]]}
    (folder / "cifar-split.txt").write_text(json.dumps(content))


def test_batches_of_cifar10_come_from_the_train_half(tmp_path):
    path = npz(tmp_path, train_images=pictures(), train_labels=np.arange(20) % 10, train_index=np.arange(20))
    assert "not at hand" in make_batch(load_images("cifar10", path, None), 4, 0).facts["drawn_from"]
    resources = tmp_path / "resources"
    resources.mkdir()
    write_split(resources, range(1, 50_000, 2), range(0, 50_000, 2))
    batch = make_batch(load_images("cifar10", path, resources), 10, 0)
    assert sorted(batch.positions) == list(range(1, 20, 2))
    assert batch.facts["drawn_from"] == "the train half of NATS-Bench's split of CIFAR-10"
    with pytest.raises(DataError, match=r"larger than the 10 images of cifar10 .*the train half"):
        make_batch(load_images("cifar10", path, resources), 11, 0)


@pytest.mark.parametrize("valid", [range(1, 50_000, 2), range(0, 40_000, 2)])
def test_a_wrong_split_list_is_one_sentence(valid, tmp_path):
    write_split(tmp_path, range(1, 50_000, 2), valid)
    with pytest.raises(DataError, match="is not the official split: train and valid must be two disjoint halves"):
        official_split("cifar10", [tmp_path])
    (tmp_path / "cifar-split.txt").write_text("404: not found")
    with pytest.raises(DataError, match="is no split list of AutoDL-Projects"):
        official_split("cifar10", [tmp_path])


def test_every_official_split_list_is_downloaded():
    for dataset, split in SPLITS.items():
        urls = [item.urls[0] for item in downloads.sources_of(dataset) if item.file == split.file]
        assert len(urls) == 1, dataset
        assert urls[0].endswith(f"/configs/nas-benchmark/{split.file}")


def test_local_images_name_the_split_list_that_is_used(tmp_path):
    path = npz(tmp_path, train_images=pictures(), train_labels=np.arange(20) % 10)
    assert split_files("cifar10", path) == []
    assert split_files("cifar10", None) == []
    write_split(tmp_path, range(1, 50_000, 2), range(0, 50_000, 2))
    assert split_files("cifar10", path) == [tmp_path / "cifar-split.txt"]
    assert split_files("cifar10", tmp_path) == [tmp_path / "cifar-split.txt"]
    assert split_files("cifar100", path) == [], "its list splits the test set, which no batch is drawn from"
    assert split_files("my-own", path) == []


# ---- batches


def test_a_batch_depends_on_its_seed_alone(tmp_path):
    images = own(tmp_path)
    first, again, other = make_batch(images, 8, 5), make_batch(images, 8, 5), make_batch(images, 8, 6)
    assert np.array_equal(first.images, again.images)
    assert first.facts == again.facts
    assert not np.array_equal(first.positions, other.positions)
    assert len(set(first.positions)) == 8
    assert np.array_equal(first.pixels, images.images[first.positions])
    assert np.array_equal(first.labels, images.labels[first.positions])


def test_a_batch_is_written_and_read(tmp_path):
    batch = make_batch(own(tmp_path), 8, 5)
    batch.write(tmp_path / "new" / "mine.npz")
    again = Batch.read(tmp_path / "new" / "mine.npz")
    for name in ("images", "pixels", "labels", "positions"):
        assert np.array_equal(getattr(batch, name), getattr(again, name))
        assert getattr(batch, name).dtype == getattr(again, name).dtype
    assert again.facts == json.loads((tmp_path / "new" / "mine.json").read_text())
    assert again.facts["sha256"] == hashlib.sha256(batch.pixels.tobytes()).hexdigest()
    assert set(again.facts) >= {"dataset", "source", "classes", "mean", "std", "seed", "sha256", "licence", "cite"}
    assert str(tmp_path) not in json.dumps(again.facts)


def test_a_file_that_is_no_batch_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"has no array pixels, positions: it is no mini-batch"):
        Batch.read(npz(tmp_path, images=pictures(), labels=np.arange(20)))


def test_equal_images_are_drawn_once(tmp_path):
    images = pictures()
    images[10:] = images[:10]
    batch = make_batch(own(tmp_path, images=images), 10, 0)
    assert len(np.unique(batch.pixels.reshape(10, -1), axis=0)) == 10
    with pytest.raises(DataError, match=r"has 10 different images, fewer than a batch of 11: set scoring.batch_size"):
        make_batch(own(tmp_path, images=images), 11, 0)


def test_impossible_batches_are_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"A batch of 21 is larger than the 20 images of mine \(some.npz .* at most 20"):
        make_batch(own(tmp_path), 21, 0)
    with pytest.raises(DataError, match="A batch of 1 compares nothing"):
        make_batch(own(tmp_path), 1, 0)


# ---- real images


@pytest.mark.parametrize(
    ("name", "file", "count"),
    [
        ("cifar10", "cifar10_images.npz", 5438),
        ("cifar100", "cifar100_images.npz", 1117),
        ("ImageNet16-120", "imagenet16_images.npz", 106),
    ],
)
def test_real_images(name, file, count, shared_data):
    images = load_images(name, shared_data / "images" / file, None)
    assert len(images) == count
    batch = make_batch(images, 64, 0)
    assert batch.images.dtype == np.float32
    assert abs(batch.images.mean()) < 0.3
    assert 0.8 < batch.images.std() < 1.2
    if name == "cifar10":
        train = np.load(shared_data / "images" / "official_splits.npz")["cifar10__train"]
        assert set(batch.positions) <= set(train)


def test_real_split_lists(shared_data):
    folder = shared_data / "images"
    assert [len(part) for part in official_split("cifar10", [folder]).values()] == [25_000, 25_000]
    assert [len(part) for part in official_split("cifar100", [folder]).values()] == [5_000, 5_000]
    assert [len(part) for part in official_split("ImageNet16-120", [folder]).values()] == [3_000, 3_000]


def test_a_mini_batch_that_stands_for_another_dataset_says_whose_images_it_has():
    own = make_batch(load_images("digits", None, None), 8, 1)
    assert "images_of" not in stands_for(own, "digits").facts
    facts = stands_for(own, "waves").facts
    assert (facts["dataset"], facts["images_of"]) == ("waves", "digits")
