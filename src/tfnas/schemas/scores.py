"""The score table of a dataset."""

from tfnas.schemas.base import Schema, number, text

SCHEMA = Schema(
    "scores/{dataset}.parquet",
    "one per cell and proxy, the rows of one proxy after those of another one, each in the order of codes",
    text("arch", "the cell, official string"),
    text("proxy", "the proxy or ensemble of proxies"),
    number("score", "larger is better: the raw value times the direction of the proxy, mean over repeats"),
    number("raw", "the value as the definition gives it, mean over repeats"),
    number("spread", "standard deviation of the raw value over repeats (ddof = 1)"),
    number("repeats", "initialisations averaged; of an ensemble the fewest of its members"),
    number("seconds", "what scoring took, all repeats together; of an ensemble the sum over its members", "s"),
    text("scored_arch", "the cell that was really computed: a representative of the class that shares the score"),
    text("reason", "why there is no score, else empty"),
    notes="What cells share stands once in the file: where `scored_arch` names another cell, what is null is what "
    "stands in the row of that cell; a null `scored_arch` is the cell itself, and a null `raw` in its own row is the "
    "score. `scores/{dataset}/{family}.parquet`, `scores-1/` (further scorings) and the shipped `data/scores/` have "
    "the same form. For people, `scores/{dataset}.csv.gz` has a row for each cell and the raw values of a proxy in a "
    "column, `scores/{dataset}-seconds.csv.gz` the seconds.",
)
