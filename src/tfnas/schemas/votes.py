"""Summary: the pairs of cells that the vote decides."""

from tfnas.schemas.base import Schema, number, text

SCHEMA = Schema(
    "summaries/votes.csv",
    "one per dataset",
    text("dataset", "the dataset"),
    number("agreement", "share of pairs decided rightly by test accuracy, an undecided one counted half"),
    number("undecided", "share of pairs that are left undecided"),
)
