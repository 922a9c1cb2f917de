"""The models of the study file seen from outside: what may stand at a place, and what is said of it."""

import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple, Union

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tfnas.study.models.file import StudyFile
from tfnas.study.models.search import SearchSettings, model_of

KINDS = {int: "integer", float: "number", bool: "boolean", str: "string", list: "array", dict: "object"} | {
    type(None): "null"
}


class Rule(NamedTuple):
    """What may stand at a place of the study file.

    Attributes:
        type: the annotated type; ``Any`` where the models know nothing of the place.
        description: what is said of it, empty for nothing.
    """

    type: Any = Any
    description: str = ""

    def options(self, value: Any = None) -> list[Any]:
        """Return the types that it allows, without marks; ``value`` chooses the model of a search."""
        return [model_of(value) if option is SearchSettings else option for option in _options(self.type)]

    @property
    def kinds(self) -> list[str]:
        """The kinds of values that it allows, in the words of JSON."""
        found = []
        for option in _options(self.type):
            if typing.get_origin(option) is Literal:
                option = type(typing.get_args(option)[0])
            option = typing.get_origin(option) or option
            found += [kind for known, kind in KINDS.items() if option is known]
            found += ["object"] if isinstance(option, type) and issubclass(option, BaseModel) else []
        return found

    def entry(self, key: str | int, value: Any = None) -> "Rule":
        """Return the rule of one entry of a section, a mapping or a list; ``value`` is what stands here."""
        for option in self.options(value):
            inner = typing.get_args(option)
            if isinstance(option, type) and issubclass(option, BaseModel):
                if key in option.model_fields:
                    return rule_of(option.model_fields[key])
            elif typing.get_origin(option) in (dict, list):
                return Rule(inner[-1], _description(inner[-1]))
        return Rule()

    def fields(self, value: Any = None) -> dict[str, FieldInfo]:
        """Return the keys of a section, none for anything else."""
        models = [part for part in self.options(value) if isinstance(part, type) and issubclass(part, BaseModel)]
        return models[0].model_fields if models else {}


FILE = Rule(StudyFile, StudyFile.__doc__ or "")
"""The rule of a whole study file."""


def _options(annotation: Any) -> Iterator[Any]:
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        yield from _options(typing.get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for part in typing.get_args(annotation):
            yield from _options(part)
    else:
        yield annotation


def rule_of(field: FieldInfo) -> Rule:
    """Return the rule of a key by the field of its section."""
    return Rule(field.annotation, field.description or _description(field.annotation))


def _description(annotation: Any) -> str:
    """Return the description in the marks of a type, or that of its section."""
    if typing.get_origin(annotation) is Annotated:
        marks = typing.get_args(annotation)[1:]
        found = [mark.description for mark in marks if isinstance(mark, FieldInfo) and mark.description]
        return found[0] if found else _description(typing.get_args(annotation)[0])
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return " ".join((annotation.__doc__ or "").split()) if is_model else ""
