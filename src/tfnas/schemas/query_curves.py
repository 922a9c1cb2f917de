"""Summary: what searches have found after so many looks at accuracies."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/query-curves.csv",
    "one per search, dataset (searched on and read off on) and number of looks",
    text("search", "the search, as the study names it"),
    text("dataset", "the dataset"),
    count("queries", "looks at early accuracies, repeats counted"),
    count("n", "runs"),
    number("mean", "mean test accuracy of the incumbents, as in curves.csv", "%"),
    number("std", "its standard deviation over runs, ddof = 1", "points"),
    number("quartile_low", "lower quartile, linear interpolation", "%"),
    number("median", "median", "%"),
    number("quartile_high", "upper quartile", "%"),
    notes="The numbers go from the first at which every run has an answer to the first at which all runs are over. A "
    "search that looks at none has the number 0. References are left out.",
)
