"""What the report may call a number: pure functions from values to words, so that no template decides it.

A coefficient is judged as it is printed, rounded to three decimals: the words never disagree with the number beside
them. Everything returned is plain text.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from tfnas.truth.metric import SPLITS, Metric

STRENGTHS = ((0.7, "strong"), (0.4, "moderate"), (0.1, "weak"))
"""From which magnitude on a rank correlation is called so; what is smaller is next to none."""

LIKE = 0.05
"""Two coefficients whose magnitudes differ by no more than this are called alike."""

SAME_TIME = 1.1
"""Two times whose ratio is below this are called alike."""

MOST_NAMES = 6
"""Names that a sentence lists; of more it says how many there are."""

_COUNTS = "no one two three four five six seven eight nine ten eleven twelve".split()

VERDICTS = ("better", "worse", "undecided")
"""What a comparison of two searches may say (:attr:`tfnas.report.comparison_tables.Pair.verdict`)."""


def reported_words(column: str, metrics: Mapping[str, Metric]) -> dict[str, Any]:
    """Return what a report calls the results of a study: one place for split, metric and unit.

    Args:
        column: ``test_accuracy`` or ``valid_accuracy``, whichever is reported.
        metrics: of each dataset, as given.

    Returns:
        ``split`` (``test``); ``name`` of the metric, ``metric`` where datasets have several. ``words`` (``test
        accuracy``) and ``many`` (``test accuracies``). ``unit`` that all have, empty where they have none in common.
        ``label`` of an axis (``test accuracy (%)``), and likewise ``metric`` without the split and ``early`` at the
        early stop. ``points``, what differences are counted in; ``decimals``. ``percent``, whether all are percentages;
        ``plain``, whether they are accuracies, too. ``turned``, metrics that are better when smaller, so that they are
        printed with their sign turned. ``datasets``, label of the metric of each dataset.
    """
    names = list(dict.fromkeys(metric.kept.name for metric in metrics.values()))
    units = {metric.unit for metric in metrics.values()}
    name, unit = names[0] if len(names) == 1 else "metric", units.pop() if len(units) == 1 else ""
    split = SPLITS[column]
    many = {"accuracy": "accuracies", "metric": "metrics"}.get(name, f"values of {name}")
    percent = all(metric.is_percent for metric in metrics.values())
    return {
        "split": split,
        "name": name,
        "words": f"{split} {name}",
        "many": f"{split} {many}",
        "unit": unit,
        "label": _labelled(f"{split} {name}", unit),
        "metric": _labelled(name, unit),
        "early": _labelled(f"valid. {name}, early stop", unit),
        "points": "points" if percent else f"units of {name}" if len(names) == 1 else "units of the metric",
        "decimals": 2 if percent else 4,
        "percent": percent,
        "turned": list(dict.fromkeys(metric.name for metric in metrics.values() if metric.direction < 0)),
        "plain": names == ["accuracy"] and percent,
        "datasets": {dataset: _labelled(metric.kept.name, metric.unit) for dataset, metric in metrics.items()},
    }


def _labelled(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def count_words(count: int) -> str:
    """Return a count in words up to twelve, in figures beyond."""
    return _COUNTS[count] if 0 <= count < len(_COUNTS) else f"{count:,}".replace(",", "\N{THIN SPACE}")


def agree(count: int, one: str, many: str) -> str:
    """Return the form of a word that follows a count: ``no cell is``, ``one cell is``, ``two cells are``."""
    return one if count in (0, 1) else many


def counted(count: int, one: str, many: str) -> str:
    """Return a count with its noun: ``no cell``, ``one cell``, ``two cells``."""
    return f"{count_words(count)} {agree(count, one, many)}"


def listed(names: Sequence[str]) -> str:
    """Return names joined for a sentence: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def named(names: Sequence[str]) -> str:
    """Return names joined for a sentence, how many there are where these are more than :data:`MOST_NAMES`."""
    return listed(names) if len(names) <= MOST_NAMES else count_words(len(names))


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def strength(coefficient: float | None) -> str:
    """Return how a rank correlation is called by its magnitude: ``strong``, ``moderate``, ``weak``, ``none``.

    ``unknown`` where there is no coefficient.
    """
    if not _known(coefficient):
        return "unknown"
    return next((name for border, name in STRENGTHS if abs(round(coefficient, 3)) >= border), "none")


