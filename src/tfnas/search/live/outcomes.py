"""What live evaluations decided: the table by which a search learns what a job with images and PyTorch found for it.

Most searches read scores of single cells. One that evaluates networks which are no cells (supernets) cannot; its runs
are done by a job of their own, and the search learns the outcome of its run and what it cost. No torch is imported.
What stands in the table: :data:`LIVE`.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tfnas.errors import SearchError
from tfnas.files import read_facts
from tfnas.schemas.live import SCHEMA as LIVE


def read_live(paths: Sequence[str | Path], first: int, last: int) -> tuple[pd.DataFrame, str]:
    """Return the rows of the runs ``first`` to ``last`` (included) by number, and the devices that evaluated them.

    They stand in tables with the columns :data:`LIVE`, in any number of blocks, facts beside them.

    Raises:
        SearchError: a run is missing or appears twice.
        DataError: a table is missing, damaged or lacks a column.
    """
    table = pd.concat([LIVE.read(path) for path in paths], ignore_index=True)
    table = table[table["run"].between(first, last)].set_index("run")
    if sorted(table.index) != list(range(first, last + 1)):
        wrong = next(run for run in range(first, last + 1) if (table.index == run).sum() != 1)
        how = "twice" if (table.index == wrong).any() else "nowhere"
        raise SearchError(
            f"Run {wrong} stands {how} in the evaluations of {', '.join(map(str, paths))}: remove them and run again."
        )
    devices = dict.fromkeys(read_facts(path)["device"] for path in paths)
    return table, "; ".join(devices)
