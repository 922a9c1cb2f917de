"""NAS-Bench-101: its enumeration and hash, its networks and counts against the benchmark's, its records, bad graphs."""

import base64
import json
import struct

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
from tfnas.spaces.nasbench101 import OPERATIONS, SPACE
from tfnas.spaces.parts import nasbench101_graphs
from tfnas.truth.table import convert

INCEPTION = "28cfc7874f6d200472e1a9dcd8650aa0"
"""The Inception-like cell of the benchmark's official example."""

MATRIX = [
    [0, 1, 1, 1, 0, 1, 0],
    [0, 0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 1, 0, 0],
    [0, 0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0, 0],
]
OPS = ["input", "conv1x1-bn-relu", "conv3x3-bn-relu", "conv3x3-bn-relu", "conv3x3-bn-relu", "maxpool3x3", "output"]


@pytest.fixture(scope="module", autouse=True)
def graphs(tmp_path_factory):
    """The graphs, found by enumeration in a folder of this test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        found = SPACE.graphs
        assert (nasbench101_graphs.user_cache() / nasbench101_graphs.FILE).exists()
        yield found


@pytest.fixture(scope="module")
def published(shared_data) -> pd.DataFrame:
    return pd.read_parquet(shared_data / "other-spaces/nasbench101-test108.parquet")


def test_there_are_423624_graphs_and_1293208_labelled_ones(graphs):
    sizes = np.bincount(graphs.vertices)
    assert sizes.cumsum()[2:].tolist() == [1, 7, 91, 2532, 64542, 423624]
    assert len(graphs.keys) == len(np.unique(graphs.keys)) == 1_293_208
    assert len(np.unique(graphs.hashes, axis=0)) == len(SPACE.strings) == SPACE.size == 423_624
    assert SPACE.strings[0] == "00005c142e6f48ac74fdcf73e3439874"


def test_every_graph_is_that_of_the_benchmark(graphs, published):
    assert b"".join(published["hash"]) == graphs.hashes.tobytes()
    assert (published["vertices"] == graphs.vertices).all()
    assert (published["adjacency_bits"] == graphs.bits).all()
    labels = ["".join(map(str, row[: size - 2])) for row, size in zip(graphs.operations, graphs.vertices, strict=True)]
    assert published["ops"].tolist() == labels


def test_what_was_found_is_kept_and_a_damaged_file_is_found_anew(graphs, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(nasbench101_graphs, "enumerated", lambda: graphs)
    path = nasbench101_graphs.user_cache() / nasbench101_graphs.FILE
    nasbench101_graphs.all_graphs()
    monkeypatch.setattr(nasbench101_graphs, "enumerated", lambda: pytest.fail("enumerated although a file is there"))
    kept = nasbench101_graphs.all_graphs()
    assert all((getattr(kept, name) == getattr(graphs, name)).all() for name in nasbench101_graphs.KEPT)
    path.write_bytes(path.read_bytes()[:1000])
    monkeypatch.setattr(nasbench101_graphs, "enumerated", lambda: graphs)
    assert nasbench101_graphs.all_graphs() is graphs
    assert "is damaged" in caplog.text
    assert nasbench101_graphs.all_graphs() is not graphs


def test_choices_and_codes_are_one_another():
    codes = np.random.default_rng(0).integers(SPACE.size, size=5000)
    assert (SPACE.codes(SPACE.digits(codes)) == codes).all()
    for code in codes[:200].tolist():
        matrix, operations = SPACE.graph(code)
        assert SPACE.code_of(matrix, operations) == code
        before = [np.flatnonzero(column).tolist() for column in matrix.T]
        after = [np.flatnonzero(row).tolist() for row in matrix]
        labels = [OPERATIONS.index(name) for name in operations[1:-1]]
        assert nasbench101_graphs.hash_of(before, after, labels).hex() == SPACE.text(code)


def test_isomorphic_graphs_and_graphs_with_dead_vertices_are_one_architecture():
    code = SPACE.code_of(MATRIX, OPS)
    swapped = [0, 2, 1, 3, 4, 5, 6]
    other = [[MATRIX[a][b] for b in swapped] for a in swapped]
    assert SPACE.code_of(other, [OPS[a] for a in swapped]) == code
    dead = [row[:] for row in MATRIX]
    dead[1][6] = 0  # vertex 1 leads nowhere now
    small = [[value for at, value in enumerate(row) if at != 1] for place, row in enumerate(dead) if place != 1]
    assert SPACE.code_of(dead, OPS) == SPACE.code_of(small, [name for at, name in enumerate(OPS) if at != 1])
    assert SPACE.text(code) == SPACE.text(SPACE.parse(f"ModelSpec(matrix={MATRIX}, ops={OPS})"))
    assert SPACE.parse(f"{MATRIX}, {OPS}") == SPACE.parse(json.dumps({"matrix": MATRIX, "ops": OPS})) == code
    assert SPACE.parse(SPACE.text(code)) == code


def test_counts_are_those_of_the_benchmark_and_of_the_networks(published):
    codes = np.random.default_rng(1).integers(SPACE.size, size=3000).tolist()
    assert [SPACE.counts(code, Shape())[0] for code in codes] == published["params"][codes].tolist()
    first, inception = SPACE.parse("00005c142e6f48ac74fdcf73e3439874"), SPACE.parse(INCEPTION)
    assert [SPACE.counts(code, Shape())[0] for code in (first, inception)] == [8_555_530, 2_694_282]


@pytest.mark.parametrize("number", range(8))
def test_a_network_has_the_counts(number):
    code = int(np.random.default_rng(number).integers(SPACE.size))
    shape = Shape(classes=7, image_channels=1, image_size=20)
    network = SPACE.network(code, shape)
    counts = count_of_parameters(network), count_of_flops(network, torch.zeros(2, 1, 20, 20))
    assert counts == SPACE.counts(code, shape)


def test_a_cell_computes_what_its_graph_says():
    """The cell of three branches, written out by hand with the same layers."""
    matrix = [[0, 1, 1, 1, 0], [0, 0, 0, 1, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0] * 5]
    code = SPACE.code_of(matrix, ["input", OPERATIONS[0], OPERATIONS[2], OPERATIONS[1], "output"])
    matrix, operations = SPACE.graph(code)
    by_name = {name: at for at, name in enumerate(operations)}
    conv3, conv1, pool = (str(by_name[name]) for name in OPERATIONS)
    torch.manual_seed(0)
    cell = SPACE.network(code, Shape()).layers[0].eval()
    x = torch.randn(2, 128, 6, 6)
    widths = sorted(cell.widths[1:4], reverse=True)
    assert widths == [43, 43, 42]  # 128 channels for three
    one = cell.operations[conv3](cell.projections[conv3](x))
    two = torch.nn.functional.max_pool2d(cell.projections[pool](x), 3, 1, 1)
    width = cell.widths[int(conv1)]
    three = cell.operations[conv1](one[:, :width] + cell.projections[conv1](x))
    by_vertex = {int(conv3): one, int(pool): two, int(conv1): three}
    assert torch.equal(cell(x), torch.cat([by_vertex[vertex] for vertex in sorted(by_vertex)], 1))


def test_truth_has_the_facts_that_are_known_of_it(published):
    accuracies = published["test_accuracy"]
    best = accuracies.idxmax()
    assert (round(accuracies[best], 4), published["hash"][best].hex()) == (94.3176, "02e5a0247bbdcf2860b7e96f74961594")
    assert (round(accuracies.mean(), 4), round(accuracies.min(), 3)) == (89.6798, 9.976)
    assert round(spearman(published["params"].to_numpy(float), accuracies.to_numpy()).value, 3) == 0.435
    assert round(float(accuracies[SPACE.parse(INCEPTION)]), 4) == 93.0856


def test_mutations_and_neighbours_are_members():
    rng, code = np.random.default_rng(3), SPACE.code_of(MATRIX, OPS)
    near = SPACE.neighbours(code)
    assert len(near) == len(set(near)) > 10
    assert code not in near
    for other in near:
        assert code in SPACE.neighbours(other) or SPACE.graphs.vertices[other] < 7  # a smaller graph stands elsewhere
    assert {SPACE.mutate(code, rng, "edge") for _ in range(300)} == set(near)
    drawn = [SPACE.mutate(code, rng, "official") for _ in range(400)]
    assert min(drawn) >= 0
    assert set(drawn) - set(near) - {code}  # several choices may change
    assert np.mean([child == code for child in drawn]) == pytest.approx(_chance_to_stay(code), abs=0.07)
    other = next(other for other in near if (SPACE.digits([other]) != SPACE.digits([code])).sum() == 1)
    assert {SPACE.crossover(code, other, rng) for _ in range(40)} == {code, other}


def _chance_to_stay(code: int) -> float:
    """The chance of the official law to leave a graph what it is, by drawing one at a time with plain loops."""
    rng, stays, members = np.random.default_rng(9), 0, 0
    for _ in range(2000):
        choices = [1 - value if rng.random() < 1 / 7 else value for value in SPACE.choices(code)[:21]]
        for digit in SPACE.choices(code)[21:]:
            others = [other for other in range(3) if other != digit]
            choices.append(int(rng.choice(others)) if rng.random() < 1 / 5 else digit)
        found = SPACE.code(choices)
        members += found >= 0
        stays += found == code
    return stays / members


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0" * 32, "is the hash of no graph of the space 'nasbench101'"),
        ("|nor_conv_3x3~0|", "is no graph of the space 'nasbench101': give its hash"),
        ("[[0, 1], [0, 0]], ['input', 'end']", "must begin with 'input' and end with 'output'"),
        (f"{MATRIX}, {[*OPS[:3], 'conv5x5', *OPS[4:]]}", "Operation 3 of a graph is 'conv5x5': use conv3x3-bn-relu"),
        (f"{MATRIX[:6]}, {OPS}", "must be 7 x 7 numbers 0 and 1"),
        ('{"matrix": null, "ops": ["input", "output"]}', "must be 2 x 2 numbers 0 and 1"),
        ("[[0, 0], [1, 0]], ['input', 'output']", "The edge from vertex 1 to 0 points backwards"),
        ("[[0, 0], [0, 0]], ['input', 'output']", "no path leads from input to output"),
        (f"{[[int(a < b) for b in range(7)] for a in range(7)]}, {OPS}", "it has 21 edges where 9 are the most"),
        (f"{MATRIX}, {[*OPS, 'output']}", "has 2 to 7 vertices, and this has 8"),
    ],
)
def test_bad_graphs_are_a_sentence(text, sentence):
    with pytest.raises(CellError, match=sentence.replace("|", r"\|").replace("[", r"\[")):
        SPACE.parse(text)


@pytest.mark.parametrize("family", ["naswot", "structure", "synflow", "az_nas"])
def test_networks_are_scored_one_by_one(family):
    code = SPACE.code_of([[0, 1, 0], [0, 0, 1], [0, 0, 0]], ["input", OPERATIONS[1], "output"])
    images = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    shape = Shape(classes=4, image_size=8)
    labels = torch.arange(4)
    wanted = ["params", "flops"] if family == "structure" else None
    rows = score_cells(
        get_family(family), [SPACE.architecture(code)], images, labels, shape, Draws(1, 0), proxies=wanted
    )
    assert {row[0] for row in rows} == {SPACE.text(code)}
    values = {row[1]: row[3] for row in rows}
    if family == "structure":
        assert (values["params"], 1e6 * values["flops"]) == SPACE.counts(code, shape)
    assert any(np.isfinite(value) for value in values.values())


def _field(number: int, kind: int, content: bytes) -> bytes:
    return bytes([number << 3 | kind]) + content


def _text(number: int, content: bytes) -> bytes:
    size, low = len(content), b""
    while size > 127:
        low, size = low + bytes([size & 127 | 128]), size >> 7
    return _field(number, 2, low + bytes([size]) + content)


def _evaluation(epoch: float, seconds: float, accuracies: tuple[float, float, float]) -> bytes:
    values = (epoch, seconds, *accuracies)
    return b"".join(_field(number, 1, struct.pack("<d", value)) for number, value in enumerate(values, start=1))


def _record(arch: str, epochs: int, seconds: float, valid: float, test: float) -> bytes:
    moments = [_evaluation(part * epochs, part * seconds, (0.5, valid * part, test * part)) for part in (0, 0.5, 1)]
    metrics = b"".join(_text(1, moment) for moment in moments) + _field(2, 0, b"\xaa\x96\x8a\x04")
    metrics += _field(3, 1, struct.pack("<d", 3 * seconds))
    content = json.dumps([arch, epochs, "0100", "input,output", base64.b64encode(metrics).decode()]).encode()
    return struct.pack("<Q", len(content)) + b"crc1" + content + b"crc2"


def test_the_official_file_is_read(tmp_path):
    path, archs = tmp_path / "nasbench_full.tfrecord", [SPACE.text(5), SPACE.text(3)]
    records = [
        _record(arch, epochs, epochs * 10.0 + repeat, 0.9 + 0.01 * repeat, 0.8 + 0.01 * repeat + 0.1 * place)
        for place, arch in enumerate(archs)
        for epochs in (12, 108)
        for repeat in range(3)
    ]
    path.write_bytes(b"".join(records))
    convert(path, "cifar10", None, tmp_path / "truth.parquet", allow_incomplete=True, space="nasbench101")
    table = pd.read_parquet(tmp_path / "truth.parquet")
    assert table["arch"].tolist() == archs[::-1]  # in the order of codes
    assert table["test_accuracy"].to_numpy() == pytest.approx([91, 81])
    assert table["valid_accuracy"].to_numpy() == pytest.approx([91, 91])
    assert table["early_valid_accuracy"].to_numpy() == pytest.approx([91, 91])
    assert table["early_seconds"].to_numpy() == pytest.approx([121, 121])
    assert table["params"].tolist() == [8_555_306] * 2
    (tmp_path / "cut.tfrecord").write_bytes(b"".join(records)[:-7])
    (tmp_path / "other.tfrecord").write_bytes(struct.pack("<Q", 2) + b"crc1{}crc2")
    (tmp_path / "early.tfrecord").write_bytes(records[0])
    for name, sentence in (
        ("cut", "was cut at byte"),
        ("other", "Record 0 of '.*' is not one of NAS-Bench-101"),
        ("early", "holds no training of 108 epochs"),
        ("absent", "cannot be read"),
    ):
        with pytest.raises(TruthError, match=sentence):
            SPACE.official(tmp_path / f"{name}.tfrecord")
