"""How numbers are printed: one rule per kind of quantity, used by tables, figures and prose alike.

==============  =====================================================================  ==================
kind            rule                                                                   example
==============  =====================================================================  ==================
``accuracy``    percent or percentage points, two decimals; four of another metric     94.37
``correlation`` three decimals                                                         0.793
``seconds``     three significant digits, whole numbers from 100 on                    3.05, 30.0, 12 000
``share``       a fraction printed in percent, one decimal, no percent sign            41.4
``ratio``       two significant digits below 10, whole numbers above                   3.2, 1540
``count``       whole number                                                           15 625
``rank``        a rank or a mean of ranks, one decimal                                 3.5
``p``           a p-value, three decimals, or that it is below the smallest of them    0.012, <0.001
``value``       any other measured value, four significant digits                      0.0035
``text``        a name, escaped for TeX                                                NASWOT
==============  =====================================================================  ==================

Numbers of five digits and more are grouped in thousands.
"""

import math
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tfnas.errors import ReportError
from tfnas.letters import TEX, check_letters

MISSING = "--"
"""What stands for a value that does not exist (NaN or None)."""

DECIMALS = {"correlation": 3, "p": 3, "share": 1, "rank": 1}
"""Decimals of the kinds that have a fixed number of them."""

_accuracy_decimals: ContextVar[int] = ContextVar("decimals of accuracies", default=2)

SIGNIFICANT = {"seconds": (3, 99.95), "ratio": (2, 9.95), "value": (4, 9999.5)}
"""Significant digits of other kinds, and the magnitude from which on they are printed as whole numbers."""


@contextmanager
def printing(decimals: int) -> Iterator[None]:
    """Print accuracies with so many decimals until the end of the block, as the metric of a study asks for."""
    token = _accuracy_decimals.set(decimals)
    try:
        yield
    finally:
        _accuracy_decimals.reset(token)


def accuracy_decimals() -> int:
    """Return the decimals that accuracies are printed with: 2 of percentages, 4 within :func:`printing` of others."""
    return _accuracy_decimals.get()


def escape(text: Any) -> str:
    r"""Return ``text`` with every character that TeX would interpret made literal.

    Example:
        >>> print(escape("50 % of a_b & c#1"))
        50 \% of a\_b \& c\#1

    Raises:
        ReportError: it holds a letter that the report cannot print.
    """
    text = unicodedata.normalize("NFC", str(text))
    check_letters(text, f"The text '{text[:60]}'", ReportError)
    return "".join(TEX.get(character, character) for character in text)


def plain(value: Any, kind: str) -> str:
    """Return a number by the rule of its kind as plain text (for figures), :data:`MISSING` where there is none.

    Raises:
        ReportError: the kind does not exist.
    """
    if kind == "text":
        return str(value)
    if value is None or not math.isfinite(value):
        return MISSING
    if kind == "p" and value < 0.001:
        return "<0.001"
    decimals = accuracy_decimals() if kind == "accuracy" else DECIMALS.get(kind)
    if decimals is not None:
        shown = f"{100 * value if kind == 'share' else value:.{decimals}f}"
    elif kind == "count":
        shown = f"{round(value):,}"
    elif kind in SIGNIFICANT:
        digits, whole_from = SIGNIFICANT[kind]
        shown = f"{value:,.0f}" if abs(value) >= whole_from else _significant(value, digits)
    else:
        raise ReportError(f"'{kind}' is no kind of quantity: use one of those listed in tfnas.report.rounding.")
    bare = shown.replace(",", "")
    if abs(float(bare)) < 10_000:
        shown = bare.removeprefix("-") if float(bare) == 0 else bare
    return shown.replace(",", "\N{THIN SPACE}").replace("-", "\N{MINUS SIGN}")


def _significant(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    return f"{value:.{max(0, digits - 1 - magnitude)}f}"


def show(value: Any, kind: str) -> str:
    r"""Return a number by the rule of its kind as TeX (or, for kind ``text``, the escaped text).

    Example:
        >>> print(show(-0.06, "correlation"), show(15625, "count"), show(float("nan"), "seconds"))
        $-0.060$ 15\,625 --
    """
    if kind == "text":
        return escape(value)
    shown = plain(value, kind).replace("\N{THIN SPACE}", r"\,")
    if shown.startswith("<"):
        return rf"\textless {shown[1:]}"
    return f"$-{shown[1:]}$" if shown.startswith("\N{MINUS SIGN}") else shown


def show_mean(mean: float, deviation: float | None, bold: bool = False) -> str:
    """Return ``mean`` with its standard deviation in TeX, the mean in bold where asked; both printed as accuracies."""
    if mean is None or not math.isfinite(mean):
        return MISSING
    text = show(mean, "accuracy")
    text = rf"\textbf{{{text}}}" if bold else text
    if deviation is None or not math.isfinite(deviation):
        return text
    return rf"{text}\,\textpm\,{show(deviation, 'accuracy')}"


def bold(text: str) -> str:
    """Return text in bold, the minus signs of printed numbers, too (the fonts have no bold mathematics)."""
    plain_minus = re.sub(r"\$-([^$]*)\$", r"\\textminus \1", text)
    return rf"\textbf{{{plain_minus}}}"
