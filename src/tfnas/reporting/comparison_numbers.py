"""Numbers on searches against each other, for the prose: every key is listed in :mod:`tfnas.reporting.numbers`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfnas.comparisons import SMALL
from tfnas.reporting.comparison_tables import Pair, Pairs, best_search, read_ranks, read_regret
from tfnas.reporting.names import contenders
from tfnas.reporting.wording import image_words
from tfnas.statistics import LEVEL

if TYPE_CHECKING:
    from tfnas.reporting.numbers import Numbers


def add_pair(numbers: Numbers, before: str, name: str, pair: Pair) -> None:
    """Add a difference of two searches under a name, the ends of its interval, the verdict, wins and corrected p."""
    numbers.add(f"{before}.{name}", pair.difference, "accuracy")
    numbers.add(f"{before}.low", pair.low, "accuracy")
    numbers.add(f"{before}.high", pair.high, "accuracy")
    numbers.add(f"{before}.verdict", pair.verdict, "text")
    numbers.add(f"{before}.wins", pair.probability, "share")
    numbers.add(f"{before}.p", pair.p_holm, "p")


def add_difference(numbers: Numbers, dataset: str, before: str, name: str, pair: Pair) -> None:
    """Add a difference of two searches, its magnitude (``size``), and what the test images say of it (``aside``)."""
    add_pair(numbers, before, name, pair)
    numbers.add(f"{before}.size", abs(pair.difference), "accuracy")
    images, left_open = (numbers.value(f"truth.{dataset}.{key}") for key in ("test_images", "half_width"))
    numbers.add(f"{before}.aside", image_words(pair.difference, images, left_open), "text")


def add_contests(
    numbers: Numbers, pairs: Pairs, regret_path: str | Path, datasets: list[str], searches: dict[str, dict[str, Any]]
) -> None:
    """Add how many pairs of searches are told apart, what the runs can detect, the two best searches, and regrets.

    ``contest.{dataset}.first`` is the ranked search with the highest mean, ``.tied`` the number of others
    that are equal to it in every run, and ``.second`` the one with the highest mean of the rest.
    """
    regret = read_regret(regret_path, list(searches), datasets)
    numbers.add("contest.small", SMALL, "ratio")
    for dataset in datasets:
        for label in searches:
            for name in ("mean", "median"):
                numbers.add(f"regret.{dataset}.{label}.{name}", regret.loc[(label, dataset), name], "accuracy")
        contests = pairs.on(dataset)
        if not contests:
            continue
        before = f"contest.{dataset}"
        varied = [pair for pair in contests if pair.detectable > 0]
        detectable = [pair.detectable for pair in varied]
        numbers.add(f"{before}.varied", len(varied), "count")
        numbers.add(f"{before}.pairs", len(contests), "count")
        numbers.add(f"{before}.apart", sum(pair.told_apart for pair in contests), "count")
        numbers.add(f"{before}.runs", min(pair.n for pair in contests), "count")
        if varied:
            numbers.add(f"{before}.detectable_least", min(detectable), "accuracy")
            numbers.add(f"{before}.detectable_median", float(np.median(detectable)), "accuracy")
            numbers.add(f"{before}.detectable_most", max(detectable), "accuracy")
            numbers.add(f"{before}.needed_median", float(np.median([pair.runs_needed for pair in varied])), "count")
            numbers.add(f"{before}.enough", sum(pair.runs_needed <= pair.n for pair in varied), "count")
        rivals = contenders(searches)
        if len(rivals) > 1:
            first = best_search(regret, rivals, dataset)
            numbers.title(f"{before}.first.title", numbers.value(f"title.search.{first}"))
            others = [label for label in rivals if label != first]
            apart = [label for label in others if not pairs.between(dataset, first, label).equal]
            numbers.add(f"{before}.tied", len(others) - len(apart), "count")
            if not apart:
                continue
            second = best_search(regret, apart, dataset)
            numbers.title(f"{before}.second.title", numbers.value(f"title.search.{second}"))
            add_difference(numbers, dataset, before, "lead", pairs.between(dataset, first, second))


def add_ranks(numbers: Numbers, path: str | Path) -> None:
    """Add the best mean rank over datasets, Friedman's test, and what the critical difference tells apart."""
    table = read_ranks(path)
    ranks = table["mean_rank"].to_numpy()
    critical = table["critical_difference"].iloc[0]
    numbers.add("ranks.searches", len(ranks), "count")
    numbers.title("ranks.first.title", numbers.value(f"title.search.{table.index[0]}"))
    numbers.add("ranks.first.rank", ranks[0], "rank")
    numbers.title("ranks.last.title", numbers.value(f"title.search.{table.index[-1]}"))
    numbers.add("ranks.last.rank", ranks[-1], "rank")
    numbers.add("ranks.friedman", table["friedman"].iloc[0], "ratio")
    numbers.add("ranks.friedman_p", table["friedman_p"].iloc[0], "p")
    numbers.add("ranks.critical", critical, "rank")
    numbers.add("ranks.spread", ranks[-1] - ranks[0], "rank")
    numbers.add("ranks.below_first", int((ranks - ranks[0] >= critical).sum()), "count")
    numbers.add("ranks.tied", int((ranks == ranks[0]).sum()) - 1, "count")
    probability = table["friedman_p"].iloc[0]
    known = probability is not None and np.isfinite(probability)
    numbers.add("ranks.verdict", "unknown" if not known else "apart" if probability <= 1 - LEVEL else "alike", "text")
