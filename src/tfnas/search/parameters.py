"""What a search may be told: declared once, in the body of its class, and read from there by everything else.

    class ProxySearch(Search):
        proxy: str = PROXY
        sample: int = parameter("Number of cells drawn.", ge=1)

Name, type, default, bounds and description stand in that line. The models of the study file, its schema, the
documentation, the report and the attributes of a running search follow from it. No pydantic is imported: a job that
runs a search needs no models.
"""

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

REQUIRED: Any = object()
"""The default of a parameter that has none."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a search.

    Attributes:
        description: what it is, one or two sentences.
        default: its value where nobody gives one, or :data:`REQUIRED`.
        bounds: limits in the words of pydantic's ``Field``: ``ge``, ``gt``, ``le``, ``lt``, ``min_length`` and so on.
    """

    description: str
    default: Any
    bounds: Mapping[str, float]

    @property
    def required(self) -> bool:
        """Whether a study must give it."""
        return self.default is REQUIRED


def parameter(description: str, default: Any = REQUIRED, **bounds: float) -> Any:
    """Return the declaration of a parameter; it is ``Any``, so that the annotation before it may say the type."""
    return Parameter(description, default, bounds)


def like(declared: Any, default: Any) -> Any:
    """Return the declaration of a parameter like another one, with its own default."""
    return Parameter(declared.description, default, declared.bounds)


PROXY = parameter("Name of a proxy or ensemble of the study's score table; larger scores are better.")
"""The parameter ``proxy: str`` of every search that reads one proxy or ensemble."""

COST = parameter(
    "What the search weighs: `params`, `flops` (in millions), or the name of a device in the table of latencies "
    "(`datasets.NAME.hardware`; in milliseconds)."
)
"""The parameter ``cost: str`` of every search that weighs a cost."""


def proxy_list(*default: str, description: str, **bounds: float) -> Any:
    """Return the parameter ``proxies: list[str]`` of a search that reads several proxies or ensembles."""
    return parameter(description, list(default), **{"min_length": 1, **bounds})


class UnderBudget:
    """The parameters of every search under a budget, which the runner handles and the search never sees."""

    overshoot: bool = parameter(
        "true: stop when the seconds spent reach the budget, so that the last query overshoots (NATS-Bench); false: "
        "stop before the query that would exceed it (NAS-Bench-201).",
        True,
    )
    evaluations: int | None = parameter(
        "Stop after so many looks at early accuracies, repeated ones included, instead of at a budget of seconds; "
        "null: the budget ends the run.",
        None,
        ge=1,
    )


@cache
def parameters_of(build: type) -> dict[str, Parameter]:
    """Return the parameters of a class by name: its own in their order, then those that it inherits.

    A class that sets an inherited name to a plain value has decided: it is no parameter any more.
    """
    found: dict[str, Any] = {}
    for part in build.__mro__:
        found = found | {name: value for name, value in vars(part).items() if name not in found}
    return {name: value for name, value in found.items() if isinstance(value, Parameter)}


def types_of(build: type) -> dict[str, Any]:
    """Return the type of each parameter of a class by name."""
    hints = typing.get_type_hints(build)
    return {name: hints[name] for name in parameters_of(build)}


def what_is_wrong(value: Any, kind: Any, declared: Parameter) -> str:
    """Return what is wrong with a value of a parameter, in the words of pydantic; empty if nothing is."""
    from pydantic import ValidationError

    try:
        _adapter(kind, tuple(declared.bounds.items())).validate_python(value, strict=True)
    except ValidationError as error:
        return error.errors()[0]["msg"].replace("Input should", "it should")
    return ""


@cache
def _adapter(kind: Any, bounds: tuple[tuple[str, float], ...]) -> Any:
    from pydantic import Field, TypeAdapter

    return TypeAdapter(typing.Annotated[kind, Field(**dict(bounds))])


def told(build: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of each parameter of a class: the given one, or the default.

    Raises:
        TypeError: one is missing, or none of the class.
    """
    declared = parameters_of(build)
    if unknown := sorted(set(given) - set(declared)):
        raise TypeError(f"{build.__name__} has no parameter '{unknown[0]}', but {', '.join(declared) or 'none'}")
    values = {name: given.get(name, declared[name].default) for name in declared}
    if missing := [name for name, value in values.items() if value is REQUIRED]:
        raise TypeError(f"{build.__name__} needs a value of '{missing[0]}'")
    return values
