"""What a search may see of the ground truth, and what it pays; and the read-off afterwards, which a search never sees.

Two classes over the same table, kept apart on purpose:

* :class:`Benchmark` holds early-stop validation accuracies, their costs, and full-training validation accuracies. It
  does not hold test accuracies at all, so nothing that is given a benchmark can reach one.
* :class:`ReadOff` holds full-training validation and test accuracies. The runner asks it once per run, after the search
  has chosen its cell.

Where a ground truth has no test accuracies its validation accuracies are reported in their place. A search still sees
none of them: only references (the oracle) look at validation accuracies after full training, and such a row is an upper
bound as before.

Cost accounting follows NATS-Bench (Dong, Liu, Musial, Gabrys 2021, ``simulate_train_eval``): a query costs the seconds
of training up to the early stop plus the seconds of one pass over the validation images. Asking twice costs twice,
unless the benchmark is told to recognise cells that compute the same function (``pay_once``): the first query of such
a class is charged, and any further query of its cells is free and shows what the first one showed.
"""

from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd

from tfnas.errors import CellError, TruthError
from tfnas.files import read_table
from tfnas.spaces.base import Space
from tfnas.spaces.pool import ByCode, grid
from tfnas.spaces.registry import get_space, space_at
from tfnas.truth.metric import SPLITS, TEST, VALID, reported


class Coded(Protocol):
    """An architecture as an object that knows its code, as :class:`tfnas.spaces.nats_tss.Cell` does."""

    @property
    def code(self) -> int:
        """The code in its space."""
        ...


Cells = Coded | int | np.ndarray
"""An architecture, the code of one, or an array of codes (n,): what is asked for is one float, or an array (n,)."""

EARLY_COLUMNS = ("early_valid_accuracy", "early_seconds", "valid_seconds")
"""Columns without which no search can be charged a simulated training budget."""


class _Columns:
    """Columns of a ground truth by the codes of its cells, with one sentence where a cell has no value."""

    def __init__(self, table: pd.DataFrame, dataset: str, place: str, space: Space | None, *columns: str):
        self.dataset, self.place, self.space = dataset, place, space or get_space()
        codes = self.space.codes_of(table["arch"], place, TruthError)
        self.codes = np.unique(codes)
        """Codes of the cells in the table, ascending, shape (n,)."""
        self._columns = {name: by_code(self.space, codes, table, name) for name in columns}

    def _look(self, values: ByCode, cells: Cells, what: str) -> Any:
        codes = _coded(cells)
        found = _values_at(values, codes)
        if bool(np.isnan(found).any()) if isinstance(found, np.ndarray) else found != found:
            code = int(np.atleast_1d(codes)[np.isnan(np.atleast_1d(found))][0])
            raise TruthError(
                f"Ground truth of '{self.dataset}' ({self.place}) has no {what} for cell {self.space.text(code)}; "
                f"it holds {self.codes.size} of {self.space.size} cells: complete it or leave out this search."
            )
        return found


class Benchmark(_Columns):
    """Validation accuracies of trained cells, with an account of the simulated seconds spent on looking at them.

    Args:
        table: ground truth with a column ``arch`` and any of :data:`EARLY_COLUMNS` and ``valid_accuracy``; other
            columns (test accuracies above all) are not kept.
        dataset: name of the dataset, for messages.
        place: the file the table came from, for messages.
        pay_once: whether only the first query of a class of functionally identical cells
            (:meth:`tfnas.spaces.base.Space.canonical`) is charged; later ones show the accuracy that it showed,
            although such cells were trained one by one and differ by the noise of training.
        space: the search space of the cells; None for that of NATS-Bench's topologies.

    Raises:
        TruthError: a row is no cell, or a cost is negative or zero throughout.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        dataset: str,
        place: str = "the ground truth",
        pay_once: bool = False,
        space: Space | None = None,
    ):
        super().__init__(table, dataset, place, space, *EARLY_COLUMNS, "valid_accuracy")
        self.pay_once = pay_once
        self.spent_seconds = 0.0
        self._first: dict[int, int] = {}  # the cell that was paid for, by class
        self._early, train, valid, self._valid = self._columns.values()
        self._cost = ByCode(self._early.pool, train.values + valid.values)
        if (self._cost.values < 0).any() or (self.has_early and not np.nanmax(self._cost.values) > 0):
            raise TruthError(
                f"The seconds in {place} must be positive: with costs of zero or less a budget is never spent."
            )

    @classmethod
    def read(cls, path: str | Path, dataset: str, pay_once: bool = False) -> Self:
        """Read the benchmark of a dataset from its ground-truth table.

        Raises:
            DataError: the file is missing, damaged or has no column ``arch``.
            TruthError: a row is no cell, or costs are not positive.
        """
        return cls(read_table(path, ("arch",)), dataset, f"'{path}'", pay_once, space_at(path))

    def fresh(self) -> Self:
        """Return a benchmark over the same accuracies with an empty account; it shares the arrays and costs nothing."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, spent_seconds=0.0, _first={})
        return other

    @property
    def has_early(self) -> bool:
        """Whether at least one cell has an early accuracy and its cost."""
        return bool(np.isfinite(self._early.values + self._cost.values).any())

    @property
    def has_validation(self) -> bool:
        """Whether at least one cell has a full-training validation accuracy."""
        return bool(np.isfinite(self._valid.values).any())

    def cost_range(self, codes: np.ndarray) -> tuple[float, float]:
        """Return the seconds of the cheapest and of the dearest query of some cells; NaN if none has any."""
        known = self._cost[codes]
        known = known[np.isfinite(known)]
        return (float(known.min()), float(known.max())) if known.size else (np.nan, np.nan)

    def cost(self, cells: Cells) -> Any:
        """Return the seconds that a query of a cell (or of each cell of an array of codes by itself) would charge."""
        cost = self._look(self._cost, cells, "training cost")
        if not self.pay_once:
            return cost
        codes = _coded(cells)
        paid = [family in self._first for family in np.atleast_1d(self.space.canonical(codes)).tolist()]
        return np.where(paid, 0.0, cost) if isinstance(codes, np.ndarray) else 0.0 if paid[0] else cost

    def query(self, cells: Cells) -> Any:
        """Return early-stop validation accuracies in percent and charge ``early_seconds + valid_seconds`` for each.

        Args:
            cells: a cell, the code of a cell, or an integer array of codes (n,). A cell asked for twice is charged
                twice, unless the benchmark is to be paid once per class.

        Returns:
            A float for one cell, an array (n,) for an array.

        Raises:
            CellError: a code is outside the space.
            TruthError: the table lacks a cell, its early accuracy or its cost.
        """
        if self.pay_once and isinstance(cells, np.ndarray):
            return np.array([self.query(code) for code in cells.tolist()])
        accuracy = self._look(self._early, cells, "early validation accuracy")
        cost = self.cost(cells)
        self.spent_seconds += cost if isinstance(cost, float) else float(cost.sum())
        if self.pay_once:
            code = int(_coded(cells))
            known = self._first.setdefault(int(self.space.canonical(code)), code)
            accuracy = self._look(self._early, known, "early validation accuracy")
        return accuracy

    def validation(self, cells: Cells) -> Any:
        """Return full-training validation accuracies in percent, free of charge.

        This is for reference searches only (the oracle): no benchmark states what the full training of a cell costs a
        search, and a row that uses it is an upper bound, not a method. The registry says which searches may ask.

        Raises:
            CellError: a code is outside the space.
            TruthError: the table lacks a cell or its validation accuracy.
        """
        return self._look(self._valid, cells, "validation accuracy")


