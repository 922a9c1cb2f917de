"""Summary: how far scores depend on chance."""

from __future__ import annotations

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/noise.csv",
    "one per dataset and proxy",
    (
        text("dataset", "the dataset"),
        text("proxy", "the proxy"),
        count("cells", "cells that were scored with two initialisations on two mini-batches"),
        number("initialisation_spearman", "correlation between two initialisations, mean over the mini-batches"),
        number("initialisation_shift", "mean change of a cell's rank between them, of the number of cells", "%"),
        number("batch_spearman", "correlation between the mini-batches, mean over the initialisations"),
        number("batch_shift", "mean change of a cell's rank between them, of the number of cells", "%"),
        count("twins", "classes with two cells or more that were scored by themselves"),
        number("twin_spearman", "correlation between the first two cells of these classes"),
    ),
)
