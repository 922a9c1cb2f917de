"""Study files as YAML gives them: one file read, what YAML would keep quiet about refused, and one file written."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tfnas.errors import ConfigError
from tfnas.study.words import Place, place_of, quoted, read_as

MOST_NODES = 100_000
"""Values of a study file, each alias written out: more are no study, and would take for ever to read."""

LARGEST = 10**18
"""No whole number of a study is larger: what counts something must fit into 64 bits."""


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
        twice = next(((key, path) for key, again, path in _keys(tree, ()) if again), None)
        meaning = yaml.constructor.SafeConstructor().construct_object
        read = ((meaning(key), key, path) for key, _, path in _keys(tree, ()))
        misread = next((found for found in read if not isinstance(found[0], str)), None)
    except UnicodeDecodeError as error:
        raise ConfigError(f"'{path}' is no text in UTF-8 (byte {error.start + 1}): save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(f"The study file '{path}' cannot be read ({error.strerror}): correct the path.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"'{path}' is no YAML: {' '.join(str(error).split())}.") from None
    except (AttributeError, LookupError, TypeError) as error:  # PyYAML, of a tag such as !!int before no number
        raise ConfigError(f"'{path}' is no YAML: a value does not fit its tag (!!name), remove the tag.") from error
    if twice is not None:
        key, within = twice
        here = f"'{place_of(within)}'" if within else "the file"
        raise ConfigError(
            f"Line {key.start_mark.line + 1} of '{path}' has the key '{key.value}' a second time in {here}, and YAML "
            "would forget the first: remove or rename one."
        )
    if misread is not None:
        meant, key, within = misread
        raise ConfigError(f"Line {key.start_mark.line + 1} of '{path}': {_key_sentence(meant, within, key.value)}")
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


def _keys(node: Any, path: Place) -> Iterator[tuple[Any, bool, Place]]:
    """Yield every key of a YAML tree as a node, whether its mapping has it already, and the place of the mapping."""
    import yaml

    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _keys(item, (*path, number))
    elif isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                yield key, key.value in seen, path
                seen.add(key.value)
            yield from _keys(value, (*path, str(key.value)))


def _key_sentence(key: Any, path: Place, written: str = "") -> str:
    """Return the sentence for a key that YAML does not read as text, with the quotes that it needs as it is written."""
    here = f"'{place_of(path)}'" if path else "the study file"
    return f"A key in {here} is {read_as(key, written)}, where a name is needed: {quoted(key, written)}."


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
    elif isinstance(content, int) and abs(content) > LARGEST:
        raise ConfigError(f"'{place_of(path)}' is {str(content)[:20]}...: write a number of at most 18 digits.")
    elif isinstance(content, float) and not math.isfinite(content):
        raise ConfigError(f"'{place_of(path)}' is {content}: write a finite number.")
