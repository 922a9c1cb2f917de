"""The published vote of proxies in the report: what it counts, beside the ensemble of that name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfnas.cells import codes_of
from tfnas.files import read_table
from tfnas.pair_votes import pair_agreement
from tfnas.proxies.registry import ensembles
from tfnas.score_table import ScoreTable, lowest_where_missing

if TYPE_CHECKING:
    from tfnas.reporting.numbers import Numbers

VOTE = "vote"
"""The ensemble after Abdelfattah et al. 2021."""


def add_vote(
    numbers: Numbers,
    names: Sequence[str],
    score_paths: Mapping[str, str | Path],
    truth_paths: Mapping[str, str | Path],
) -> None:
    """Add how many pairs of cells the vote decides rightly by test accuracy, where the study has it and its members.

    Keys: ``vote.{dataset}.agreement`` (share of pairs), ``.tau`` (2p - 1), ``.undecided`` (share of pairs).

    Args:
        numbers: the numbers so far.
        names: proxies and ensembles of the study.
        score_paths: ``{dataset: scores/{dataset}.parquet}``.
        truth_paths: ``{dataset: truth/{dataset}.parquet}``.
    """
    members = ensembles()[VOTE].members
    if not {VOTE, *members} <= set(names):
        return
    for dataset, path in truth_paths.items():
        truth = read_table(path, ("arch", "test_accuracy")).dropna(subset="test_accuracy")
        codes = codes_of(truth["arch"], f"'{path}'")
        table = ScoreTable.read(score_paths[dataset])
        scores = np.stack([lowest_where_missing(table.scores(member))[codes] for member in members])
        found = pair_agreement(scores, truth["test_accuracy"].to_numpy(dtype=np.float64))
        numbers.add(f"vote.{dataset}.agreement", found.share, "share")
        numbers.add(f"vote.{dataset}.tau", 2 * found.share - 1, "correlation")
        numbers.add(f"vote.{dataset}.undecided", found.undecided, "share")
