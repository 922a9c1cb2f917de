"""Run a block of runs of one search and write what they chose.

A run is a search with its own random numbers. It searches on one dataset; the cell it chose is then read off on every
dataset of the study, which gives one row per run and evaluated dataset (:data:`RUNS`).

Its anytime curve is a table of its own (:data:`RUN_CURVES`), one row per rise of the incumbent and one for
the end, which holds the chosen cell. Both accuracies are looked up when the run is over.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from tfnas.errors import ConfigError, ScoreError, SearchError, TruthError
from tfnas.schemas.run_curves import SCHEMA as RUN_CURVES
from tfnas.schemas.runs import SCHEMA as RUNS
from tfnas.scoring.missing import lowest_where_missing
from tfnas.scoring.table import ScoreTable
from tfnas.search.base import EARLY, FEW, LIVE, SCORE, VALIDATION, Look, SearchSpace, Trace
from tfnas.search.block import Block
from tfnas.search.live.outcomes import read_live
from tfnas.search.registry import Algorithm, accuracies_of, algorithm_names, get_algorithm
from tfnas.spaces.base import Space
from tfnas.spaces.pool import ByCode
from tfnas.truth.benchmark import Benchmark, ReadOff
from tfnas.truth.costs import Costs, feasible
from tfnas.truth.metric import metric_at

log = logging.getLogger("tfnas")

COSTS = ("cells", "duplicates", "scoring_seconds", "training_seconds", "wall_seconds")

FREE_LOOKS = 1000
"""Free looks at accuracies in a row with which a run under a budget ends: it has nothing new to propose."""


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
        self.pool = pool = table.pool
        self.values = lowest_where_missing(table.scores(proxy))
        """Larger is better; non-finite scores are the lowest finite one, so that such cells rank last."""
        self.seconds = table.seconds(proxy)
        """Seconds of scoring each cell, NaN where the table does not know."""
        missing = needed[~(ByCode(pool, table.stands_for(proxy), outside=-1)[needed] >= 0)]
        if missing.size:
            raise ScoreError(
                f"{table.place} has no row of proxy '{proxy}' for {missing.size} of {needed.size} cells, for example "
                f"{pool.space.text(int(missing[0]))}: score them before searching."
            )

    def look(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return scores and seconds of cells given by code, each of shape (n,)."""
        places = codes if self.pool.whole else self.pool.places(codes)
        return self.values[places], self.seconds[places]


