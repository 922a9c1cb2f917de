"""The search with the best Pareto fronts."""

from tfnas.products import Named, Topic
from tfnas.report.numbers.base import Numbers
from tfnas.schemas.fronts import SCHEMA as FRONTS

SPEC = Topic(needs={"summary": "summaries/fronts.csv"}, after=("study",), when=lambda study: study.front_searches)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add, for each dataset searched by itself, the search whose fronts have the largest mean share of hypervolume.

    Keys: ``fronts.{dataset}.first.title`` and ``.share``, where a share is known.
    """
    summary = FRONTS.read(inputs.summary)
    own = summary[(summary["searched_on"] == summary["dataset"]) & summary["mean"].notna()]
    for dataset, part in own.groupby("dataset", sort=False):
        first = part.loc[part["mean"].idxmax()]
        numbers.title(f"fronts.{dataset}.first.title", numbers.value(f"title.search.{first['search']}"))
        numbers.add(f"fronts.{dataset}.first.share", first["mean"], "share")
