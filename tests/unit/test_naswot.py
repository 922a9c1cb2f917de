"""NASWOT against the definition written out slowly, one network, one ReLU module at a time, in float64."""

import math

import numpy as np
import pytest
import torch

from tfnas.networks.batched import BatchedNetworks
from tfnas.networks.reference import Network, initial_state
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.naswot import code_kernel, evaluate, kernels, log_determinant
from tfnas.proxies.registry import get_family
from tfnas.proxies.trial import Trial
from tfnas.scoring.chunk import Draws, score_cells
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import Cell, enumerate_cells

SKELETON = Skeleton(channels=8, cells_per_stage=1, classes=10, image_channels=3, image_size=16)


def batch(size: int = 12, seed: int = 0, skeleton: Skeleton = SKELETON) -> torch.Tensor:
    shape = (size, skeleton.image_channels, skeleton.image_size, skeleton.image_size)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def random_cells(count: int, seed: int) -> list[Cell]:
    return [Cell.from_code(int(code)) for code in np.random.default_rng(seed).integers(0, 15625, count)]


def slow_kernel(cell: Cell, state: dict, images: torch.Tensor, count_containers: bool = False) -> torch.Tensor:
    """The definition: two float64 products for every module whose type is (or whose name contains) ReLU."""
    network = Network(cell, SKELETON)
    network.load_state_dict(state, strict=False)
    network.double().train()
    total = torch.zeros(len(images), len(images), dtype=torch.float64)

    def add(module, inputs, output):
        codes = (inputs[0] > 0).flatten(1).double()
        total.add_(codes @ codes.T + (1 - codes) @ (1 - codes).T)

    for module in network.modules():
        name = type(module).__name__.lower()
        if name == "relu" or (count_containers and "relu" in name):
            module.register_forward_hook(add)
    with torch.no_grad():
        network(images.double())
    return total


@pytest.fixture(scope="module")
def cases():
    cells = [cell for cell in random_cells(14, seed=1) if cell.is_connected]
    states = [initial_state(cell, SKELETON, torch.Generator().manual_seed(n)) for n, cell in enumerate(cells)]
    return cells, states


def test_kernels_equal_the_definition(cases):
    cells, states = cases
    images = batch()
    total, last = kernels(BatchedNetworks(cells, SKELETON, states, every_relu=True).double(), images.double())
    for number, (cell, state) in enumerate(zip(cells, states, strict=True)):
        slow = slow_kernel(cell, state, images)
        assert torch.equal(total[number], slow)
        assert torch.equal(2 * total[number] - last[number], slow_kernel(cell, state, images, count_containers=True))


def test_values_equal_slogdet_of_the_definition(cases, monkeypatch):
    cells, states = cases
    images = batch()
    networks = BatchedNetworks(cells, SKELETON, states, every_relu=True).double()
    trial = Trial(cells, [0] * len(cells), SKELETON, images.double(), None, frozenset(("naswot", "naswot_published")))
    monkeypatch.setattr(trial, "networks", lambda **options: networks)
    results = evaluate(trial)
    for number, (cell, state) in enumerate(zip(cells, states, strict=True)):
        for name, containers in (("naswot", False), ("naswot_published", True)):
            slow = np.linalg.slogdet(slow_kernel(cell, state, images, containers).numpy())[1]
            assert results[name][0][number].item() == pytest.approx(slow, abs=1e-9)
            assert results[name][1][number] == ""


def test_float32_scores_agree_with_float64_within_a_thousandth(cases):
    cells, _ = cases
    images = batch()
    rows = score_cells(get_family("naswot"), cells, images, None, SKELETON, Draws(1, 7))
    fast = {(arch, proxy): raw for arch, proxy, _, raw, _, _ in rows}
    for cell in cells:
        state = initial_state(cell, SKELETON, torch.Generator().manual_seed(child_seed(7, "weights", str(cell), 0)))
        slow = torch.linalg.slogdet(slow_kernel(cell, state, images)).logabsdet.item()
        assert fast[str(cell), "naswot"] == pytest.approx(slow, abs=1e-3)


def test_scores_do_not_depend_on_order_batching_or_company(cases):
    cells, _ = cases
    images, family = batch(), get_family("naswot")
    alone = score_cells(family, cells, images, None, SKELETON, Draws(2, 3), together=1)
    grouped = score_cells(family, list(reversed(cells)), images, None, SKELETON, Draws(2, 3), together=5)
    one = {row[:3]: row[3] for row in alone}
    two = {row[:3]: row[3] for row in grouped}
    assert one.keys() == two.keys()
    assert all(one[key] == pytest.approx(two[key], abs=1e-3) for key in one)


