"""Score tables that the project ships: written from computed ones, and checked before they stand for computed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tfnas.cells import SPACE_SIZE, string_codes
from tfnas.ensembles import with_ensembles
from tfnas.errors import ScoreError, UnknownNameError
from tfnas.files import read_facts, read_table, write_json, write_table
from tfnas.proxies.registry import family_of, proxy_names
from tfnas.score_table import COLUMNS, ScoreTable
from tfnas.scoring_plan import refuse_faults


def take_shipped(
    path: str | Path,
    dataset: str,
    skeleton: Mapping[str, int],
    proxies: list[str],
    output: str | Path,
    batch: str | Path,
    ensembles: Sequence[str] = (),
) -> None:
    """Check a shipped score table and write the rows of the study's proxies and ensembles, with facts, to ``output``.

    No images are needed: what the mini-batch of the scores was stands in the facts of the table. Ensembles are always
    computed from the scores of their members.

    Args:
        path: the table (.csv.gz); its facts lie beside it.
        dataset: the dataset of the study that the scores are for.
        skeleton: the study's ``channels`` and ``cells_per_stage``.
        proxies: the proxies the study asks for.
        output: ``scores/{dataset}.csv``.
        batch: ``batches/{dataset}.json``, the facts of the mini-batch.
        ensembles: the ensembles the study asks for; their members are among ``proxies``.

    Raises:
        UnknownNameError: the table does not hold a proxy.
        ScoreError: the table lacks cells, holds what a fault left without a value, was made on another dataset or with
            another skeleton, or its facts do not say which or what the mini-batch was.
        DataError: the table or its facts are missing or damaged.
    """
    facts = read_facts(path)
    _check_facts(facts, path, dataset, skeleton)
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
    refuse_faults(rows, path)
    write_json(batch, facts["batch"])
    write_table(output, *with_ensembles(rows, facts | {"shipped_from": str(path)}, ensembles, str(path)))


def _check_facts(facts: Mapping[str, Any], path: str | Path, dataset: str, skeleton: Mapping[str, int]) -> None:
    """Refuse scores of another dataset or skeleton: they would rank other networks than those of the study."""
    lacking = [key for key in ("dataset", "skeleton", "batch") if key not in facts]
    if lacking:
        raise ScoreError(f"The facts of '{path}' do not say the {' and '.join(lacking)} of its scores: make it again.")
    if facts["dataset"] != dataset:
        raise ScoreError(
            f"'{path}' holds scores of {facts['dataset']} where those of {dataset} are needed: put the table of "
            f"{dataset} there, or set scoring.scores to computed."
        )
    theirs = {key: facts["skeleton"].get(key) for key in ("channels", "cells_per_stage")}
    ours = {key: skeleton[key] for key in theirs}
    if theirs != ours:
        raise ScoreError(
            f"'{path}' was scored with skeleton {_say(theirs)} where the study has {_say(ours)}: set scoring.scores to "
            "computed, or the skeleton of the study to that of the table."
        )


def _say(skeleton: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in skeleton.items())


def ship(path: str | Path, folder: str | Path, note: str = "") -> Path:
    """Add a computed score table to ``folder/{dataset}.csv.gz``, with its facts, to be shipped.

    Families of proxies that the shipped table has besides are kept, those of the new table replaced, so that a table
    can be made family by family. Seconds are rounded to four digits: all of them
    take a fifth of the file.

    Args:
        path: ``results/{study}/scores/{dataset}.csv``, or that of one family.
        folder: for example ``data/scores/nats-tss``.
        note: what a reader of the facts should know of these scores besides, in a sentence.

    Returns:
        The path of the shipped table.

    Raises:
        ScoreError: the shipped table was made on other images or with another skeleton, or a fault left a value out.
        DataError: a table or its facts are missing or damaged.
    """
    table, facts = read_table(path, COLUMNS), read_facts(path)
    table = table[table["proxy"].isin(proxy_names())]  # ensembles are computed from their members
    refuse_faults(table, path)
    families = {name: family | ({"note": note} if note else {}) for name, family in facts["families"].items()}
    output = Path(folder) / f"{facts['dataset']}.csv.gz"
    if output.exists():
        others, known = read_table(output, COLUMNS), read_facts(output)
        if known["batch"]["sha256"] != facts["batch"]["sha256"] or known["skeleton"] != facts["skeleton"]:
            raise ScoreError(
                f"'{path}' was scored on other images or with another skeleton than '{output}': remove the latter, or "
                "score with its settings."
            )
        others = others[~others["proxy"].map(family_of).isin(families)]
        # In the order of the registry and of codes, whatever came first.
        table = pd.concat([others, table])
        families = known["families"] | families
        facts["versions"] = {
            name: "; ".join(dict.fromkeys((known["versions"].get(name, version), version)))
            for name, version in facts["versions"].items()
        }
    table = table.assign(code=table["arch"].map(string_codes()), place=table["proxy"].map(proxy_names().index))
    table = table.sort_values(["code", "place"], ignore_index=True)[list(COLUMNS)]
    table["seconds"] = table["seconds"].map(lambda seconds: float(f"{seconds:.4g}"))
    write_table(output, table, facts | {"families": dict(sorted(families.items()))})
    return output
