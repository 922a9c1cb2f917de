"""Groups of searches at equal time."""

from typing import Any

import pandas as pd

from tfnas.analysis.equal_time import GROUPS, REFERENCE
from tfnas.products import Named, Topic
from tfnas.report.comparison_tables import Pairs
from tfnas.report.equal_time_phases import phases_of
from tfnas.report.names import equal_time_groups, search_titles
from tfnas.report.numbers.base import Numbers
from tfnas.report.wording import MOST_NAMES, counted, interval_sign, listed
from tfnas.schemas.equal_time import SCHEMA as EQUAL_TIME

MOST_TOLD = 6
"""Stretches of time with a decided lead that prose lists; of more it gives the number of changes."""

SPEC = Topic(
    needs={"table": "summaries/equal-time.csv", "comparisons": "summaries/comparisons.csv"},
    params=("searches", "datasets"),
    when=lambda study: study.equal_time_groups,
)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add what groups of searches have found at equal time.

    Keys begin with ``equal.{dataset}``. Moments are ``early``, at which the training-free search ends that is best at
    the end (one without a prior, or one with where there is no other), and ``late``, the end of all searches. Of each:
    ``.{moment}.seconds``; ``.leader`` and ``.second`` (groups) and ``.rival``, the group that the first sentence sets
    beside the leader: that of the training-free search, or the second where that leads; of each group with an answer
    ``.{group}.reported``, ``.low``, ``.high``, ``.title``, ``.prior``, ``.searches``, ``.behind`` (points to leader)
    and ``.told`` (whether the interval of that difference lies on one side of zero; of the leader: of its lead to the
    second; at the end of all searches the corrected test of the same two, too, as wherever one search is called
    better) and ``.same`` (whether there is no difference in any run); ``.kinds``, the groups of the study whose time is
    known; and where a group alone has an answer ``.random.reported`` and ``.random.side``: the random cell, and whether
    the interval of the difference of that group to it lies above, below or around zero. ``.unknown`` names the searches
    whose seconds nobody knows, ``.unknown_count`` counts them. ``.phases`` counts stretches of time with one leader
    (:func:`phases_of`), each with ``.phase.{number}.leader``, ``.decided``, ``.from`` and ``.to``, and ``.changes`` the
    borders between them; ``.few`` says whether at most :data:`MOST_TOLD` of them are decided. ``.chosen_by`` says by
    which accuracy the best was chosen.
    """
    pairs = Pairs(inputs.comparisons)
    table = EQUAL_TIME.read(inputs.table)
    titles = search_titles(params.searches)
    for dataset in params.datasets:
        part = table[table["dataset"] == dataset]
        if part.empty:
            continue
        before = f"equal.{dataset}"
        numbers.add(f"{before}.chosen_by", part["chosen_by"].iloc[0], "text")
        _add_unknown(numbers, before, part, params.searches, titles)
        end = part[part["seconds"] == part["seconds"].max()]
        last = end.set_index("group")
        base = next((group for group in GROUPS[:2] if group in last.index), None)
        if base is not None:
            early = _end_of(part, last.loc[base, "search"])
            at_end = early["seconds"].iloc[0] == end["seconds"].iloc[0]
            _add_moment(numbers, f"{before}.early", early, titles, base, (dataset, pairs) if at_end else None)
            numbers.add(f"{before}.early.kinds", len(last), "count")
        _add_moment(numbers, f"{before}.late", end, titles, base, (dataset, pairs))
        numbers.add(f"{before}.late.kinds", len(last), "count")
        phases = phases_of(part)
        numbers.add_all(before, "count", phases=len(phases), changes=max(len(phases) - 1, 0))
        numbers.add(f"{before}.few", sum(phase["decided"] for phase in phases) <= MOST_TOLD, "text")
        for number, phase in enumerate(phases):
            for name, value in phase.items():
                kind = "text" if name in ("leader", "decided") else "seconds"
                numbers.add(f"{before}.phase.{number}.{name}", value, kind)


def _add_unknown(
    numbers: Numbers, before: str, part: pd.DataFrame, searches: dict[str, dict[str, Any]], titles: dict[str, str]
) -> None:
    """Add which searches are not compared because nobody knows their seconds: those that end at no moment."""
    ended = {name for names in part["end_of"].dropna() for name in str(names).split(", ")}
    unknown = [titles[label] for label in equal_time_groups(searches) if label not in ended]
    words = listed(unknown) if 0 < len(unknown) <= MOST_NAMES else counted(len(unknown), "search", "searches")
    numbers.title(f"{before}.unknown", words)
    numbers.add(f"{before}.unknown_count", len(unknown), "count")


def _end_of(part: pd.DataFrame, search: str) -> pd.DataFrame:
    """Return the rows of the moment at which a search ends."""
    ends = [search in str(names).split(", ") for names in part["end_of"]]
    return part[part["seconds"] == part.loc[ends, "seconds"].iloc[0]]


def _add_moment(
    numbers: Numbers,
    before: str,
    rows: pd.DataFrame,
    titles: dict[str, str],
    base: str | None,
    tested: tuple[str, Pairs] | None,
) -> None:
    """Add one moment: its seconds, the answer of each group, and who leads; where all have ended, by the test, too."""
    numbers.add(f"{before}.seconds", float(rows["seconds"].iloc[0]), "seconds")
    own = rows[rows["searches"] > 0].set_index("group")
    order = own["mean"].round(9).sort_values(ascending=False, kind="stable").index.tolist()
    leader, second = order[0], (order[1] if len(order) > 1 else None)
    rival = base if base in order and base != leader else second
    numbers.add_all(before, "text", leader=leader, second=second or "", rival=rival or "")
    for group, entry in own.iterrows():
        here = f"{before}.{group}"
        numbers.add_all(here, "accuracy", reported=entry["mean"], low=entry["low"], high=entry["high"])
        numbers.title(f"{here}.title", titles[entry["search"]])
        numbers.add(f"{here}.prior", bool(entry["prior"]), "text")
        numbers.add(f"{here}.searches", int(entry["searches"]), "count")
        numbers.add(f"{here}.behind", abs(entry["lead"]), "accuracy")
        told = entry["lead_low"] > 0 or entry["lead_high"] < 0
        rival_group = second if group == leader else leader
        if told and tested and rival_group is not None:
            dataset, pairs = tested
            told = pairs.between(dataset, entry["search"], own.loc[rival_group, "search"]).verdict != "undecided"
        same = entry["lead"] == entry["lead_low"] == entry["lead_high"] == 0
        numbers.add_all(here, "text", told=bool(told), same=bool(same))
    drawn = rows[rows["group"] == REFERENCE]
    if second is None and not drawn.empty:
        numbers.add(f"{before}.random.reported", drawn["mean"].iloc[0], "accuracy")
        numbers.add(f"{before}.random.side", interval_sign(*own.loc[leader, ["lead_low", "lead_high"]]), "text")
