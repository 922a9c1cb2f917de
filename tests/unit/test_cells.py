import networkx
import numpy as np
import pandas as pd
import pytest

from tfnas.errors import CellError, ScoreError
from tfnas.spaces.nats_tss import EDGES, OPERATIONS, SPACE, SPACE_SIZE, Cell, enumerate_cells

BEST = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
NONE = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"


def graph_of(cell):
    """Return a cell as a graph of the edges that carry an operation other than ``none``."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(4))
    kept = [edge for edge, operation in zip(EDGES, cell.operations, strict=True) if operation != "none"]
    graph.add_edges_from(kept)
    return graph


def test_the_space_has_15625_different_cells_and_every_string_reads_back():
    cells = list(enumerate_cells())
    assert len(cells) == len({str(cell) for cell in cells}) == SPACE_SIZE == 15625
    assert all(Cell.parse(str(cell)) == cell for cell in cells[::37])
    assert [cell.code for cell in cells] == list(range(SPACE_SIZE))
    assert SPACE.parse(str(cells[4711])) == 4711


def test_an_official_string_is_read_edge_by_edge():
    cell = Cell.parse(BEST)
    assert dict(zip(EDGES, cell.operations, strict=True))[(0, 3)] == "skip_connect"
    assert cell.convolution_edges == 5
    assert str(cell) == BEST


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BEST.replace("skip_connect~0", "conv_7x7~0"), "Edge 0->3 of .* is written 'conv_7x7~0'"),
        (BEST.replace("nor_conv_3x3~2", "nor_conv_3x3~1"), "Edge 2->3 of .* is written 'nor_conv_3x3~1'"),
        (BEST.rsplit("+", 1)[0], "has 2 nodes where a cell has 3"),
        (BEST.replace("|nor_conv_3x3~2|", "|"), "Node 3 of .* has 2 edges where it needs 3"),
        ("none", "has 1 nodes"),
        (BEST.replace("+|nor", "+nor"), "must begin and end with"),
    ],
)
def test_a_string_outside_the_space_names_the_edge(text, message):
    with pytest.raises(CellError, match=message):
        Cell.parse(text)


def test_a_column_of_strings_becomes_codes_and_a_wrong_one_names_its_file():
    assert SPACE.codes_of(pd.Series(SPACE.strings[5:8]), "here").tolist() == [5, 6, 7]
    assert SPACE.codes_of([], "here").dtype == np.int64
    with pytest.raises(CellError, match=r"^'a.csv' has a row that is no cell of the space: Edge 0->3 of .*'conv~0'"):
        SPACE.codes_of([BEST, BEST.replace("skip_connect~0", "conv~0")], "'a.csv'")
    with pytest.raises(ScoreError, match=r"^here has a row that is no cell of the space: 'nan' has 1 nodes"):
        SPACE.codes_of([BEST, float("nan")], "here", ScoreError)
    with pytest.raises(CellError, match=r"^here writes the cell ' .*' in another way than the benchmark"):
        SPACE.codes_of([f" {BEST}"], "here")


def test_files_are_read_through_codes_of_alone(root):
    """A mapping of its own turns a bad string into NaN, and that into a traceback or a cell that is left out."""
    sources = (root / "src/tfnas").rglob("*.py")
    found = {path.name for path in sources if ".strings)}" in path.read_text(encoding="utf-8")}
    assert found == {"base.py", "pool.py"}, "the latter places strings that codes_of has read"


def test_operations_and_codes_outside_the_space_are_refused():
    with pytest.raises(CellError, match=r"Edge 0->1 has the operation 'max_pool'"):
        Cell(("max_pool",) * 6)
    with pytest.raises(CellError, match=r"A cell has 6 edges, but 5 operations"):
        Cell(("none",) * 5)
    with pytest.raises(CellError, match="15625 is outside the space"):
        Cell.from_code(15625)


def test_a_cell_has_24_neighbours_that_differ_in_one_edge():
    cell = Cell.parse(BEST)
    neighbours = [Cell.from_code(code) for code in SPACE.neighbours(cell.code)]
    assert len(set(neighbours)) == 24
    assert all(sum(a != b for a, b in zip(cell.operations, n.operations, strict=True)) == 1 for n in neighbours)
    changes = [(edge, operation) for edge in range(len(EDGES)) for operation in OPERATIONS]
    slow = []
    for edge, operation in changes:
        if operation != cell.operations[edge]:
            slow.append(Cell((*cell.operations[:edge], operation, *cell.operations[edge + 1 :])))
    assert neighbours == slow


def test_node_first_mutation_prefers_edges_of_early_nodes_as_the_benchmark_does():
    cell, rng = Cell.parse(BEST), np.random.default_rng(0)
    changed = np.zeros(6)
    for _ in range(6000):
        child = Cell.from_code(SPACE.mutate(cell.code, rng))
        edges = [e for e, (a, b) in enumerate(zip(cell.operations, child.operations, strict=True)) if a != b]
        assert len(edges) == 1
        changed[edges[0]] += 1
    assert changed / 6000 == pytest.approx([1 / 3, 1 / 6, 1 / 6, 1 / 9, 1 / 9, 1 / 9], abs=0.02)


def test_uniform_mutation_treats_edges_alike():
    cell, rng = Cell.parse(BEST), np.random.default_rng(0)
    children = [Cell.from_code(SPACE.mutate(cell.code, rng, "edge")) for _ in range(3000)]
    first = sum(child.operations[0] != cell.operations[0] for child in children)
    assert first / 3000 == pytest.approx(1 / 6, abs=0.03)


def test_crossover_takes_every_edge_from_a_parent():
    rng = np.random.default_rng(1)
    children = {Cell.from_code(SPACE.crossover(0, SPACE_SIZE - 1, rng)) for _ in range(2000)}
    assert len(children) == 64
    assert all(set(child.operations) <= {"none", "avg_pool_3x3"} for child in children)


def test_canonical_form_finds_exactly_6466_classes():
    assert len(np.unique(SPACE.classes)) == 6466
    classes = SPACE.classes
    assert (classes[classes] == classes).all()
    assert (classes <= np.arange(SPACE_SIZE)).all()


def test_canonical_form_merges_skips_and_drops_what_is_none():
    one = Cell.parse("|nor_conv_1x1~0|+|nor_conv_3x3~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|skip_connect~2|")
    same = Cell.parse("|nor_conv_1x1~0|+|avg_pool_3x3~0|skip_connect~1|+|nor_conv_3x3~0|nor_conv_1x1~1|skip_connect~2|")
    other = Cell((*one.operations[:4], "nor_conv_3x3", one.operations[5]))
    assert one.canonical() == same.canonical() != other.canonical()
    assert one.canonical() == "((0)@nor_conv_1x1)@nor_conv_1x1+(0)@avg_pool_3x3+(0)@nor_conv_1x1+(0)@nor_conv_3x3"
    blocked = Cell.parse("|none~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_1x1~1|none~2|")
    assert blocked.canonical() == "#+#+0"


def test_pruning_leaves_9445_cells_which_it_leaves_alone():
    classes = SPACE.pruned
    assert np.unique(classes).size == 9445
    np.testing.assert_array_equal(classes[classes], classes)
    assert (classes <= np.arange(SPACE_SIZE)).all(), "the pruned cell is the first of its class"


def test_pruned_cells_have_every_edge_on_a_path_by_networkx():
    for code in np.random.default_rng(0).integers(SPACE_SIZE, size=300):
        cell = Cell.from_code(int(code))
        used = {edge for path in networkx.all_simple_edge_paths(graph_of(cell), 0, 3) for edge in path}
        expected = [
            operation if edge in used else "none" for edge, operation in zip(EDGES, cell.operations, strict=True)
        ]
        assert list(cell.pruned().operations) == expected


def test_classes_are_those_of_the_benchmark(shared_data):
    table = pd.read_parquet(shared_data / "nats-tss" / "cifar10.parquet")
    ours = SPACE.classes[table["arch"].map(SPACE.parse).to_numpy()]
    pairs = set(zip(table["isomorphism_class"], ours, strict=True))
    assert len(pairs) == 6466


def test_disconnected_cells_and_their_reading_convolutions():
    cells = list(enumerate_cells())
    apart = [cell for cell in cells if not cell.is_connected]
    assert len(apart) == 341
    blind = [
        cell
        for cell in apart
        if not any("conv" in o and s in cell.fed_nodes for (s, _), o in zip(EDGES, cell.operations, strict=True))
    ]
    assert len(blind) == 201
    plain = [
        cell
        for cell in cells
        if cell.is_connected
        and not any(
            "conv" in o and s in cell.fed_nodes and t in cell.useful_nodes
            for (s, t), o in zip(EDGES, cell.operations, strict=True)
        )
    ]
    assert len(plain) == 1642
    assert np.bincount([cell.convolution_edges for cell in cells]).tolist() == [729, 2916, 4860, 4320, 2160, 576, 64]


def test_connected_agrees_with_networkx():
    for cell in list(enumerate_cells())[::53]:
        graph = graph_of(cell)
        assert cell.is_connected == networkx.has_path(graph, 0, 3)
        assert cell.fed_nodes == {n for n in graph if networkx.has_path(graph, 0, n)}
        assert cell.useful_nodes == {n for n in graph if networkx.has_path(graph, n, 3)}


def test_digits_of_codes_are_operations():
    codes = np.array([0, 77, 9999, SPACE_SIZE - 1])
    digits = SPACE.digits(codes)
    assert (SPACE.codes(digits) == codes).all()
    named = [tuple(OPERATIONS[d] for d in row) for row in digits]
    assert named == [Cell.from_code(int(code)).operations for code in codes]
    assert len(SPACE.strings) == SPACE_SIZE


def test_the_classes_are_those_of_cells_taken_one_by_one():
    first = {}
    expected = [first.setdefault(cell.canonical(), cell.code) for cell in enumerate_cells()]
    assert SPACE.classes.tolist() == expected
    assert SPACE.strings == tuple(str(cell) for cell in enumerate_cells())
