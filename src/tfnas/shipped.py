"""Score tables that the project ships: written from computed ones, and checked before they stand for computed ones."""

from __future__ import annotations

from pathlib import Path

from tfnas.cells import SPACE_SIZE
from tfnas.errors import ScoreError, UnknownNameError
from tfnas.files import read_facts, read_table, write_json, write_table
from tfnas.score_table import COLUMNS, ScoreTable


def take_shipped(path: str | Path, proxies: list[str], output: str | Path, batch: str | Path) -> None:
    """Check a shipped score table and write the rows of the study's proxies, with its facts, to ``output``.

    No images are needed: what the mini-batch of the scores was stands in the facts of the table.

    Args:
        path: the table (.csv.gz); its facts lie beside it.
        proxies: the proxies the study asks for.
        output: ``scores/{dataset}.csv``.
        batch: ``batches/{dataset}.json``, the facts of the mini-batch.

    Raises:
        UnknownNameError: the table does not hold a proxy.
        ScoreError: the table lacks cells.
        DataError: the table or its facts are missing or damaged, or do not say what the mini-batch was.
    """
    table = ScoreTable(read_table(path, COLUMNS), str(path))
    for proxy in proxies:
        if proxy not in table.proxies:
            raise UnknownNameError("proxy", proxy, table.proxies, str(path))
        cells = int((table.table["proxy"] == proxy).sum())
        if cells != SPACE_SIZE:
            raise ScoreError(
                f"'{path}' holds {cells} of {SPACE_SIZE} cells for proxy '{proxy}': it is incomplete, set "
                "scoring.scores to computed."
            )
    rows = table.table[table.table["proxy"].isin(proxies)]
    facts = read_facts(path)
    if "batch" not in facts:
        raise ScoreError(f"The facts of '{path}' do not say which mini-batch was scored: make the table again.")
    write_json(batch, facts["batch"])
    write_table(output, rows, facts | {"shipped_from": str(path)})


def ship(path: str | Path, folder: str | Path, note: str = "") -> Path:
    """Write a computed score table as ``folder/{dataset}.csv.gz`` with its facts, to be shipped.

    Args:
        path: ``results/{study}/scores/{dataset}.csv``.
        folder: for example ``data/scores/nats-tss``.
        note: what a reader of the facts should know besides, in a sentence.

    Returns:
        The path of the new table.

    Raises:
        DataError: the table or its facts are missing or damaged.
    """
    table, facts = read_table(path, COLUMNS), read_facts(path)
    output = Path(folder) / f"{facts['dataset']}.csv.gz"
    write_table(output, table, facts | ({"note": note} if note else {}))
    return output
