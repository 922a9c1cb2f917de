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
        for name in ("spearman", "spearman_low", "spearman_high", "kendall", "kendall_low", "kendall_high"):
            numbers.add(f"{before}.{name}", getattr(row, name), "correlation")
        numbers.add(f"{before}.words", correlation_words(row.spearman), "text")
        numbers.add(f"{before}.n", row.n, "count")
        numbers.add(f"{before}.nan", row.nan, "count")
        numbers.add(f"{before}.seconds", row.seconds, "seconds")
