"""Rank correlations of every proxy with accuracies."""

from tfnas.products import Named, Topic
from tfnas.report.numbers.base import SHORT, Numbers
from tfnas.report.wording import correlation_words
from tfnas.schemas.correlations import SCHEMA as CORRELATIONS

SPEC = Topic(needs={"correlations": "summaries/correlations.csv"})


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add ``correlation.{dataset}.{proxy}.{valid|test}.{all|pruned|distinct}.*``."""
    for row in CORRELATIONS.read(inputs.correlations).itertuples():
        before = f"correlation.{row.dataset}.{row.proxy}.{SHORT[row.accuracy]}.{row.cells}"
        names = (f"{kind}{end}" for kind in ("spearman", "kendall") for end in ("", "_low", "_high"))
        numbers.add_all(before, "correlation", **{name: getattr(row, name) for name in names})
        numbers.add(f"{before}.words", correlation_words(row.spearman), "text")
        numbers.add_all(before, "count", n=row.n, nan=row.nan)
        numbers.add(f"{before}.seconds", row.seconds, "seconds")
