"""The latencies of a dataset."""

from tfnas.schemas.base import Schema, text

SCHEMA = Schema(
    "hardware/{dataset}.parquet",
    "one per cell, in the order of codes",
    text("arch", "the cell, official string"),
    notes="Every other column is a device of the table that was given, and holds its latency of a cell in "
    "milliseconds.",
    others="number",
)
