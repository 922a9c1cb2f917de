"""Study files as YAML gives them, and as they were meant: keys, numbers that are text, and keys that are taken away.

Snakemake reads the files after ``--configfile`` and lays them one over the other: mappings are merged key by key, all
else is replaced. It keeps quiet where a key stands twice in a file, and ``--config`` gives it text for every number.
What is made of that is said here, before the schema is asked.
"""

from __future__ import annotations

import copy
import datetime
import difflib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfnas.errors import ConfigError

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

_TRUTHS = {"true": True, "True": True, "false": False, "False": False}
"""How ``--config`` may write what YAML reads as true and false."""

_NOTHING = ("null", "~", "")
"""How ``--config`` may write what YAML reads as nothing."""

Place = tuple[str | int, ...]

MOST_NODES = 100_000
"""Values of a study file, each alias written out: more are no study, and would take for ever to read."""


LARGEST = 10**18
"""No whole number of a study is larger: what counts something must fit into 64 bits."""


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


def read_file(path: str | Path) -> dict[str, Any]:
    """Return what one study file holds.

    Raises:
        ConfigError: it is no text in UTF-8, no YAML, no mapping, has a key twice, or one that YAML does not read as
            text; names the line.
    """
    import yaml

    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        tree = None if str(path).endswith(".json") else yaml.compose(text, Loader=yaml.SafeLoader)
        if _size(tree, {}) > MOST_NODES:
            raise ValueError(f"its aliases (*name) repeat what they stand for until it has over {MOST_NODES:,} values")
        content = json.loads(text) if tree is None and text.strip() else yaml.safe_load(text)
        twice = next(_repeated(tree, ()), None)
        misread = next(_misread(tree, ()), None)
    except UnicodeDecodeError as error:
        raise ConfigError(f"'{path}' is no text in UTF-8 (byte {error.start + 1}): save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(f"The study file '{path}' cannot be read ({error.strerror}): correct the path.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"'{path}' is no YAML: {' '.join(str(error).split())}.") from None
    except (AttributeError, LookupError, TypeError) as error:  # PyYAML, of a tag such as !!int before no number
        raise ConfigError(f"'{path}' is no YAML: a value does not fit its tag (!!name), remove the tag.") from error
    if twice is not None:
        key, line, within = twice
        here = f"'{place_of(within)}'" if within else "the file"
        raise ConfigError(
            f"Line {line} of '{path}' has the key '{key}' a second time in {here}, and YAML would forget the first: "
            "remove or rename one."
        )
    if misread is not None:
        key, written, line, within = misread
        raise ConfigError(f"Line {line} of '{path}': {_key_sentence(key, within, written)}")
    if not isinstance(content, dict):
        raise ConfigError(f"'{path}' holds no keys: write a study such as config.yaml.")
    return content


def _size(node: Any, known: dict[int, int]) -> int:
    """Return how many values a YAML tree has when each alias is written out; ``known`` holds those of its nodes."""
    import yaml

    if id(node) not in known and isinstance(node, yaml.CollectionNode):
        parts = node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known.get(id(node), 1)


def _repeated(node: Any, path: Place) -> Iterator[tuple[str, int, Place]]:
    """Yield key, line and place of every key that stands twice in one mapping of a YAML tree."""
    import yaml

    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _repeated(item, (*path, number))
    elif isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen and key.value != "<<":
                    yield key.value, key.start_mark.line + 1, path
                seen.add(key.value)
            yield from _repeated(value, (*path, str(key.value)))


def _misread(node: Any, path: Place) -> Iterator[tuple[Any, str, int, Place]]:
    """Yield what YAML made of every key that it does not read as text, how it is written, its line and its place."""
    import yaml

    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _misread(item, (*path, number))
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                read = yaml.constructor.SafeConstructor().construct_object(key)
                if not isinstance(read, str):
                    yield read, key.value, key.start_mark.line + 1, path
            yield from _misread(value, (*path, str(key.value)))


def _key_sentence(key: Any, path: Place, written: str = "") -> str:
    """Return the sentence for a key that YAML does not read as text, with the quotes that it needs as it is written."""
    here = f"'{place_of(path)}'" if path else "the study file"
    return f"A key in {here} is {_read_as(key, written)}, where a name is needed: {_quoted(key, written)}."


def check_yaml(content: Any, path: Place = ()) -> None:
    """Refuse keys that YAML does not read as text, such as ``101``, ``no`` and ``2024-01-01``, and infinite numbers.

    Raises:
        ConfigError: names the first of them and how to write it.
    """
    if isinstance(content, Mapping):
        for key, value in content.items():
            if not isinstance(key, str):
                raise ConfigError(_key_sentence(key, path))
            check_yaml(value, (*path, key))
    elif isinstance(content, list):
        for number, item in enumerate(content):
            check_yaml(item, (*path, number))
    elif isinstance(content, float) and not math.isfinite(content):
        raise ConfigError(f"'{place_of(path)}' is {content}: write a finite number.")
    elif isinstance(content, int) and abs(content) > LARGEST:
        raise ConfigError(f"'{place_of(path)}' is {str(content)[:20]}...: write a number of at most 18 digits.")


