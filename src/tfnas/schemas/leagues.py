"""Summary: searches chosen without the dataset they are judged on."""

from tfnas.schemas.base import Schema, count, flag, number, text

SCHEMA = Schema(
    "summaries/leagues.csv",
    "one per league, dataset held out and search of the league, each dataset searched by itself",
    text("league", "the league, as the study names it"),
    text("held_out", "the dataset that took no part in the choice"),
    text("search", "the search, as the study names it"),
    number("elsewhere", "mean over the other datasets of its mean regret", "points"),
    flag("chosen", "whether it has the least regret elsewhere, the first of equals"),
    flag("equal", "whether its regret elsewhere is that of the chosen one: then the order of the league decided"),
    count("n", "runs"),
    number("mean", "mean test accuracy on the dataset held out", "%"),
    number("std", "its standard deviation over runs, ddof = 1", "points"),
    number("ci_low", "lower end of the 95 % bootstrap interval of the mean", "%"),
    number("ci_high", "its upper end", "%"),
    number("regret", "mean regret on the dataset held out", "points"),
)
