"""The reference code of the benchmark: worked cases, agreement with the library, and the command that times both."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks import measure, reference, speed
from benchmarks.reference import REFERENCE
from tfnas.networks.reference import Network, initial_state
from tfnas.networks.skeleton import Skeleton, count_flops
from tfnas.proxies.registry import family_of, get_family, proxy_names
from tfnas.scoring.chunk import Draws, score_cells
from tfnas.spaces.nats_tss import Cell

SMALL = {"channels": 4, "cells_per_stage": 1, "classes": 10, "image_channels": 3, "image_size": 8}

CELLS = (
    "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_3x3~1|nor_conv_1x1~2|",
    "|nor_conv_1x1~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|none~2|",
    "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|skip_connect~0|none~1|none~2|",  # two dead convolutions
    "|avg_pool_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|avg_pool_3x3~2|",  # no convolution
    "|none~0|+|none~0|nor_conv_3x3~1|+|none~0|nor_conv_1x1~1|none~2|",  # no path
)

TASK = measure.Task("ours", tuple(REFERENCE), CELLS, SMALL, batch=16, seed=3)


class Linear(nn.Module):
    """Two logits ln 3 and 0 for the image (1, 0), hence probabilities 3/4 and 1/4."""

    def __init__(self):
        super().__init__()
        self.classifier = nn.Linear(2, 2, bias=False)
        self.classifier.weight = nn.Parameter(torch.tensor([[math.log(3), 5.0], [0.0, 7.0]]))

    def forward(self, x):
        return self.classifier(x)


# With the label 1 the loss has the gradient (3/4, -3/4) by the logits, and by the weights the same in the first column.
# Times the weights that is 3/4 ln 3. GraSP: v = (3/4, -3/4), v.p = 3/8, Hg = p (v - v.p) = (9/32, -9/32).
WORKED = {
    "flops": 4e-6,
    "params": 4,
    "l2_norm": math.sqrt(math.log(3) ** 2 + 25 + 49),
    "grad_norm": 0.75 * math.sqrt(2),
    "snip": 0.75 * math.log(3),
    "plain": 0.75 * math.log(3),
    "grasp": -9 / 32 * math.log(3),
    "fisher": 2 * 0.5 * (0.75 * math.log(3)) ** 2,
    "synflow": math.log(3) + 12,
}


@pytest.mark.parametrize("proxy", WORKED)
def test_a_worked_case(proxy):
    value = REFERENCE[proxy](Linear(), torch.tensor([[1.0, 0.0]]), torch.tensor([1]))
    assert value == pytest.approx(WORKED[proxy], rel=1e-6)


def test_a_proxy_leaves_the_network_as_it_was():
    network, (images, labels) = measure.build(TASK, CELLS[0], "default"), measure.load_images(TASK)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for function in REFERENCE.values():
        function(network, images, labels)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_correlations_of_input_gradients(monkeypatch):
    network = Linear()
    rows = np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]])  # uncorrelated: eigenvalues 1 and 1
    monkeypatch.setattr(reference, "input_jacobian", lambda *_: rows)
    labels = torch.tensor([4, 4])
    expected = -2 * (math.log(1 + 1e-5) + 1 / (1 + 1e-5))
    assert REFERENCE["jacob_cov"](network, None, labels) == pytest.approx(expected)
    one_class = 2 * (math.log(1 + 1e-5) + math.log(1e-5))
    assert REFERENCE["epe_nas"](network, None, labels) == pytest.approx(-one_class)
    assert REFERENCE["epe_nas"](network, None, torch.tensor([0, 1])) == pytest.approx(2 * math.log(1 + 1e-5))
    network.classifier = nn.Linear(2, 101)
    rows = np.vstack([rows, rows[:1], rows[:1]])  # the second class: correlation 1 everywhere
    expected = abs(one_class / 2 - 4 * math.log(1 + 1e-5) / 2) * 2 / 2
    assert REFERENCE["epe_nas"](network, None, torch.tensor([7, 7, 8, 8])) == pytest.approx(expected)
    assert math.isnan(REFERENCE["epe_nas"](network, None, torch.tensor([1, 2, 3, 4])))  # one image in every class


def test_kernel_of_a_worked_case():
    # Codes 110, 100, 011: Hamming distances 1, 2 and 3, determinant 12.
    images = torch.tensor([[1.0, 2.0, -1.0], [0.5, 0.0, -2.0], [-1.0, 3.0, 1.0]], requires_grad=True)
    network = nn.Sequential(nn.ReLU(), nn.Linear(3, 2))
    assert REFERENCE["naswot"](network, images, None) == pytest.approx(math.log(12))


class Halving(nn.BatchNorm2d):
    """Normalisation that keeps its mean 0 and variance 4, so that it halves."""

    def __init__(self):
        super().__init__(1)
        self.running_var.fill_(4.0)

    def train(self, mode=True):
        return super().train(False)


class Rectified(nn.Module):
    """Features x / 2 for positive images x."""

    def __init__(self):
        super().__init__()
        self.lastact = nn.Sequential(Halving(), nn.ReLU(inplace=True))

    def forward(self, x):
        return self.lastact(x).mean((2, 3))


def test_zen_of_a_worked_case():
    x, e = torch.full((3, 1, 2, 2), 5.0), torch.ones(3, 1, 2, 2)
    value = reference.zen(Rectified(), x, None, noise=(x, e), step=0.5)  # four pixels move by 0.25
    assert value == pytest.approx(math.log(4 * 0.25) + math.log(2), abs=1e-5)


def test_counts_equal_those_of_the_skeleton():
    for text in CELLS:
        network = measure.build(TASK, text, "default")
        images = torch.zeros(2, 3, 8, 8)
        counted = score_cells(get_family("structure"), [Cell.parse(text)], images, None, Skeleton(**SMALL), Draws(1, 0))
        found = {row[1]: row[3] for row in counted}
        assert REFERENCE["flops"](network, images, None) == pytest.approx(found["flops"])
        assert REFERENCE["params"](network, images, None) == found["params"]


def test_every_proxy_of_the_benchmark_is_registered_and_has_a_reference():
    assert set(REFERENCE) == {proxy for proxies in speed.SETS.values() for proxy in proxies}
    assert set(REFERENCE) <= set(proxy_names())


@pytest.fixture(scope="module")
def slow_values():
    known = tuple(proxy for proxy in REFERENCE if proxy in proxy_names())
    task = measure.Task("reference", known, CELLS, SMALL, batch=16, seed=3)
    return measure.score_reference(task, *measure.load_images(task))[0]


@pytest.mark.parametrize("proxy", [name for name in proxy_names() if name in REFERENCE])
def test_the_library_agrees_with_the_reference(proxy, slow_values):
    family, (images, labels) = get_family(family_of(proxy)), measure.load_images(TASK)
    cells = [Cell.parse(text) for text in CELLS]
    rows = score_cells(family, cells, images, labels, Skeleton(**SMALL), Draws(1, TASK.seed), 3, [proxy])
    for arch, _, _, value, _, _ in rows:
        slow = slow_values[arch, proxy]
        assert math.isfinite(value) == math.isfinite(slow), arch
        if math.isfinite(slow):
            assert value == pytest.approx(slow, rel=1e-3, abs=1e-6), arch


def test_agreement_sees_wrong_values_and_missing_ones():
    theirs = {(arch, "one"): float(number) for number, arch in enumerate("abcd", start=1)}
    same = speed.agreement(theirs, theirs, ["one"])[0]
    assert (same["cells"], same["spearman"], same["largest_relative_difference"]) == (4, pytest.approx(1), 0)
    assert speed.disagreeing([same]) == []
    wrong = theirs | {("d", "one"): 0.5}
    found = speed.agreement(wrong, theirs, ["one"])[0]
    assert found["spearman"] == pytest.approx(-0.2)
    assert found["largest_relative_difference"] == pytest.approx(0.875)
    assert speed.disagreeing([found]) == ["one"]
    missing = speed.agreement(theirs | {("a", "one"): math.nan}, theirs, ["one"])
    assert missing[0]["defined_in_one_only"] == 1
    assert speed.disagreeing(missing) == ["one"]


def test_wall_seconds_are_those_between_the_first_start_and_the_last_end():
    outcomes = [measure.Outcome(started=10.0, ended=14.0), measure.Outcome(started=11.0, ended=20.0)]
    assert measure.wall_seconds_per_cell(TASK, outcomes) == pytest.approx(10 / (2 * len(CELLS)))


def test_drawn_cells_are_distinct_and_repeatable():
    cells = speed.draw_cells(200, seed=1)
    assert cells == speed.draw_cells(200, seed=1)
    assert len({Cell.parse(text).canonical() for text in cells}) == 200


def run(root, *arguments):
    command = [sys.executable, "-m", "benchmarks.speed", *map(str, arguments)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_compares_all_thirteen(root, tmp_path):
    tiny = ("--channels", 2, "--cells-per-stage", 1, "--image-size", 8, "--batch", 16)
    output = tmp_path / "speed.json"
    printed = run(root, "--cells", 1, "--cores", 1, "--sets", "thirteen", *tiny, "--output", output)
    assert "| thirteen | one thread |" in printed
    assert "All values agree within 1%." in printed
    written = json.loads(output.read_text())
    (row,) = written["speed"]
    assert row["ratio"] == pytest.approx(row["reference_seconds_per_cell"] / row["ours_seconds_per_cell"])
    assert row["reference_seconds_per_cell"] == pytest.approx(
        sum(written["reference_seconds_per_cell"]["one thread"].values())
    )
    assert 5e7 < row["ours_peak_memory_of_a_process"] < 4e9
    assert {entry["proxy"] for entry in written["agreement"]} == set(speed.SETS["thirteen"])


def test_the_command_times_digits_in_parallel(root, tmp_path):
    output = tmp_path / "digits.json"
    printed = run(root, "digits", "--cells", 2, "--cores", 2, "--proxies", "naswot", "--output", output)
    written = json.loads(output.read_text())
    assert written["processes"] == 2
    assert written["skeleton"]["image_size"] == 8
    (row,) = written["families"]
    assert written["seconds_of_all_distinct_cells"] == pytest.approx(6466 * row["seconds_per_cell"])
    assert "| naswot | naswot |" in printed


def test_images_of_a_file_decide_the_skeleton(tmp_path):
    file = tmp_path / "batch.npz"
    images = np.random.default_rng(0).standard_normal((6, 1, 12, 12)).astype(np.float32)
    np.savez(file, images=images, labels=np.array([0, 1, 2, 11, 4, 5]))
    arguments = speed.parse(["--images", str(file), "--batch", "4"])
    skeleton = speed.given_skeleton(arguments)
    assert (skeleton["image_channels"], skeleton["image_size"], skeleton["classes"]) == (1, 12, 12)
    task = measure.Task("ours", ("naswot",), CELLS, skeleton, images=str(file), batch=arguments.batch)
    loaded, labels = measure.load_images(task)
    assert np.array_equal(loaded.numpy(), images[:4])
    assert labels.tolist() == [0, 1, 2, 11]


def test_a_missing_proxy_is_an_error_before_anything_is_timed(monkeypatch):
    monkeypatch.setitem(speed.SETS, "naswot", ("naswot", "nosuch"))
    monkeypatch.setitem(speed.SETS, "thirteen", (*speed.SETS["thirteen"], "nosuch"))
    with pytest.raises(Exception, match="nosuch"):
        speed.compare(speed.parse(["--sets", "naswot"]))


def test_weights_are_those_of_the_library():
    from tfnas.seeds import child_seed

    network = measure.build(TASK, CELLS[0], "default")
    generator = torch.Generator().manual_seed(child_seed(TASK.seed, "weights", CELLS[0], 0))
    state = initial_state(Cell.parse(CELLS[0]), Skeleton(**SMALL), generator)
    assert isinstance(network, Network)
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in state.items())


def test_the_command_measures_groups_of_networks(root, tmp_path):
    output = tmp_path / "groups.json"
    tiny = ("--channels", 2, "--cells-per-stage", 1, "--image-size", 8, "--batch", 16)
    printed = run(root, "groups", "--sets", "naswot", "--cells", 4, "--groups", 1, 4, *tiny, "--output", output)
    assert "Limits of the machine:" in printed
    written = json.loads(output.read_text())
    assert [row["together"] for row in written["groups"]] == [1, 4]
    skeleton = Skeleton(**written["skeleton"])
    macs = 16 * sum(count_flops(Cell.parse(cell), skeleton) for cell in written["cells"]) / 4
    for row in written["groups"]:
        assert row["macs_per_second"] == pytest.approx(macs * row["cells_per_second"])
        assert 0 < row["macs_per_second"] < written["limits"]["macs_per_second"]
