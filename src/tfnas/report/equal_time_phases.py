"""Groups of searches at equal time: the summary, and the stretches of time with one leader."""

from typing import Any

import pandas as pd

TITLES = {
    "training-free": "Training-free, no prior",
    "training-free-prior": "Training-free, with a prior",
    "trained": "Trained",
    "hybrid": "Hybrid",
}
"""How figure and table call the groups."""


def phases_of(part: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the stretches of time in which the same group leads a dataset and the lead is decided, or is not.

    Args:
        part: rows of the summary of one dataset.

    Returns:
        ``leader``, ``decided`` (whether the interval of the lead to the next group lies above zero), ``from`` and
        ``to`` (seconds: the first moment of this stretch and of the next one, or the last moment of all), in order.
    """
    phases: list[dict[str, Any]] = []
    for seconds, rows in part[part["seconds"] > 0].groupby("seconds"):
        lead = leads_of(rows)
        if lead["leader"] is None:
            continue
        if phases:
            phases[-1]["to"] = seconds
        if not phases or lead != {name: phases[-1][name] for name in lead}:
            phases.append(lead | {"from": seconds, "to": seconds})
    return phases


def leads_of(rows: pd.DataFrame) -> dict[str, Any]:
    """Return which group leads at a moment, and whether its lead is decided; None where no group has an answer."""
    own = rows[rows["searches"] > 0]
    if own.empty:
        return {"leader": None, "decided": False}
    first = own.loc[own["mean"].round(9).idxmax()]
    return {"leader": first["group"], "decided": bool(first["lead_low"] > 0)}
