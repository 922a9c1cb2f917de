"""What is generated from the models: ``docs/config.md`` for people and ``schemas/config.schema.json`` for editors.

``make docs`` writes both; a test fails when they are stale.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tfnas.search.registry import algorithm_names, get_algorithm
from tfnas.study.models.file import StudyFile
from tfnas.study.models.search import SearchSettings, settings_model
from tfnas.study.models.types import LONGEST_NAME, Named
from tfnas.study.rules import FILE, Rule, rule_of

PREFACE = """\
One YAML file is one study. The schema is closed: an unknown or mistyped key is an error that says where it stands and
which keys exist. `config.yaml` is read unless `--configfile` names another file; they are not merged. `NAME` stands for
a name of your choice.

## More files than one

Files after `--configfile` are laid one over the other, and `--config` over all of them:

- **Mappings are merged key by key**: keys of a later file are added, or replace those of the same name. `datasets`,
  `search.use` and all sections are mappings, so their entries add up.
- **Everything else is replaced**: of a list such as `scoring.proxies` the last file that has it counts, as a whole.
- **`null` takes away** what earlier files say: a search, a dataset, a sub-space, a league, any entry of a mapping, or a
  single key, whose default then holds. Where there is nothing to take away, that is an error. `null` for a path is a
  value.

```yaml
# mine.yaml, after studies/nats-tss.yaml: one search and one dataset less, and another algorithm for a search
datasets:
  ImageNet16-120: null
search:
  budget_seconds: {{ImageNet16-120: null}}
  use:
    area: null
    local-search: {{algorithm: random_search}}
```

A search that gets another `algorithm` keeps the parameters that the old one was given: set those to `null`, too. What
still names something that was taken away (a league its search) is an error that says so.

## How YAML is read

- Numbers may be written `5e-4`, `1e3` or `"12"`, also within `--config 'training={{epochs: 6}}'`.
- A name that YAML reads as something else (`101`, `no`, `2024-01-01`) must be quoted: `"101": {{...}}`.
- A key that stands twice in one mapping is an error; YAML alone would forget the first.
- Names of studies, searches, sub-spaces and leagues hold lower-case letters, digits and hyphens, those of datasets
  upper-case letters, too; at most {longest} characters. Paths hold no braces.
- `title` may hold Latin and Greek letters and common signs. What the report cannot print is refused at once.

## Every key
"""
"""What ``docs/config.md`` says before its table."""


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a study file, with the names of the registries of this moment."""
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": draft} | StudyFile.model_json_schema() | {"title": "Study file of tfnas"}


def documentation() -> str:
    """Return ``docs/config.md``: every key with its type, its default and its meaning."""
    lines = [
        "# The study file",
        "",
        "<!-- Generated from src/tfnas/study/models by `make docs`; do not edit. -->",
        "",
        *PREFACE.format(longest=LONGEST_NAME).splitlines(),
        "",
        "| key | type | default | meaning |",
        "|---|---|---|---|",
    ]
    lines += [_row(*entry) for entry in _keys(FILE, ())]
    return "\n".join([*lines, ""])


def _keys(rule: Rule, path: tuple[str, ...]) -> Iterator[tuple[str, FieldInfo]]:
    """Yield every key below a place with its field; of a search first what all have, then what each algorithm has."""
    for key, field in rule.fields().items():
        yield ".".join((*path, key)), field
        yield from _keys(rule.entry(key), (*path, key))
    for option in rule.options():
        if typing.get_origin(option) is dict:
            yield from _keys(rule.entry("NAME"), (*path, "NAME"))
        if option is SearchSettings:
            for algorithm in sorted(algorithm_names()):
                fields = settings_model(algorithm).model_fields
                for parameter in get_algorithm(algorithm).parameters:
                    yield f"{'.'.join((*path, parameter))} ({algorithm})", fields[parameter]


def _row(key: str, field: FieldInfo) -> str:
    rule = rule_of(field)
    kind = " or ".join(rule.kinds)
    if names := _names(field.annotation, field.metadata):
        kind = f"list of {names}" if kind == "array" else names
    if field.is_required():
        default = "required"
    elif isinstance(field.default, BaseModel) or field.default == {} or not _allows(rule, field.default):
        default = ""
    else:
        default = f"`{json.dumps(field.default)}`"
    return f"| `{key}` | {kind} | {default} | {rule_of(field).description} |"


def _allows(rule: Rule, default: Any) -> bool:
    """Return whether a default is a value: null stands for "not there" where a key may not be null."""
    return default is not None or "null" in rule.kinds


def _names(annotation: Any, marks: list[Any]) -> str:
    """Return the names that a key, or an item of its list, may be, empty where any may."""
    if typing.get_origin(annotation) is typing.Literal:
        return ", ".join(f"`{name}`" for name in typing.get_args(annotation))
    for mark in marks:
        if isinstance(mark, Named):
            return ", ".join(f"`{name}`" for name in sorted(mark.names()))
    if typing.get_origin(annotation) not in (typing.Annotated, list):
        return ""
    item, *marks = typing.get_args(annotation)
    return _names(item, marks)
