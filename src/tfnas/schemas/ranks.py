"""Summary: ranks of searches over datasets."""

from tfnas.schemas.base import Schema, number, text

SCHEMA = Schema(
    "summaries/ranks.csv",
    "one per dataset searched on itself and ranked search: no references, and none with a limit of cost unless all "
    "have one",
    text("search", "the search, as the study names it"),
    text("dataset", "the dataset"),
    number("mean", "mean test accuracy", "%"),
    number("rank", "on this dataset, 1 for the highest mean, ties share the mean of their ranks"),
    number("mean_rank", "over the datasets"),
    number("friedman", "Friedman's chi-squared over the datasets"),
    number("friedman_p", "its p"),
    number("critical_difference", "Nemenyi's, of mean ranks, 95 %"),
)
