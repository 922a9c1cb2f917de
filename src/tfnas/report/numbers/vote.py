"""The published vote of proxies: what it counts, beside the ensemble of that name."""

from tfnas.products import Named, Topic
from tfnas.report.numbers.base import Numbers
from tfnas.schemas.votes import SCHEMA as VOTES

SPEC = Topic(needs={"votes": "summaries/votes.csv"}, when=lambda study: study.votes)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add how many pairs of cells the vote decides rightly by test accuracy.

    Keys: ``vote.{dataset}.agreement`` (share of pairs), ``.tau`` (2p - 1), ``.undecided`` (share of pairs).
    """
    for row in VOTES.read(inputs.votes).itertuples():
        numbers.add(f"vote.{row.dataset}.agreement", row.agreement, "share")
        numbers.add(f"vote.{row.dataset}.tau", 2 * row.agreement - 1, "correlation")
        numbers.add(f"vote.{row.dataset}.undecided", row.undecided, "share")
