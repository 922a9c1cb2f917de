"""Summary: the same runs priced three ways."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/search-costs.csv",
    "one per search, dataset searched on and pricing; means of a run",
    text("search", "the search, as the study names it"),
    text("dataset", "dataset it searched on"),
    text(
        "pricing",
        "of scoring alone. table: the seconds of the score table, cell by cell; machine: scored cells times the "
        "mean seconds of a cell, measured by this machine; paper: times the seconds of a network as published",
    ),
    text("machine", "what the seconds of scoring belong to", gaps=True),
    count("n", "runs"),
    number("scored_cells", "scores looked at, repeats counted, one per proxy or ensemble, and networks evaluated live"),
    number("scoring_seconds", "of scoring; empty where this pricing does not know them", "s"),
    number("training_seconds", "simulated, from the ground truth", "s"),
    number("wall_seconds", "of the search itself, on the machine that ran it", "s"),
    number("total_seconds", "the sum of the three", "s"),
)
