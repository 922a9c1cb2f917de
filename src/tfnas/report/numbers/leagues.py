"""How often the search chosen out of a league is that of hindsight."""

from tfnas.products import Named, Topic
from tfnas.report.numbers.base import Numbers
from tfnas.schemas.leagues import SCHEMA as LEAGUES

EQUAL = 1e-9
"""Points by which two regrets may differ and still be the same."""

SPEC = Topic(needs={"summary": "summaries/leagues.csv"}, when=lambda study: study.leagues)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add how often the search chosen out of a league is the one that hindsight would have chosen.

    Keys: ``chosen.league.{league}.searches``, ``.right`` (datasets on which no search of the league has less regret),
    and ``.lost``, the largest difference of mean test accuracy to the best search of the league on a dataset, points.
    """
    summary = LEAGUES.read(inputs.summary)
    for league, part in summary.groupby("league", sort=False):
        chosen = part[part["chosen"]].set_index("held_out")["regret"]
        lost = chosen - part.groupby("held_out")["regret"].min()
        before = f"chosen.league.{league}"
        numbers.add_all(before, "count", searches=part["search"].nunique(), right=int((lost < EQUAL).sum()))
        numbers.add(f"{before}.lost", lost.max(), "accuracy")
