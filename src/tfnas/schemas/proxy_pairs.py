"""Summary: every proxy against every other."""

from tfnas.schemas.base import Schema, number, text

SCHEMA = Schema(
    "summaries/proxy-pairs.csv",
    "one per dataset and ordered pair of proxies, each with itself included",
    text("dataset", "the dataset"),
    text("proxy", "the proxy or ensemble"),
    text("other", "the other one"),
    number("spearman", "of their oriented scores (larger is better) over all cells, mid-ranks for ties"),
    notes="Scores that are not finite count as the lowest finite score of the proxy.",
)
