"""Where the order of scores comes from: the count of convolutions, and the order among equal counts."""

from tfnas.products import Named, Topic
from tfnas.report.numbers.base import Numbers
from tfnas.report.wording import correlation_words, part_words
from tfnas.schemas.order import SCHEMA as ORDER

SPEC = Topic(needs={"order": "summaries/order.csv"}, after=("correlations",))


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add ``order.{dataset}.convolutions``, and of every proxy ``order.{dataset}.{proxy}.within``, with their words."""
    for dataset, rows in ORDER.read(inputs.order).groupby("dataset", sort=False):
        counted = rows["convolutions"].iloc[0]
        numbers.add(f"order.{dataset}.convolutions", counted, "correlation")
        numbers.add(f"order.{dataset}.convolutions_words", correlation_words(counted), "text")
        for row in rows.itertuples():
            before = f"order.{dataset}.{row.proxy}"
            numbers.add(f"{before}.within", row.within, "correlation")
            whole = numbers.value(f"correlation.{dataset}.{row.proxy}.reported.all.spearman")
            numbers.add(f"{before}.within_words", part_words(row.within, whole), "text")
