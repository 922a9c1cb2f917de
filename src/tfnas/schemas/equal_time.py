"""Summary: the best search of each group after the same seconds."""

from tfnas.schemas.base import Schema, count, flag, number, text

SCHEMA = Schema(
    "summaries/equal-time.csv",
    "one per dataset (searched on and read off on), moment and group of searches that has an answer; while "
    "another one has none, the random cell as group reference",
    text("dataset", "the dataset"),
    number("seconds", "scoring and simulated training; 0, the points of a grid, and the ends of searches", "s"),
    text("end_of", "the searches that end at this moment", gaps=True),
    text(
        "group",
        "what its searches look at. training-free: scores alone; training-free-prior: scores alone, one of them a "
        "prior; trained: accuracies alone; hybrid: both; reference: nothing, one cell drawn at random",
    ),
    text(
        "search",
        "of the group that with the highest mean validation accuracy of its incumbents at this moment (see "
        "chosen_by), out of the searches that have an answer then: in hindsight",
    ),
    flag("prior", "whether this search reads a proxy that is a prior"),
    text("chosen_by", "the accuracy by which it was chosen"),
    number("mean", "its mean test accuracy", "%"),
    number("low", "lower end of the interval of the mean", "%"),
    number("high", "its upper end", "%"),
    count("runs", "its runs"),
    count("searches", "searches of the group that have an answer then; 0 for the reference"),
    number("lead", "paired difference: of the first group to the second, of any other to the first", "points"),
    number("lead_low", "lower end of its interval, of the same kind", "points"),
    number("lead_high", "its upper end", "points"),
)
