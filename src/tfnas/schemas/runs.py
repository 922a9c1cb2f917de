"""The runs of a search."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "runs/{searched_on}/{search}/seeds-{first}-{last}.parquet",
    "one per run and dataset that its cell is read off on",
    text("search", "the search, as the study names it"),
    text("searched_on", "dataset whose scores it saw, and whose accuracies unless its settings name another one"),
    text("dataset", "dataset that the chosen cell is read off on"),
    count("run", "number of the run, from 0"),
    count("scoring", "number of the score table that it read: of S tables run r reads number r mod S"),
    text("arch", "the chosen cell"),
    number("valid_accuracy", "its validation accuracy after full training", "%"),
    number("test_accuracy", "its test accuracy after full training", "%"),
    count("cells", "looks: draws, scores and accuracies, repeats counted, a cell scored and trained counts twice"),
    number(
        "duplicates",
        "share of the looks at a cell whose class of functionally identical cells had been looked at in the same "
        "way before",
    ),
    number(
        "scoring_seconds",
        "of all scored looks, from the score table, or of networks evaluated live; empty if it does not know them",
        "s",
    ),
    number("training_seconds", "of training and validation, simulated", "s"),
    number("wall_seconds", "of the search itself on the machine that ran it", "s"),
    text(
        "front",
        "only of searches with two objectives: the cells of the run's Pareto front, by cost, a space between them",
        optional=True,
    ),
)
