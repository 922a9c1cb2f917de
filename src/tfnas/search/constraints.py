"""Limits of cost that a search keeps to: parameters, FLOPs, milliseconds on a device."""

import math
from collections.abc import Mapping
from typing import Any

COUNTED = ("params", "flops")
"""Costs that every ground truth holds; any other cost is the latency on a device of that name."""

UNITS = {"params": "parameters", "flops": "million FLOPs"}
"""Units of the counted costs; latencies are in milliseconds."""

DIGITS = 7
"""Significant digits to which a nearest feasible value is rounded up."""


def cost_unit(cost: str) -> str:
    """Return the unit of a cost in words."""
    return UNITS.get(cost, "ms")


def limits_of(constraint: Mapping[str, Any]) -> dict[str, float]:
    """Return the largest allowed value of each cost that a constraint limits."""
    limits = {cost: constraint[cost]["max"] for cost in COUNTED if cost in constraint}
    if "latency" in constraint:
        limits[constraint["latency"]["device"]] = constraint["latency"]["max"]
    return limits


def limits_of_search(settings: Mapping[str, Any]) -> dict[str, float]:
    """Return the largest wanted value of each cost that a search limits (``constraint``) or aims at (``target``).

    A search that weighs its ``cost`` against a ``target`` may choose a cell above it; of a target and a limit of the
    same cost the smaller counts.
    """
    limits = limits_of(settings.get("constraint", {}))
    if "target" in settings:
        cost = settings["cost"]
        limits[cost] = min(settings["target"], limits.get(cost, math.inf))
    return limits


def constraint_words(constraint: Mapping[str, Any]) -> str:
    """Return a constraint in words, for tables, for example ``flops ≤ 50, raspi4 ≤ 20 ms``."""
    words = [
        f"{cost} \N{LESS-THAN OR EQUAL TO} {limit:.12g}" + ("" if cost in COUNTED else " ms")
        for cost, limit in limits_of(constraint).items()
    ]
    if "operations" in constraint:
        words.append("only " + " ".join(constraint["operations"]))
    return ", ".join(words)


def rounded_up(value: float) -> str:
    """Return a positive number with at most seven significant digits, never below the number itself."""
    scale = 10.0 ** (DIGITS - 1 - math.floor(math.log10(value)))
    number = math.ceil(value * scale)
    text = f"{number / scale:.12g}"
    while float(text) < value:  # the product was rounded down
        number += 1
        text = f"{number / scale:.12g}"
    return text
