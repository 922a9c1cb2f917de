"""Rank correlations of every proxy with accuracies."""

from tfnas.products import Named, Topic
from tfnas.report.numbers.base import Numbers, short
from tfnas.report.wording import correlation_words
from tfnas.schemas.correlations import SCHEMA as CORRELATIONS

SPEC = Topic(needs={"correlations": "summaries/correlations.csv"})


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add ``correlation.{dataset}.{proxy}.{valid|reported}.{all|pruned|distinct}.*``."""
    table = CORRELATIONS.read(inputs.correlations)
    accuracies = set(table["accuracy"])
    for row in table.itertuples():
        before = f"correlation.{row.dataset}.{row.proxy}.{short(row.accuracy, accuracies)}.{row.cells}"
        names = (f"{kind}{end}" for kind in ("spearman", "kendall") for end in ("", "_low", "_high"))
        numbers.add_all(before, "correlation", **{name: getattr(row, name) for name in names})
        numbers.add(f"{before}.words", correlation_words(row.spearman), "text")
        numbers.add_all(before, "count", n=row.n, nan=row.nan)
        numbers.add(f"{before}.seconds", row.seconds, "seconds")
