"""Run a block of runs of one search and write what they chose.

A run is a search with its own random numbers. It searches on one dataset; the cell it chose is then read off on every
dataset of the study, which gives one row per run and evaluated dataset (:data:`COLUMNS`):

====================  =========================================================================================
``search``            label of the search in the study
``searched_on``       dataset whose scores and accuracies the search saw
``dataset``           dataset on which the chosen cell is read off (another one: transfer)
``run``               number of the run, from 0
``arch``              the chosen cell
``valid_accuracy``    its full-training validation accuracy on ``dataset``, percent
``test_accuracy``     its full-training test accuracy on ``dataset``, percent
``cells``             looks taken: draws, scores and accuracies, repeats counted, a cell scored and trained counts twice
``scoring_seconds``   scoring seconds of all scored looks, from the score table; NaN if the table does not know them
``training_seconds``  simulated seconds of training and validation charged by the benchmark
``wall_seconds``      seconds the search itself took on the machine that ran it
====================  =========================================================================================
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.cells import all_strings
from tfnas.errors import ConfigError, ScoreError, SearchError, TruthError
from tfnas.files import write_table
from tfnas.score_table import ScoreTable, lowest_where_missing
from tfnas.search.base import EARLY, SCORE, VALIDATION, Look, SearchSpace, Trace
from tfnas.search.registry import Algorithm, algorithm_names, get_algorithm
from tfnas.seeds import child_rng
from tfnas.truth.benchmark import Benchmark, ReadOff

COSTS = ("cells", "scoring_seconds", "training_seconds", "wall_seconds")

COLUMNS = ("search", "searched_on", "dataset", "run", "arch", "valid_accuracy", "test_accuracy", *COSTS)


class Scores:
    """Scores and scoring seconds of one proxy by cell code, as a search sees them.

    Args:
        table: the score table.
        proxy: name of the proxy.
        needed: codes of the cells that a search may propose, each of which must have a row.

    Raises:
        UnknownNameError: the table does not hold the proxy.
        ScoreError: all its scores are NaN, or a needed cell has no row.
    """

    def __init__(self, table: ScoreTable, proxy: str, needed: np.ndarray):
        self.proxy = proxy
        self.values = lowest_where_missing(table.scores(proxy))
        """Larger is better; non-finite scores are the lowest finite one, so that such cells rank last."""
        self.seconds = table.seconds(proxy)
        """Seconds of scoring each cell, NaN where the table does not know."""
        strings = all_strings()
        scored = set(table.table.loc[table.table["proxy"] == proxy, "arch"])
        missing = [code for code in needed.tolist() if strings[code] not in scored]
        if missing:
            raise ScoreError(
                f"{table.place} has no row of proxy '{proxy}' for {len(missing)} of {needed.size} cells, for example "
                f"{strings[missing[0]]}: score them before searching."
            )


def check_benchmark(algorithm: Algorithm, benchmark: Benchmark, budget: float | None, overshoot: bool = True) -> None:
    """Refuse a search that the ground truth cannot serve.

    Args:
        algorithm: the search.
        benchmark: what it would look at.
        budget: its budget in seconds, None for searches without one.
        overshoot: whether the last query may exceed the budget.

    Raises:
        TruthError: early accuracies, costs or validation accuracies are missing; says which searches that rules out.
        ConfigError: there is no budget.
        SearchError: the budget does not pay for one query.
    """
    for lacking, what, needed in (
        (
            algorithm.needs_early and not benchmark.has_early,
            "early validation accuracies with their seconds (columns early_valid_accuracy, early_seconds, "
            "valid_seconds)",
            "needs_early",
        ),
        (
            algorithm.needs_validation and not benchmark.has_validation,
            "validation accuracies (column valid_accuracy)",
            "needs_validation",
        ),
    ):
        if lacking:
            impossible = [name for name in algorithm_names() if getattr(get_algorithm(name), needed)]
            raise TruthError(
                f"Ground truth of '{benchmark.dataset}' ({benchmark.place}) has no {what}, so these searches are "
                f"impossible on it: {', '.join(impossible)}; leave them out of search.use."
            )
    if budget is not None:
        if not budget > 0:
            raise ConfigError(
                f"Searches that train on '{benchmark.dataset}' need a budget of more than 0 seconds: "
                f"set search.budget_seconds, for example to {{{benchmark.dataset}: 12000}}."
            )
        low, high = benchmark.cost_range
        if budget < (low if overshoot else high):
            raise SearchError(
                f"A budget of {budget:g} s on '{benchmark.dataset}' is smaller than one query, which costs {low:.4g} "
                f"to {high:.4g} s: raise search.budget_seconds."
            )


def run_search(
    algorithm: Algorithm,
    parameters: dict[str, Any],
    rng: np.random.Generator,
    benchmark: Benchmark,
    scores: dict[str, Scores],
    budget: float | None = None,
    space: SearchSpace | None = None,
) -> Trace:
    """Run one search once: ask, look, pay, tell, until it asks for nothing more or its budget is spent.

    The budget covers scoring and simulated training seconds together. With ``overshoot`` the run ends when they reach
    it, the last query included; without, it ends before the query that would exceed it.

    Args:
        algorithm: the search.
        parameters: its parameters, as :meth:`tfnas.search.registry.Algorithm.settings` returns them.
        rng: the run's source of randomness.
        benchmark: accuracies and costs; its account is not touched, a fresh one is used.
        scores: scores by name of the proxy.
        budget: seconds, for searches that need a budget.
        space: cells that may be proposed; default: all cells of the benchmark.

    Returns:
        The trace of the run with the chosen cell.

    Raises:
        SearchError: the search asked for a kind of look it is not registered for, or had nothing to choose from.
    """
    parameters = dict(parameters)
    overshoot = parameters.pop("overshoot", True)
    search = algorithm.build(space or SearchSpace(benchmark.codes), rng, **parameters)
    trace = Trace()
    benchmark = benchmark.fresh()
    spent = False
    while not spent:
        look = search.ask()
        if look is None:
            break
        if look.kind not in algorithm.looks:
            raise SearchError(
                f"Search '{algorithm.name}' asked for a look of kind '{look.kind}', but is registered for "
                f"{', '.join(algorithm.looks)} only."
            )
        values = _take(look, benchmark, scores, trace, budget, overshoot)
        spent = budget is not None and (len(values) < len(look.codes) or trace.spent >= budget)
        if not spent:
            search.tell(look, values)
    if budget is not None and EARLY not in trace.kinds:
        raise SearchError(
            f"Search '{algorithm.name}' spent its budget of {budget:g} s on '{benchmark.dataset}' before it could look "
            f"at one accuracy ({trace.spent:.4g} s of scoring): raise search.budget_seconds."
        )
    trace.chosen = int(search.choose(trace))
    return trace


def _take(
    look: Look, benchmark: Benchmark, scores: dict[str, Scores], trace: Trace, budget: float | None, overshoot: bool
) -> list[float]:
    """Take a look, write it into the trace and return the values; fewer of them if the budget ended in between."""
    free = [0.0] * len(look.codes)
    if look.kind == EARLY:
        return _query(look.codes, benchmark, trace, budget, overshoot)
    if look.kind == SCORE:
        known = scores[look.proxy]
        values, costs = known.values[look.codes].tolist(), known.seconds[look.codes].tolist()
    elif look.kind == VALIDATION:
        values, costs = benchmark.validation(np.asarray(look.codes, dtype=np.int64)).tolist(), free
    else:
        values, costs = [float("nan")] * len(look.codes), free
    trace.extend(look.kind, look.codes, values, costs)
    return values


def _query(
    codes: Sequence[int], benchmark: Benchmark, trace: Trace, budget: float | None, overshoot: bool
) -> list[float]:
    """Query one cell after the other, as long as the budget lasts."""
    values = []
    for code in codes:
        cost = benchmark.cost(code)
        if budget is not None and (trace.spent >= budget or (not overshoot and trace.spent + cost > budget)):
            break
        values.append(benchmark.query(code))
        trace.add(EARLY, code, values[-1], cost)
    return values


def run_block(
    search: str,
    settings: dict[str, Any],
    searched_on: str,
    truth_paths: dict[str, str | Path],
    score_path: str | Path | None,
    first: int,
    last: int,
    seed: int,
    budget_seconds: float | None,
    output: str | Path,
    study: str,
) -> None:
    """Run the runs ``first`` to ``last`` (both included) of a search and write their table.

    Run r draws from ``child_rng(seed, study, searched_on, "search", stream, r)``, where ``stream`` is the algorithm's
    (see :class:`tfnas.search.registry.Algorithm`): neither the label of the search nor the cut into blocks matters.

    Args:
        search: label of the search in the study.
        settings: its settings: ``algorithm`` and parameters.
        searched_on: dataset whose scores and accuracies it sees.
        truth_paths: ground-truth table of each dataset of the study, that of ``searched_on`` among them.
        score_path: score table of ``searched_on``; None for searches that need none.
        first: number of the first run, from 0.
        last: number of the last run, included.
        seed: master seed of the study.
        budget_seconds: simulated seconds that a run may spend; only searches that train need it.
        output: table to write (.parquet), with the columns :data:`COLUMNS`; its facts go to ``.json`` beside it.
        study: name of the study.

    Raises:
        TfnasError: settings, scores, ground truth or budget do not allow the search; one sentence says why.
    """
    if not 0 <= first <= last:
        raise ConfigError(
            f"The runs of search '{search}' go from {first} to {last}: first must be 0 or more, up to last."
        )
    if searched_on not in truth_paths:
        raise ConfigError(f"Search '{search}' searches on '{searched_on}', which is no dataset of the study.")
    algorithm = get_algorithm(settings["algorithm"], f"search.use.{search}")
    parameters = algorithm.settings(settings, search)
    benchmark = Benchmark.read(truth_paths[searched_on], searched_on)
    budget = float(budget_seconds or 0) if algorithm.needs_budget else None
    check_benchmark(algorithm, benchmark, budget, parameters.get("overshoot", True))
    scores = _read_scores(algorithm, parameters, score_path, search, benchmark.codes)
    space = SearchSpace(benchmark.codes)

    costs: list[tuple[int, float, float, float]] = []
    chosen = np.empty(last + 1 - first, dtype=np.int64)
    for run in range(first, last + 1):
        rng = child_rng(seed, study, searched_on, "search", algorithm.stream, run)
        start = time.perf_counter()
        trace = run_search(algorithm, parameters, rng, benchmark, scores, budget, space)
        seconds = time.perf_counter() - start
        chosen[run - first] = trace.chosen
        costs.append((len(trace.codes), trace.scoring_seconds, trace.training_seconds, seconds))

    strings = all_strings()
    tables = []
    for dataset, path in truth_paths.items():
        valid, test = ReadOff.read(path, dataset).peek(chosen)
        tables.append(
            pd.DataFrame(
                {
                    "search": search,
                    "searched_on": searched_on,
                    "dataset": dataset,
                    "run": np.arange(first, last + 1),
                    "arch": [strings[code] for code in chosen],
                    "valid_accuracy": valid,
                    "test_accuracy": test,
                }
            ).assign(**dict(zip(COSTS, zip(*costs, strict=True), strict=True)))
        )
    facts = {
        "search": search,
        "algorithm": algorithm.name,
        "parameters": parameters,
        "searched_on": searched_on,
        "study": study,
        "seed": seed,
        "stream": algorithm.stream,
        "runs": [first, last],
        "budget_seconds": budget,
        "cells_in_space": space.size,
    }
    write_table(output, pd.concat(tables, ignore_index=True)[list(COLUMNS)], facts)


def _read_scores(
    algorithm: Algorithm, parameters: dict[str, Any], path: str | Path | None, search: str, needed: np.ndarray
) -> dict[str, Scores]:
    if not algorithm.needs_scores:
        return {}
    proxies = algorithm.proxies(parameters)
    if path is None:
        raise SearchError(
            f"Search '{search}' reads proxy {' and '.join(map(repr, proxies))} but was given no score table."
        )
    table = ScoreTable.read(path)
    return {proxy: Scores(table, proxy, needed) for proxy in proxies}
