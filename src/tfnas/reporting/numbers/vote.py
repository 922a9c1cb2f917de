"""The published vote of proxies: what it counts, beside the ensemble of that name."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from tfnas.cells import codes_of
from tfnas.files import read_table
from tfnas.pair_votes import pair_agreement
from tfnas.products import Topic
from tfnas.proxies.registry import ensembles
from tfnas.reporting.numbers.base import Numbers
from tfnas.score_table import ScoreTable, lowest_where_missing

VOTE = "vote"
"""The ensemble after Abdelfattah et al. 2021."""

SPEC = Topic(
    name="vote",
    needs={"scores": "scores/{dataset}.csv", "truths": "truth/{dataset}.parquet"},
    params=("scored",),
    prints=("proxies",),
)


def add(numbers: Numbers, inputs: SimpleNamespace, params: SimpleNamespace) -> None:
    """Add how many pairs of cells the vote decides rightly by test accuracy, where the study has it and its members.

    Keys: ``vote.{dataset}.agreement`` (share of pairs), ``.tau`` (2p - 1), ``.undecided`` (share of pairs).
    """
    members = ensembles()[VOTE].members
    if not {VOTE, *members} <= set(params.scored):
        return
    for dataset, path in inputs.truths.items():
        truth = read_table(path, ("arch", "test_accuracy")).dropna(subset="test_accuracy")
        codes = codes_of(truth["arch"], f"'{path}'")
        table = ScoreTable.read(inputs.scores[dataset])
        scores = np.stack([lowest_where_missing(table.scores(member))[codes] for member in members])
        found = pair_agreement(scores, truth["test_accuracy"].to_numpy(dtype=np.float64))
        numbers.add(f"vote.{dataset}.agreement", found.share, "share")
        numbers.add(f"vote.{dataset}.tau", 2 * found.share - 1, "correlation")
        numbers.add(f"vote.{dataset}.undecided", found.undecided, "share")
