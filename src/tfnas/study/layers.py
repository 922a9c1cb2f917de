"""Several study files as one, and values as they were meant: numbers that are text, and keys that are taken away.

Snakemake reads the files after ``--configfile`` and lays them one over the other: mappings are merged key by key, all
else is replaced. ``--config`` gives it text for every number. What is made of that is said here, before the models are
asked.
"""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tfnas.errors import ConfigError
from tfnas.study.reading import LARGEST
from tfnas.study.rules import FILE, Rule
from tfnas.study.words import Place, place_of, similar

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

_TRUTHS = {"true": True, "True": True, "false": False, "False": False}
"""How ``--config`` may write what YAML reads as true and false."""

_NOTHING = ("null", "~", "")
"""How ``--config`` may write what YAML reads as nothing."""


def as_meant(value: Any, rule: Rule = FILE) -> Any:
    """Return a copy of ``value`` with text that is a number, true, false or null where the models want that.

    YAML reads ``5e-4`` and ``1e3`` as text, since its numbers with an exponent need a point and a sign, and
    ``--config`` gives text for everything inside a mapping. Whole numbers written like ``1e3`` become integers.

    Args:
        value: a study or a part of one.
        rule: what may stand there.
    """
    if isinstance(value, Mapping):
        return {key: as_meant(item, rule.entry(key, value)) for key, item in value.items()}
    if isinstance(value, list):
        return [as_meant(item, rule.entry(number, value)) for number, item in enumerate(value)]
    kinds = rule.kinds
    if isinstance(value, str) and kinds:
        if value in _NOTHING and ("null" in kinds or "string" not in kinds):
            return None
        if "string" in kinds:
            return value
        if "boolean" in kinds:
            return _TRUTHS.get(value, value)
        if {"integer", "number"} & set(kinds) and _NUMBER.fullmatch(value):
            number = int(value) if re.fullmatch(r"[+-]?\d+", value) else float(value)
            value = number if abs(number) <= LARGEST else value  # 1e400 stays text, which the models refuse
    if isinstance(value, float) and "integer" in kinds and "number" not in kinds and value.is_integer():
        return int(value)
    return value


def merged(layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return mappings laid one over the other as Snakemake does: mappings key by key, all else replaced.

    Example:
        >>> merged([{"a": {"b": 1, "c": [1, 2]}}, {"a": {"c": [3]}}])
        {'a': {'b': 1, 'c': [3]}}
    """
    below: dict[str, Any] = {}
    for layer in layers:
        _lay_over(below, layer)
    return below


def _lay_over(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, Mapping) and value:
            if not isinstance(below.get(key), dict):
                below[key] = {}
            _lay_over(below[key], value)
        elif not (isinstance(value, Mapping) and isinstance(below.get(key), dict)):
            below[key] = copy.deepcopy(value)


def take_away(study: dict[str, Any], layers: Sequence[tuple[str, Mapping[str, Any]]] = ()) -> dict[str, Any]:
    """Return a study without the keys that are null, unless null is a value that the models have for them.

    ``null`` in a later file takes away what an earlier one says, so that the default, or nothing, stands. Where there
    is nothing to take away, a key was mistyped or its value forgotten.

    Args:
        study: the merged study, read :func:`as_meant`.
        layers: name and content of what it was merged from, in order; without them the study is one file.

    Raises:
        ConfigError: a null takes nothing away; names the key and the file.
    """
    below: dict[str, Any] = {}
    for number, (name, layer) in enumerate(layers or [("the study file", study)]):
        layer = as_meant(layer)
        for path in _nulls(layer, merged([below, layer]), FILE, ()):
            known = _mapping_at(below, path[:-1])
            if known.get(path[-1]) is not None:
                continue
            place = place_of(path)
            if number == 0:
                raise ConfigError(
                    f"'{place}' is empty (null) in {name}: write its value, or remove the line; to take away what "
                    "another file says, name this file after that one."
                )
            others = [key for key, item in known.items() if item is not None]
            raise ConfigError(
                f"'{place}' is null in {name}, which takes the key away, but no file before it has this key"
                f"{similar(str(path[-1]), others)}: correct or remove the line."
            )
        _lay_over(below, layer)
    return _without_nulls(study, FILE)


def _nulls(value: Mapping[str, Any], whole: Mapping[str, Any], rule: Rule, path: Place) -> Iterator[Place]:
    """Yield the places where a mapping is null and the models have no null; ``whole`` is what it was laid over."""
    for key, item in value.items():
        inner = rule.entry(key, whole)
        if item is None and "null" not in inner.kinds:
            yield (*path, key)
        elif isinstance(item, Mapping):
            below = whole.get(key)
            yield from _nulls(item, below if isinstance(below, Mapping) else item, inner, (*path, key))


def _mapping_at(value: Any, path: Place) -> Mapping[Any, Any]:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _without_nulls(value: Any, rule: Rule) -> Any:
    if not isinstance(value, Mapping):
        return value
    kept = {}
    for key, item in value.items():
        inner = rule.entry(key, value)
        if item is not None or "null" in inner.kinds:
            kept[key] = _without_nulls(item, inner)
    return kept
