"""Summary: every proxy against every other."""

from __future__ import annotations

from tfnas.schemas.base import Schema, number, text

SCHEMA = Schema(
    "summaries/proxy-pairs.csv",
    "one per dataset and ordered pair of proxies, each with itself included",
    (
        text("dataset", "the dataset"),
        text("proxy", "the proxy or ensemble"),
        text("other", "the other one"),
        number("spearman", "Spearman's correlation of their scores over all cells"),
    ),
)
