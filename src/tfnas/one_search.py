"""Run a search without a study: on a score table or on images, on a ground truth, or both."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tfnas.errors import ConfigError
from tfnas.runtime.progress import progress
from tfnas.scoring.table import ScoreTable
from tfnas.search.base import SearchSpace, Trace, WholeSpace
from tfnas.search.registry import Algorithm, get_algorithm
from tfnas.search.runner import Scores, check_benchmark, run_search
from tfnas.seeds import child_rng, child_seed
from tfnas.spaces.base import Space
from tfnas.spaces.registry import get_space
from tfnas.truth.benchmark import Benchmark, ReadOff
from tfnas.truth.costs import Costs, feasible

KEYS = ("scores", "truth", "dataset", "images", "labels")


def search(
    space: str,
    data: str | Path | Mapping[str, Any],
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
            scores or no accuracies need one alone. Instead of a score table, ``images`` and, unless they bring them,
            ``labels``, as :func:`tfnas.score` takes them: then networks are scored when the search first looks at
            them.
        algorithm: name of the search.
        runs: how many.
        seed: run r draws from the stream ``(seed, algorithm, r)``, whatever the number of runs; so do the weights of
            networks that are scored.
        budget: simulated seconds that a run may spend, for searches that train.
        settings: parameters of the algorithm; ``constraint``, which needs a ground truth; and where networks are scored
            ``skeleton`` (sizes of the networks, a mapping), ``repeats`` (1) and ``device`` (``auto``).

    Returns:
        A row for each run: ``run``, ``arch``, ``cells`` (looks), ``scoring_seconds``, ``training_seconds``; where there
        is a ground truth, ``valid_accuracy`` and ``test_accuracy`` of the architecture, in percent or in the metric of
        the ground truth, NaN for one that it does not have; and where the space counts without building networks, or
        writes architectures as its community does, ``params``, ``flops`` (in millions) of the networks that were
        scored, and ``genotype``.

    Raises:
        ConfigError: the data or the settings do not allow the search.
        UnknownNameError: there is no such space, algorithm or proxy.
        DataError: a table is missing or damaged.
        SearchError: the search cannot run on what it was given.
        ProxyError: a network cannot be scored with a proxy that the search reads.
    """
    if runs < 1:
        raise ConfigError(f"runs is {runs}: use 1 or more.")
    known, given = get_space(space), _given(data)
    own: dict[str, Any] = {name: settings.pop(name) for name in ("skeleton", "repeats", "device") if name in settings}
    if own and "images" not in given:
        raise ConfigError(f"{next(iter(own))} is of networks that are scored while the search runs: give images.")
    found, constraint = get_algorithm(algorithm, "algorithm"), settings.pop("constraint", {})
    parameters = found.settings({"algorithm": algorithm, **settings}, algorithm)
    source = _source(found, known, given, constraint)
    spends = budget if found.spends_budget(settings) else None
    if source.truth is not None:
        codes = source.where.codes
        check_benchmark(found, source.benchmark, codes, spends or (0.0 if found.spends_budget(settings) else None))
    names = found.proxies(parameters)
    scorer = _scorer(known, given, names, seed, own) if "images" in given else None
    traces = []
    with progress(runs, "runs") as advance:
        for run in range(runs):
            scores = _scores(source, scorer, names)
            rng = child_rng(seed, algorithm, run)
            traces.append(run_search(found, parameters, rng, source.benchmark, scores, spends, source.where))
            advance(1)
    return _rows(known, traces, source, scorer)


class _Source(NamedTuple):
    """What a search looks at: a score table, if it is given; the benchmark; its cells; the path of a ground truth."""

    table: ScoreTable | None
    benchmark: Benchmark
    where: SearchSpace
    truth: str | Path | None
    dataset: str


