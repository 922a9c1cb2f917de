"""Mean accuracies of every search, and the seconds of a run."""

from tfnas.products import Named, Topic
from tfnas.report.numbers.base import SHORT, Numbers
from tfnas.schemas.search import SCHEMA as SEARCH

SPEC = Topic(needs={"summary": "summaries/search.csv"})


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add ``search.{searched_on}.{label}.{dataset}.{valid|test}.*``, and ``.total`` seconds of a run."""
    summary = SEARCH.read(inputs.summary)
    seconds = summary["wall_seconds"].max()
    numbers.add("study.wall_seconds_max", seconds, "seconds")
    for row in summary.itertuples():
        before = f"search.{row.searched_on}.{row.search}"
        for name in ("mean", "std", "ci_low", "ci_high"):
            numbers.add(f"{before}.{row.dataset}.{SHORT[row.metric]}.{name}", getattr(row, name), "accuracy")
        if f"{before}.cells" not in numbers.entries:
            numbers.add(f"{before}.n", row.n, "count")
            numbers.add(f"{before}.cells", row.cells, "count")
            numbers.add(f"{before}.scoring", row.scoring_seconds, "seconds")
            numbers.add(f"{before}.training", row.training_seconds, "seconds")
            numbers.add(f"{before}.total", row.scoring_seconds + row.training_seconds, "seconds")
