"""The best search of every group, and what the discussion compares with it, each dataset searched by itself."""

import math
from collections.abc import Callable
from typing import Any

from tfnas.errors import ReportError
from tfnas.products import Named, Topic
from tfnas.report import claims
from tfnas.report.comparison_tables import Pairs
from tfnas.report.names import GROUPS, PLAIN_PROXY_SEARCH, contenders, reads_prior, search_group
from tfnas.report.numbers.base import Numbers
from tfnas.report.rounding import show

SPEC = Topic(
    needs={"comparisons": "summaries/comparisons.csv"},
    params=("datasets", "searches"),
    after=("study", "truth", "searches"),
)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add ``best.*``, ``compare.*``, ``trained.*``, ``extends.*``, ``prior.*``, ``random.*``, ``growth.*``."""
    pairs = Pairs(inputs.comparisons)
    for dataset in params.datasets:
        _add_comparisons(numbers, dataset, params.searches, pairs)


def _add_comparisons(numbers: Numbers, dataset: str, searches: dict[str, dict[str, Any]], pairs: Pairs) -> None:
    """Add what the discussion compares, each dataset searched by itself."""

    def mean(label: str, name: str = "mean") -> float:
        key = f"search.{dataset}.{label}.{dataset}.reported.{name}"
        if key not in numbers.entries:
            raise ReportError(f"The summary has no accuracy of search '{label}' searched on '{dataset}'.")
        return numbers.value(key)

    groups: dict[str, list[str]] = {group: [] for group in GROUPS}
    ranked = contenders(searches)
    for label, settings in searches.items():
        if search_group(settings) == "reference" or label in ranked:
            groups[search_group(settings)].append(label)
    groups["any"] = [label for group in groups if group != "reference" for label in groups[group]]
    groups["prior-free"] = [label for label in groups["training-free"] if not reads_prior(searches[label])]
    optimum = numbers.value(f"truth.{dataset}.best")
    for group, labels in groups.items():
        if not labels:
            continue
        label = best_label(labels, mean, lambda label: numbers.value(f"search.{dataset}.{label}.total"))
        before = f"best.{dataset}.{group}"
        numbers.title(f"{before}.title", numbers.value(f"title.search.{label}"))
        numbers.add(f"{before}.label", label, "text")
        spread = {name: mean(label, name) for name in ("std", "ci_low", "ci_high")}
        numbers.add_all(before, "accuracy", reported=mean(label), **spread, regret=optimum - mean(label))
        numbers.add(f"{before}.seconds", numbers.value(f"search.{dataset}.{label}.total"), "seconds")
        numbers.add(f"{before}.cells", numbers.value(f"search.{dataset}.{label}.cells"), "count")
    if groups["training-free"] and reads_prior(searches[numbers.value(f"best.{dataset}.training-free.label")]):
        claims.add_prior(numbers, dataset, pairs)
    claims.add_trained(numbers, dataset, searches, pairs)
    claims.add_extensions(numbers, dataset, searches, pairs)
    claims.add_median(numbers, dataset, searches)
    claims.add_settled(numbers, dataset, searches)
    for other in ("non-weight-sharing", "hybrid"):
        if groups["training-free"] and groups[other]:
            free, rival = (f"best.{dataset}.{group}" for group in ("training-free", other))
            before = f"compare.{dataset}.{other}"
            both = (numbers.value(f"{rival}.label"), numbers.value(f"{free}.label"))
            claims.add_difference(numbers, dataset, before, "lead", pairs.between(dataset, *both))
            claims.add_times(numbers, before, *(numbers.value(f"{one}.seconds") for one in (rival, free)))
    searches = {label: settings for label, settings in searches.items() if not {*claims.APART} & set(settings)}
    random = [label for label, settings in searches.items() if settings["algorithm"] == "random_cell"]
    if random:
        numbers.add_all(f"random.{dataset}", "accuracy", reported=mean(random[0]), std=mean(random[0], "std"))
        if groups["training-free"]:
            free = numbers.value(f"best.{dataset}.training-free.label")
            pair = pairs.between(dataset, free, random[0])
            claims.add_difference(numbers, dataset, f"random.{dataset}", "gain", pair)
    budgeted = [(label, settings) for label, settings in searches.items() if settings.get("evaluations") is None]
    by_algorithm = {settings["algorithm"]: label for label, settings in reversed(budgeted)}
    if {"regularised_evolution", "random_search"} <= set(by_algorithm):
        one, other = by_algorithm["regularised_evolution"], by_algorithm["random_search"]
        claims.add_difference(numbers, dataset, f"evolution.{dataset}", "lead", pairs.between(dataset, one, other))
    _add_growth(numbers, dataset, searches, pairs, mean)


def best_label(labels: list[str], mean: Callable[[str], float], seconds: Callable[[str], float | None]) -> str:
    """Return the search with the highest mean, of those that print the same mean the one that takes least time."""
    highest = max(map(mean, labels))
    equal = [label for label in labels if show(mean(label), "accuracy") == show(highest, "accuracy")]
    return min(equal, key=lambda label: math.inf if (time := seconds(label)) is None else time)


def _add_growth(
    numbers: Numbers, dataset: str, searches: dict[str, dict[str, Any]], pairs: Pairs, mean: Callable[..., float]
) -> None:
    """Add, for every proxy, what more samples bring, and the distance to an oracle on equally many samples."""
    plain: dict[str, list[str]] = {}
    for label, settings in searches.items():
        if settings["algorithm"] == PLAIN_PROXY_SEARCH and isinstance(settings.get("proxy"), str):
            plain.setdefault(settings["proxy"], []).append(label)
    oracles = {s["sample"]: label for label, s in searches.items() if s["algorithm"] == "oracle" and "sample" in s}
    for proxy, labels in plain.items():
        labels.sort(key=lambda label: searches[label]["sample"])
        first, last = labels[0], labels[-1]
        before = f"growth.{dataset}.{proxy}"
        for name, label in (("first", first), ("last", last)):
            numbers.add(f"{before}.{name}_sample", searches[label]["sample"], "count")
            values = {f"{name}_test": mean(label), f"{name}_std": mean(label, "std")}
            numbers.add_all(before, "accuracy", **values)
        numbers.add(f"{before}.searches", len(labels), "count")
        if len(labels) > 1:
            claims.add_difference(numbers, dataset, before, "gain", pairs.between(dataset, last, first))
            numbers.add(f"{before}.steadier", mean(last, "std") < mean(first, "std"), "text")
        shared = [label for label in labels if searches[label]["sample"] in oracles]
        if shared:
            label = shared[-1]
            oracle = oracles[searches[label]["sample"]]
            numbers.add(f"{before}.oracle_sample", searches[label]["sample"], "count")
            gap = mean(oracle) - mean(label)
            numbers.add_all(before, "accuracy", oracle_test=mean(oracle), oracle_gap=gap)
            numbers.add(f"{before}.oracle_side", claims.sign_of_printed(gap), "text")
