"""How supernets were pruned."""

from tfnas.schemas.base import Schema, count, flag, number, text

SCHEMA = Schema(
    "supernets/{searched_on}/{search}/rounds-{first}-{last}.parquet",
    "one per run, round and operation that was tried",
    count("round", "round of the run, from 0"),
    count("edge", "edge of the cell, from 0"),
    text("operation", "the operation that the supernet was tried without"),
    number("kappa_change", "how the condition number of the tangent kernel changed"),
    number("regions_change", "how the number of linear regions changed"),
    count("kappa_rank", "rank of the operation in its round by the former"),
    count("regions_rank", "rank by the latter"),
    flag("dropped", "whether the operation was dropped at the end of the round"),
    count("run", "number of the run, from 0"),
)
