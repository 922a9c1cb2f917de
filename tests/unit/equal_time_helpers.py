"""A made-up summary of groups of searches at equal time."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd

from tfnas.analysis.equal_time import GROUPS, REFERENCE
from tfnas.files import write_table
from tfnas.schemas.comparisons import SCHEMA as COMPARISONS
from tfnas.schemas.equal_time import SCHEMA as EQUAL_TIME


def write_verdict(folder, labels, datasets=("digits",), verdict="better"):
    """Write a comparison of every two searches of which the corrected test says the same, the first over the second."""
    rows = []
    for dataset in datasets:
        for search, other in permutations(labels, 2):
            row = dict.fromkeys(COMPARISONS.names, 0.5) | {"n": 30, "zeros": 0, "scorings": 1}
            row |= {"searched_on": dataset, "dataset": dataset, "search": search, "other": other}
            rows.append(row | {"ci_low": 0.4, "ci_high": 0.6, "p_holm": 0.3 if verdict == "undecided" else 0.001})
    path = folder / "comparisons.csv"
    write_table(path, pd.DataFrame(rows, columns=list(COMPARISONS.names)))
    return path


OF_GROUP = dict(zip(GROUPS, ("naswot", "freerea", "random", "area"), strict=True))


def write_summary(
    folder, moments, dataset="digits", half=0.1, chosen_by="validation", ends=None, priors=(), of_group=OF_GROUP,
    drawn=50.0, unknown=(),
):  # fmt: skip
    """Write the summary of some moments, ``{seconds: {group: mean}}``; every interval reaches ``half`` to both sides.

    A mean of None is a group without an answer: the moment has the random cell, 50 or ``drawn``, in its place. Every
    search that does not end before ends with the last moment, but those whose seconds are ``unknown`` nowhere.
    """
    rows = []
    ends = dict(ends or {})
    ended = ", ".join(ends.values()).split(", ")
    late = [label for label in of_group.values() if label not in (*ended, *unknown)]
    if late and moments:
        last = max(moments)
        ends[last] = ", ".join([*([ends[last]] if last in ends else []), *late])
    for seconds, means in moments.items():
        own = {group: mean for group, mean in means.items() if mean is not None}
        shown = own | ({REFERENCE: drawn} if len(own) < len(means) and drawn is not None else {})
        first = max(own, key=own.get) if own else None
        for group, mean in shown.items():
            others = [value for name, value in shown.items() if name != group]
            rival = None if first is None or not others else max(others) if group == first else shown[first]
            lead = np.nan if rival is None else mean - rival
            row = {"dataset": dataset, "seconds": seconds, "end_of": ends.get(seconds), "group": group}
            row |= {"search": of_group[group] if group in own else "cell", "prior": group in priors}
            row |= {"chosen_by": chosen_by, "mean": mean, "low": mean - half, "high": mean + half, "runs": 30}
            row |= {"searches": 2 if group in own else 0}
            rows.append(row | {"lead": lead, "lead_low": lead - half, "lead_high": lead + half})
    path = folder / "equal-time.csv"
    write_table(path, pd.DataFrame(rows, columns=list(EQUAL_TIME.names)))
    return path
