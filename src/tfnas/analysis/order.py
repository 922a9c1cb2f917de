"""Find out where the order of scores comes from: the count of convolutions, and the order among equal counts."""

import math

import numpy as np

from tfnas.analysis.statistics import known_pairs, rank_with_missing, spearman
from tfnas.files import read_table
from tfnas.products import Named, Summary
from tfnas.schemas.order import SCHEMA as ORDER
from tfnas.scoring.table import ScoreTable
from tfnas.spaces.registry import space_at
from tfnas.truth.metric import TEST, reported

SPEC = Summary(
    category="Proxies",
    needs={"truths": "truth/{dataset}.parquet", "scores": "scores/{dataset}.parquet"},
    params=("scored",),
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write Spearman correlations with the reported accuracy over the cells of the ground truth, missing scores lowest.

    ``convolutions`` is that of the count of convolution edges, the same for all proxies of a dataset; ``within`` the
    mean over groups of cells with equally many convolution edges of that of the score, weighted by their size.
    """
    rows = []
    for dataset, path in inputs.truths.items():
        table = read_table(path, ("arch", TEST))
        space = space_at(path)
        codes, test = space.codes_of(table["arch"], f"'{path}'"), table[reported(table)].to_numpy()
        convolutions = space.convolutions(codes)
        known = np.isfinite(test)
        codes, test, convolutions = codes[known], test[known], convolutions[known]
        counted = spearman(*known_pairs(convolutions, test)).value
        groups = [convolutions == count for count in np.unique(convolutions)]
        scores = ScoreTable.read(inputs.scores[dataset])
        places = scores.pool.places(codes)
        for proxy in params.scored:
            score, _, _ = rank_with_missing(scores.column(proxy, "score")[places], test)
            inner = [(spearman(score[group], test[group]).value, group.sum()) for group in groups]
            inner = [(value, size) for value, size in inner if math.isfinite(value)]
            values, sizes = zip(*inner, strict=True) if inner else ((math.nan,), (1,))
            rows.append((dataset, proxy, counted, float(np.average(values, weights=sizes))))
    ORDER.write_rows(output.table, rows)
