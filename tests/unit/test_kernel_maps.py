"""The kernels that the report shows: of the right cells, and those that a plain loop over images computes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from reporting_helpers import behind, check_files, made
from search_helpers import truth_table

from tfnas.analysis.kernel_maps import CELLS, measure_kernels, spaced_cells
from tfnas.datasets.images import Batch, load_npz
from tfnas.errors import TruthError
from tfnas.files import read_facts, write_table
from tfnas.networks.reference import Network, initial_state
from tfnas.networks.skeleton import Skeleton
from tfnas.report.exhibits import kernels
from tfnas.report.rounding import plain
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE, Cell

SMALL = {"channels": 2, "cells_per_stage": 1}


@pytest.fixture
def measured(tmp_path):
    """Kernels of a made-up dataset of eight images, and the batch."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(8, 1, 8, 8)).astype(np.float32)
    batch = Batch(
        images, images.astype(np.uint8), np.arange(8) % 3, np.arange(8), {"classes": 3, "dataset": "one", "images": 8}
    )
    batch.write(tmp_path / "batch.npz")
    write_table(tmp_path / "truth.parquet", truth_table(), {})
    measure_kernels(
        tmp_path / "batch.npz", tmp_path / "truth.parquet", "one", SMALL, 7, "cpu", tmp_path / "kernels.npz"
    )
    return load_npz(tmp_path / "kernels.npz"), images, tmp_path


def test_cells_are_evenly_spaced_from_the_worst_to_the_best():
    codes = np.arange(SPACE_SIZE)
    accuracies = np.random.default_rng(3).permutation(SPACE_SIZE).astype(float)
    chosen = spaced_cells(codes, accuracies)
    assert len(chosen) == CELLS
    assert all(Cell.from_code(code).is_connected for code in chosen)
    assert np.unique(SPACE.classes[chosen]).size == CELLS
    connected = np.array([Cell.from_code(int(code)).is_connected for code in codes])
    assert accuracies[chosen[-1]] == accuracies[connected].max()
    best = pd.Series(accuracies[connected]).groupby(SPACE.classes[connected]).max()
    assert accuracies[chosen[0]] == best.min()
    assert np.all(np.diff(accuracies[chosen]) > 0)


def test_few_cells_are_all_shown_and_none_is_refused():
    codes = np.array([15624, 15623, 15622])
    assert spaced_cells(codes, np.array([3.0, 1, 2])) == [15623, 15622, 15624]
    with pytest.raises(TruthError, match="No cell of the ground truth has a path from input to output"):
        spaced_cells(np.array([0]), np.array([10.0]))


def test_an_entry_is_the_share_of_relus_that_two_images_switch_alike(measured):
    arrays, images, folder = measured
    assert arrays["kernels"].shape == (CELLS, 8, 8)
    shape = Skeleton(**SMALL, classes=3, image_channels=1, image_size=8)
    for place in (0, CELLS // 2, CELLS - 1):
        cell = Cell.parse(str(arrays["archs"][place]))
        seed = child_seed(7, "weights", cell.code)
        network = Network(cell, shape)
        network.load_state_dict(initial_state(cell, shape, torch.Generator().manual_seed(seed)))
        codes = []

        def note(_, inputs, __, codes=codes):
            codes.append(inputs[0].flatten(1) > 0)

        for module in network.train().modules():
            if isinstance(module, torch.nn.ReLU):
                module.register_forward_hook(note)
        with torch.no_grad():
            network(torch.from_numpy(images))
        bits = torch.cat(codes, dim=1)
        alike = np.array([[float((one == other).double().mean()) for other in bits] for one in bits])
        np.testing.assert_allclose(arrays["kernels"][place], alike, atol=1e-6)
        score = np.linalg.slogdet(alike * bits.shape[1])[1]
        assert np.isnan(arrays["scores"][place]) or arrays["scores"][place] == pytest.approx(score, rel=1e-6)
    assert np.isfinite(arrays["scores"]).any()
    truth = truth_table().set_index("arch")["test_accuracy"]
    assert arrays["accuracies"].tolist() == truth[arrays["archs"]].tolist()
    assert read_facts(folder / "kernels.npz")["images"] == 8


def test_the_kernels_are_drawn(measured):
    arrays, _, folder = measured
    output = made(kernels, folder / "drawn/kernels.pdf", kernels=folder / "kernels.npz")
    check_files(output)
    table = behind(output)
    assert set(table["kind"]) == {"entry"}
    panels = table.groupby("panel", sort=False)
    titles = [f"{plain(at, 'accuracy')} % ({plain(score, 'value')})"
              for at, score in zip(arrays["accuracies"], arrays["scores"], strict=True)]  # fmt: skip
    assert list(panels.groups) == titles, "the least accurate cell first"
    for values, (_, part) in zip(arrays["kernels"], panels, strict=True):
        np.testing.assert_allclose(part.pivot(index="y", columns="x", values="value").to_numpy(), values, rtol=1e-6)