def test_kernel_of_a_tiny_case_by_hand():
    # Codes 110, 100, 011: Hamming distances 1, 2, 3.
    activations = torch.tensor([[1.0, 2.0, 0.0], [0.5, 0.0, 0.0], [0.0, 3.0, 1.0]]).view(3, 3, 1, 1)
    expected = torch.tensor([[3.0, 2.0, 1.0], [2.0, 3.0, 0.0], [1.0, 0.0, 3.0]], dtype=torch.float64)
    assert torch.equal(code_kernel(activations, 1)[0], expected)
    value, why = log_determinant(expected)
    assert value == pytest.approx(math.log(27 - 12 - 3))
    assert why == ""


def test_kernel_is_symmetric_positive_and_has_the_number_of_units_on_its_diagonal(cases):
    cells, states = cases
    total, _ = kernels(BatchedNetworks(cells, SKELETON, states, every_relu=True), batch())
    for kernel, cell in zip(total, cells, strict=True):
        units = cell.convolution_edges * (8 * 256 + 16 * 64 + 32 * 16) + 8 * 256 + 16 * 64 + 16 * 64 + 32 * 16 + 32 * 16
        assert (kernel.diagonal() == units).all()
        assert torch.equal(kernel, kernel.T)
        assert torch.linalg.eigvalsh(kernel).min() > -1e-6 * units


def test_exactly_the_cells_that_rectify_no_signal_are_singular():
    apart = [cell for cell in enumerate_cells() if not cell.is_connected]
    small = Skeleton(channels=4, cells_per_stage=1, classes=10, image_channels=3, image_size=8)
    rows = score_cells(get_family("naswot"), apart, batch(6, skeleton=small), None, small, Draws(1, 0), together=64)
    singular = [row for row in rows if row[1] == "naswot" and math.isnan(row[3])]
    assert len(singular) == 201
    assert singular[0][5] == "singular kernel: rank 1 of 6"


def test_twice_the_same_image_is_singular():
    images = batch(4)
    images[3] = images[0]
    rows = score_cells(get_family("naswot"), random_cells(1, 5), images, None, SKELETON, Draws(1, 0))
    assert math.isnan(rows[0][3])
    assert rows[0][5] == "singular kernel: rank 3 of 4"


def test_there_are_5785_classes_of_equal_distribution():
    assert len({rectifier_class(cell) for cell in enumerate_cells()}) == 5785


def test_a_class_tells_one_convolution_used_twice_from_two():
    # Node 1 is a convolution of the input. Used twice (skips) it has one set of weights, twice computed it has two.
    once = Cell.parse("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|skip_connect~1|skip_connect~2|")
    twice = Cell.parse("|nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_3x3~0|skip_connect~1|none~2|")
    mirrored = Cell.parse("|none~0|+|nor_conv_3x3~0|none~1|+|nor_conv_3x3~0|none~1|skip_connect~2|")
    assert rectifier_class(once) != rectifier_class(twice) == rectifier_class(mirrored)


def test_members_of_a_class_have_equal_scores_up_to_the_draw_of_weights():
    one = Cell.parse("|nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_1x1~0|skip_connect~1|none~2|")
    other = Cell.parse("|none~0|+|nor_conv_1x1~0|none~1|+|nor_conv_3x3~0|none~1|skip_connect~2|")
    assert rectifier_class(one) == rectifier_class(other)
    rows = score_cells(get_family("naswot"), [one, other], batch(24), None, SKELETON, Draws(40, 0), together=40)
    values = {str(cell): [r[3] for r in rows if r[0] == str(cell) and r[1] == "naswot"] for cell in (one, other)}
    spread = np.std(values[str(one)], ddof=1)
    assert abs(np.mean(values[str(one)]) - np.mean(values[str(other)])) < 4 * spread * (2 / 40) ** 0.5


def test_cuda_equals_cpu(cases):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    cells, _ = cases
    family, images = get_family("naswot"), batch(32)
    cpu = score_cells(family, cells, images, None, SKELETON, Draws(1, 3))
    cuda = score_cells(family, cells, images.cuda(), None, SKELETON, Draws(1, 3))
    found = {row[:3]: row[3] for row in cuda}
    assert all(found[row[:3]] == pytest.approx(row[3], abs=1e-2) for row in cpu)
