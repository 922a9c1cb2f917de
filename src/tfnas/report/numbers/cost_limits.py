"""The best search that keeps to its limit of cost."""

from tfnas.products import Named, Topic
from tfnas.report.names import search_group
from tfnas.report.numbers.base import Numbers
from tfnas.schemas.cost_limits import SCHEMA as LIMITS

SPEC = Topic(
    needs={"summary": "summaries/cost-limits.csv"},
    params=("searches",),
    prints=("searches",),
    after=("study",),
    when=lambda study: study.limited_searches,
)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add, for each dataset searched by itself, the best search that keeps to its limit in every run; no references.

    Keys: ``limits.{dataset}.first.title``, ``.reported`` (mean accuracy), ``.below`` (points below the best cell
    within the limit), and ``limits.{dataset}.left.title`` with ``.share``, the search that most often leaves its limit,
    if any does.
    """
    summary = LIMITS.read(inputs.summary)
    rivals = [label for label, settings in params.searches.items() if search_group(settings) != "reference"]
    own = summary[(summary["searched_on"] == summary["dataset"]) & summary["search"].isin(rivals)]
    for dataset, part in own.groupby("dataset", sort=False):
        before = f"limits.{dataset}"
        kept = part.groupby("search", sort=False).filter(lambda rows: (rows["within"] == 1).all())
        if len(kept):
            first = kept.loc[kept["mean"].idxmax()]
            numbers.title(f"{before}.first.title", numbers.value(f"title.search.{first['search']}"))
            mean = first["mean"]
            numbers.add_all(f"{before}.first", "accuracy", reported=mean, below=first["best"] - mean)
        left = part.loc[part["within"].idxmin()]
        if left["within"] < 1:
            numbers.title(f"{before}.left.title", numbers.value(f"title.search.{left['search']}"))
            numbers.add(f"{before}.left.share", 1 - left["within"], "share")
