"""Add families of computed score tables to a folder of shipped ones: ship_scores.py FOLDER TABLE... [--note TEXT]."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tfnas.errors import ScoreError, TfnasError
from tfnas.files import read_facts
from tfnas.proxies.registry import family_of, proxy_names
from tfnas.scoring.plan import refuse_faults
from tfnas.scoring.shipped_paths import shipped_name
from tfnas.scoring.shipped_tables import images_of
from tfnas.scoring.table import ScoreTable
from tfnas.scoring.writer import SHIPPED_LEVEL, write_scores


def ship(path: str | Path, folder: str | Path, note: str = "", anew: bool = False) -> list[Path]:
    """Add the families of a computed score table that ``folder/{dataset}`` has not yet, a file for each, to be shipped.

    A further scoring goes to ``{dataset}.scoring-{number}``. Files of families that are there already stay as they are,
    so that a table can be made family by family. Seconds are rounded to four digits: all of them take a third of a
    file.

    Args:
        path: ``results/{study}/scores/{dataset}.parquet``, or that of one family; ``scores-1`` for another scoring.
        folder: for example ``data/scores/nats-tss``.
        note: what a reader of the facts should know of these scores besides, in a sentence.
        anew: write files of families that are there already anew, too.

    Returns:
        The paths that were written.

    Raises:
        ScoreError: a shipped table was made on other images or with another skeleton, a fault left a value out, or a
            family is there with other proxies.
        DataError: a table or its facts are missing or damaged.
    """
    table, facts = ScoreTable.read(path), read_facts(path)
    target = Path(folder) / shipped_name(facts["dataset"], facts.get("scoring", 0))
    for other in sorted(target.glob("*.parquet")):
        known = read_facts(other)
        if images_of(known) != images_of(facts) or known["skeleton"] != facts["skeleton"]:
            raise ScoreError(
                f"'{path}' was scored on other images or with another skeleton than '{other}': remove the latter, or "
                "score with its settings."
            )
    written = []
    for name, family in sorted(facts["families"].items()):
        # Ensembles, which are computed from their members, are of no family. In the order of the registry.
        proxies = [proxy for proxy in proxy_names() if proxy in table.proxies and family_of(proxy) == name]
        output = target / f"{name}.parquet"
        if output.exists() and not anew:
            lacking = [proxy for proxy in proxies if proxy not in ScoreTable.read(output).proxies]
            if lacking:
                raise ScoreError(
                    f"'{output}' has no {' and no '.join(lacking)}: score all proxies of the family and write its "
                    "file anew (--anew)."
                )
            continue
        rows = table.rows(*proxies)
        refuse_faults(rows, path)
        rows["seconds"] = rows["seconds"].map(lambda seconds: float(f"{seconds:.4g}"))
        told = {name: family | ({"note": note} if note else {})}
        write_scores(output, rows, facts | {"families": told}, SHIPPED_LEVEL)
        written.append(output)
    return written


def main() -> None:
    """Ship the tables that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="for example data/scores/nats-tss")
    parser.add_argument("tables", nargs="+", help="results/{study}/scores/{dataset}.parquet, or of one family")
    parser.add_argument("--note", default="", help="a sentence for the facts, for example about the machine")
    parser.add_argument("--anew", action="store_true", help="write files of families that are there already anew, too")
    arguments = parser.parse_args()
    for table in arguments.tables:
        try:
            written = ship(table, arguments.folder, arguments.note, arguments.anew)
        except TfnasError as error:
            sys.exit(str(error))
        print(*(written or [f"nothing new in {table}"]), sep="\n")


if __name__ == "__main__":
    main()
