"""The benchmark charges for what it shows, and does not hold test accuracies."""

from __future__ import annotations

import numpy as np
import pytest
from search_helpers import truth_table, write

from tfnas.errors import CellError, DataError, TruthError
from tfnas.spaces.nats_tss import Cell
from tfnas.truth.benchmark import Benchmark, ReadOff


@pytest.fixture(scope="module")
def table():
    return truth_table()


@pytest.fixture
def benchmark(table):
    return Benchmark(table, "made-up")


def test_a_query_returns_the_early_accuracy_and_charges_training_and_one_validation_pass(benchmark, table):
    row = table.iloc[123]
    assert benchmark.query(123) == row.early_valid_accuracy
    assert benchmark.spent_seconds == pytest.approx(row.early_seconds + row.valid_seconds)
    benchmark.query(Cell.from_code(123))
    assert benchmark.spent_seconds == pytest.approx(2 * (row.early_seconds + row.valid_seconds))


def test_a_query_of_many_cells_is_that_of_each(benchmark, table):
    codes = np.array([5, 7, 5])
    np.testing.assert_array_equal(benchmark.query(codes), table.early_valid_accuracy.to_numpy()[codes])
    assert benchmark.spent_seconds == pytest.approx(float(benchmark.cost(codes).sum()))
    assert benchmark.query(np.array([], dtype=int)).size == 0


def test_a_fresh_benchmark_has_an_account_of_its_own(benchmark):
    benchmark.query(1)
    other = benchmark.fresh()
    other.query(2)
    assert other.spent_seconds == pytest.approx(other.cost(2))
    assert benchmark.spent_seconds == pytest.approx(benchmark.cost(1))


def test_the_validation_accuracy_is_free(benchmark, table):
    assert benchmark.validation(9) == table.valid_accuracy[9]
    assert benchmark.spent_seconds == 0


def test_nothing_in_a_benchmark_is_a_test_accuracy(benchmark, table):
    secrets = set(table.test_accuracy)

    def numbers(value):
        if isinstance(value, np.ndarray):
            return set(value.ravel().tolist())
        if isinstance(value, dict):
            return set().union(*(numbers(item) for item in value.values()))
        return {value} if isinstance(value, int | float) else set()

    assert all(not isinstance(value, type(table)) for value in vars(benchmark).values())
    assert not secrets & numbers(vars(benchmark))
    assert not [name for name in dir(benchmark) if "test" in name.lower() or "peek" in name.lower()]


def test_the_read_off_gives_validation_and_test_accuracy(table):
    read_off = ReadOff(table, "made-up")
    assert read_off.peek(Cell.from_code(3)) == (table.valid_accuracy[3], table.test_accuracy[3])
    valid, test = read_off.peek(np.array([3, 3, 8]))
    np.testing.assert_array_equal(test, table.test_accuracy[[3, 3, 8]])
    np.testing.assert_array_equal(valid, table.valid_accuracy[[3, 3, 8]])


@pytest.mark.parametrize("code", [-1, 15625])
def test_a_code_outside_the_space_is_refused(benchmark, code):
    for ask in (
        benchmark.query,
        benchmark.cost,
        benchmark.validation,
        lambda codes: benchmark.query(np.array([0, codes])),
    ):
        with pytest.raises(CellError, match=f"^Cell code {code} is outside the space: use 0 to 15624.$"):
            ask(code)


def test_a_missing_cell_is_named(table):
    benchmark = Benchmark(table.iloc[:3], "made-up", "'truth.csv'")
    message = (
        "Ground truth of 'made-up' ('truth.csv') has no early validation accuracy for cell "
        f"{Cell.from_code(70)}; it holds 3 of 15625 cells: complete it or leave out this search."
    )
    for codes in (70, np.array([0, 70, 80])):
        with pytest.raises(TruthError) as error:
            benchmark.query(codes)
        assert str(error.value) == message
    with pytest.raises(TruthError, match="has no test accuracy for cell"):
        ReadOff(table.iloc[:3], "made-up").peek(70)
    assert benchmark.spent_seconds == 0


def test_a_table_says_what_it_has(table):
    assert Benchmark(table, "made-up").has_early
    for column in ("early_valid_accuracy", "early_seconds", "valid_seconds"):
        assert not Benchmark(table.drop(columns=column), "made-up").has_early
    assert not Benchmark(table.assign(valid_accuracy=np.nan), "made-up").has_validation


def test_costs_that_can_never_spend_a_budget_are_refused(table):
    free = table.assign(early_seconds=0.0, valid_seconds=0.0)
    with pytest.raises(TruthError, match=r"^The seconds in the ground truth must be positive"):
        Benchmark(free, "made-up")


def test_reading_complains_in_one_sentence(tmp_path, table):
    with pytest.raises(DataError, match="has no column arch"):
        Benchmark.read(write(table[["flops"]], tmp_path / "a.csv"), "made-up")
    with pytest.raises(DataError, match="has no column test_accuracy"):
        ReadOff.read(write(table.drop(columns="test_accuracy"), tmp_path / "b.csv"), "made-up")
    wrong = table.head(2).assign(arch=["|none~0|", "x"])
    with pytest.raises(TruthError, match=r"c.csv' has a row that is no cell of the space: '\|none~0\|' has 1 nodes"):
        Benchmark.read(write(wrong, tmp_path / "c.csv"), "made-up")