def inverted(coefficient: float | None) -> bool:
    """Return whether a proxy with this coefficient orders the wrong way round: negative, and not next to none."""
    return _known(coefficient) and strength(coefficient) != "none" and coefficient < 0


def correlation_words(coefficient: float | None) -> str:
    """Return a coefficient as a phrase: ``a weak rank correlation``, ``a weak but inverted rank correlation``."""
    size = strength(coefficient)
    if size in ("none", "unknown"):
        return {"none": "next to no rank correlation", "unknown": "no defined rank correlation"}[size]
    return f"a {size} but inverted rank correlation" if inverted(coefficient) else f"a {size} rank correlation"


def part_words(part: float | None, whole: float | None) -> str:
    """Return how the order within a part of the cells stands to the order over all, by size and by sign.

    Args:
        part: coefficient within the part, for example among the best tenth.
        whole: coefficient over all cells.
    """
    if not _known(part) or not _known(whole):
        return "which cannot be held against the order over all cells"
    if strength(part) == strength(whole) == "none":
        return "next to nothing, as over all cells"
    if strength(part) == "none":
        return "next to nothing of the order over all cells is left"
    if strength(whole) == "none":
        return f"more than over all cells, where there is next to none{', and the wrong way round' if part < 0 else ''}"
    if (part > 0) != (whole > 0):
        return "turned round against the order over all cells"
    round_too = ", and the wrong way round, too" if part < 0 else ""
    change = round(abs(part) - abs(whole), 3)
    if abs(change) <= LIKE:
        return f"about as much as over all cells{round_too}"
    return f"{'more' if change > 0 else 'less'} than over all cells{round_too}"


def interval_sign(low: float | None, high: float | None) -> str:
    """Return on which side of zero an interval lies: ``above``, ``below``, ``around`` or ``unknown``."""
    if not _known(low) or not _known(high):
        return "unknown"
    return "above" if low > 0 else "below" if high < 0 else "around"


def time_words(ratio: float | None) -> str:
    """Return whether the first of two times is ``longer``, ``shorter`` or ``alike``, from their ratio; ``unknown``."""
    if not _known(ratio) or ratio <= 0:
        return "unknown"
    return "longer" if ratio >= SAME_TIME else "shorter" if ratio <= 1 / SAME_TIME else "alike"


def verdict_words(found: Mapping[str, Sequence[str]], other: str) -> str:
    """Return which searches are better than another, which worse, and which are not told from it, as one clause.

    Every search is in exactly one list, so that the clause says nothing of more searches than it names or counts.

    Args:
        found: names by :data:`VERDICTS`; lists may be empty, but not all of them.
        other: how the sentence calls what they are compared with.
    """
    parts = []
    for verdict in ("better", "worse"):
        if names := found.get(verdict):
            parts.append(f"{named(names)} {agree(len(names), 'is', 'are')} {verdict} than {other}")
    if names := found.get("undecided"):
        parts.append(f"{named(names)} {agree(len(names), 'is', 'are')} not told from {other}")
    return "; ".join(parts)


def image_words(difference: float | None, images: int | None, half_width: float | None) -> str:
    """Return what a number of test images says of a difference of accuracies, empty where it is larger than both.

    One image is 100 / images points of the accuracy of one cell. A mean over runs or training seeds may move by less,
    but no other test images would have to repeat it.

    Args:
        difference: percentage points.
        images: number of test images, None where it is not known.
        half_width: points by which so many images leave an accuracy open.
    """
    if not _known(difference) or images is None or difference == 0:
        return ""
    if abs(difference) < 100 / images:
        return ", less than one test image"
    if _known(half_width) and abs(difference) < half_width:
        return ", within what the test images leave open"
    return ""