def _read_as(value: Any, written: str) -> str:
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


def _quoted(value: Any, written: str = "") -> str:
    if value is None:
        return "write a name"
    if isinstance(value, bool):
        written = written or ("yes" if value else "no")
    return f'quote it, for example "{written or value}"'


def quote_advice(value: Any) -> str:
    """Return the advice to quote a value that YAML read as something else than text, empty for any other value."""
    if isinstance(value, bool | int | float | datetime.date):
        return f"; {_quoted(value)}"
    return ""


def as_meant(value: Any, rules: Mapping[str, Any]) -> Any:
    """Return a copy of ``value`` with text that is a number, true, false or null where the schema wants that.

    YAML reads ``5e-4`` and ``1e3`` as text, since its numbers with an exponent need a point and a sign, and
    ``--config`` gives text for everything inside a mapping. Whole numbers written like ``1e3`` become integers.

    Args:
        value: a study or a part of one.
        rules: its JSON schema; branches are those of ``search.use.NAME``.
    """
    if isinstance(value, Mapping):
        return {key: as_meant(item, rule_of(key, value, rules)) for key, item in value.items()}
    if isinstance(value, list):
        return [as_meant(item, rules.get("items", {})) for item in value]
    kinds = _kinds(rules)
    if isinstance(value, str) and kinds:
        if value in _NOTHING and ("null" in kinds or "string" not in kinds):
            return None
        if "string" in kinds:
            return value
        if "boolean" in kinds:
            return _TRUTHS.get(value, value)
        if {"integer", "number"} & set(kinds) and _NUMBER.fullmatch(value):
            number = int(value) if re.fullmatch(r"[+-]?\d+", value) else float(value)
            value = number if abs(number) <= LARGEST else value  # 1e400 stays text, which the schema refuses
    if isinstance(value, float) and "integer" in kinds and "number" not in kinds and value.is_integer():
        return int(value)
    return value


def rule_of(key: str, value: Mapping[str, Any], rules: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of one key of a mapping, that of the algorithm's parameters for a search."""
    for part in (rules, *branches_of(value, rules)):
        rule = part.get("properties", {}).get(key, {})
        if "type" in rule:
            return rule
    more = rules.get("additionalProperties", {})
    return more if isinstance(more, Mapping) else {}


def branches_of(value: Mapping[str, Any], rules: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the branches of a schema that hold for a mapping: the parameters of the algorithm of a search."""
    branches = rules.get("allOf", ())
    chosen = value.get("algorithm")
    return [part["then"] for part in branches if part["if"]["properties"]["algorithm"]["const"] == chosen]


def _kinds(rules: Mapping[str, Any]) -> list[str]:
    kinds = rules.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


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


def take_away(
    study: dict[str, Any], rules: Mapping[str, Any], layers: Sequence[tuple[str, Mapping[str, Any]]] = ()
) -> dict[str, Any]:
    """Return a study without the keys that are null, unless null is a value that the schema has for them.

    ``null`` in a later file takes away what an earlier one says, so that the default, or nothing, stands. Where there
    is nothing to take away, a key was mistyped or its value forgotten.

    Args:
        study: the merged study, read :func:`as_meant`.
        rules: its JSON schema.
        layers: name and content of what it was merged from, in order; without them the study is one file.

    Raises:
        ConfigError: a null takes nothing away; names the key and the file.
    """
    below: dict[str, Any] = {}
    for number, (name, layer) in enumerate(layers or [("the study file", study)]):
        layer = as_meant(layer, rules)
        for path in _nulls(layer, merged([below, layer]), rules, ()):
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
    return _without_nulls(study, rules)


def _nulls(
    value: Mapping[str, Any], whole: Mapping[str, Any], rules: Mapping[str, Any], path: Place
) -> Iterator[Place]:
    """Yield the places where a mapping is null and the schema has no null; ``whole`` is what it was laid over."""
    for key, item in value.items():
        rule = rule_of(key, whole, rules)
        if item is None and "null" not in _kinds(rule):
            yield (*path, key)
        elif isinstance(item, Mapping):
            below = whole.get(key)
            yield from _nulls(item, below if isinstance(below, Mapping) else item, rule, (*path, key))


def _mapping_at(value: Any, path: Place) -> Mapping[str, Any]:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _without_nulls(value: Any, rules: Mapping[str, Any]) -> Any:
    if not isinstance(value, Mapping):
        return value
    kept = {}
    for key, item in value.items():
        rule = rule_of(key, value, rules)
        if item is not None or "null" in _kinds(rule):
            kept[key] = _without_nulls(item, rule)
    return kept
