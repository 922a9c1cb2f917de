"""Every search against every other, and regrets."""

import numpy as np

from tfnas.analysis.comparisons import SMALL
from tfnas.products import Named, Topic
from tfnas.report.claims import add_difference
from tfnas.report.comparison_tables import Pairs, best_search, read_regret
from tfnas.report.names import contenders
from tfnas.report.numbers.base import Numbers

SPEC = Topic(
    needs={"comparisons": "summaries/comparisons.csv", "regret": "summaries/regret.csv"},
    params=("datasets", "searches"),
    prints=("searches",),
    after=("study", "truth"),
)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add how many pairs of searches are told apart, what the runs can detect, the two best searches, and regrets.

    ``contest.{dataset}.first`` is the ranked search with the highest mean, ``.tied`` the number of others
    that are equal to it in every run, and ``.second`` the one with the highest mean of the rest.
    """
    pairs = Pairs(inputs.comparisons)
    regret = read_regret(inputs.regret, list(params.searches), params.datasets)
    numbers.add("contest.small", SMALL, "ratio")
    for dataset in params.datasets:
        for label in params.searches:
            numbers.add_all(f"regret.{dataset}.{label}", "accuracy", **regret.loc[(label, dataset), ["mean", "median"]])
        contests = pairs.on(dataset)
        if not contests:
            continue
        before = f"contest.{dataset}"
        varied = [pair for pair in contests if pair.detectable > 0]
        apart, fewest = sum(pair.told_apart for pair in contests), min(pair.n for pair in contests)
        numbers.add_all(before, "count", varied=len(varied), pairs=len(contests), apart=apart, runs=fewest)
        if varied:
            for name, of in (("least", np.min), ("median", np.median), ("most", np.max)):
                numbers.add(f"{before}.detectable_{name}", of([pair.detectable for pair in varied]), "accuracy")
            needed = np.median([pair.runs_needed for pair in varied])
            enough = sum(pair.runs_needed <= pair.n for pair in varied)
            numbers.add_all(before, "count", needed_median=needed, enough=enough)
        rivals = contenders(params.searches)
        if len(rivals) > 1:
            first = best_search(regret, rivals, dataset)
            numbers.title(f"{before}.first.title", numbers.value(f"title.search.{first}"))
            others = [label for label in rivals if label != first]
            rest = [label for label in others if not pairs.between(dataset, first, label).equal]
            numbers.add(f"{before}.tied", len(others) - len(rest), "count")
            if not rest:
                continue
            second = best_search(regret, rest, dataset)
            numbers.title(f"{before}.second.title", numbers.value(f"title.search.{second}"))
            add_difference(numbers, dataset, before, "lead", pairs.between(dataset, first, second))
