"""Score tables that the project ships: written from computed ones, and checked before they stand for computed ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tfnas.errors import ScoreError, UnknownNameError
from tfnas.files import facts_path, read_facts
from tfnas.letters import check_letters
from tfnas.proxies.registry import family_of, get_proxy, proxy_names
from tfnas.scoring.checks import check_rows
from tfnas.scoring.plan import join_facts, refuse_faults
from tfnas.scoring.table import ScoreTable


def take_shipped(
    paths: Sequence[str | Path], dataset: str, skeleton: Mapping[str, int], proxies: Sequence[str], scoring: int = 0
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Check shipped score tables and return the rows of the study's proxies, and facts.

    No images are needed: what the mini-batch of the scores was stands in the facts of the tables.

    Args:
        paths: a table of each family; its facts lie beside it.
        dataset: the dataset of the study that the scores are for.
        skeleton: the study's ``channels`` and ``cells_per_stage``.
        proxies: the proxies the study asks for. Their rows come in the order of the registry.
        scoring: number of the scoring that the tables must be.

    Raises:
        UnknownNameError: no table holds a proxy.
        ScoreError: a table lacks cells or holds a row that cannot be (:func:`tfnas.scoring.checks.check_rows`) or what
            a fault left without a value, was made on another dataset or with another skeleton, is another scoring, or
            its facts do not say which or what the mini-batch was, or say it with a value of a wrong kind; or tables
            were scored on different images.
        DataError: a table or its facts are missing or damaged.
    """
    tables: dict[str, ScoreTable] = {}
    told: list[dict[str, Any]] = []
    for path in paths:
        facts, table = read_facts(path), ScoreTable.read(path)
        check_letters(facts, f"'{facts_path(path)}'", ScoreError)
        _check_facts(facts, path, dataset, skeleton, [proxy for proxy in proxies if proxy in table.proxies])
        if facts.get("scoring", 0) != scoring:
            raise ScoreError(
                f"'{path}' holds scoring {facts.get('scoring', 0)} where number {scoring} is needed: its "
                "initialisations would count twice, put the right table there."
            )
        first = Path(path).parent.with_name(dataset) / Path(path).name
        if scoring and images_of(facts) != images_of(read_facts(first)):
            raise ScoreError(
                f"'{path}' was scored on other images than '{first}': scorings may differ in weights alone."
            )
        if told and images_of(facts) != images_of(told[0]):
            raise ScoreError(f"'{path}' was scored on other images than '{paths[0]}': make one of them again.")
        told.append(facts)
        tables |= dict.fromkeys(table.proxies, table)
    rows = []
    for proxy in sorted(proxies, key=proxy_names().index):
        if proxy not in tables:
            raise UnknownNameError("proxy", proxy, list(tables), str(Path(paths[0]).parent))
        table, direction = tables[proxy], {proxy: get_proxy(proxy).direction}
        rows.append(check_rows(table.rows(proxy), f"'{table.place}'", direction, table.pool))
        refuse_faults(rows[-1], table.place)
    shared = {key: told[0][key] for key in ("space", "dataset", "batch", "skeleton", "scoring") if key in told[0]}
    families = {name: family for facts in told for name, family in facts["families"].items()}
    versions = [facts.get("versions", {}) for facts in told]
    facts = shared | {
        "versions": {name: join_facts(part.get(name) for part in versions) for name in versions[0]},
        "families": dict(sorted(families.items())),
        "shipped_from": str(Path(paths[0]).parent),
    }
    return pd.concat(rows, ignore_index=True), facts


def images_of(facts: Mapping[str, Any]) -> Any:
    """Return the digest of the mini-batch that facts of scores tell."""
    return facts["batch"].get("sha256")


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
    lacking = [key for key in (*NEEDED, *families) if _said(facts, key) is None]
    if lacking:
        raise ScoreError(
            f"The facts of '{path}' do not say {', '.join(lacking)}: add them to '{facts_path(path).name}' (those of "
            "data/scores show how), or give the table under scoring.tables, which needs no facts."
        )
    for key in (*NEEDED, *families, *(f"skeleton.{name}" for name in facts["skeleton"])):
        fits, words = _FITTING.get(key.rpartition(".")[2], WHOLE)
        if not fits(value := _said(facts, key)):
            raise ScoreError(
                f"The facts of '{path}' say {key} is {str(value)[:40]!r} where {words} is needed: correct it in "
                f"'{facts_path(path).name}', or give the table under scoring.tables, which needs no facts."
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


def _said(facts: Any, key: str) -> Any:
    """Return the value of facts under ``a.b.c``, None where there is none."""
    for part in key.split("."):
        facts = facts.get(part) if isinstance(facts, Mapping) else None
    return facts


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


WHOLE = (_is_whole, "a whole number from 1 on")

_FITTING = {
    "dataset": (lambda value: isinstance(value, str), "a text"),
    "device": (lambda value: isinstance(value, str), "a text"),
    "shape": (
        lambda value: isinstance(value, list) and len(value) == 3 and all(map(_is_whole, value)),
        "a list of channels, height and width",
    ),
}
"""What facts must be by the last part of their key, and how a sentence calls it; all others are :data:`WHOLE`."""


def _say(skeleton: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in skeleton.items())
