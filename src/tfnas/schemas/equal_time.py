"""Summary: the best search of each group after the same seconds."""

from __future__ import annotations

from tfnas.schemas.base import Schema, count, flag, number, text

SCHEMA = Schema(
    "summaries/equal-time.csv",
    "one per dataset (searched on and read off on), moment and group of searches",
    (
        text("dataset", "the dataset"),
        number("seconds", "scoring and simulated training; 0, the points of a grid, and the ends of searches", "s"),
        text("end_of", "the searches that end at this moment", gaps=True),
        text("group", "what its searches look at: scores, scores with a prior, accuracies, both"),
        text("search", "the one of the group with the highest mean validation accuracy at this moment"),
        flag("prior", "whether this search reads a proxy that is a prior"),
        text("chosen_by", "the accuracy by which it was chosen"),
        number("mean", "its mean test accuracy", "%"),
        number("low", "lower end of the 95 % bootstrap interval of the mean", "%"),
        number("high", "its upper end", "%"),
        count("runs", "its runs"),
        count("searches", "searches of the group that have an answer"),
        number("lead", "paired difference: of the first group to the second, of any other to the first", "points"),
        number("lead_low", "lower end of its interval", "points"),
        number("lead_high", "its upper end", "points"),
    ),
)
