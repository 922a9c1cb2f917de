"""Mean ranks of searches over datasets."""

import numpy as np

from tfnas.analysis.statistics import LEVEL
from tfnas.products import Named, Topic
from tfnas.report.comparison_tables import read_ranks
from tfnas.report.numbers.base import Numbers

SPEC = Topic(needs={"ranks": "summaries/ranks.csv"}, after=("study",), when=lambda study: study.ranks_searches)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add the best mean rank over datasets, Friedman's test, and what the critical difference tells apart."""
    table = read_ranks(inputs.ranks)
    ranks = table["mean_rank"].to_numpy()
    critical, probability = table["critical_difference"].iloc[0], table["friedman_p"].iloc[0]
    numbers.add("ranks.searches", len(ranks), "count")
    for name, place in (("first", 0), ("last", -1)):
        numbers.title(f"ranks.{name}.title", numbers.value(f"title.search.{table.index[place]}"))
        numbers.add(f"ranks.{name}.rank", ranks[place], "rank")
    numbers.add("ranks.friedman", table["friedman"].iloc[0], "ratio")
    numbers.add("ranks.friedman_p", probability, "p")
    numbers.add_all("ranks", "rank", critical=critical, spread=ranks[-1] - ranks[0])
    below, tied = int((ranks - ranks[0] >= critical).sum()), int((ranks == ranks[0]).sum()) - 1
    numbers.add_all("ranks", "count", below_first=below, tied=tied)
    known = probability is not None and np.isfinite(probability)
    numbers.add("ranks.verdict", "unknown" if not known else "apart" if probability <= 1 - LEVEL else "alike", "text")
