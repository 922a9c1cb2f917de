"""What was read of an official archive."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "truth/archive/{archive}.parquet",
    "one per dataset and cell of the archive",
    text("dataset", "the dataset"),
    text("arch", "the cell, official string"),
    count("index", "index of the cell in NATS-Bench"),
    number("valid_accuracy", "validation accuracy after full training", "%"),
    number("test_accuracy", "test accuracy after full training", "%"),
    number("early_valid_accuracy", "validation accuracy after the early stop", "%"),
    number("early_seconds", "seconds of training up to the early stop", "s"),
    number("valid_seconds", "seconds of one pass over the validation images", "s"),
    number("params", "trainable parameters"),
    number("flops", "multiply-accumulates of one image", "10^6"),
    text("valid_seeds", "training seeds that the validation accuracy is a mean over, a space between them"),
    text("test_seeds", "the same of the test accuracy"),
    text("early_seeds", "the same of the early accuracy"),
)
