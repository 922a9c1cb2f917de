"""Summarise how far scores depend on chance."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.analysis.statistics import rank_shift, spearman
from tfnas.errors import ScoreError
from tfnas.files import read_facts
from tfnas.products import Named, Summary
from tfnas.proxies.registry import family_of, get_proxy
from tfnas.schemas.noise import SCHEMA as NOISE
from tfnas.scoring.missing import lowest_where_missing
from tfnas.scoring.plan import classes, read_chunk
from tfnas.scoring.table import ScoreTable

INITIALISATIONS = 2
"""Initialisations of each cell on each mini-batch."""

SPEC = Summary(
    category="Proxies",
    needs={
        "first": lambda study: study.noise_files(1),
        "second": lambda study: study.noise_files(2),
        "scores": "scores/{dataset}.parquet",
    },
    params=("proxies",),
    when=lambda study: study.measures_noise,
    calls=("proxies",),
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write how far the scores of every proxy depend on chance.

    Args:
        inputs: ``first``: cells scored with :data:`INITIALISATIONS` initialisations on the study's mini-batch, one file
            of :func:`tfnas.scoring.chunk.score_chunk` for each dataset and family. ``second``: the same cells and
            initialisations on the second mini-batch, in the same order. ``scores``: score table of each dataset, for
            twins.
        params: ``proxies``: names in the order of the rows of a dataset.
        output: ``table``: table to write (.csv) with :data:`NOISE`.

    Raises:
        ScoreError: two files that belong together are not of the same cells, seed or dataset, no file has a proxy, or a
            fault left a value out.
        DataError: a table or its facts are missing, damaged or lack a column.
    """
    measured: dict[tuple[str, str], dict[str, float]] = {}
    shared: dict[str, dict[str, int]] = {}
    for paths in zip(inputs.first, inputs.second, strict=True):
        tables, facts = _read_both(*paths)
        dataset = facts[0]["dataset"]
        first, second = (set(fact["batch"]["positions"]) for fact in facts)
        shared[dataset] = {"images": len(first), "in_both_batches": len(first & second)}
        for proxy in tables[0]["proxy"].unique():
            scores = np.stack([_scores(table, proxy) for table in tables])
            measured[dataset, proxy] = _noise(scores, other_images=first != second)
    for dataset, images in shared.items():
        if images["images"] == images["in_both_batches"]:
            log.warning(
                "%s has no images besides those of its mini-batch: how far scores depend on it stays unknown, unless "
                "scoring.batch_size is made smaller.",
                dataset,
            )
    rows: list[dict[str, Any]] = []
    for dataset, path in inputs.scores.items():
        table = ScoreTable.read(path)
        for proxy in params.proxies:
            if (dataset, proxy) not in measured:
                raise ScoreError(
                    f"No file says how noisy proxy '{proxy}' is on '{dataset}': remove the noise folder of the study "
                    "and run again."
                )
            twins = _twins(table, proxy)
            rows.append({"dataset": dataset, "proxy": proxy, **measured[dataset, proxy], **twins})
    NOISE.write_rows(output.table, rows, mini_batches=shared)


log = logging.getLogger("tfnas")


def _read_both(first: str | Path, second: str | Path) -> tuple[list[pd.DataFrame], list[dict[str, Any]]]:
    """Return tables and facts of the same networks on two mini-batches.

    Raises:
        ScoreError: the networks are not the same, or a fault left a value out.
    """
    tables = [read_chunk(path) for path in (first, second)]
    facts = [read_facts(path) for path in (first, second)]
    networks = [table[["arch", "proxy", "repeat"]].to_numpy().tolist() for table in tables]
    same = all(facts[0][key] == facts[1][key] for key in ("dataset", "family", "seed", "skeleton", "repeats"))
    if not same or networks[0] != networks[1]:
        raise ScoreError(f"'{first}' and '{second}' are not of the same networks: remove both and run again.")
    return tables, facts


def _scores(table: pd.DataFrame, proxy: str) -> np.ndarray:
    """Return the scores of the n cells of a file by initialisation, shape (2, n); NaN where any draw of one is NaN."""
    rows = table[table["proxy"] == proxy]
    raw = rows.pivot(index="arch", columns="repeat", values="raw").to_numpy(dtype=np.float64)
    by_initialisation = raw.reshape(len(raw), INITIALISATIONS, -1)
    return get_proxy(proxy).direction * by_initialisation.mean(axis=2).T


def _noise(scores: np.ndarray, other_images: bool) -> dict[str, float]:
    """Return the noise of scores of shape (batch, initialisation, n)."""
    initialisation = np.mean([_difference(batch[0], batch[1]) for batch in scores], axis=0)
    between_batches = np.mean([_difference(*pair) for pair in zip(scores[0], scores[1], strict=True)], axis=0)
    batch = between_batches if other_images else np.full(2, np.nan)
    return {
        "cells": scores.shape[2],
        "initialisation_spearman": initialisation[0],
        "initialisation_shift": initialisation[1],
        "batch_spearman": batch[0],
        "batch_shift": batch[1],
    }


def _difference(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return Spearman's correlation and the shift of ranks; NaN where one side has no finite score."""
    if not np.isfinite(x).any() or not np.isfinite(y).any():
        return np.nan, np.nan
    x, y = lowest_where_missing(x), lowest_where_missing(y)
    return spearman(x, y).value, rank_shift(x, y)


def _twins(table: ScoreTable, proxy: str) -> dict[str, float]:
    """Compare the first two cells of every class. Where cells share a score there are no twins."""
    codes = table.pool.codes
    if (table.stands_for(proxy) != codes).any():
        return {"twins": 0, "twin_spearman": np.nan}
    scores = lowest_where_missing(table.column(proxy, "score"))
    cells = pd.DataFrame({"code": codes, "class": classes(family_of(proxy), table.pool), "score": scores})
    cells = cells.assign(member=lambda rows: rows.groupby("class").cumcount())
    pairs = cells.pivot(index="class", columns="member", values="score").reindex(columns=[0, 1]).dropna()
    return {"twins": len(pairs), "twin_spearman": spearman(pairs[0], pairs[1]).value}
