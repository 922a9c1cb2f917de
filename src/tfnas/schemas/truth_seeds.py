"""The single trainings behind a ground truth that was trained here."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "truth/{dataset}-seeds.parquet",
    "one per cell that was trained and training seed",
    text("arch", "the cell, official string"),
    count("train_seed", "number of the training, from 0"),
    number("valid_accuracy", "validation accuracy after full training", "%"),
    number("test_accuracy", "test accuracy after full training", "%"),
    number("early_valid_accuracy", "validation accuracy after the early stop", "%"),
)
