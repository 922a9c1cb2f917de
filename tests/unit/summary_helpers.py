"""Summaries as their jobs make them, with inputs, parameters and outputs by position."""

from __future__ import annotations

from types import SimpleNamespace as Named
from typing import Any

from tfnas.analysis import (
    comparisons,
    correlations,
    cost_limits,
    equal_time,
    fronts,
    noise,
    published,
    ranks,
    regret,
    search,
)
from tfnas.analysis import subspaces as subspace_summary


def summarise_searches(runs: Any, table: Any, seed: int) -> None:
    search.make(Named(runs=runs), Named(seed=seed), Named(table=table))


def summarise_correlations(scores: Any, truths: Any, table: Any) -> None:
    correlations.make(Named(scores=scores, truths=truths), Named(), Named(table=table))


def summarise_noise(first: Any, second: Any, scores: Any, proxies: Any, table: Any) -> None:
    noise.make(Named(first=first, second=second, scores=scores), Named(proxies=proxies), Named(table=table))


def summarise_equal_time(curves: Any, groups: Any, priors: Any, random_cell: Any, table: Any, seed: int) -> None:
    asked = Named(equal_time_groups=groups, searches_with_prior=priors, random_cell=random_cell, seed=seed)
    equal_time.make(Named(curves=curves), asked, Named(table=table))


def summarise_fronts(runs: Any, truths: Any, latencies: Any, searches: Any, table: Any, cells: Any, seed: int) -> None:
    inputs = Named(runs=runs, truths=truths, latencies=latencies)
    fronts.make(inputs, Named(searches=searches, seed=seed), Named(table=table, cells=cells))


def summarise_cost_limits(runs: Any, truths: Any, latencies: Any, searches: Any, table: Any, seed: int) -> None:
    inputs = Named(runs=runs, truths=truths, latencies=latencies)
    cost_limits.make(inputs, Named(searches=searches, seed=seed), Named(table=table))


def summarise_subspaces(truths: Any, latencies: Any, subspaces: Any, table: Any) -> None:
    subspace_summary.make(Named(truths=truths, latencies=latencies), Named(subspaces=subspaces), Named(table=table))


def write_published_summary(summary: Any, rows: Any, searches: Any, datasets: Any, budgets: Any, table: Any) -> None:
    asked = Named(searches=searches, datasets=datasets, budgets=budgets)
    published.make(Named(summary=summary, published=[rows]), asked, Named(table=table))


def compare_searches(runs: Any, table: Any, seed: int) -> None:
    comparisons.make(Named(runs=runs), Named(seed=seed), Named(table=table))


def summarise_regret(runs: Any, truths: Any, table: Any, seed: int) -> None:
    regret.make(Named(runs=runs, truths=truths), Named(seed=seed), Named(table=table))


def rank_searches(summary: Any, contenders: Any, datasets: Any, table: Any) -> None:
    ranks.make(Named(summary=summary), Named(contenders=contenders, datasets=datasets), Named(table=table))
