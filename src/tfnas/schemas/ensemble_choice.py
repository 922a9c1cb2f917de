"""Summary: ensembles chosen without the dataset they are judged on."""

from tfnas.schemas.base import Schema, count, flag, number, text

SCHEMA = Schema(
    "summaries/ensemble-choice.csv",
    "one per criterion, dataset held out and number of members",
    text("by", "the criterion: spearman or top_cell"),
    text("held_out", "the dataset that took no part in the choice"),
    count("size", "number of members"),
    text(
        "members",
        "of all subsets of this size the best on the other datasets, names with a space between; by spearman: "
        "highest mean Spearman correlation with their test accuracies; by top_cell: smallest mean regret of the "
        "cells with the highest score, points of test accuracy",
    ),
    flag("chosen", "whether this size is best elsewhere, the smallest of equals"),
    number("elsewhere", "what the criterion says on the other datasets, mean"),
    number("spearman", "correlation with the test accuracies of the dataset held out"),
    number("spearman_low", "lower end of its 95 % interval"),
    number("spearman_high", "its upper end"),
    number("top_accuracy", "mean test accuracy of the cells with the highest score on the dataset held out", "%"),
    text("best_members", "the best subset of this size in hindsight, a bound and no method"),
    number("best", "what the criterion says of it on the dataset held out: a correlation, or percent"),
)
