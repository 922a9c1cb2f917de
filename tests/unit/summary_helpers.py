"""Summaries as their jobs make them, with inputs, parameters and outputs by position."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace as Named
from typing import Any

from tfnas.analysis import (
    comparisons,
    correlations,
    cost_limits,
    curves,
    ensemble_choice,
    equal_time,
    fronts,
    leagues,
    noise,
    proxies,
    published,
    ranks,
    regret,
    search,
    search_costs,
)
from tfnas.analysis import subspaces as subspace_summary
from tfnas.files import write_json

RANGES = defaultdict(lambda: [0.0, 100.0])
"""Percentages on every dataset."""


def summarise_searches(runs: Any, table: Any, seed: int) -> None:
    search.make(Named(runs=runs), Named(seed=seed, ranges=RANGES), Named(table=table))


def summarise_correlations(scores: Any, truths: Any, table: Any) -> None:
    correlations.make(Named(scores=scores, truths=truths), Named(), Named(table=table))


def summarise_noise(first: Any, second: Any, scores: Any, proxies: Any, table: Any) -> None:
    noise.make(Named(first=first, second=second, scores=scores), Named(proxies=proxies), Named(table=table))


def summarise_equal_time(curves: Any, groups: Any, priors: Any, random_cell: Any, table: Any, seed: int) -> None:
    asked = Named(
        equal_time_groups=groups, searches_with_prior=priors, random_cell=random_cell, seed=seed, ranges=RANGES
    )
    equal_time.make(Named(curves=curves), asked, Named(table=table))


def summarise_fronts(runs: Any, truths: Any, latencies: Any, searches: Any, table: Any, cells: Any, seed: int) -> None:
    inputs = Named(runs=runs, truths=truths, latencies=latencies)
    fronts.make(inputs, Named(searches=searches, seed=seed), Named(table=table, cells=cells))


def summarise_cost_limits(runs: Any, truths: Any, latencies: Any, searches: Any, table: Any, seed: int) -> None:
    inputs = Named(runs=runs, truths=truths, latencies=latencies)
    cost_limits.make(inputs, Named(searches=searches, seed=seed, ranges=RANGES), Named(table=table))


def summarise_subspaces(truths: Any, latencies: Any, subspaces: Any, table: Any) -> None:
    subspace_summary.make(Named(truths=truths, latencies=latencies), Named(subspaces=subspaces), Named(table=table))


def write_published_summary(summary: Any, rows: Any, searches: Any, datasets: Any, budgets: Any, table: Any) -> None:
    asked = Named(searches=searches, datasets=datasets, budgets=budgets)
    published.make(Named(summary=summary, published=[rows]), asked, Named(table=table))


def compare_searches(runs: Any, table: Any, seed: int) -> None:
    comparisons.make(Named(runs=runs), Named(seed=seed), Named(table=table))


def summarise_regret(runs: Any, truths: Any, table: Any, seed: int) -> None:
    regret.make(Named(runs=runs, truths=truths), Named(seed=seed, ranges=RANGES), Named(table=table))


def rank_searches(summary: Any, contenders: Any, datasets: Any, table: Any) -> None:
    ranks.make(Named(summary=summary), Named(contenders=contenders, datasets=datasets), Named(table=table))


def choose_ensembles(scores: Any, truths: Any, proxies: Any, largest: int, table: Any) -> None:
    asked = Named(ensemble_choice={"proxies": proxies, "largest": largest})
    ensemble_choice.make(Named(scores=scores, truths=truths), asked, Named(table=table))


def choose_searches(regret_path: Any, labels: Any, datasets: Any, table: Any) -> None:
    leagues.make(Named(regret=regret_path), Named(leagues=labels, datasets=datasets), Named(table=table))


def summarise_curves(paths: Any, table: Path) -> None:
    curves.make(Named(curves=paths), Named(references=[]), Named(table=table, queries=table.with_name("looks.csv")))


def summarise_queries(paths: Any, references: Any, table: Path) -> None:
    curves.make(Named(curves=paths), Named(references=references), Named(table=table.with_name("c.csv"), queries=table))


def summarise_proxies(scores: Any, truths: Any, names: Any, table: Path) -> None:
    outputs = Named(table=table, pairs=table.with_name("pairs.csv"))
    proxies.make(Named(scores=scores, truths=truths), Named(scored=names), outputs)


def reprice(runs: Any, rates: Any, members: Any, published: Any, table: Path, unpriced: Any = ()) -> None:
    rows = table.with_name(f"published-{len(published)}.yaml")
    facts = {name: rate | {"proxy": name} for name, rate in published.items()}
    write_json(rows, {"search": [], "correlations": [], "facts": facts})
    asked = Named(members=members, unpriced=unpriced, datasets=["cifar10"])
    search_costs.make(Named(runs=runs, rates=rates, published=[rows]), asked, Named(table=table))
