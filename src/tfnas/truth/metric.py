"""What the results in a ground truth are: metric, unit, direction and range; and which of its two splits is reported.

A ground truth holds the results of trained architectures on validation images, on test images, or on both. The columns
keep the names ``valid_accuracy`` and ``test_accuracy``, whatever the metric is. Unless something else is declared it is
an accuracy in percent, larger is better.

*Direction.* In the one table of ground truth larger is always better. A metric that is better when smaller (a loss) is
written with its sign turned and is called ``negative loss``, so that a reader who sees the name also knows the value.

*Split.* The report gives results on test images, and where a ground truth has none, those on validation images.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tfnas.errors import TruthError
from tfnas.files import facts_path, read_facts
from tfnas.letters import check_letters

if TYPE_CHECKING:
    import pandas as pd

VALID, TEST = "valid_accuracy", "test_accuracy"

SPLITS = {VALID: "validation", TEST: "test"}
"""What the two are called."""

KEYS = ("name", "unit", "direction", "range")


@dataclass(frozen=True)
class Metric:
    """A metric of trained architectures.

    Args:
        name: as the report prints it, for example ``SSIM``.
        unit: ``%``, another unit, or nothing.
        direction: 1 where larger is better, -1 where smaller is.
        low: the lowest value there can be, minus infinity where there is none.
        high: the highest value there can be, infinity where there is none.
    """

    name: str = "accuracy"
    unit: str = "%"
    direction: int = 1
    low: float = 0.0
    high: float = 100.0

    @classmethod
    def of(cls, facts: Mapping[str, Any] | None, place: str) -> Self:
        """Return the metric that facts declare; an accuracy in percent where they declare none.

        Args:
            facts: ``name``, ``unit``, ``direction`` and ``range`` (lowest and highest value, None where there is no
                such bound), as the study file or the JSON beside a table says them; None where nothing is said.
            place: what to call them in a message.

        Raises:
            TruthError: a key is missing or unknown, or a value is of another kind.
        """
        if facts is None:
            return cls()
        if not isinstance(facts, Mapping) or set(facts) != set(KEYS):
            raise TruthError(f"{place} must have {', '.join(KEYS)} and nothing else: mend it.")
        name, unit, direction, bounds = (facts[key] for key in KEYS)
        if not isinstance(name, str) or not name.strip() or not isinstance(unit, str):
            raise TruthError(f"{place} needs a text as name and as unit (which may be empty): mend it.")
        check_letters([name, unit], place, TruthError)
        if isinstance(direction, bool) or direction not in (1, -1):
            raise TruthError(f"{place} has direction {direction!r}: use 1 if larger is better, -1 if smaller is.")
        if not isinstance(bounds, list | tuple) or len(bounds) != 2 or not all(map(_is_bound, bounds)):
            raise TruthError(f"{place} has range {bounds!r}: give the lowest and the highest value, null for none.")
        low, high = (end if bound is None else float(bound) for bound, end in zip(bounds, _ENDS, strict=True))
        if not low < high:
            raise TruthError(f"{place} has range {bounds!r}: the first number must be smaller than the second.")
        return cls(name, unit, int(direction), low, high)

    @property
    def facts(self) -> dict[str, Any]:
        """What :meth:`of` reads, for a JSON."""
        bounds = [bound if math.isfinite(bound) else None for bound in (self.low, self.high)]
        return {"name": self.name, "unit": self.unit, "direction": self.direction, "range": bounds}

    @property
    def is_percent(self) -> bool:
        """Whether values are percentages."""
        return self.unit == "%"

    @property
    def kept(self) -> Metric:
        """The metric of the values as the table of ground truth keeps them, larger is better."""
        if self.direction > 0:
            return self
        return Metric(f"negative {self.name}", self.unit, 1, -self.high, -self.low)

    def say(self, value: float) -> str:
        """Return a value with its unit for a message: percentages with two decimals, others with four digits."""
        return f"{value:.2f} %" if self.is_percent else f"{value:.4g} {self.unit}".rstrip()

    def meaning(self, column: str) -> str:
        """Return what a column of accuracies holds, in words."""
        split = SPLITS.get(column, SPLITS[VALID])
        when = "the early stop" if column not in (VALID, TEST) else "full training"
        unit = "percent" if self.is_percent else self.unit
        turned = ", kept with its sign turned" if self.direction < 0 else ""
        return f"{split} {self.name} after {when}{f', {unit}' if unit else ''}{turned}"

    @property
    def range_words(self) -> str:
        """What a value must be, for a message."""
        if self.is_percent and (self.low, self.high) == (0, 100):
            return "a percentage from 0 to 100"
        ends = [f"{end:g}" if math.isfinite(end) else "" for end in (self.low, self.high)]
        if all(ends):
            return f"a value of {self.name} from {ends[0]} to {ends[1]}"
        words = f" of {ends[0]} or more" if ends[0] else f" of {ends[1]} or less" if ends[1] else ""
        return f"a finite value of {self.name}{words}"


PERCENT = Metric()
"""What a ground truth holds unless it says something else: an accuracy in percent."""

_ENDS = (-math.inf, math.inf)


def _is_bound(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value))


def metric_at(truth_path: str | Path) -> Metric:
    """Return the metric of a ground truth, as the JSON beside it says; an accuracy where it says none or is absent."""
    facts = read_facts(truth_path) if facts_path(truth_path).exists() else {}
    return Metric.of(facts.get("metric"), f"'metric' in the facts of '{truth_path}'")


def reported(table: pd.DataFrame) -> str:
    """Return which column a report gives: that of the test images, or of the validation images where it holds nothing.

    Args:
        table: ground truth, runs or anytime curves, with both columns.
    """
    return reported_name([name for name in SPLITS if name in table.columns and table[name].notna().any()])


def reported_name(names: Collection[str]) -> str:
    """Return the same out of the names of the columns that there are, for example those in a summary."""
    return VALID if VALID in names and TEST not in names else TEST
