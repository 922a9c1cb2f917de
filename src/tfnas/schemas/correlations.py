"""Summary: every proxy against the accuracies."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/correlations.csv",
    "one per dataset, proxy, accuracy and set of cells",
    text("dataset", "the dataset"),
    text("proxy", "the proxy or ensemble"),
    text("accuracy", "valid_accuracy or test_accuracy, after full training"),
    text(
        "cells",
        "all: every cell with a row in the score table and an accuracy; pruned: of those that are equal once edges "
        "off every path carry none the first in the order of codes; distinct: the first of each functional class",
    ),
    count("n", "cells"),
    count("nan", "of these without a finite score; they count as the lowest finite one"),
    number("spearman", "Spearman's correlation, mid-ranks for ties"),
    number("spearman_low", "lower end of its 95 % interval"),
    number("spearman_high", "its upper end"),
    number("kendall", "Kendall's tau-b"),
    number("kendall_low", "lower end of its 95 % interval"),
    number("kendall_high", "its upper end"),
    number("ndcg", "normalised discounted cumulative gain of the first places, gain 2^accuracy - 1, accuracy in %"),
    number("seconds", "mean scoring time of a cell", "s"),
)