class ReadOff(_Columns):
    """Full-training accuracies of trained cells, for the report: looked at after a search, never by one.

    Args:
        table: ground truth with columns ``arch``, ``valid_accuracy``, ``test_accuracy``, one of which may be empty.
        dataset: name of the dataset, for messages.
        place: the file the table came from, for messages.
        space: the search space of the cells; None for that of NATS-Bench's topologies.
    """

    def __init__(self, table: pd.DataFrame, dataset: str, place: str = "the ground truth", space: Space | None = None):
        super().__init__(table, dataset, place, space, VALID, TEST)
        self.reported = reported(table)
        """Which of the two is reported (:func:`tfnas.truth.metric.reported`)."""

    @classmethod
    def read(cls, path: str | Path, dataset: str) -> Self:
        """Read the accuracies of a dataset from its ground-truth table.

        Raises:
            DataError: the file is missing, damaged or lacks a column.
        """
        table = read_table(path, ("arch", VALID, TEST))
        return cls(table, dataset, f"'{path}'", space_at(path))

    def peek(self, cells: Cells) -> tuple[Any, Any]:
        """Return (validation accuracy, test accuracy) in percent, of one cell or of each cell of an array of codes.

        What is reported must be there; the other is NaN where the table has none.

        Raises:
            CellError: a code is outside the space.
            TruthError: the table lacks a cell or its reported accuracy.
        """
        found = {name: _values_at(self._columns[name], _coded(cells)) for name in (VALID, TEST)}
        self.final(cells)
        return found[VALID], found[TEST]

    def final(self, cells: Cells) -> Any:
        """Return the reported accuracy of one cell or of each cell of an array of codes, which must be there.

        Raises:
            CellError: a code is outside the space.
            TruthError: the table lacks a cell or its reported accuracy.
        """
        return self._look(self._columns[self.reported], cells, f"{SPLITS[self.reported]} accuracy")


def by_code(space: Space, codes: np.ndarray, table: pd.DataFrame, column: str) -> ByCode:
    """Return a column of a table by code, NaN where there is no value (or no such column).

    Args:
        space: the search space.
        codes: of the architectures of the table, by row.
        table: the table.
        column: name of a column of numbers.
    """
    values = np.full(len(codes), np.nan)
    if column in table.columns:
        values = table[column].to_numpy(dtype=np.float64, na_value=np.nan)
    return grid(space, codes).spread(codes, values)


def _coded(cells: Cells) -> Any:
    """Return the code of an architecture; what is a code, or an array of them, already, as it is."""
    return getattr(cells, "code", cells)


def _values_at(values: ByCode, codes: Any) -> Any:
    several, pool = isinstance(codes, np.ndarray), values.pool
    size = pool.space.size
    if not several and pool.whole and 0 <= codes < size:
        return values.values.item(codes)
    for code in (codes.min(initial=0), codes.max(initial=0)) if several else (codes,):
        if not 0 <= code < size:
            raise CellError(f"Cell code {code} is outside the space: use 0 to {size - 1}.")
    found = values[codes]
    return found if several else float(found)
