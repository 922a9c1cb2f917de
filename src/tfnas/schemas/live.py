"""What live evaluations decided."""

from tfnas.schemas.base import Schema, count, number, text

SCHEMA = Schema(
    "supernets/{searched_on}/{search}/seeds-{first}-{last}.parquet",
    "one per run of a search that evaluates networks",
    count("run", "number of the run, from 0"),
    text("arch", "the cell that the run ended with"),
    number("seconds", "wall seconds of all evaluations of the run", "s"),
    count("networks", "networks that the run evaluated, repeats not counted"),
)
