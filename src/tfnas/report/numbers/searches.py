"""Mean accuracies of every search, and the seconds of a run."""

from tfnas.products import Named, Topic
from tfnas.report.numbers.base import Numbers, short
from tfnas.schemas.search import SCHEMA as SEARCH

SPEC = Topic(needs={"summary": "summaries/search.csv"})


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add ``search.{searched_on}.{label}.{dataset}.{valid|reported}.*``, and ``.total`` seconds of a run."""
    summary = SEARCH.read(inputs.summary)
    numbers.add("study.wall_seconds_max", summary["wall_seconds"].max(), "seconds")
    metrics = set(summary["metric"])
    for row in summary.itertuples():
        before = f"search.{row.searched_on}.{row.search}"
        values = {name: getattr(row, name) for name in ("mean", "std", "ci_low", "ci_high")}
        numbers.add_all(f"{before}.{row.dataset}.{short(row.metric, metrics)}", "accuracy", **values)
        if f"{before}.cells" not in numbers.entries:
            numbers.add_all(before, "count", n=row.n, cells=row.cells)
            scoring, training = row.scoring_seconds, row.training_seconds
            numbers.add_all(before, "seconds", scoring=scoring, training=training, total=scoring + training)
