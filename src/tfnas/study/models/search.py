"""Models of ``search``: one model for each search of the registry, made of the parameters that its class declares."""

import typing
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError, core_schema

from tfnas.search.registry import algorithm_names, get_algorithm
from tfnas.spaces.nats_tss import OPERATIONS
from tfnas.study.models.types import Count, ForEachDataset, Label, Named, Number, Section, Unique, left_out

RECOMMENDED_RUNS = 30
"""Fewer runs than this give intervals too wide to tell searches apart; the workflow warns."""

MOST_RUNS = 100_000
"""More runs than this take days and tell nothing that these do not: publications have 500."""

OperationName = Annotated[
    str, Named("operation", lambda: OPERATIONS), Field(description="An operation of the search space.")
]

League = Annotated[list[str], Unique, Field(min_length=1, description="Labels of `search.use`.")]


class MostParams(Section):
    """A limit of the parameters."""

    max: Number = Field(gt=0, description="Most trainable parameters.")


class MostFlops(Section):
    """A limit of the multiply-accumulates."""

    max: Number = Field(gt=0, description="Most multiply-accumulates of one image, in millions.")


class MostLatency(Section):
    """A limit of the latency on a device."""

    device: str = Field(description="A device of the table of latencies (`datasets.NAME.hardware`).")
    max: Number = Field(gt=0, description="Most milliseconds.")


class SubSpace(Section):
    """The cells of a sub-space."""

    params: MostParams = left_out()
    flops: MostFlops = left_out()
    latency: MostLatency = left_out()
    operations: Annotated[list[OperationName], Unique] = left_out("The operations that a cell may use.", min_length=1)

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("too_short", "empty")
        return self


class Constraint(SubSpace):
    """The cells that the search may propose; without it: all."""


class SearchSettings(BaseModel):
    """The settings of one search: its algorithm, and the parameters of that algorithm."""

    model_config = ConfigDict(extra="ignore", strict=True)

    algorithm: Annotated[str, Named("search", algorithm_names)] = Field(description="An algorithm of the registry.")
    constraint: Constraint = left_out()
    accuracies_of: str = left_out(
        "The dataset of the study whose early accuracies and their seconds the search is shown, under that dataset's "
        "budget; without it: the searched one."
    )


@cache
def settings_model(algorithm: str) -> type[BaseModel]:
    """Return the model of the settings of a search with this algorithm."""
    known = get_algorithm(algorithm)
    common = SearchSettings.model_fields
    about = common["algorithm"].description
    fields: dict[str, Any] = {"algorithm": (Literal[algorithm], Field(description=about))}
    for name, parameter in known.parameters.items():
        kind = Number if known.types[name] is float else known.types[name]
        kind = Annotated[kind, Unique] if typing.get_origin(kind) is list else kind
        default = ... if parameter.required else parameter.default
        bounds = dict[str, Any](parameter.bounds)
        fields[name] = (kind, Field(default, description=parameter.description, **bounds))
    for name in ("constraint", "accuracies_of"):
        fields[name] = (common[name].annotation, common[name])
    return create_model(algorithm, __base__=Section, __doc__=SearchSettings.__doc__, **fields)


class _ByAlgorithm:
    """Mark of settings whose model is that of their algorithm; only the models of searches in use are built."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(self.check)

    def check(self, value: Any, info: ValidationInfo) -> BaseModel:
        return model_of(value).model_validate(value, context=info.context)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "description": SearchSettings.__doc__,
            "oneOf": [handler(settings_model(name).__pydantic_core_schema__) for name in sorted(algorithm_names())],
        }


def model_of(settings: Any) -> type[BaseModel]:
    """Return the model of settings as they stand in a file: that of all searches where they name no algorithm."""
    algorithm = settings.get("algorithm") if isinstance(settings, dict) else None
    known = isinstance(algorithm, str) and algorithm in algorithm_names()
    return settings_model(algorithm) if known else SearchSettings


class Searches(Section):
    """The searches and how often each runs."""

    runs: int = Field(
        500,
        ge=2,
        le=MOST_RUNS,
        description=f"Runs (seeds) of each search on each dataset; at least 2, {RECOMMENDED_RUNS} or more recommended.",
    )
    runs_per_job: Count = Field(
        250,
        description="Runs of one job. Results do not depend on it. When you raise `runs`, only new runs are computed "
        "if the old number was a multiple of this one.",
    )
    budget_seconds: ForEachDataset[Annotated[Number, Field(gt=0)]] = Field(
        {},
        description="Simulated seconds of training that a search which trains may spend: one number, or one for each "
        "dataset; not for searches with a number of `evaluations`.",
    )
    pay_once: bool = Field(
        False,
        description="Recognise cells that compute the same function: only the first look of a run at an early accuracy "
        "of such a class is charged, and later ones show the same. false, as in published numbers: every look is "
        "charged.",
    )
    use: dict[Label, Annotated[SearchSettings, _ByAlgorithm()]] = Field(
        {}, description="The searches, by a label of your choice."
    )
    subspaces: dict[Label, SubSpace] = Field(
        {}, description="Sub-spaces to compare by the FLOPs of their cells, as constraints by a label of your choice."
    )
    leagues: dict[Label, League] = Field(
        {},
        description="Lists of labels of `use`, by a name of your choice: of each list (the variants of a method, say) "
        "the report chooses one for every dataset, by the accuracies of the others alone (at least 2 datasets).",
    )
