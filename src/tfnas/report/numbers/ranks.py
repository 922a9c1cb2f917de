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
