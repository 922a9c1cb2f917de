"""Summary: every search over its runs."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/search.csv",
    "one per search, dataset searched on, dataset read off on and accuracy",
    text("search", "the search, as the study names it"),
    text("searched_on", "dataset it searched on"),
    text("dataset", "dataset it is read off on"),
    text("metric", "valid_accuracy or test_accuracy, after full training"),
    count("n", "runs"),
    number("mean", "mean over runs", "%"),
    number("std", "standard deviation over runs, ddof = 1", "points"),
    number("median", "median over runs", "%"),
    number("ci_low", "lower end of the 95 % bootstrap interval of the mean", "%"),
    number("ci_high", "its upper end; with several scorings no narrower than the t interval of their means", "%"),
    count(
        "scorings",
        "independent score tables that the runs read; 1: the interval is that of runs given one table, or of a "
        "search that reads none",
    ),
    number("std_scorings", "standard deviation (ddof = 1) of the means of these; empty for one", "points"),
    number("cells", "mean number of looks of a run, repeats counted"),
    number(
        "duplicates",
        "mean share of looks at a cell whose class of functionally identical cells had been looked at in the same "
        "way before",
    ),
    number("scoring_seconds", "mean of a run, from the score table", "s"),
    number("training_seconds", "mean of a run, simulated", "s"),
    number("wall_seconds", "mean of a run, of the search itself", "s"),
)
