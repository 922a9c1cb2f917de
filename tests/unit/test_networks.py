"""The reference network against xautodl's, costs against the benchmark's tables, the engine against the reference."""

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F

from tfnas.errors import ConfigError
from tfnas.networks.batched import BatchedNetworks, average_pool, gather, grouped_convolution, scatter
from tfnas.networks.reference import Network, initial_state
from tfnas.networks.skeleton import Skeleton, count_flops, count_parameters
from tfnas.spaces.nats_tss import Cell

SMALL = Skeleton(channels=4, cells_per_stage=1, classes=10, image_channels=1, image_size=8)
CELLS = [
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|",
    "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
    "|none~0|+|none~0|nor_conv_3x3~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|",
    "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
    "|nor_conv_1x1~0|+|avg_pool_3x3~0|none~1|+|none~0|none~1|none~2|",
]


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_cells(count: int, seed: int = 0) -> list[Cell]:
    return [Cell.from_code(int(code)) for code in np.random.default_rng(seed).integers(0, 15625, count)]


def loaded(cell: Cell, skeleton: Skeleton, state: dict) -> Network:
    network = Network(cell, skeleton)
    result = network.load_state_dict(state, strict=False)
    assert not result.unexpected_keys
    assert all(name.endswith("num_batches_tracked") for name in result.missing_keys)
    return network


@pytest.mark.parametrize("text", CELLS)
@pytest.mark.parametrize("training", [True, False])
def test_reference_equals_xautodl(text, training):
    structure = pytest.importorskip("xautodl.models.cell_searchs.genotypes").Structure.str2structure(text)
    theirs = pytest.importorskip("xautodl.models.cell_infers.tiny_network").TinyNetwork(16, 2, structure, 10)
    for parameter in theirs.parameters():
        if parameter.ndim == 1:
            torch.nn.init.uniform_(parameter, 0.5, 1.5, generator=generator(1))
    ours = Network(Cell.parse(text), Skeleton(16, 2, 10, 3, 16))
    ours.load_state_dict(theirs.state_dict())
    images = torch.randn(4, 3, 16, 16, generator=generator(2))
    theirs.train(training)
    ours.train(training)
    torch.testing.assert_close(ours(images), theirs(images)[1], atol=1e-5, rtol=1e-5)
    assert count_parameters(Cell.parse(text), Skeleton(16, 2, 10, 3, 16)) == sum(p.numel() for p in theirs.parameters())


@pytest.mark.parametrize(
    ("dataset", "classes", "size"), [("cifar10", 10, 32), ("cifar100", 100, 32), ("ImageNet16-120", 120, 16)]
)
def test_costs_of_all_cells_equal_the_benchmark(shared_data, dataset, classes, size):
    table = pd.read_parquet(shared_data / "nats-tss" / f"{dataset}.parquet")
    skeleton = Skeleton(16, 5, classes, 3, size)
    cells = [Cell.parse(text) for text in table["arch"]]
    assert [count_parameters(cell, skeleton) for cell in cells] == table["params"].tolist()
    assert np.abs(np.array([count_flops(cell, skeleton) for cell in cells]) / 1e6 - table["mflops"]).max() < 1e-9


def test_costs_by_hand():
    skeleton = Skeleton(channels=1, cells_per_stage=1, classes=2, image_channels=1, image_size=4)
    cell = Cell.parse("|nor_conv_1x1~0|+|none~0|none~1|+|none~0|none~1|none~2|")
    # stem 9 + 2; cells 1x1 + 2, 4 + 4, 16 + 8; residual blocks 18 + 36 + 2 + 8 and 72 + 144 + 8 + 16; norm 8; linear 10
    assert count_parameters(cell, skeleton) == 11 + 3 + 64 + 8 + 240 + 24 + 8 + 10
    # stem 16*9; cells 16, 4*4, 16; residual 4*(18+36+2) and 1*(72+144+8); linear 10
    assert count_flops(cell, skeleton) == 144 + 16 + 16 + 16 + 224 + 224 + 10


def test_a_skeleton_checks_its_numbers():
    with pytest.raises(ConfigError, match="divisible by four"):
        Skeleton(image_size=30)
    with pytest.raises(ConfigError, match=r"skeleton.channels is 0"):
        Skeleton(channels=0)


def test_default_initialisation_is_that_of_pytorch():
    cell, skeleton = Cell.parse(CELLS[0]), Skeleton(8, 1, 10, 3, 16)
    drawn, fresh = initial_state(cell, skeleton, generator(0)), Network(cell, skeleton).state_dict()
    assert [name for name in fresh if "num_batches" not in name] == list(drawn)
    for name, tensor in drawn.items():
        assert tensor.shape == fresh[name].shape
        if tensor.numel() > 500:
            assert tensor.std().item() == pytest.approx(fresh[name].std().item(), rel=0.1)
            assert tensor.abs().max().item() == pytest.approx(fresh[name].abs().max().item(), rel=0.05)


