r"""What the prose claims of searches, computed: templates print these words and decide nothing themselves.

Keys are listed in :mod:`tfnas.report.numbers.base`; words are those of :mod:`tfnas.report.wording`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tfnas.report.comparison_tables import Pair, Pairs
from tfnas.report.names import contenders, search_group
from tfnas.report.numbers.base import Numbers
from tfnas.report.rounding import accuracy_decimals, show
from tfnas.report.wording import VERDICTS, image_words, listed, named, time_words, verdict_words
from tfnas.search.registry import get_algorithm

FEW_RUNS = 30
"""Runs below which a bootstrap interval is rough."""

APART = ("constraint", "accuracies_of")
"""Settings in which two searches must agree to be compared as one and its extension."""


def add_difference(numbers: Numbers, dataset: str, before: str, name: str, pair: Pair) -> None:
    """Add a difference of two searches, its interval, verdict, wins, corrected p and size, and words (``aside``)."""
    numbers.add_all(before, "accuracy", **{name: pair.difference}, low=pair.low, high=pair.high)
    numbers.add(f"{before}.verdict", pair.verdict, "text")
    numbers.add(f"{before}.wins", pair.probability, "share")
    numbers.add(f"{before}.p", pair.p_holm, "p")
    numbers.add(f"{before}.size", abs(pair.difference), "accuracy")
    images, left_open = (numbers.value(f"truth.{dataset}.{key}") for key in ("test_images", "half_width"))
    numbers.add(f"{before}.aside", image_words(pair.difference, images, left_open), "text")


def add_trained(numbers: Numbers, dataset: str, searches: Mapping[str, dict[str, Any]], pairs: Pairs) -> None:
    """Add how many searches that train are better than the best training-free one, and how long these take.

    Keys: ``trained.{dataset}.searches``, ``.better``, ``.worse`` and ``.undecided`` (counts), ``.words`` (the clause
    with their names), ``.slower_least`` and ``.slower_most`` (seconds of the better ones to those of the training-free
    one), ``.time`` (longer, shorter, alike, mixed or unknown).
    """
    key = f"best.{dataset}.training-free.label"
    ranked = contenders(dict(searches))
    labels = [label for label in ranked if search_group(searches[label]) == "non-weight-sharing"]
    if key not in numbers.entries or not labels:
        return
    free, before = numbers.value(key), f"trained.{dataset}"
    found: dict[str, list[str]] = {verdict: [] for verdict in VERDICTS}
    for label in labels:
        found[pairs.between(dataset, label, free).verdict].append(label)
    counts = {verdict: len(judged) for verdict, judged in found.items()}
    numbers.add_all(before, "count", searches=len(labels), **counts)
    names = {verdict: _titles(numbers, judged) for verdict, judged in found.items()}
    numbers.title(f"{before}.words", verdict_words(names, "it"))
    seconds = numbers.value(f"search.{dataset}.{free}.total")
    ratios = [_ratio(numbers.value(f"search.{dataset}.{label}.total"), seconds) for label in found["better"]]
    least, most = min(ratios, default=math.nan), max(ratios, default=math.nan)
    numbers.add_all(before, "ratio", slower_least=least, slower_most=most)
    kinds = {time_words(ratio) for ratio in ratios}
    numbers.add(f"{before}.time", kinds.pop() if len(kinds) == 1 else "mixed" if kinds else "unknown", "text")


def add_times(numbers: Numbers, before: str, one: float | None, other: float | None) -> None:
    """Add the ratio of the seconds of two searches (``speedup``), its inverse (``faster``) and words (``time``)."""
    ratio = _ratio(one, other)
    numbers.add_all(before, "ratio", speedup=ratio, faster=1 / ratio if ratio else math.nan)
    numbers.add(f"{before}.time", time_words(ratio), "text")


def _ratio(one: float | None, other: float | None) -> float:
    return one / other if one is not None and other else math.nan


def _titles(numbers: Numbers, labels: Sequence[str]) -> list[str]:
    return [numbers.value(f"title.search.{label}") for label in labels]


def extended_search(label: str, searches: Mapping[str, dict[str, Any]]) -> tuple[str, list[str]] | None:
    """Return the search of the study that a search extends, and the settings in which the two differ.

    It is of the algorithm that the registry names (:attr:`tfnas.search.registry.Algorithm.extends`), under the same
    constraint, with accuracies of the same dataset and scores of the same proxies where it reads any; of several the
    one that shares most settings, the first of equals.

    Args:
        label: a search of the study.
        searches: ``search.use`` of the study.

    Returns:
        The label and the names of the parameters that both have with different values, or None.
    """
    settings = searches[label]
    algorithm = get_algorithm(settings["algorithm"])
    own = algorithm.settings(settings, label)
    found: list[tuple[str, list[str]]] = []
    for other, candidate in searches.items():
        if candidate["algorithm"] != algorithm.extends:
            continue
        theirs = get_algorithm(candidate["algorithm"]).settings(candidate, other)
        shared = [name for name in own if name in theirs]
        differing = [name for name in shared if own[name] != theirs[name]]
        if any(settings.get(key) != candidate.get(key) for key in APART) or {"proxy", "proxies"} & set(differing):
            continue
        found.append((other, differing))
    return min(found, key=lambda entry: len(entry[1]), default=None)


def add_extensions(numbers: Numbers, dataset: str, searches: Mapping[str, dict[str, Any]], pairs: Pairs) -> None:
    """Add every hybrid search of the study against the search that it extends.

    Keys: ``extends.{dataset}.{label}.base`` (name), ``.lead`` and what else stands beside a difference, ``.differs``
    (settings in which the two differ besides, in words, or nothing); ``extends.{dataset}.undecided`` (which hybrids
    are not told from which search, in words; nothing where there is none) and ``.alone`` (hybrids that extend no search
    of the study).
    """
    ranked = contenders(dict(searches))
    hybrids = [label for label in ranked if search_group(searches[label]) == "hybrid"]
    alone, undecided = [], []
    for label in hybrids:
        extended = extended_search(label, searches)
        title = numbers.value(f"title.search.{label}")
        if extended is None:
            alone.append(title)
            continue
        base, differing = extended
        before = f"extends.{dataset}.{label}"
        pair = pairs.between(dataset, label, base)
        numbers.title(f"{before}.base", numbers.value(f"title.search.{base}"))
        add_difference(numbers, dataset, before, "lead", pair)
        differs = f" (other {listed([name.replace('_', ' ') for name in differing])})" if differing else ""
        numbers.add(f"{before}.differs", differs, "text")
        if pair.verdict == "undecided":
            undecided.append(f"{title} from {numbers.value(f'{before}.base')}{differs}")
    if hybrids:
        numbers.title(f"extends.{dataset}.undecided", listed(undecided) if undecided else "")
        numbers.title(f"extends.{dataset}.alone", named(alone) if alone else "")
        numbers.add(f"extends.{dataset}.alone_count", len(alone), "count")


def add_prior(numbers: Numbers, dataset: str, pairs: Pairs) -> None:
    """Add what the best training-free search owes to the skip term, where it has one.

    ``prior.{dataset}.lead`` is the best trained search against the best prior-free one, ``prior.{dataset}.owed.lead``
    the best training-free search against the best prior-free one. ``prior.{dataset}.decides`` says whether only the
    prior keeps the training-free search from falling behind: with it it is not worse than the trained one, and without
    it it is.
    """
    keys = [f"best.{dataset}.{group}.label" for group in ("training-free", "prior-free", "non-weight-sharing")]
    free, without, trained = (numbers.value(key) if key in numbers.entries else None for key in keys)
    if free is None or without is None or free == without:
        return
    owed = pairs.between(dataset, free, without)
    add_difference(numbers, dataset, f"prior.{dataset}.owed", "lead", owed)
    if trained is None:
        return
    behind = pairs.between(dataset, trained, without)
    add_difference(numbers, dataset, f"prior.{dataset}", "lead", behind)
    level = pairs.between(dataset, trained, free).verdict != "better"
    decides = level and owed.verdict == "better" and behind.verdict == "better"
    numbers.add(f"prior.{dataset}.decides", decides, "text")


def add_median(numbers: Numbers, dataset: str, searches: Mapping[str, dict[str, Any]]) -> None:
    """Add how many training-free searches end, on average, below the median cell: ``median.{dataset}.below``.

    Means are compared as printed. ``.searches`` counts the training-free searches, ``.words`` names those below;
    ``.best`` is the best training-free search less the median cell, ``.side`` whether it is above, below or equal.
    """
    key = f"best.{dataset}.training-free.reported"
    if key not in numbers.entries:
        return
    ranked = contenders(dict(searches))
    labels = [label for label in ranked if search_group(searches[label]) == "training-free"]
    median, decimals = numbers.value(f"truth.{dataset}.median"), accuracy_decimals()
    means = {label: numbers.value(f"search.{dataset}.{label}.{dataset}.reported.mean") for label in labels}
    below = [label for label in labels if round(means[label] - median, decimals) < 0]
    before, best = f"median.{dataset}", numbers.value(key) - median
    numbers.add_all(before, "count", searches=len(labels), below=len(below))
    numbers.title(f"{before}.words", named(_titles(numbers, below)) if below else "")
    numbers.add(f"{before}.best", abs(best), "accuracy")
    numbers.add(
        f"{before}.side",
        "above" if round(best, decimals) > 0 else "below" if round(best, decimals) < 0 else "equal",
        "text",
    )


def add_settled(numbers: Numbers, dataset: str, searches: Mapping[str, dict[str, Any]]) -> None:
    """Add which ranked searches end at one accuracy in all runs: ``settled.{dataset}.count`` and ``.words``."""
    spread = {label: f"search.{dataset}.{label}.{dataset}.reported.std" for label in contenders(dict(searches))}
    labels = [label for label, key in spread.items() if numbers.value(key) == 0]
    numbers.add(f"settled.{dataset}.count", len(labels), "count")
    numbers.title(f"settled.{dataset}.words", named(_titles(numbers, labels)) if labels else "")


def sign_of_printed(value: float | None, kind: str = "accuracy") -> str:
    """Return whether a number is printed as positive, negative or zero; ``unknown`` where there is none."""
    if value is None or not math.isfinite(value):
        return "unknown"
    if show(abs(value), kind) == show(0.0, kind):
        return "zero"
    return "positive" if value > 0 else "negative"
