"""Score tables that the project ships: written from computed ones, and checked before they stand for computed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tfnas.cells import codes_of
from tfnas.ensembles import with_ensembles
from tfnas.errors import ScoreError, UnknownNameError
from tfnas.files import facts_path, read_facts, read_table, write_json, write_table
from tfnas.letters import check_letters
from tfnas.own_scores import with_own
from tfnas.proxies.registry import family_of, get_proxy, proxy_names
from tfnas.score_checks import check_rows
from tfnas.score_table import COLUMNS, ScoreTable
from tfnas.scoring_plan import refuse_faults
from tfnas.study.settings import shipped_name


def take_shipped(
    path: str | Path,
    dataset: str,
    skeleton: Mapping[str, int],
    proxies: list[str],
    output: str | Path,
    batch: str | Path | None,
    ensembles: Sequence[str] = (),
    scoring: int = 0,
    own: str | Path | None = None,
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
        batch: ``batches/{dataset}.json``, the facts of the mini-batch; None to leave it out.
        ensembles: the ensembles the study asks for; their members are among ``proxies``.
        scoring: number of the scoring that the table must be.
        own: what :func:`tfnas.own_scores.read_own` wrote, None where the study has no scores of its own.

    Raises:
        UnknownNameError: the table does not hold a proxy.
        ScoreError: the table lacks cells or holds a row that cannot be (:func:`tfnas.score_checks.check_rows`) or what
            a fault left without a value, was made on another dataset or with another skeleton, is another scoring, or
            its facts do not say which or what the mini-batch was.
        DataError: the table or its facts are missing or damaged.
    """
    facts, table = read_facts(path), ScoreTable(read_table(path, COLUMNS), str(path))
    check_letters(facts, f"'{facts_path(path)}'", ScoreError)
    _check_facts(facts, path, dataset, skeleton, [proxy for proxy in proxies if proxy in table.proxies])
    if facts.get("scoring", 0) != scoring:
        raise ScoreError(
            f"'{path}' holds scoring {facts.get('scoring', 0)} where number {scoring} is needed: its initialisations "
            "would count twice, put the right table there."
        )
    first = Path(path).with_name(f"{dataset}.csv.gz")
    if scoring and facts["batch"].get("sha256") != read_facts(first)["batch"].get("sha256"):
        raise ScoreError(f"'{path}' was scored on other images than '{first}': scorings may differ in weights alone.")
    for proxy in proxies:
        if proxy not in table.proxies:
            raise UnknownNameError("proxy", proxy, table.proxies, str(path))
    rows = table.table[table.table["proxy"].isin(proxies)]
    rows = check_rows(rows, f"'{path}'", {proxy: get_proxy(proxy).direction for proxy in proxies})
    refuse_faults(rows, path)
    if batch is not None:
        write_json(batch, facts["batch"])
    rows, facts = with_own(rows, facts | {"shipped_from": str(path)}, own)
    write_table(output, *with_ensembles(rows, facts, ensembles, str(path)))


NEEDED = ("dataset", "skeleton.channels", "skeleton.cells_per_stage", "batch.images", "batch.classes", "batch.shape")
"""What the facts of a shipped table must say; of each family of proxies besides :data:`OF_FAMILY`."""

OF_FAMILY = ("device", "repeats")


def _check_facts(
    facts: Mapping[str, Any], path: str | Path, dataset: str, skeleton: Mapping[str, int], proxies: Sequence[str]
) -> None:
    """Refuse facts that do not say what the study needs, and scores of another dataset or skeleton.

    The latter would rank other networks than those of the study. All that is missing is said at once.
    """
    families = [f"families.{name}.{key}" for name in dict.fromkeys(map(family_of, proxies)) for key in OF_FAMILY]
    lacking = [key for key in (*NEEDED, *families) if not _says(facts, key)]
    if lacking:
        raise ScoreError(
            f"The facts of '{path}' do not say {', '.join(lacking)}: add them to '{facts_path(path).name}' (those of "
            "data/scores show how), or give the table under scoring.tables, which needs no facts."
        )
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


def _says(facts: Any, key: str) -> bool:
    """Return whether facts have a value under ``a.b.c``."""
    for part in key.split("."):
        if not isinstance(facts, Mapping) or facts.get(part) is None:
            return False
        facts = facts[part]
    return True


def _say(skeleton: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in skeleton.items())


def ship(path: str | Path, folder: str | Path, note: str = "") -> Path:
    """Add a computed score table to ``folder/{dataset}.csv.gz``, with its facts, to be shipped.

    A further scoring goes to ``{dataset}.scoring-{number}.csv.gz``.

    Families of proxies that the shipped table has besides are kept, those of the new table replaced, so that a table
    can be made family by family. Seconds are rounded to four digits: all of them
    take a fifth of the file.

    Args:
        path: ``results/{study}/scores/{dataset}.csv``, or that of one family; ``scores-1`` for another scoring.
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
    output = Path(folder) / f"{shipped_name(facts['dataset'], facts.get('scoring', 0))}.csv.gz"
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
    table = table.assign(
        code=codes_of(table["arch"], f"'{path}' or '{output}'"), place=table["proxy"].map(proxy_names().index)
    )
    table = table.sort_values(["code", "place"], ignore_index=True)[list(COLUMNS)]
    table["seconds"] = table["seconds"].map(lambda seconds: float(f"{seconds:.4g}"))
    write_table(output, table, facts | {"families": dict(sorted(families.items()))})
    return output
