"""What the values of a study file are made of: sections, numbers, names of registries, paths.

Values are taken as they stand (pydantic's strict mode): what YAML or ``--config`` gave as text has been read as it was
meant before (:mod:`tfnas.study.layers`).
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
    Tag,
    ValidationInfo,
    WrapValidator,
)
from pydantic_core import PydanticCustomError, core_schema

NAME = r"^[A-Za-z0-9][A-Za-z0-9-]*$"
"""What a dataset may be called: letters, digits and hyphens."""

LABEL = r"^[a-z0-9][a-z0-9-]*$"
"""What a study or a search may be called: lower-case letters, digits and hyphens."""

OWN = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
"""What a score of one's own may be called: as a proxy of the registry, capitals and hyphens besides."""

LONGEST_NAME = 60
"""Characters of such a name: files are called by it, and a file system takes 255."""


class Section(BaseModel):
    """A closed section of the study file; its docstring is its description."""

    model_config = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True)
class Named:
    """A name out of a registry, of the names at the moment when it is checked.

    Args:
        kind: what it names, for messages; empty for names of no registry.
        names: returns those that exist.
    """

    kind: str
    names: Callable[[], Iterable[str]]

    def check(self, value: str) -> str:
        """Return the name; pydantic reports one that does not exist."""
        known = list(self.names())
        if value not in known:
            raise PydanticCustomError("unknown_name", "unknown name", {"kind": self.kind, "known": known})
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema["schema"]) | {"enum": sorted(self.names())}


def _unchanged(value: Any, check: Callable[[Any], Any]) -> Any:
    check(value)
    return value


def _without_repeats(values: list[Any]) -> list[Any]:
    if any(value in values[:place] for place, value in enumerate(values)):
        raise PydanticCustomError("repeats", "{values} has non-unique elements", {"values": repr(values)})
    return values


def _located(path: str, info: ValidationInfo) -> str:
    """Return a path that leads nowhere from here, but somewhere from the project, led from there."""
    there = str(Path((info.context or {}).get("project", "")) / path)
    return there if not os.path.exists(path) and os.path.exists(there) else path


Number = Annotated[float, WrapValidator(_unchanged), PlainSerializer(lambda value: value, return_type=Any)]
"""A number as it is written: 12000 stays a whole number."""

Count = Annotated[int, Field(ge=1)]

Unique = AfterValidator(_without_repeats)
"""Mark of a list that holds nothing twice."""

PathText = Annotated[str, AfterValidator(_located)]
"""A path, looked for in the working folder first, then in that of the workflow."""

Kind = TypeVar("Kind")

ForEachDataset = Annotated[
    Annotated[Kind, Tag("one")] | Annotated[dict[str, Kind], Tag("each")],
    Discriminator(lambda value: "each" if isinstance(value, dict) else "one"),
]
"""One value for all datasets, or one for each of them by name."""

DatasetName = Annotated[str, StringConstraints(pattern=NAME, max_length=LONGEST_NAME)]
Label = Annotated[str, StringConstraints(pattern=LABEL, max_length=LONGEST_NAME)]
OwnName = Annotated[str, StringConstraints(pattern=OWN, max_length=LONGEST_NAME)]


def left_out(description: str | None = None, **bounds: Any) -> Any:
    """Return a field that is not there unless the file gives it; no value stands for its absence."""
    return Field(default=None, exclude_if=lambda value: value is None, description=description, **bounds)
