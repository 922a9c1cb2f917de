"""Seconds of every registered search for many runs, and of a plain loop that does the same one run at a time.

``python -m benchmarks.searches`` makes up ground truth and scores of all 15,625 cells, runs a block of runs of each
search as a job of the workflow does (:func:`tfnas.search.runner.run_block`, tables and anytime curves included), and
extrapolates to 500 runs on three datasets, shared by two cores. Beside random search, search by a proxy and regularised
evolution it times straightforward code: one run at a time, a dictionary from the cell's string to its accuracy, a
dictionary appended per look. Nothing is read but what it makes up; no torch. Seconds are those of the processor.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.scoring.table import COLUMNS as SCORE_COLUMNS
from tfnas.scoring.writer import write_scores
from tfnas.search.block import Block
from tfnas.search.registry import algorithm_names, get_algorithm
from tfnas.search.runner import Inputs, run_block
from tfnas.spaces.nats_tss import OPERATIONS, SPACE, SPACE_SIZE, Cell
from tfnas.study.settings import proxies_of

PROXIES = ("one", "two", "three")
"""Made-up proxies for searches that name none by default."""

RUNS, DATASETS, CORES = 500, 3, 2
"""What is extrapolated to."""

SHORTEST = 1e-6
"""Seconds of a run below which a difference of two blocks is noise: time more runs."""

BUDGET = 17300.0
"""Simulated seconds of a run that trains: about 155 looks, the mean of the three datasets of studies/nats-tss.yaml."""


def write_made_up(folder: Path, proxies: list[str]) -> tuple[Path, Path]:
    """Write ground truth and scores of all cells and return their paths."""
    rng = np.random.default_rng(0)
    convolutions = np.isin(SPACE.digits(np.arange(SPACE_SIZE)), [2, 3]).sum(axis=1)
    accuracy = 60 + 5 * convolutions + rng.normal(size=SPACE_SIZE)
    truth = pd.DataFrame({"arch": SPACE.strings, "valid_accuracy": accuracy, "test_accuracy": accuracy + 1})
    truth["early_valid_accuracy"] = accuracy - 20 + rng.normal(size=SPACE_SIZE)
    truth["early_seconds"], truth["valid_seconds"] = rng.uniform(60, 150, SPACE_SIZE), 5.0
    truth["params"], truth["flops"] = 1000 + 1000 * convolutions, 1.0 + convolutions
    truth.to_parquet(folder / "truth.parquet")
    parts = []
    for proxy in proxies:
        scores = convolutions + rng.normal(size=SPACE_SIZE)
        part = pd.DataFrame({"arch": SPACE.strings, "proxy": proxy, "score": scores, "raw": scores})
        parts.append(part.assign(spread=np.nan, repeats=1, seconds=0.3, scored_arch=part["arch"], reason=""))
    write_scores(folder / "scores.parquet", pd.concat(parts)[list(SCORE_COLUMNS)], {})
    return folder / "truth.parquet", folder / "scores.parquet"


def settings_of(name: str) -> dict[str, Any]:
    """Return the settings of a search: defaults, and something for what has none."""
    settings: dict[str, Any] = {"algorithm": name}
    given = {"proxy": PROXIES[0], "proxies": list(PROXIES[:2]), "sample": 100, "cost": "params"}
    for key, parameter in get_algorithm(name).parameters.items():
        if parameter.required:
            settings[key] = given[key] if key in given else _smallest(parameter.bounds)
    return settings


def _smallest(bounds: Mapping[str, float]) -> float:
    """Return a small value that the bounds of a parameter allow."""
    return bounds["ge"] if "ge" in bounds else bounds.get("gt", 0) + 1


class PlainBenchmark:
    """Accuracies, costs and scores by the string of a cell, as a script would hold them."""

    def __init__(self, truth: pd.DataFrame, scores: pd.DataFrame):
        self.early = dict(zip(truth["arch"], truth["early_valid_accuracy"], strict=True))
        self.cost = dict(zip(truth["arch"], truth["early_seconds"] + truth["valid_seconds"], strict=True))
        scores = scores[scores["proxy"] == PROXIES[0]]
        self.score = dict(zip(scores["arch"], scores["score"], strict=True))


def plain_random_search(benchmark: PlainBenchmark, rng: np.random.Generator) -> str:
    """Look at random cells until the budget is spent; return the best."""
    history, spent = [], 0.0
    while spent < BUDGET:
        arch = str(_random_cell(rng))
        spent += benchmark.cost[arch]
        history.append({"arch": arch, "accuracy": benchmark.early[arch], "seconds": spent})
    return max(history, key=lambda row: row["accuracy"])["arch"]


def plain_proxy_search(benchmark: PlainBenchmark, rng: np.random.Generator) -> str:
    """Score a hundred random cells; return the best."""
    history = [str(_random_cell(rng)) for _ in range(100)]
    return max(history, key=benchmark.score.__getitem__)


def plain_evolution(benchmark: PlainBenchmark, rng: np.random.Generator) -> str:
    """Ageing evolution, population 10, tournament 3, until the budget is spent; return the best."""
    population: list[tuple[float, Cell]] = []
    history, spent = [], 0.0
    while spent < BUDGET:
        if len(population) < 10:
            child = _random_cell(rng)
        else:
            rivals = [population[place] for place in rng.integers(10, size=3)]
            child = Cell.from_code(SPACE.mutate(max(rivals, key=lambda member: member[0])[1].code, rng))
        arch = str(child)
        spent += benchmark.cost[arch]
        history.append({"arch": arch, "accuracy": benchmark.early[arch], "seconds": spent})
        population = [*population, (benchmark.early[arch], child)][-10:]
    return max(history, key=lambda row: row["accuracy"])["arch"]


def _random_cell(rng: np.random.Generator) -> Cell:
    return Cell(tuple(OPERATIONS[number] for number in rng.integers(len(OPERATIONS), size=6)))


PLAIN: dict[str, Callable[[PlainBenchmark, np.random.Generator], str]] = {
    "random_search": plain_random_search,
    "proxy_search": plain_proxy_search,
    "regularised_evolution": plain_evolution,
}


def seconds_of(runs: int, work: Callable[[int], object]) -> tuple[float, float]:
    """Return processor seconds before the first run and of each run, from blocks of one run and of ``runs`` more.

    Processor seconds of this process do not depend on what else the machine does. The first block is not timed.
    """
    times = []
    for count in (1, 1, 1 + runs):
        start = time.process_time()
        work(count)
        times.append(time.process_time() - start)
    each = max((times[2] - times[1]) / runs, SHORTEST)
    return max(times[1] - each, 0.0), each


def main(arguments: list[str] | None = None) -> None:
    """Time every search and print a table."""
    parser = argparse.ArgumentParser(description="Time all searches on made-up tables.")
    parser.add_argument("--runs", type=int, default=20, help="runs that are timed (default: 20)")
    parser.add_argument("--searches", nargs="+", default=algorithm_names(), help="searches (default: all)")
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error("--runs must be at least 1")
    live = [name for name in options.searches if get_algorithm(name).needs_live]
    every = {name: settings_of(name) for name in options.searches if name not in live}
    if live:
        print(f"Left out, because their networks are evaluated in a job of its own: {', '.join(live)}.\n")
    proxies = list(dict.fromkeys([*PROXIES, *(proxy for settings in every.values() for proxy in proxies_of(settings))]))
    print(f"{options.runs} runs timed, {RUNS} runs on {DATASETS} datasets extrapolated; made-up tables, one process\n")
    print("| search | before the first run (s) | a run (ms) | 500 runs x 3 (s) | plain loop (s) | ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    total = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth, scores = write_made_up(folder, proxies)
        plain = PlainBenchmark(pd.read_parquet(truth), pd.read_parquet(scores))
        for name, settings in every.items():
            work = partial(_run, folder, truth, scores, name, settings)
            before, each = seconds_of(options.runs, work)
            seconds = DATASETS * (2 * before + RUNS * each)  # two jobs of 250 runs on each dataset
            total += seconds
            other = ratio = ""
            if name in PLAIN:
                _, slow = seconds_of(options.runs, partial(_run_plainly, PLAIN[name], plain))
                other, ratio = f"{DATASETS * RUNS * slow:.1f}", f"{slow / each:.1f}" if each > SHORTEST else "?"
            cells = (name, f"{before:.2f}", f"{1000 * each:.2f}", f"{seconds:.1f}", other, ratio)
            print(f"| {' | '.join(cells)} |", flush=True)
    print(
        f"\nAll {len(every)} searches, {RUNS} runs, {DATASETS} datasets: {total:.0f} s of one core, "
        f"{total / CORES:.0f} s on {CORES} cores, starting the processes not included."
    )


def _run_plainly(search: Callable[..., str], benchmark: PlainBenchmark, count: int) -> None:
    for run in range(count):
        search(benchmark, np.random.default_rng(run))


def _run(folder: Path, truth: Path, scores: Path, name: str, settings: dict[str, Any], count: int) -> None:
    output, curves = folder / "runs.parquet", folder / "curves.parquet"
    paths = {"made-up": truth}
    run_block(
        Block(name, settings, 0, count - 1, 0, "speed"),
        "made-up",
        Inputs(paths, [scores]),
        output,
        curves,
        budget_seconds=BUDGET,
    )


if __name__ == "__main__":
    main()
