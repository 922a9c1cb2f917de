"""Summary: what is left of a correlation among the best cells and beside the costs."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/proxies.csv",
    "one per dataset and proxy; test accuracy, all cells",
    text("dataset", "the dataset"),
    text("proxy", "the proxy or ensemble"),
    count("n", "cells with a test accuracy"),
    count("top_n", "the tenth of them with the highest test accuracy, rounded up; ties by the order of codes"),
    number("top_spearman", "Spearman's correlation among these"),
    number("top_spearman_low", "lower end of its 95 % interval"),
    number("top_spearman_high", "its upper end"),
    number("top_kendall", "Kendall's tau-b among these"),
    number(
        "partial_spearman",
        "given parameters and FLOPs: mid-ranks of score and accuracy regressed on those of parameters and FLOPs "
        "(with intercept), Pearson's correlation of the residuals; empty where a side has none",
    ),
    number("partial_spearman_low", "lower end of its 95 % interval"),
    number("partial_spearman_high", "its upper end"),
    count("first_cells", "cells with the highest score"),
    text("first_arch", "the first of them in the order of codes", gaps=True),
    number("first_accuracy", "their mean test accuracy", "%"),
    number("first_better", "share of all cells that are more accurate than that"),
    notes="Scores that are not finite count as the lowest finite score of the proxy.",
)
