"""The published vote of proxies: what it counts, beside the ensemble of that name."""

from __future__ import annotations

from types import SimpleNamespace

from tfnas.analysis.votes import COLUMNS
from tfnas.files import read_table
from tfnas.products import Topic
from tfnas.reporting.numbers.base import Numbers

SPEC = Topic(name="vote", needs={"votes": "summaries/votes.csv"}, when=lambda study: study.votes)


def add(numbers: Numbers, inputs: SimpleNamespace, params: SimpleNamespace) -> None:
    """Add how many pairs of cells the vote decides rightly by test accuracy.

    Keys: ``vote.{dataset}.agreement`` (share of pairs), ``.tau`` (2p - 1), ``.undecided`` (share of pairs).
    """
    for row in read_table(inputs.votes, COLUMNS).itertuples():
        numbers.add(f"vote.{row.dataset}.agreement", row.agreement, "share")
        numbers.add(f"vote.{row.dataset}.tau", 2 * row.agreement - 1, "correlation")
        numbers.add(f"vote.{row.dataset}.undecided", row.undecided, "share")
