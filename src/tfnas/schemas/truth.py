"""The ground truth of a dataset."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "truth/{dataset}.parquet",
    "one per cell, in the order of codes",
    text("arch", "the cell, official string"),
    count("index", "index of the cell in NATS-Bench, if known", gaps=True),
    number("valid_accuracy", "validation accuracy after full training, percent", "%"),
    number("test_accuracy", "test accuracy after full training, percent", "%"),
    number("early_valid_accuracy", "validation accuracy after the early stop, percent", "%"),
    number("early_seconds", "seconds of training up to the early stop", "s"),
    number("valid_seconds", "seconds of one pass over the validation images", "s"),
    count("params", "trainable parameters", gaps=True),
    number("flops", "multiply-accumulates of one image, millions, as NATS-Bench counts them", "10^6"),
    notes="What an accuracy means exactly (split, epochs, seeds) is said in the JSON beside it. So is the metric; "
    "where it is another one than an accuracy in percent, the columns hold that one, larger is better.",
)
