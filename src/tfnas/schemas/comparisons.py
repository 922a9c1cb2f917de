"""Summary: every pair of searches over its common runs."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/comparisons.csv",
    "one per dataset searched on, dataset read off on and pair of searches; test accuracy of their common "
    "runs, search less other",
    text("searched_on", "dataset they searched on"),
    text("dataset", "dataset they are read off on"),
    text("search", "the search that comes first in the study"),
    text("other", "the other one"),
    count("n", "runs that both have"),
    count("zeros", "of these with the same accuracy"),
    number("difference", "mean of the paired differences", "points"),
    number("ci_low", "lower end of its 95 % bootstrap interval", "points"),
    number("ci_high", "its upper end", "points"),
    number("std", "standard deviation of the paired differences, ddof = 1", "points"),
    count(
        "scorings",
        "independent score tables that one of the two reads; 1: the interval is that of runs given one table, or none",
    ),
    number("std_scorings", "standard deviation (ddof = 1) of the mean differences of these", "points"),
    number("probability", "that search is better than other in one run, zeros counted half"),
    number("p", "Wilcoxon's signed-rank test of runs given these scorings, two-sided, zeros by Pratt, mid-ranks"),
    number("p_holm", "corrected by Holm over the pairs of the same two datasets"),
    number("rank_biserial", "of matched pairs, -1 to 1: (W+ - W-) / (n (n + 1) / 2), zeros on neither side"),
    number("detectable", "difference that a paired t-test of the runs detects with 80 % power at 5 %", "points"),
    number("runs_needed", "runs that would detect 0.1 points so"),
)
