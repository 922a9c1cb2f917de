"""How messages name a place in the study file, a likely name, and what YAML made of something else."""

import datetime
import difflib
from collections.abc import Sequence
from typing import Any

Place = tuple[str | int, ...]


def place_of(path: Sequence[str | int]) -> str:
    """Return where something stands in the study file, for example ``search.use.area.sample``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def similar(name: str, known: Sequence[str]) -> str:
    """Return the question whether the most similar of the known names was meant, empty where none is similar."""
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.7)
    return f" (did you mean '{close[0]}'?)" if close else ""


def read_as(value: Any, written: str = "") -> str:
    """Return in words what YAML made of something that was meant as text, and how it was written where that differs."""
    if value is None:
        return "empty, ~ or null, which YAML reads as nothing"
    if isinstance(value, bool):
        return f"{'yes, on or true' if value else 'no, off or false'}, which YAML reads as {str(value).lower()}"
    if isinstance(value, int | float):
        as_number = f"the number {value}" if written not in ("", str(value)) else "a number"
        return f"{written or value}, which YAML reads as {as_number}"
    if isinstance(value, datetime.date):
        return f"{value}, which YAML reads as a date"
    return f"{value!r}, which YAML does not read as text"


def quoted(value: Any, written: str = "") -> str:
    """Return the advice how to write as text what YAML read as something else."""
    if value is None:
        return "write a name"
    if isinstance(value, bool):
        written = written or ("yes" if value else "no")
    return f'quote it, for example "{written or value}"'


def quote_advice(value: Any) -> str:
    """Return the advice to quote a value that YAML read as something else than text, empty for any other value."""
    if isinstance(value, bool | int | float | datetime.date):
        return f"; {quoted(value)}"
    return ""
