"""Summary: Pareto fronts of searches with two objectives."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/fronts.csv",
    "one per search with two objectives, dataset searched on and dataset read off on",
    text("search", "the search, as the study names it"),
    text("searched_on", "dataset it searched on"),
    text("dataset", "dataset it is read off on"),
    text("cost", "the second objective: params, flops or a device"),
    count("n", "runs"),
    number("cells", "mean size of the front of a run"),
    count("true_cells", "size of the front of all cells that the search may propose"),
    number(
        "mean",
        "mean hypervolume of the front of a run, as a share of that of the true front, in test accuracy and the "
        "cost on the dataset searched on",
    ),
    number("std", "its standard deviation over runs, ddof = 1"),
    number("median", "its median over runs"),
    number("ci_low", "lower end of the 95 % bootstrap interval of the mean"),
    number("ci_high", "its upper end"),
    number("median_run", "number of the run whose share is nearest to the median"),
    number("value_floor", "median test accuracy of the cells allowed, the reference of the hypervolume", "%"),
    number("cost_ceiling", "largest cost of the cells allowed, the reference of the hypervolume"),
)