class Looked(Protocol):
    """Scores of one proxy, as the runner asks for them: :class:`Scores`, or computed when first looked at."""

    def look(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return scores, larger is better, and seconds of cells given by code, each of shape (n,)."""
        ...


def check_benchmark(
    algorithm: Algorithm, benchmark: Benchmark, codes: np.ndarray, budget: float | None, overshoot: bool = True
) -> None:
    """Refuse a search that the ground truth cannot serve.

    Args:
        algorithm: the search.
        benchmark: what it would look at.
        codes: of the cells that it may propose.
        budget: its budget in seconds, None for searches without one.
        overshoot: whether the last query may exceed the budget.

    Raises:
        TruthError: early accuracies, costs or validation accuracies are missing; says which searches that rules out.
        ConfigError: there is no budget.
        SearchError: the budget does not pay for one query.
    """
    for lacking, what, needed, mend in (
        (
            algorithm.needs_early and not benchmark.has_early,
            "early validation accuracies with their seconds (columns early_valid_accuracy, early_seconds, "
            "valid_seconds)",
            "needs_early",
            "leave them out of search.use, or show them the accuracies of another dataset (accuracies_of)",
        ),
        (
            algorithm.needs_validation and not benchmark.has_validation,
            "validation accuracies (column valid_accuracy)",
            "needs_validation",
            "leave them out of search.use",
        ),
    ):
        if lacking:
            impossible = [name for name in algorithm_names() if getattr(get_algorithm(name), needed)]
            raise TruthError(
                f"Ground truth of '{benchmark.dataset}' ({benchmark.place}) has no {what}, so these searches are "
                f"impossible on it: {', '.join(impossible)}; {mend}."
            )
    if budget is not None:
        if not budget > 0:
            raise ConfigError(
                f"Searches that train on '{benchmark.dataset}' need a budget of more than 0 seconds: "
                f"set search.budget_seconds, for example to {{{benchmark.dataset}: 12000}}, or give them 'evaluations'."
            )
        low, high = benchmark.cost_range(codes)
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
    scores: Mapping[str, Looked],
    budget: float | None = None,
    space: SearchSpace | None = None,
    live: tuple[int, float] | None = None,
) -> Trace:
    """Run one search once: ask, look, pay, tell, until it asks for nothing more or its budget is spent.

    The budget covers scoring and simulated training seconds together. With ``overshoot`` the run ends when they reach
    it, the last query included; without, it ends before the query that would exceed it. Where the benchmark is paid
    once per class, a run under a budget also ends after :data:`FREE_LOOKS` free looks at accuracies in a row. With a
    number of ``evaluations`` the run ends after so many looks at early accuracies, and there is no budget.

    Args:
        algorithm: the search.
        parameters: its parameters, as :meth:`tfnas.search.registry.Algorithm.settings` returns them.
        rng: the run's source of randomness.
        benchmark: accuracies and costs; its account is not touched, a fresh one is used.
        scores: scores by name of the proxy.
        budget: seconds, for searches that spend one (:meth:`tfnas.search.registry.Algorithm.spends_budget`).
        space: cells that may be proposed; default: all cells of the benchmark.
        live: code of the cell that live evaluations led this run to, and their seconds, for searches that have any.

    Returns:
        The trace of the run with the chosen cell.

    Raises:
        SearchError: the search asked for a kind of look it is not registered for, or had nothing to choose from.
    """
    parameters = dict(parameters)
    overshoot = parameters.pop("overshoot", True)
    left = parameters.pop("evaluations", None) if algorithm.needs_budget else None
    search = algorithm.build(space or SearchSpace(benchmark.codes, of=benchmark.space), rng, **parameters)
    trace = Trace()
    benchmark = benchmark.fresh()
    spent = False
    free_looks = 0
    while not spent:
        look = search.ask()
        if look is None:
            break
        if look.kind not in algorithm.looks:
            raise SearchError(
                f"Search '{algorithm.name}' asked for a look of kind '{look.kind}', but is registered for "
                f"{', '.join(algorithm.looks)} only."
            )
        if left is not None and look.kind == EARLY:
            look = replace(look, codes=look.codes[:left])
            left -= len(look.codes)
        before = trace.spent
        values = _take(look, benchmark, scores, trace, budget, overshoot, live)
        free_looks = 0 if trace.spent > before else free_looks + (look.kind == EARLY) * len(values)
        ended = len(values) < len(look.codes) or trace.spent >= (budget or 0) or free_looks >= FREE_LOOKS
        spent = left == 0 or (budget is not None and ended)
        if not spent:
            search.tell(look, values)
    if budget is not None and not trace.has(EARLY):
        raise SearchError(
            f"Search '{algorithm.name}' spent its budget of {budget:g} s on '{benchmark.dataset}' before it could look "
            f"at one accuracy ({trace.spent:.4g} s of scoring): raise search.budget_seconds."
        )
    trace.chosen = int(search.choose(trace))
    return trace


def _take(
    look: Look,
    benchmark: Benchmark,
    scores: Mapping[str, Looked],
    trace: Trace,
    budget: float | None,
    overshoot: bool,
    live: tuple[int, float] | None,
) -> Sequence[float]:
    """Take a look, write it into the trace and return the values; fewer of them if the budget ended in between."""
    if look.kind == EARLY:
        return _query(look.codes, benchmark, trace, budget, overshoot)
    if look.kind == LIVE:
        if live is None:
            raise SearchError("A search asks what live evaluations led to, but there are none of this run.")
        trace.extend(LIVE, [live[0]], [np.nan], [live[1]])
        return [live[0]]
    values: Any
    costs: Any = None
    codes = np.asarray(look.codes, dtype=np.int64)
    if look.kind == SCORE:
        assert look.proxy is not None
        values, costs = scores[look.proxy].look(codes)
    elif look.kind == VALIDATION:
        values = benchmark.validation(codes)
    else:
        values = np.full(codes.size, np.nan)
    if codes is not look.codes:
        values = values.tolist()
    if costs is not None and len(costs) < FEW:
        costs = costs.tolist()
    trace.extend(look.kind, look.codes, values, costs, look.proxy)
    return values


def _query(
    codes: Sequence[int] | np.ndarray, benchmark: Benchmark, trace: Trace, budget: float | None, overshoot: bool
) -> list[float]:
    """Query one cell after the other, as long as the budget lasts."""
    if len(codes) >= FEW and not benchmark.pay_once:
        return _query_many(np.asarray(codes, dtype=np.int64), benchmark, trace, budget, overshoot)
    values = []
    for code in codes:
        cost = benchmark.cost(code)
        if budget is not None and (trace.spent >= budget or (not overshoot and trace.spent + cost > budget)):
            break
        values.append(benchmark.query(code))
        trace.add(EARLY, code, values[-1], cost)
    return values


def _query_many(
    codes: np.ndarray, benchmark: Benchmark, trace: Trace, budget: float | None, overshoot: bool
) -> list[float]:
    """Do the same for many cells at once, whose costs do not depend on one another."""
    costs = benchmark.cost(codes)
    if budget is not None:
        clock = np.cumsum(np.concatenate([[trace.spent], costs]))
        over = (clock[:-1] >= budget) | (not overshoot and clock[1:] > budget)
        if over.any():
            codes, costs = codes[: over.argmax()], costs[: over.argmax()]
    values = benchmark.query(codes).tolist()
    trace.extend(EARLY, codes, values, costs)
    return values


@dataclass(frozen=True)
class Inputs:
    """The tables that runs on a dataset read.

    Attributes:
        truth_paths: ground-truth table of each dataset of the study.
        score_paths: score tables of the dataset, each of other initialisations; none for searches that need none.
        latency_path: its latencies (:mod:`tfnas.truth.latencies`); None where no device is asked for.
        live_paths: what live evaluations led the runs to (:mod:`tfnas.search.live.outcomes`), for searches that have
            any.
    """

    truth_paths: Mapping[str, str | Path]
    score_paths: Sequence[str | Path] = ()
    latency_path: str | Path | None = None
    live_paths: Sequence[str | Path] = ()


def run_blocks(
    block: Block, datasets: Mapping[str, Mapping[str, Any]], truth_paths: Mapping[str, str | Path], pay_once: bool
) -> None:
    """Run a block of runs of one search on several datasets, one after another.

    Most blocks take a second or two, no longer than the start of a process: so one job serves all datasets.

    Args:
        block: the runs.
        datasets: what they have of their own on each dataset, see :meth:`tfnas.study.study.Study.search_blocks`.
        truth_paths: ground-truth table of each dataset of the study.
        pay_once: as for :func:`run_block`.

    Raises:
        TfnasError: as :func:`run_block`.
    """
    for dataset, own in datasets.items():
        scores = [path for path in (own["score_path"], *own["more_scores"]) if path is not None]
        inputs = Inputs(truth_paths, scores, own["latency_path"], own["live_paths"])
        run_block(block, dataset, inputs, own["output"], own["curves"], own["budget_seconds"], pay_once)


def run_block(
    block: Block,
    searched_on: str,
    inputs: Inputs,
    output: str | Path,
    curves: str | Path | None = None,
    budget_seconds: float | None = None,
    pay_once: bool = False,
) -> None:
    """Do a block of runs of a search on a dataset and write their table.

    Of S score tables run r reads number r mod S, so that runs are nested in scorings.

    Args:
        block: the runs.
        searched_on: dataset whose scores it sees, and whose early accuracies unless ``accuracies_of`` names another.
        inputs: what it reads, the ground truth of those two datasets included.
        output: table to write (.parquet), with the columns :data:`RUNS`; its facts go to ``.json`` beside it.
        curves: anytime curves to write (.parquet), with the columns :data:`RUN_CURVES` and facts beside them; None
            to leave them out.
        budget_seconds: simulated seconds that a run may spend, of the dataset whose accuracies it sees; only searches
            that train need it, and not those with a number of ``evaluations``.
        pay_once: whether only the first look of a run at an early accuracy of a class of functionally identical cells
            is charged, see :class:`tfnas.truth.benchmark.Benchmark`.

    Raises:
        TfnasError: settings, scores, ground truth or budget do not allow the search; one sentence says why.
    """
    truth_paths = inputs.truth_paths
    shown = _shown(block, searched_on, truth_paths)
    algorithm, parameters = block.algorithm, block.parameters
    benchmark = Benchmark.read(truth_paths[shown], shown, pay_once)
    budget = float(budget_seconds or 0) if algorithm.spends_budget(block.settings) else None
    cell_costs = Costs.read(truth_paths[searched_on], searched_on, inputs.latency_path)
    constraint = block.settings.get("constraint", {})
    known = benchmark.codes
    if shown != searched_on:
        known = np.intersect1d(known, ReadOff.read(truth_paths[searched_on], searched_on).codes)
    codes = feasible(known, constraint, cell_costs, f"search.use.{block.search}.constraint")
    check_benchmark(algorithm, benchmark, codes, budget, parameters.get("overshoot", True))
    space = SearchSpace(codes, cell_costs, benchmark.space)
    tables: Sequence[str | Path | None] = inputs.score_paths or [None]
    scorings = [_read_scores(block, path, space.codes) for path in tables]
    live, live_facts = _read_live(block, inputs.live_paths, space.of)

    def run_one(run: int) -> Trace:
        scores = scorings[run % len(scorings)]
        rng = block.rng(searched_on, run)
        return run_search(algorithm, parameters, rng, benchmark, scores, budget, space, live.get(run))

    done = _run_all(run_one, block.runs, algorithm.build.follows_accuracy, space.of)
    facts = block.facts | {
        "space": space.of.name,
        "searched_on": searched_on,
        "accuracies_of": shown if algorithm.needs_early else None,
        "scorings": len(scorings),
        "budget_seconds": budget,
        "constraint": constraint,
        "pay_once": pay_once,
        "cells_in_space": space.size,
        "scored_cells": {proxy: looks / len(done.chosen) for proxy, looks in done.scored.items()},
        "live": live_facts,
    }
    table = _run_table(block, searched_on, done, len(scorings), truth_paths)
    if algorithm.fronts:
        fronts = [" ".join(space.of.texts(front)) for front in done.fronts]
        table["front"] = fronts * len(truth_paths)
    RUNS.write(output, table, facts)
    if curves is not None:
        table = _curve_table(done.rises, ReadOff.read(truth_paths[searched_on], searched_on), block.first)
        RUN_CURVES.write(curves, table, facts | {"dataset": searched_on})


def _shown(block: Block, searched_on: str, truth_paths: Mapping[str, str | Path]) -> str:
    """Return the dataset whose accuracies a search sees; refuse unknown datasets."""
    if searched_on not in truth_paths:
        raise ConfigError(f"Search '{block.search}' searches on '{searched_on}', which is no dataset of the study.")
    shown = accuracies_of(block.settings, searched_on)
    if shown not in truth_paths:
        raise ConfigError(
            f"Search '{block.search}' is to see the accuracies of '{shown}', which is no dataset of the study: set "
            f"search.use.{block.search}.accuracies_of to one of {', '.join(truth_paths)}."
        )
    return shown


class _Done(NamedTuple):
    """What the runs of a block ended with, one entry a run; ``scored`` counts the scored cells of all by proxy."""

    chosen: np.ndarray
    costs: list[tuple[float, ...]]
    rises: list[tuple[np.ndarray, np.ndarray, np.ndarray]]
    fronts: list[list[int]]
    scored: dict[str | None, int]


def _run_all(run_one: Callable[[int], Trace], runs: range, follows_accuracy: bool, space: Space) -> _Done:
    """Do runs one after the other and keep what is wanted of their traces."""
    done = _Done(np.empty(len(runs), dtype=np.int64), [], [], [], {})
    for place, run in enumerate(runs):
        start = time.perf_counter()
        trace = run_one(run)
        seconds = time.perf_counter() - start
        done.chosen[place] = trace.chosen
        done.fronts.append(trace.front)
        duplicates = trace.duplicates(space)
        done.costs.append((len(trace), duplicates, trace.scoring_seconds, trace.training_seconds, seconds))
        done.rises.append(_rises(trace, follows_accuracy))
        for proxy, looks in trace.scored.items():
            done.scored[proxy] = done.scored.get(proxy, 0) + looks
    return done


def _run_table(
    block: Block, searched_on: str, done: _Done, scorings: int, truth_paths: Mapping[str, str | Path]
) -> pd.DataFrame:
    """Return the rows of a block, :data:`RUNS`: what every run chose, read off on every dataset."""
    runs = np.array(block.runs)
    fixed = {"search": block.search, "searched_on": searched_on, "run": runs, "scoring": runs % scorings}
    fixed |= dict(zip(COSTS, zip(*done.costs, strict=True), strict=True))
    rows = []
    for dataset, path in truth_paths.items():
        truth = ReadOff.read(path, dataset)
        fixed["arch"] = truth.space.texts(done.chosen)
        valid, test = truth.peek(done.chosen)
        metric = metric_at(path)
        known = ["unknown" if np.isnan(values).any() else metric.say(values.mean()) for values in (valid, test)]
        log.info(
            f"Search '{block.search}' on '{searched_on}', runs {block.first} to {block.last}: the chosen cells have on "
            f"average {known[0]} validation and {known[1]} test {metric.name} on '{dataset}'."
        )
        rows.append(pd.DataFrame(fixed | {"dataset": dataset, "valid_accuracy": valid, "test_accuracy": test}))
    return pd.concat(rows, ignore_index=True)[list(RUNS.names)]


def _curve_table(
    rises: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], truth: ReadOff, first: int
) -> pd.DataFrame:
    """Return the anytime curves of a block, :data:`RUN_CURVES`, from the rises of its runs in order."""
    seconds, queries, codes = (np.concatenate(parts) for parts in zip(*rises, strict=True))
    valid, test = truth.peek(codes)
    return pd.DataFrame(
        {
            "run": np.repeat(np.arange(first, first + len(rises)), [len(part) for _, _, part in rises]),
            "seconds": seconds,
            "queries": queries,
            "arch": truth.space.texts(codes),
            "valid_accuracy": valid,
            "test_accuracy": test,
        }
    )


def _rises(trace: Trace, follows_accuracy: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return when the incumbent of a finished run changed (seconds, queries) and to which cell; its end comes last."""
    seconds, queries, codes = trace.improvements(EARLY)
    if not follows_accuracy:
        seconds, queries, codes = seconds[:0], queries[:0], codes[:0]
    seconds, codes = np.append(seconds, trace.spent), np.append(codes, trace.chosen)
    queries = np.append(queries, trace.looks(EARLY)[0].size)
    known = trace.scoring_seconds == trace.scoring_seconds
    return (seconds if known else np.full(seconds.size, np.nan)), queries, codes


def _read_live(
    block: Block, paths: Sequence[str | Path], space: Space
) -> tuple[dict[int, tuple[int, float]], dict[str, Any] | None]:
    """Return the cell and seconds of each run with live evaluations, and networks per run with their devices."""
    if not block.algorithm.needs_live:
        return {}, None
    if not paths:
        raise SearchError(
            f"Search '{block.search}' evaluates networks live, but was given no table of what they led to."
        )
    table, device = read_live(paths, block.first, block.last)
    codes = space.codes_of(table["arch"], f"An evaluation of search '{block.search}'", SearchError).tolist()
    outcomes = dict(zip(table.index.tolist(), zip(codes, table["seconds"].tolist(), strict=True), strict=True))
    return outcomes, {"networks": float(table["networks"].mean()), "device": device}


def _read_scores(block: Block, path: str | Path | None, needed: np.ndarray) -> dict[str, Scores]:
    if not block.algorithm.needs_scores:
        return {}
    proxies = block.algorithm.proxies(block.parameters)
    if path is None:
        raise SearchError(
            f"Search '{block.search}' reads proxy {' and '.join(map(repr, proxies))} but was given no score table."
        )
    table = ScoreTable.read(path)
    return {proxy: Scores(table, proxy, needed) for proxy in proxies}
