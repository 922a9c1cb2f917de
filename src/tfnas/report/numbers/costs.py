"""When training passes scoring, and what was priced by whom."""

import math

import numpy as np

from tfnas.analysis.search_costs import PRICINGS
from tfnas.products import Named, Topic
from tfnas.report.names import search_titles
from tfnas.report.numbers.base import Numbers
from tfnas.schemas.curves import SCHEMA as CURVES
from tfnas.schemas.search_costs import SCHEMA as PRICES

SPEC = Topic(
    needs={"curves": "summaries/curves.csv", "prices": "summaries/search-costs.csv"},
    params=("searches", "datasets"),
    after=("best",),
)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add when the best search that trains passes the best training-free one, and what was priced by whom.

    Keys: ``anytime.{dataset}.passed`` (seconds from which on the mean of the best search that trains stays above that
    of the best training-free one at its end; no value if it never does), ``.end`` (seconds of the latter), ``.title``
    and ``.other`` (names of the two); ``price.{pricing}.machine`` (names), ``price.same_machine`` (whether the score
    table and the machine of this study have one name), ``price.scored`` (whether any search reads scores),
    ``price.paper`` (whether a published rate is shown), ``price.{dataset}.ratio`` (the median over searches that score,
    of this machine's seconds of scoring to those of the table).
    """
    curves = CURVES.read(inputs.curves)
    for dataset in params.datasets:
        free, trained = (f"best.{dataset}.{group}.label" for group in ("training-free", "non-weight-sharing"))
        if free not in numbers.entries or trained not in numbers.entries:
            continue
        one, other = (
            curves[(curves["dataset"] == dataset) & (curves["search"] == numbers.value(key))] for key in (trained, free)
        )
        if one.empty or other.empty:
            continue
        below = np.flatnonzero(one["mean"].to_numpy() <= other["mean"].iloc[-1])
        place = below[-1] + 1 if below.size else 0
        passed = float(one["seconds"].iloc[place]) if place < len(one) else math.nan
        titles = search_titles(params.searches)
        numbers.add_all(f"anytime.{dataset}", "seconds", passed=passed, end=other["seconds"].iloc[-1])
        numbers.title(f"anytime.{dataset}.title", titles[numbers.value(trained)])
        numbers.title(f"anytime.{dataset}.other", titles[numbers.value(free)])
    prices = PRICES.read(inputs.prices)
    scored = prices[prices["scored_cells"] > 0]
    for pricing in PRICINGS:
        machines = dict.fromkeys(scored["machine"][scored["pricing"] == pricing].dropna())
        numbers.add(f"price.{pricing}.machine", ", ".join(filter(None, machines)), "text")
    one, other = (numbers.value(f"price.{pricing}.machine") for pricing in ("table", "machine"))
    numbers.add("price.same_machine", bool(one) and one == other, "text")
    numbers.add("price.scored", not scored.empty, "text")
    known = scored[(scored["pricing"] == "paper") & np.isfinite(scored["scoring_seconds"])]
    numbers.add("price.paper", not known.empty, "text")
    seconds = scored.pivot_table("scoring_seconds", ["search", "dataset"], "pricing", dropna=False)
    for dataset in params.datasets:
        ratio = math.nan
        if dataset in seconds.index.get_level_values("dataset"):
            part = seconds.xs(dataset, level="dataset")
            ratio = float((part["machine"] / part["table"]).median())
        numbers.add(f"price.{dataset}.ratio", ratio, "ratio")
