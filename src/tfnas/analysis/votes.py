"""Count how many pairs of cells the published vote of proxies decides rightly by the reported accuracy."""

import numpy as np

from tfnas.analysis.pair_votes import pair_agreement
from tfnas.files import read_table
from tfnas.products import Named, Summary
from tfnas.proxies.registry import ensembles
from tfnas.schemas.votes import SCHEMA as VOTES
from tfnas.scoring.missing import lowest_where_missing
from tfnas.scoring.table import ScoreTable
from tfnas.truth.metric import TEST, reported

VOTE = "vote"
"""The ensemble after Abdelfattah et al. 2021."""

SPEC = Summary(
    category="Proxies",
    needs={"truths": "truth/{dataset}.parquet", "scores": "scores/{dataset}.parquet"},
    when=lambda study: study.votes,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write which share of pairs the vote decides rightly (an undecided one counts half) and leaves undecided."""
    rows = []
    for dataset, path in inputs.truths.items():
        truth = read_table(path, ("arch", TEST))
        column = reported(truth)
        truth = truth.dropna(subset=column)
        table = ScoreTable.read(inputs.scores[dataset])
        places = table.pool.places_of(truth["arch"], f"'{path}'")
        scores = np.stack([lowest_where_missing(table.scores(member))[places] for member in ensembles()[VOTE].members])
        found = pair_agreement(scores, truth[column].to_numpy(dtype=np.float64))
        rows.append((dataset, found.share, found.undecided))
    VOTES.write_rows(output.table, rows)
