"""Summary: our searches beside published ones."""

from __future__ import annotations

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/published.csv",
    "one per published row, dataset and accuracy that a search of the study has, too",
    (
        text("key", "the row in report/published.yaml"),
        text("method", "the search, as published"),
        text("search", "our search, as the study names it"),
        text("searched_on", "dataset it searched on"),
        text("accuracies_of", "dataset whose early accuracies it was shown; of one that sees none empty", gaps=True),
        text("dataset", "dataset it is read off on"),
        text("metric", "valid_accuracy or test_accuracy"),
        number("theirs_mean", "published mean", "%"),
        number("theirs_std", "published standard deviation", "points"),
        number("theirs_runs", "published number of runs"),
        number("ours_mean", "our mean", "%"),
        number("ours_std", "our standard deviation, ddof = 1", "points"),
        count("ours_n", "our runs"),
        number("difference", "ours less theirs", "points"),
        number("z", "the difference over its standard error"),
        number("tolerance", "largest difference that counts as met", "points"),
        text("verdict", "whether it is met"),
        text("evidence", "what the verdict rests on"),
        text("source", "where the published numbers come from"),
    ),
)
