"""Summary: where the order of scores comes from."""

from tfnas.schemas.base import Schema, number, text

SCHEMA = Schema(
    "summaries/order.csv",
    "one per dataset and proxy",
    text("dataset", "the dataset"),
    text("proxy", "the proxy or ensemble"),
    number("convolutions", "Spearman's correlation of the count of convolution edges with test accuracy"),
    number("within", "mean correlation of the score among cells with equally many, weighted by their number"),
)
