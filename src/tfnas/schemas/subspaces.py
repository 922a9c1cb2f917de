"""Summary: sub-spaces by what their cells cost."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "summaries/subspaces.csv",
    "one per dataset and sub-space, largest mean FLOPs first",
    text("dataset", "the dataset"),
    text("space", "the sub-space, as the study names it"),
    count("cells", "cells that satisfy the constraint"),
    number("flops_mean", "mean FLOPs of these cells", "10^6"),
    number("flops_20", "their 20 % quantile", "10^6"),
    number("flops_50", "their median", "10^6"),
    number("flops_80", "their 80 % quantile", "10^6"),
    number("flops_max", "their largest", "10^6"),
    number("accuracy_median", "median test accuracy of the same cells; shown beside the FLOPs, not used", "%"),
    number("accuracy_best", "their highest test accuracy", "%"),
)
