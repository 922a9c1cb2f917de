"""Summary: our searches beside published ones."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/published.csv",
    "one per published row, dataset and accuracy that a search of the study has, too",
    text("key", "the row in report/published.yaml"),
    text("method", "the search, as published"),
    text("search", "our search, as the study names it"),
    text("searched_on", "dataset it searched on"),
    text("accuracies_of", "dataset whose early accuracies both were shown; empty for those that see none", gaps=True),
    text("dataset", "dataset it is read off on"),
    text("metric", "valid_accuracy or test_accuracy"),
    number("theirs_mean", "published mean", "%"),
    number("theirs_std", "published standard deviation", "points"),
    number("theirs_runs", "published number of runs"),
    number("ours_mean", "our mean", "%"),
    number("ours_std", "our standard deviation, ddof = 1", "points"),
    count("ours_n", "our runs"),
    number("difference", "ours less theirs", "points"),
    number(
        "z",
        "difference / sqrt(ours_std^2 / ours_n + theirs_std^2 / theirs_runs), ours of the means of scorings where "
        "there are several; NaN where one of them is not known or both standard deviations are 0",
    ),
    number("tolerance", "largest difference that counts as met", "points"),
    text(
        "verdict",
        "within one standard deviation: |difference| <= theirs_std; within tolerance: |difference| <= tolerance; "
        "differs: more; unknown: neither is known; differences are rounded to 2 decimals before",
    ),
    text(
        "evidence",
        "P: read in the paper or its authors' repository; C: computed from published data; S: quoted by others",
    ),
    text("source", "where the published numbers come from"),
)
