"""Summary: the best cells of every dataset."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/best-cells.csv",
    "one per dataset and cell, the best first",
    text("dataset", "the dataset"),
    text("arch", "the cell, official string"),
    number("valid_accuracy", "after full training", "%"),
    number("test_accuracy", "after full training", "%"),
    count("params", "trainable parameters", gaps=True),
    number("flops", "multiply-accumulates of one image", "10^6"),
)