def _source(found: Algorithm, known: Space, given: Mapping[str, Any], constraint: Any) -> _Source:
    """Return what a search looks at, checked."""
    dataset, truth = str(given.get("dataset", "the dataset")), given.get("truth")
    table = ScoreTable.read(given["scores"]) if "scores" in given else None
    if table is not None:
        _check_space("score table", table.pool.space, known)
    if found.needs_live:
        raise ConfigError(f"Search '{found.name}' prunes supernets while it runs: run it in a study.")
    if found.needs_scores and table is None and "images" not in given:
        raise ConfigError(f"Search '{found.name}' reads scores: give the path of a score table, or images.")
    if truth is not None:
        benchmark, costs = Benchmark.read(truth, dataset), Costs.read(truth, dataset)
        _check_space("ground truth", benchmark.space, known)
        codes = feasible(benchmark.codes, constraint, costs, "constraint")
        return _Source(table, benchmark, SearchSpace(codes, costs, known), truth, dataset)
    scored = table is not None or "images" in given
    if not scored or found.needs_early or found.needs_validation or constraint:
        raise ConfigError(f"Search '{found.name}' needs a ground truth: give its path under 'truth'.")
    if table is not None:
        benchmark = Benchmark(pd.DataFrame({"arch": table.pool.strings}), dataset, table.place, space=known)
        return _Source(table, benchmark, SearchSpace(benchmark.codes, None, known), None, dataset)
    nothing = Benchmark(pd.DataFrame({"arch": []}), dataset, space=known)
    return _Source(None, nothing, WholeSpace(known), None, dataset)


def _scorer(known: Space, given: Mapping[str, Any], names: Sequence[str], seed: int, own: Mapping[str, Any]) -> Any:
    """Return what scores networks when a search first looks at them."""
    if "scores" in given:
        raise ConfigError("A search looks at a score table or at images, not at both: leave one out.")
    from tfnas.runtime.devices import device_named
    from tfnas.runtime.exact_arithmetic import full_precision
    from tfnas.scoring.chunk import Draws
    from tfnas.scoring.pictures import pictures
    from tfnas.search.live.scores import LiveScorer

    full_precision()
    device = device_named(own.get("device", "auto"))
    images, labels = pictures(given["images"], given.get("labels"))
    labels = None if labels is None else labels.to(device)
    draws = Draws(own.get("repeats", 1), child_seed(seed, "live scores"))
    sizes = known.settings_with(own.get("skeleton", {}))
    return LiveScorer(known, images.to(device), labels, names, sizes, draws)


def _scores(source: _Source, scorer: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return the scores that one run sees, by proxy."""
    if scorer is not None:
        from tfnas.search.live.scores import LiveScores

        return {name: LiveScores(scorer, name) for name in names}
    return {name: Scores(source.table, name, source.where.codes) for name in names} if source.table else {}


def _rows(known: Space, traces: Sequence[Trace], source: _Source, scorer: Any) -> pd.DataFrame:
    chosen = np.array([trace.chosen for trace in traces])
    rows = pd.DataFrame(
        {
            "run": range(len(traces)),
            "arch": known.texts(chosen),
            "cells": [len(trace) for trace in traces],
            "scoring_seconds": [trace.scoring_seconds for trace in traces],
            "training_seconds": [trace.training_seconds for trace in traces],
        }
    )
    if source.truth is not None:
        read = ReadOff.read(source.truth, source.dataset)
        rows["valid_accuracy"], rows["test_accuracy"] = read.peek(chosen)
    counted = [known.counts(code, scorer.shape) for code in chosen.tolist()] if scorer is not None else []
    if counts := [found for found in counted if found is not None]:
        rows["params"], rows["flops"] = [params for params, _ in counts], [macs / 1e6 for _, macs in counts]
    if (genotypes := [known.genotype(code) for code in chosen.tolist()]) and genotypes[0]:
        rows["genotype"] = genotypes
    return rows


def _given(data: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {"scores": data} if isinstance(data, str | Path) else dict(data)
    if not given or set(given) - set(KEYS):
        told = ", ".join(given) or "nothing"
        raise ConfigError(f"What a search looks at is given by {', '.join(KEYS)}, not by {told}.")
    return given


def _check_space(what: str, held: Space, asked: Space) -> None:
    if held.name != asked.name:
        raise ConfigError(f"The {what} is of the space '{held.name}', and the search of '{asked.name}'.")
