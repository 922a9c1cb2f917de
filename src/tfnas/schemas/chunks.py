"""What a scoring job wrote."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "scores/{dataset}/{family}/chunk-{first}-{last}.parquet",
    "one per cell that was scored, proxy of the family and initialisation",
    text("arch", "the cell, official string"),
    text("proxy", "the proxy"),
    count("repeat", "number of the initialisation, from 0"),
    number("raw", "the value as the definition gives it"),
    number("seconds", "what it took, of a pass its share", "s"),
    text("reason", "why there is no value, else empty", gaps=True),
    notes="`noise/{dataset}/{family}-{1,2}.parquet`, of the cells that are scored again, have the same columns.",
)
