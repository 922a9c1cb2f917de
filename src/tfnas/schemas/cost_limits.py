"""Summary: what searches choose that keep to a limit of a cost."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/cost-limits.csv",
    "one per search that limits a cost or aims at one, dataset searched on, dataset read off on, and cost",
    text("search", "the search, as the study names it"),
    text("searched_on", "dataset it searched on"),
    text("dataset", "dataset it is read off on"),
    text("cost", "params, flops or a device"),
    number("limit", "the limit, in the unit of the cost: parameters, million FLOPs or milliseconds"),
    count("n", "runs"),
    number("within", "share of runs whose chosen cell costs at most the limit"),
    number("cost_mean", "mean cost of the chosen cells on the dataset searched on"),
    number("cost_max", "the largest of these costs"),
    number("mean", "mean test accuracy of the chosen cells", "%"),
    number("std", "its standard deviation over runs, ddof = 1", "points"),
    number("ci_low", "lower end of the 95 % bootstrap interval of the mean", "%"),
    number("ci_high", "its upper end", "%"),
    count("cells", "cells that satisfy all limits of the search"),
    number("best", "the highest test accuracy among these", "%"),
)