def test_weights_depend_on_the_generator_alone():
    cell = Cell.parse(CELLS[0])
    one, same, other = (initial_state(cell, SMALL, generator(seed)) for seed in (5, 5, 6))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["stem.0.weight"], other["stem.0.weight"])


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("skeleton", [SMALL, Skeleton(6, 2, 7, 3, 12)])
def test_engine_equals_the_reference_one_by_one(skeleton, channels_last):
    cells = [Cell.parse(text) for text in CELLS] + random_cells(20)
    states = [initial_state(cell, skeleton, generator(number)) for number, cell in enumerate(cells)]
    images = torch.randn(
        6, skeleton.image_channels, skeleton.image_size, skeleton.image_size, generator=generator(9)
    ).double()
    labels = torch.arange(6) % skeleton.classes
    networks = BatchedNetworks(cells, skeleton, states).double()
    if channels_last:
        networks = networks.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    logits = networks(images)
    F.cross_entropy(logits.flatten(0, 1), labels.repeat(len(cells)), reduction="sum").backward()
    for number, cell in enumerate(cells):
        single = loaded(cell, skeleton, states[number]).double()
        expected = single(images)
        torch.testing.assert_close(logits[number], expected)
        F.cross_entropy(expected, labels, reduction="sum").backward()
        torch.testing.assert_close(networks.stem.weight.grad.chunk(len(cells))[number], single.stem[0].weight.grad)
        torch.testing.assert_close(networks.classifier_weight.grad[number], single.classifier.weight.grad)
        exported, state = networks.export(number), single.state_dict()
        for name, tensor in exported.items():
            torch.testing.assert_close(tensor, state[name], msg=name)
    networks.eval()
    assert torch.isfinite(networks(images)).all()


def test_engine_follows_the_reference_through_training():
    cells = random_cells(6, seed=4)
    states = [initial_state(cell, SMALL, generator(number)) for number, cell in enumerate(cells)]
    images, labels = torch.randn(12, 1, 8, 8, generator=generator(1)).double(), torch.arange(12) % 10
    networks = BatchedNetworks(cells, SMALL, states).double()
    singles = [loaded(cell, SMALL, state).double() for cell, state in zip(cells, states, strict=True)]
    options = {"lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4, "nesterov": True}
    optimiser = torch.optim.SGD(networks.parameters(), **options)
    optimisers = [torch.optim.SGD(single.parameters(), **options) for single in singles]
    for _ in range(3):
        optimiser.zero_grad()
        F.cross_entropy(networks(images).flatten(0, 1), labels.repeat(6), reduction="sum").div(12).backward()
        optimiser.step()
        for single, step in zip(singles, optimisers, strict=True):
            step.zero_grad()
            F.cross_entropy(single(images), labels).backward()
            step.step()
    networks.eval()
    for number, single in enumerate(singles):
        single.eval()
        torch.testing.assert_close(networks(images)[number], single(images), atol=1e-8, rtol=1e-6)


def test_fast_statistics_equal_the_librarys():
    cells = random_cells(1, seed=2)
    states = [initial_state(cells[0], Skeleton(16, 1, 10, 3, 32), generator(0))]
    networks = BatchedNetworks(cells, Skeleton(16, 1, 10, 3, 32), states)
    images = torch.randn(16, 3, 32, 32, generator=generator(1)) + 0.5
    expected = networks(images)
    fast = networks.to(memory_format=torch.channels_last)
    with torch.no_grad():
        found = fast(images.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(found, expected.detach(), atol=1e-4, rtol=1e-4)


def test_networks_that_leave_relus_out_cannot_be_observed():
    cells = random_cells(1)
    networks = BatchedNetworks(cells, SMALL, [initial_state(cells[0], SMALL, generator(0))])
    with pytest.raises(ValueError, match="every_relu=True"):
        networks(torch.zeros(2, 1, 8, 8), lambda *_: None)


def test_one_state_per_cell():
    with pytest.raises(ValueError, match="2 cells but 1 state"):
        BatchedNetworks(random_cells(2), SMALL, [{}])


@pytest.mark.parametrize("channels", [1, 2, 4, 5, 8])
@pytest.mark.parametrize("groups", [1, 3, 8, 10])
@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (1, 1)])
def test_packed_convolution_equals_the_grouped_one(channels, groups, size, stride):
    generator = torch.Generator().manual_seed(0)
    shape = (2, groups * channels, 6, 6)
    x = torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(groups * 3, channels, size, size, generator=generator, dtype=torch.float64, requires_grad=True)
    fast = grouped_convolution(x, weight, groups, stride)
    slow = F.conv2d(x, weight, stride=stride, padding=size // 2, groups=groups)
    torch.testing.assert_close(fast, slow, rtol=1e-12, atol=1e-12)
    towards = torch.randn(slow.shape, generator=generator, dtype=torch.float64)
    for ours, theirs in zip(
        torch.autograd.grad(fast, (x, weight), towards), torch.autograd.grad(slow, (x, weight), towards), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 7])
def test_average_pool_equals_the_library(size):
    x = torch.randn(3, 4, size, size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    theirs = F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
    torch.testing.assert_close(average_pool(x), theirs, rtol=1e-12, atol=1e-12)


def test_gather_and_scatter_are_each_others_adjoint():
    count, indices = 5, [torch.tensor([0, 3]), torch.arange(5), torch.tensor([1, 2, 3])]
    x = torch.randn(2, count * 2, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x.requires_grad_()

    def there_and_back(x):
        parts = gather(x, indices, count)
        return scatter(x, [(part**2, index) for part, index in zip(parts, indices, strict=True)], count)

    times_read = torch.tensor([2, 2, 2, 3, 1], dtype=torch.float64).repeat_interleave(2)[:, None, None]
    torch.testing.assert_close(there_and_back(x), times_read * x**2)
    assert torch.autograd.gradcheck(there_and_back, x)
    assert torch.autograd.gradgradcheck(there_and_back, x)
