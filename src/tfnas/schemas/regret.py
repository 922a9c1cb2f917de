"""Summary: how far searches are from the optimum."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/regret.csv",
    "one per search, dataset searched on and dataset read off on",
    text("search", "the search, as the study names it"),
    text("searched_on", "dataset it searched on"),
    text("dataset", "dataset it is read off on"),
    count("n", "runs"),
    number("optimum", "highest test accuracy of the ground truth", "%"),
    number("mean", "mean of optimum less test accuracy of the chosen cell", "points"),
    number("std", "its standard deviation over runs, ddof = 1", "points"),
    number("median", "its median over runs", "points"),
    number("ci_low", "lower end of the 95 % bootstrap interval of the mean", "points"),
    number("ci_high", "its upper end", "points"),
    number("worst", "the largest of a run", "points"),
    number("at_optimum", "share of runs that chose a cell as accurate as the optimum"),
)
