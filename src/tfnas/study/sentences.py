"""What pydantic found wrong in a study file, as the one sentence that the terminal shows."""

import re
import typing
from typing import Any

from pydantic import ValidationError

from tfnas.errors import ConfigError, UnknownNameError
from tfnas.study.models.types import LABEL
from tfnas.study.rules import FILE, KINDS, Rule
from tfnas.study.words import Place, place_of, quote_advice, similar

WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "a text",
    "array": "a list",
    "object": "a section",
    "null": "nothing (null)",
}
"""Kinds of values in words."""

LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"),
    "less_than": ("less than", "lt"),
}

RENAMED = {"search.spaces": "search.subspaces"}
"""Keys of earlier versions and what they are called now."""


def sentence_of(error: ValidationError, study: dict[str, Any]) -> ConfigError:
    """Return one sentence for the first thing that is wrong, mistyped keys first.

    Args:
        error: what pydantic found.
        study: what it was given.
    """
    found = error.errors(include_url=False)
    first = min(found, key=lambda entry: entry["type"] != "extra_forbidden")
    path, rule, value = _found_at(first["loc"], study)
    place = place_of(path)
    here = f"'{place}'" if place else "the study file"
    if first["type"] == "extra_forbidden":
        return _unknown_key(first["loc"][-1], rule, value, place, here)
    if first["type"] == "missing":
        beside = [entry["loc"] for entry in found if entry["type"] == "missing"]
        missing = [location[-1] for location in beside if location[:-1] == first["loc"][:-1]]
        return ConfigError(f"The key {', '.join(map(str, missing))} is missing in {here}: add it.")
    return _wrong_value(first, rule, here)


def _found_at(location: Place, study: Any) -> tuple[Place, Rule, Any]:
    """Return where an error stands, the rule there, and what stands there.

    An unknown or missing key, and a name that may not be one, stand in the mapping around them. After a place that
    allows two types pydantic names the one that it tried.
    """
    rule, value, tried = FILE, study, False
    path: tuple[str | int, ...] = ()
    for part in location:
        if tried:
            tried = False
            continue
        inner = rule.entry(part, value)
        if part == "[key]" or (isinstance(value, dict) and (part not in value or inner == Rule())):
            break
        rule, value, path = inner, value[part], (*path, part)
        tried = len(set(rule.kinds) - {"null"}) > 1
    return (path[:-1], rule, value) if location[-1] == "[key]" else (path, rule, value)


def _unknown_key(name: Any, rule: Rule, value: Any, place: str, here: str) -> ConfigError:
    whole = f"{place}.{name}" if place else str(name)
    if whole in RENAMED:
        return ConfigError(f"'{whole}' is called {RENAMED[whole]} now: rename the key.")
    known = list(rule.fields(value))
    return ConfigError(f"Unknown key '{name}' in {here}{similar(name, known)}: it may hold {', '.join(known)}.")


def _wrong_value(error: Any, rule: Rule, here: str) -> ConfigError:
    """Return the sentence about a value, or about a name, that is not allowed."""
    kind, value, details = error["type"], error["input"], error.get("ctx", {})
    note = f" ({rule.description})" if rule.description else ""
    if kind == "unknown_name" and details["kind"]:
        return UnknownNameError(details["kind"], str(value), sorted(details["known"]), here)
    if kind.endswith("_type") or (kind == "literal_error" and KINDS.get(type(value)) not in rule.kinds):
        wanted = " or ".join(WORDS[allowed] for allowed in rule.kinds)
        shown = "empty (null)" if value is None else str(value) if quote_advice(value) else repr(value)
        note += quote_advice(value) if "string" in rule.kinds else ""
        return ConfigError(f"{here} is {shown} where {wanted} is needed{note}.")
    if kind in ("literal_error", "unknown_name"):
        known = [str(name) for name in details.get("known") or typing.get_args(rule.options()[0])]
        return ConfigError(f"'{value}' in {here} is not allowed{similar(value, known)}: use one of {', '.join(known)}.")
    if kind == "string_pattern_mismatch":
        return ConfigError(_name_sentence(value, here, details["pattern"]))
    if kind == "string_too_long":
        most = details["max_length"]
        return ConfigError(f"The name '{value[:20]}...' in {here} has {len(value)} characters: use at most {most}.")
    if kind == "too_short" and not value:
        return ConfigError(f"{here} holds nothing: add an entry{note}.")
    if kind in ("too_short", "too_long"):
        words, bound = ("at least", "min_length") if kind == "too_short" else ("at most", "max_length")
        return ConfigError(f"{here} must hold {words} {details[bound]} entries, not {len(value)}{note}.")
    if kind in LIMITS:
        words, bound = LIMITS[kind]
        return ConfigError(f"{here} is {value}: it must be {words} {details[bound]:g}{note}.")
    return ConfigError(f"{here} is wrong: {error['msg']}{note}.")


def _name_sentence(name: str, here: str, pattern: str) -> str:
    """Return what a name of letters that names may not hold is told, and what to write in its place."""
    letters = "lower-case letters" if pattern == LABEL else "letters"
    better = re.sub(r"[^A-Za-z0-9]+", "-", name.lower() if pattern == LABEL else name).strip("-")
    advice = f"write '{better}'" if better else "choose another"
    return f"The name {name!r} in {here} may hold {letters}, digits and hyphens only: {advice}."
