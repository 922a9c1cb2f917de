"""The anytime curves of the runs of a search."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "runs/{searched_on}/{search}/curves-{first}-{last}.parquet",
    "one per run and rise of its incumbent; the last of a run is its end and holds the chosen cell",
    count("run", "number of the run, from 0"),
    number(
        "seconds",
        "of scoring and simulated training when the cell became the incumbent; empty in a run whose scoring "
        "seconds nobody knows",
        "s",
    ),
    count("queries", "looks at early accuracies until then, repeats counted; 0 for a search that trains nothing"),
    text(
        "arch",
        "the incumbent: of a search that chooses by early accuracy the cell with the best one so far; any other "
        "search has an answer only when it ends",
    ),
    number("valid_accuracy", "its validation accuracy after full training, on the dataset searched on", "%"),
    number("test_accuracy", "its test accuracy there", "%"),
)
