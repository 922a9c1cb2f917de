"""Run a search without a study: on a score table, a ground truth, or both."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.errors import ConfigError
from tfnas.scoring.table import ScoreTable
from tfnas.search.base import SearchSpace
from tfnas.search.registry import get_algorithm
from tfnas.search.runner import Scores, check_benchmark, run_search
from tfnas.seeds import child_rng
from tfnas.spaces.base import Space
from tfnas.spaces.registry import get_space
from tfnas.truth.benchmark import Benchmark, ReadOff
from tfnas.truth.costs import Costs, feasible

KEYS = ("scores", "truth", "dataset")


def search(
    space: str,
    data: str | Path | Mapping[str, str | Path],
    algorithm: str,
    runs: int = 1,
    seed: int = 0,
    budget: float | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """Run a search algorithm some times and return what each run chose.

    Args:
        space: name of the search space, see :func:`tfnas.spaces.registry.space_names`.
        data: what the search looks at: the path of a score table; or a mapping with the paths of a score table
            (``scores``) and a ground truth (``truth``), and the name of the ``dataset``, of which searches that read no
            scores or no accuracies need one alone.
        algorithm: name of the search.
        runs: how many.
        seed: run r draws from the stream ``(seed, algorithm, r)``, whatever the number of runs.
        budget: simulated seconds that a run may spend, for searches that train.
        settings: parameters of the algorithm, and ``constraint``, which needs a ground truth.

    Returns:
        A row for each run: ``run``, ``arch``, ``cells`` (looks), ``scoring_seconds``, ``training_seconds``, and, where
        there is a ground truth, ``valid_accuracy`` and ``test_accuracy`` of the architecture, in percent or in the
        metric of the ground truth, NaN for one that it does not have.

    Raises:
        ConfigError: the data or the settings do not allow the search.
        UnknownNameError: there is no such space, algorithm or proxy.
        DataError: a table is missing or damaged.
        SearchError: the search cannot run on what it was given.
    """
    known, given = get_space(space), _given(data)
    if runs < 1:
        raise ConfigError(f"runs is {runs}: use 1 or more.")
    found, constraint = get_algorithm(algorithm, "algorithm"), settings.pop("constraint", {})
    parameters = found.settings({"algorithm": algorithm, **settings}, algorithm)
    dataset, truth = str(given.get("dataset", "the dataset")), given.get("truth")
    table = ScoreTable.read(given["scores"]) if "scores" in given else None
    if table is not None:
        _check_space("score table", table.pool.space, known)
    if found.needs_live:
        raise ConfigError(f"Search '{algorithm}' evaluates networks while it runs: run it in a study.")
    if found.needs_scores and table is None:
        raise ConfigError(f"Search '{algorithm}' reads scores: give the path of a score table.")
    if truth is not None:
        benchmark, costs = Benchmark.read(truth, dataset), Costs.read(truth, dataset)
        _check_space("ground truth", benchmark.space, known)
        codes = feasible(benchmark.codes, constraint, costs, "constraint")
    elif table is None or found.needs_early or found.needs_validation or constraint:
        raise ConfigError(f"Search '{algorithm}' needs a ground truth: give its path under 'truth'.")
    else:
        benchmark = Benchmark(pd.DataFrame({"arch": table.pool.strings}), dataset, table.place, space=known)
        codes, costs = benchmark.codes, None
    spends = budget if found.spends_budget(settings) else None
    check_benchmark(found, benchmark, codes, spends or (0.0 if found.spends_budget(settings) else None))
    scores = {name: Scores(table, name, codes) for name in found.proxies(parameters)} if table else {}
    where = SearchSpace(codes, costs, known)
    traces = [
        run_search(found, parameters, child_rng(seed, algorithm, run), benchmark, scores, spends, where)
        for run in range(runs)
    ]
    chosen = np.array([trace.chosen for trace in traces])
    rows = pd.DataFrame(
        {
            "run": range(runs),
            "arch": known.texts(chosen),
            "cells": [len(trace) for trace in traces],
            "scoring_seconds": [trace.scoring_seconds for trace in traces],
            "training_seconds": [trace.training_seconds for trace in traces],
        }
    )
    if truth is not None:
        rows["valid_accuracy"], rows["test_accuracy"] = ReadOff.read(truth, dataset).peek(chosen)
    return rows


def _given(data: str | Path | Mapping[str, str | Path]) -> dict[str, str | Path]:
    given: dict[str, str | Path] = {"scores": data} if isinstance(data, str | Path) else dict(data)
    if not given or set(given) - set(KEYS):
        told = ", ".join(given) or "nothing"
        raise ConfigError(f"What a search looks at is given by {', '.join(KEYS)}, not by {told}.")
    return given


def _check_space(what: str, held: Space, asked: Space) -> None:
    if held.name != asked.name:
        raise ConfigError(f"The {what} is of the space '{held.name}', and the search of '{asked.name}'.")
