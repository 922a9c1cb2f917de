"""Summary: what searches have found after so many seconds."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/curves.csv",
    "one per search, dataset (searched on and read off on) and point of the grid of seconds of the dataset",
    text("search", "the search, as the study names it"),
    text("dataset", "the dataset"),
    number("seconds", "scoring and simulated training", "s"),
    count("n", "runs"),
    number(
        "mean",
        "mean test accuracy of the incumbents: of a search that chooses by early accuracy the cell with the best "
        "one so far; any other search has an answer when it ends",
        "%",
    ),
    number("std", "its standard deviation over runs, ddof = 1", "points"),
    number("quartile_low", "lower quartile, linear interpolation", "%"),
    number("median", "median", "%"),
    number("quartile_high", "upper quartile", "%"),
    notes="The points go from the first at which every run has an answer to the first at which all runs are over. "
    "Searches that are charged nothing, and searches whose scoring seconds are unknown, are left out.",
)
