"""Summary: how far scores depend on chance."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/noise.csv",
    "one per dataset and proxy",
    text("dataset", "the dataset"),
    text("proxy", "the proxy"),
    count("cells", "cells that were scored with two initialisations on two mini-batches"),
    number(
        "initialisation_spearman", "Spearman's of two initialisations on one mini-batch, mean over these; mid-ranks"
    ),
    number("initialisation_shift", "mean absolute change of a cell's rank between them, of the number of cells", "%"),
    number(
        "batch_spearman",
        "between the mini-batches with the same initialisation, mean over these; empty where both hold the same images",
    ),
    number("batch_shift", "mean absolute change of a cell's rank between them, of the number of cells", "%"),
    count(
        "twins", "classes of equally distributed scores with two or more cells, where every cell was scored by itself"
    ),
    number("twin_spearman", "between the first and the second of them, in the order of codes"),
    notes="Scores that are not finite count as the lowest finite score of the proxy; of none but such nothing is "
    "known.",
)
