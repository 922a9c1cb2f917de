"""What a training job wrote."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "truth/{dataset}/block-{first}-{last}.parquet",
    "one per cell that was trained and training seed",
    text("arch", "the cell, official string"),
    count("train_seed", "number of the training, from 0"),
    number("valid_accuracy", "validation accuracy after full training", "%"),
    number("test_accuracy", "test accuracy after full training", "%"),
    number("early_valid_accuracy", "validation accuracy after the early stop", "%"),
    number("early_seconds", "of training up to the early stop", "s"),
    number("valid_seconds", "of one pass over the validation images", "s"),
    number("seconds", "of the whole training, evaluation included", "s"),
)
