"""Summary: what the ground truth of a dataset is like."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/truth.csv",
    "one per dataset",
    (
        text("dataset", "the dataset"),
        number("best_test", "highest test accuracy", "%"),
        number("best_valid", "highest validation accuracy", "%"),
        number("mean_test", "mean test accuracy", "%"),
        number("median_test", "median test accuracy", "%"),
        number("std_test", "standard deviation of the test accuracy, ddof = 0", "points"),
        number("worst_test", "lowest test accuracy", "%"),
        number("low_decile_test", "lowest decile of the test accuracy", "%"),
        number("best_early", "highest early validation accuracy", "%"),
        number("test_of_best_valid", "test accuracy of the cell with the best validation accuracy", "%"),
        number("test_of_best_early", "test accuracy of the cell with the best early accuracy", "%"),
        count("cells", "cells"),
        number("query_seconds", "mean of an early training and its validation", "s"),
        number("query_seconds_min", "the shortest", "s"),
        number("query_seconds_max", "the longest", "s"),
        number("space_seconds", "of all cells together", "s"),
        number("within_one", "share of cells less than a point below the best"),
        number("within_one_cells", "their number"),
        number("params_min", "fewest parameters"),
        number("params_max", "most parameters"),
        number("valid_spearman", "correlation of validation and test accuracy"),
        number("early_spearman", "correlation of early and test accuracy"),
        number("distinct", "functionally distinct cells"),
        number("gap_top", "difference of the two best distinct cells", "points"),
        number("test_images", "test images"),
        number("half_width", "half the 95 % interval of the best accuracy by its test images alone", "points"),
        number("agreement", "correlation of the test accuracies with those of the first dataset"),
    ),
)
