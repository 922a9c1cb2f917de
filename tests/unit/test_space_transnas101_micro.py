"""TransNAS-Bench-101, micro level: its strings, its networks against the numbers of the benchmark, and its scores."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import torch
from module_space_helpers import BEYOND, FAMILIES, counted_by_building, require_counts, require_scores

from tfnas.errors import CellError
from tfnas.networks.module import feature_maps, stages_of
from tfnas.networks.shape import Shape
from tfnas.networks.transnas101_micro import FactorizedReduce, MicroCell, Zeros
from tfnas.spaces.nats_tss import EDGES
from tfnas.spaces.transnas101_macro import Block, head_parameters
from tfnas.spaces.transnas101_micro import SPACE

BEST = {
    "class_object": 45.586, "class_scene": 54.936, "jigsaw": 95.372, "segmentsemantic": 94.613, "autoencoder": 0.5772,
    "normal": 0.5873, "room_layout": -0.6010,
}  # fmt: skip
"""The best values of the benchmark: validation, last epoch."""

SCENE = Shape(classes=63, image_channels=3, image_size=256)


def code(cell: str) -> int:
    return SPACE.parse(cell)


def backbone(cell: str) -> tuple[int, int]:
    """Parameters and multiply-accumulates without the classifier."""
    params, macs = SPACE.counts(code(cell), SCENE)
    return params - head_parameters("class_scene"), macs - head_parameters("class_scene")


def test_strings_and_codes_are_one_another():
    assert SPACE.size == 4096
    assert [SPACE.text(code) for code in (0, 1, 4095)] == [
        f"64-41414-{x}" for x in ("0_00_000", "0_00_001", "3_33_333")
    ]
    assert code("64-41414-1_02_333") == code("1_02_333") == int("102333", 4)
    assert SPACE.codes_of(["1_02_333", "64-41414-0_00_001"], "a table").tolist() == [int("102333", 4), 1]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("64-41414-1_04_333", "Edge 1->2 of '64-41414-1_04_333' is '4': use 0, 1, 2 or 3"),
        (
            "1_02_33",
            "'1_02_33' is no cell of the space 'transnas101-micro': write 64-41414-x_xx_xxx, or x_xx_xxx alone",
        ),
        ("64-1123-basic", "'64-1123-basic' is no cell of the space"),
        ("|none~0|", "is no cell of the space"),
        ("64-41414-102333", "is no cell of the space"),
    ],
)
def test_a_string_that_is_none_is_told_where(text, sentence):
    with pytest.raises(CellError) as error:
        code(text)
    assert sentence in str(error.value)
    with pytest.raises(CellError, match="Code 4096 is outside the space 'transnas101-micro': use 0 to 4095"):
        SPACE.text(4096)


def test_parameters_are_those_of_the_benchmark():
    assert backbone("1_00_210")[0] == 878_368
    assert SPACE.counts(code("1_00_210"), SCENE)[0] == 910_687
    assert backbone("3_33_333")[0] == 41_411_616
    assert backbone("1_02_333")[0] == 22_520_608


def test_multiply_accumulates_are_those_of_the_benchmark():
    assert backbone("3_33_333")[1] / 1e6 == pytest.approx(8469.9, abs=0.05)
    assert backbone("1_00_210")[1] / 1e6 == pytest.approx(257.425, abs=5e-4)
    every = [SPACE.counts(code, SCENE)[1] for code in range(SPACE.size)]
    assert np.mean(every) / 1e6 == pytest.approx(2436, abs=0.5)


def test_counts_equal_those_of_the_networks():
    assert counted_by_building(SPACE, code("3_33_333"), SCENE) == SPACE.counts(code("3_33_333"), SCENE)
    codes = np.random.default_rng(0).integers(SPACE.size, size=4).tolist()
    require_counts(SPACE, [*codes, code("1_11_111"), 0], (256, 32, 18))


def test_heads_of_the_tasks():
    assert head_parameters("class_object") == 512 * 100 + 100
    assert head_parameters("room_layout") == 512 * 9 + 9
    assert head_parameters("jigsaw") == 9 * 512 * 1000 + 1000
    with pytest.raises(CellError, match="The task 'autoencoder' has no linear head: use one of class_object, class_sc"):
        head_parameters("autoencoder")


def test_operations_change_the_shape_as_the_benchmark_says():
    x = torch.randn(2, 4, 5, 5)
    reduce = FactorizedReduce(4, 8)
    values = reduce(x)
    assert values.shape == (2, 8, 3, 3)
    first = torch.nn.functional.conv2d(x.relu()[:, :, ::2, ::2], reduce.convs[0].weight)
    second = torch.nn.functional.conv2d(
        torch.nn.functional.pad(x.relu()[:, :, 1::2, 1::2], (0, 1, 0, 1)), reduce.convs[1].weight
    )
    torch.testing.assert_close(values, reduce.bn(torch.cat([first, second], 1)))
    zeros = Zeros(2, 2)(x.requires_grad_())
    assert zeros.shape == (2, 8, 3, 3)
    assert (zeros == 0).all()
    assert zeros.requires_grad
    cell = MicroCell([1, 0, 1, 0, 1, 1], Block(4, 8, 2, 3))  # node 3 = node 1 + node 2, and node 2 is node 1
    torch.testing.assert_close(cell(x), 2 * cell.edges[0](x))


def test_the_last_feature_maps_are_those_of_the_last_cell():
    network = SPACE.network(code("1_00_210"), Shape(3, 3, 64)).eval()
    images = torch.randn(2, 3, 64, 64)
    maps = feature_maps(network, images)
    assert maps.shape == (2, 512, 2, 2)
    torch.testing.assert_close(network(images), network.classifier(maps.mean((2, 3))))
    assert len(stages_of(network)) == 11, "the stem and ten cells"


def layers_of(digits: list[int]) -> list[tuple[int, str]]:
    """The edges that are layers, each with what it is: a convolution, or a skip from node 0."""
    return [(edge, f"{digits[edge]} from {min(EDGES[edge][0], 1)}") for edge in range(6)
            if digits[edge] > 1 or (digits[edge] == 1 and not EDGES[edge][0])]  # fmt: skip


def values_of(digits: list[int], layers: dict[int, tuple[float, float]]) -> list[float]:
    """The outputs of all layers, and that of the cell: a layer is a function of its own on numbers."""
    nodes, outputs = [0.7, 0.0, 0.0, 0.0], []
    for edge, (source, target) in enumerate(EDGES):
        if edge in layers:
            slope, offset = layers[edge]
            outputs.append(np.tanh(slope * nodes[source] + offset))
            nodes[target] += outputs[-1]
        elif digits[edge]:
            nodes[target] += nodes[source]
    return [*outputs, nodes[3]]


def alike(one: list[int], other: list[int]) -> bool:
    """Whether the layers of one cell can take the places of those of the other, so that all of them give the same."""
    mine, theirs = layers_of(one), layers_of(other)
    if sorted(kind for _, kind in mine) != sorted(kind for _, kind in theirs):
        return False
    functions = {edge: (0.5 + place**2 / 7, 0.1 + place / 5) for place, (edge, _) in enumerate(mine)}
    wanted = values_of(one, functions)
    for order in permutations(mine):
        if [kind for _, kind in order] != [kind for _, kind in theirs]:
            continue
        placed = {edge: functions[source] for (edge, _), (source, _) in zip(theirs, order, strict=True)}
        found = values_of(other, placed)
        if np.allclose(sorted(found[:-1]), sorted(wanted[:-1])) and np.isclose(found[-1], wanted[-1]):
            return True
    return False


def test_cells_of_a_class_are_one_network_and_others_are_not():
    assert len(np.unique(SPACE.classes)) == 2296
    shape = Shape(10, 3, 32)
    counts = np.array([SPACE.counts(code, shape) for code in range(SPACE.size)])
    assert (counts[SPACE.classes] == counts).all()
    rng = np.random.default_rng(1)
    shared = np.flatnonzero(SPACE.classes != np.arange(SPACE.size))
    for code in rng.choice(shared, 120, replace=False).tolist():
        assert alike(SPACE.choices(int(SPACE.classes[code])), SPACE.choices(code)), SPACE.text(code)
    representatives = np.unique(SPACE.classes)
    for first in rng.choice(representatives, 60, replace=False).tolist():
        kinds = sorted(SPACE.choices(first))
        others = [int(c) for c in representatives if c != first and sorted(SPACE.choices(int(c))) == kinds]
        for second in others[:12]:
            assert not alike(SPACE.choices(first), SPACE.choices(second)), (SPACE.text(first), SPACE.text(second))


def test_some_classes_by_hand():
    for one, other, same in (
        ("3_20_021", "2_30_012", True),  # nodes 1 and 2 have changed places
        ("3_01_030", "3_00_030", True),  # nobody reads node 2
        ("0_01_333", "0_00_333", True),  # node 1 is nothing, and so is what skips from it
        ("3_01_003", "3_00_030", True),  # node 2 is node 1
        ("3_03_030", "3_00_030", False),  # nobody reads the layer either, but it has parameters
        ("1_00_010", "0_00_100", True),  # a skip from node 0 and no more
        ("2_00_020", "2_00_010", False),
    ):
        classes = SPACE.canonical([code(one), code(other)])
        assert (classes[0] == classes[1]) == same, (one, other)


def test_truth_has_the_facts_that_are_known_of_it(shared_data):
    table = pd.read_parquet(shared_data / "other-spaces/transnas101-valid-final.parquet")
    table = table[table["space"] == "transbench101_micro"]
    assert table["arch"].tolist() == list(SPACE.strings)
    for task, best in BEST.items():
        assert table[task].max() == pytest.approx(best, abs=1e-3 if best > 1 else 1e-4), task
    short = pd.read_parquet(shared_data / "other-spaces/transnas101-micro-nb360-192x3.parquet")
    codes = SPACE.codes_of(short["arch"], "the table")
    assert len(np.unique(codes)) == 192


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "ntk"])
def test_networks_are_scored(family, monkeypatch):
    require_scores(SPACE, "64-41414-1_00_210", family, monkeypatch, reason=BEYOND.get(family, ""))
