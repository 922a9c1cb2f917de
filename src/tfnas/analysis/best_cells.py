"""Find the best functionally distinct cells of every dataset by their reported accuracy."""

import pandas as pd

from tfnas.errors import DataError
from tfnas.files import read_table
from tfnas.products import Named, Summary
from tfnas.schemas.best_cells import SCHEMA as BEST_CELLS
from tfnas.spaces.base import Space
from tfnas.spaces.registry import get_space, space_at
from tfnas.truth.metric import reported

COLUMNS = ("arch", "valid_accuracy", "test_accuracy", "params", "flops")
"""What is told of a cell, as in the ground truth."""

COUNT = 5
"""Cells of a dataset."""

SPEC = Summary(category="Ground truth", needs={"truths": "truth/{dataset}.parquet"}, local=True)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write the :data:`COUNT` best functionally distinct cells of each dataset, best first."""
    tables = [
        best_cells(read_table(path, COLUMNS), COUNT, space_at(path)).assign(dataset=name)
        for name, path in inputs.truths.items()
    ]
    BEST_CELLS.write_rows(output.table, pd.concat(tables, ignore_index=True)[list(BEST_CELLS.names)], cells=COUNT)


def best_cells(table: pd.DataFrame, count: int, space: Space | None = None) -> pd.DataFrame:
    """Return the ``count`` best functionally distinct cells of a ground truth by their reported accuracy, best first.

    Of cells that are functionally identical the one with the best accuracy stands for all; ties keep file order.
    """
    space = space or get_space()
    codes = space.codes_of(table["arch"], "The ground truth", DataError)
    ranked = table.assign(family=space.canonical(codes))
    ranked = ranked.sort_values(reported(ranked), ascending=False, kind="stable").drop_duplicates("family")
    return ranked.head(count).drop(columns="family").reset_index(drop=True)
