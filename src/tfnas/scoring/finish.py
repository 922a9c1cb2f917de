"""The last step of every way to a score table: given scores and ensembles join it, and it is written to be read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tfnas.files import read_facts, write_json
from tfnas.scoring.ensembles import with_ensembles
from tfnas.scoring.own_scores import UNKNOWN
from tfnas.scoring.table import ScoreTable
from tfnas.scoring.writer import write_scores_for_all


def write_finished(
    output: str | Path,
    table: pd.DataFrame | None,
    facts: dict[str, Any],
    own: str | Path | None = None,
    ensembles: Sequence[str] = (),
    batch: str | Path | None = None,
) -> None:
    """Write the score table of a dataset.

    Args:
        output: ``scores/{dataset}.parquet``.
        table: rows with :data:`tfnas.scoring.table.COLUMNS` of the study's proxies; None where all scores are given.
        facts: of the table.
        own: what :func:`tfnas.scoring.own_scores.read_own` wrote, None where the study has no scores of its own.
        ensembles: the ensembles the study asks for; their members are among the proxies.
        batch: ``batches/{dataset}.json``, the facts of the mini-batch; None to leave it out.
    """
    if batch is not None:
        write_json(batch, facts["batch"])
    write_scores_for_all(output, *with_ensembles(*with_own(table, facts, own), ensembles))


def with_own(
    table: pd.DataFrame | None, facts: dict[str, Any], path: str | Path | None
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return a score table (None: there is none) and its facts with those of given scores (None: none) added."""
    if path is None:
        return table, facts
    own, told = ScoreTable.read(path).rows(), read_facts(path)
    merged = own if table is None else pd.concat([table, own], ignore_index=True)
    return merged, facts | {key: told[key] for key in ("own", "table", "given")}


def take_given(
    path: str | Path,
    skeleton: Mapping[str, int],
    shape: Sequence[int],
    classes: int,
    output: str | Path,
    batch: str | Path,
    ensembles: Sequence[str] = (),
) -> None:
    """Write given scores, where a study has no others, as its score table, with facts and those of the mini-batch.

    Args:
        path: what :func:`read_own` wrote.
        skeleton: the study's ``channels`` and ``cells_per_stage``.
        shape: channels, height and width of the dataset's images.
        classes: of the dataset.
        output: ``scores/{dataset}.parquet``.
        batch: ``batches/{dataset}.json``.
        ensembles: the ensembles the study asks for.
    """
    told = read_facts(path)
    given = told["given"]
    batch_facts = {"dataset": told["dataset"], "classes": classes, "shape": list(shape), "images": None}
    facts = {
        "space": told["space"],
        "dataset": told["dataset"],
        "batch": batch_facts | {"source": UNKNOWN},
        "skeleton": {**skeleton, "classes": classes, "image_channels": shape[0], "image_size": shape[1]},
        "device": str(given.get("device", UNKNOWN)),
        "repeats": given.get("repeats", UNKNOWN),
        "versions": {},
    }
    write_finished(output, None, facts, path, ensembles, batch)
