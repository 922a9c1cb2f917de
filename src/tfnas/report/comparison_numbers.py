"""Numbers on searches against each other, for the prose: every key is listed in :mod:`tfnas.report.numbers.base`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfnas.report.comparison_tables import Pair
from tfnas.report.wording import image_words

if TYPE_CHECKING:
    from tfnas.report.numbers.base import Numbers


def add_difference(numbers: Numbers, dataset: str, before: str, name: str, pair: Pair) -> None:
    """Add a difference of two searches, its interval, verdict, wins, corrected p and size, and words (``aside``)."""
    numbers.add(f"{before}.{name}", pair.difference, "accuracy")
    numbers.add(f"{before}.low", pair.low, "accuracy")
    numbers.add(f"{before}.high", pair.high, "accuracy")
    numbers.add(f"{before}.verdict", pair.verdict, "text")
    numbers.add(f"{before}.wins", pair.probability, "share")
    numbers.add(f"{before}.p", pair.p_holm, "p")
    numbers.add(f"{before}.size", abs(pair.difference), "accuracy")
    images, left_open = (numbers.value(f"truth.{dataset}.{key}") for key in ("test_images", "half_width"))
    numbers.add(f"{before}.aside", image_words(pair.difference, images, left_open), "text")
