"""The fronts themselves."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/front-cells.parquet",
    "one per cell of the front of a run",
    text("search", "the search, as the study names it"),
    text("searched_on", "dataset it searched on"),
    text("dataset", "dataset it is read off on"),
    count("run", "number of the run, from 0"),
    text("arch", "the cell, official string"),
    number("cost", "on the dataset searched on, in its unit"),
    number("accuracy", "the reported one, on the dataset read off on", "%"),
)
