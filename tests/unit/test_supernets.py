"""Supernets against the reference network, slow gradients and slow counting; and the jobs that prune them."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from per_sample_helpers import CELLS
from supernet_helpers import MixedCell, Supernet
from torch import nn

from tfnas.datasets.images import ImageSet
from tfnas.datasets.sources import ImageSource
from tfnas.errors import ConfigError, DataError
from tfnas.files import read_facts
from tfnas.networks import tangent
from tfnas.networks.reference import Network
from tfnas.networks.skeleton import Skeleton
from tfnas.networks.supernet import supernet_state
from tfnas.networks.tangent import tangent_rows
from tfnas.proxies.linear_regions import BATCHES, THIN
from tfnas.search.block import Block
from tfnas.search.live import supernets
from tfnas.search.live.pruning import START, without
from tfnas.search.live.supernet_regions import region_counts
from tfnas.search.live.supernets import Evaluator, distinct_places, kappa, prune_block
from tfnas.spaces.nats_tss import Cell

SKELETON = Skeleton(channels=3, cells_per_stage=1, classes=4, image_channels=2, image_size=8)

PLAIN = tuple(
    (name,) for name in ("skip_connect", "nor_conv_1x1", "avg_pool_3x3", "nor_conv_3x3", "nor_conv_3x3", "skip_connect")
)
NO_CONVOLUTION = (("skip_connect", "avg_pool_3x3"),) * 3 + (("avg_pool_3x3",),) * 3
SUPERNETS = (
    START,
    without(without(START, 0, "nor_conv_1x1"), 3, "skip_connect"),
    (
        ("nor_conv_3x3",),
        ("skip_connect", "avg_pool_3x3"),
        *START[2:4],
        ("avg_pool_3x3",),
        ("nor_conv_1x1", "avg_pool_3x3"),
    ),
    PLAIN,
    NO_CONVOLUTION,
)
PARAMETERS = {"channels": 2, "cells_per_stage": 1, "batch_size": 6, "samples": 60, "repeats": 2}


def state_of(seed, skeleton=SKELETON, dtype=torch.float64):
    state = supernet_state(skeleton, torch.Generator().manual_seed(seed))
    return {name: value.to(dtype) for name, value in state.items()}


def network_of(active, state, skeleton=SKELETON):
    network = Supernet(active, skeleton).double().train()
    keys = network.load_state_dict(state, strict=False)
    assert all(name.endswith("num_batches_tracked") for name in keys.missing_keys)
    return network


def images_of(count=7, seed=0, skeleton=SKELETON):
    shape = (count, skeleton.image_channels, skeleton.image_size, skeleton.image_size)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def slow_rows(network, images):
    """The gradient of the sum of logits of one image after another, of all tensors that are called weight."""
    weights = [value for name, value in network.named_parameters() if "weight" in name]
    return torch.stack(
        [
            torch.cat([part.flatten() for part in torch.autograd.grad(one.sum(), weights, retain_graph=True)])
            for one in network(images)
        ]
    )


@pytest.mark.parametrize(
    "cell", [cell for cell in CELLS if "none" not in cell.operations] + [Cell(tuple(n for (n,) in PLAIN))]
)
def test_one_operation_an_edge_is_the_reference_network(cell):
    state = state_of(0)
    names = {f"layers.{edge}.{name}.": f"layers.{edge}." for edge, name in enumerate(cell.operations)}
    plain = {}
    for key, value in state.items():
        for old, new in names.items():
            key = key.replace(old, new)
        plain[key] = value
    reference = Network(cell, SKELETON).double().train()
    assert all("num_batches" in name for name in reference.load_state_dict(plain, strict=False).missing_keys)
    active = tuple((name,) for name in cell.operations)
    images = images_of()
    torch.testing.assert_close(network_of(active, state)(images), reference(images), rtol=0, atol=0)


def test_an_edge_is_the_mean_of_its_operations():
    block = MixedCell((*SUPERNETS[2][:3], *NO_CONVOLUTION[3:]), 3).double()
    x = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
    torch.testing.assert_close(block.layers[1](x), (x + pool(x)) / 2)
    assert sorted(block.layers[2]) == sorted(START[0])


@pytest.mark.parametrize("active", SUPERNETS)
@pytest.mark.parametrize("skeleton", [SKELETON, Skeleton(2, 2, 3, 1, 8)])
def test_kernels_equal_those_of_one_pass_per_image(active, skeleton, monkeypatch):
    monkeypatch.setattr(tangent, "CACHED_BYTES", 5 * 7 * skeleton.channels * 64 * 8)  # five images, then two
    state, images = state_of(1, skeleton), images_of(skeleton=skeleton)
    fast, slow = tangent_rows(active, skeleton, state, images), slow_rows(network_of(active, state, skeleton), images)
    assert fast.shape == slow.shape
    torch.testing.assert_close(fast @ fast.T, slow @ slow.T, rtol=1e-10, atol=1e-10 * float(slow.square().sum(1).max()))
    torch.testing.assert_close(fast.sort(1).values, slow.sort(1).values, rtol=1e-9, atol=1e-9 * float(slow.abs().max()))


def test_float32_gives_the_condition_number_to_three_digits():
    values = [
        kappa(tangent_rows(START, SKELETON, state_of(2, dtype=dtype), images_of().to(dtype)))
        for dtype in (torch.float32, torch.float64)
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-3)


def test_condition_number_by_hand():
    assert kappa(torch.tensor([[1.0, 0.0], [0.0, 3.0]])) == pytest.approx(9)
    assert kappa(torch.ones(2, 3)) == pytest.approx((2 * 2.0**-23) ** -2)


def slow_regions(active, state, crops):
    """Patterns of all ReLU modules of the cell and the last normalisation and ReLU, as strings."""
    network = nn.Sequential(MixedCell(active, 1), nn.BatchNorm2d(1), nn.ReLU()).double().train()
    own = {name.replace("cells.0.", "0."): value for name, value in state.items() if name.startswith("cells.0.")}
    network.load_state_dict(own, strict=False)
    seen = []
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda module, given, output: seen.append(output.flatten(1).sign()))
    patterns = set()
    for batch in crops:
        seen.clear()
        network(batch.view(-1, 1, 3, 3))
        patterns |= {tuple(row) for row in torch.cat(seen, 1).int().tolist()}
    return len(patterns)


def test_regions_equal_the_definition():
    states = [state_of(number, THIN) for number in range(len(SUPERNETS))]
    crops = torch.randn(len(SUPERNETS), BATCHES, 60, 9, dtype=torch.float64).mul_(2).round_().div_(2)
    expected = [slow_regions(*each) for each in zip(SUPERNETS, states, crops, strict=True)]
    assert region_counts(SUPERNETS, states, crops).tolist() == expected
    assert len(set(expected)) > 2


def made_up(count=20):
    rng = np.random.default_rng(0)
    return ImageSet(
        name="made-up", images=rng.integers(0, 256, (count, 3, 8, 8), dtype=np.uint8), labels=np.arange(count) % 4,
        positions=np.arange(count), classes=4, mean=(120.0, 130.0, 110.0), std=(60.0, 61.0, 62.0), constants="",
        licence="", cite="", source="nowhere",
    )  # fmt: skip


def test_equal_images_are_drawn_once():
    images = made_up()
    images.images[3] = images.images[7]
    assert distinct_places(images).tolist() == [place for place in range(20) if place != 7]


def test_too_few_images_are_one_sentence():
    with pytest.raises(
        DataError, match=r"^made-up \(nowhere\) has 20 different images, fewer than a mini-batch of 21: "
    ):
        Evaluator(made_up(), PARAMETERS | {"batch_size": 21}, np.random.default_rng(0))


def test_a_round_compares_with_the_same_weights_and_images():
    counted = []
    parameters = PARAMETERS | {"samples": 3000}
    evaluate = Evaluator(made_up(), parameters, np.random.default_rng(0), advance=counted.append)
    found = evaluate(START, [START, NO_CONVOLUTION])  # without a convolution there are at most 2^9 patterns
    assert counted == [1, 1]
    for full, smaller in ((found.kappa, found.kappa_without), (found.regions, found.regions_without)):
        assert full.shape == smaller.shape == (2, 2)
        assert (full[0] == smaller[0]).all(), "nothing was removed"
        assert (full[1] != smaller[1]).any()
    assert found.kappa[0, 0] != found.kappa[0, 1], "another mini-batch"
    assert (found.kappa[0] == found.kappa[1]).all(), "the same for all operations of a round"


def test_crops_are_blocks_of_one_channel():
    images = made_up()
    images.images[:] = np.arange(3 * 64, dtype=np.uint8).reshape(3, 8, 8)
    evaluate = Evaluator(images, PARAMETERS | {"batch_size": 1}, np.random.default_rng(0))
    crops = evaluate._crops()
    assert crops.shape == (BATCHES, 20, 9)
    steps = {tuple(row) for row in (crops - crops[..., :1]).flatten(0, 1).round(decimals=6).tolist()}
    expected = [tuple(np.round(np.array([0, 1, 2, 8, 9, 10, 16, 17, 18]) / std, 6)) for std in images.std]
    assert steps == set(expected)


@pytest.fixture
def block(tmp_path, monkeypatch):
    """Prune a block of runs of made-up images, few of them."""
    monkeypatch.setattr(ImageSource, "load", lambda _: made_up())
    settings = {"algorithm": "te_nas_pruning", **PARAMETERS}

    def run(first, last, scratch="scratch"):
        paths = tmp_path / "a.parquet", tmp_path / "a-rounds.parquet"
        runs = Block("te", settings, first, last, 1, "s")
        prune_block(runs, ImageSource("made-up"), "cpu", tmp_path / scratch, *paths)
        return pd.read_parquet(paths[0]), pd.read_parquet(paths[1]), read_facts(paths[0])

    return run


def test_runs_do_not_depend_on_blocks_and_go_on(block, monkeypatch, tmp_path):
    together, rounds, facts = block(0, 1)
    assert list(together.columns) == ["run", "arch", "seconds", "networks"]
    assert together["run"].tolist() == [0, 1]
    assert together["networks"].tolist() == [57, 57]
    assert "none" not in " ".join(together["arch"])
    assert len(rounds) == 2 * 54
    assert facts["parameters"]["samples"] == 60
    alone, _, _ = block(1, 1, scratch="other")
    assert alone["arch"].item() == together["arch"][1]
    monkeypatch.setattr(supernets, "_run", lambda *_: pytest.fail("done before"))
    again, _, _ = block(0, 1)
    pd.testing.assert_frame_equal(again, together)


def test_runs_of_other_images_are_done_anew(block, monkeypatch, tmp_path):
    block(0, 0)
    (first,) = (tmp_path / "scratch").glob("*.parquet")
    done = []
    monkeypatch.setattr(supernets, "_run", lambda run, evaluator, path: done.append(shutil.copy(first, path)))
    block(0, 0)
    assert done == []
    for count, change in enumerate(({"mean": (1.0, 2.0, 3.0)}, {"std": (9.0, 8.0, 7.0)}, {"classes": 7}), start=1):
        monkeypatch.setattr(ImageSource, "load", lambda _, change=change: replace(made_up(), **change))
        block(0, 0)
        assert len(done) == count


def test_runs_in_the_wrong_order_are_refused(block):
    with pytest.raises(ConfigError, match="go from 3 to 1"):
        block(3, 1)
