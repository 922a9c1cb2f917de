"""The searches that exist, found by importing every module of this package; no list to keep up to date, no torch.

A search is a subclass of :class:`tfnas.search.base.Search` under the decorator :func:`register`. Its parameters are
properties of a JSON schema; those without a default are required. The study file's schema, the report and the
documentation read them from here.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

import tfnas.search
from tfnas.errors import ConfigError, UnknownNameError
from tfnas.search.base import EARLY, KINDS, LIVE, SCORE, VALIDATION, Search

GROUPS = ("reference", "training-free", "non-weight-sharing", "hybrid")
"""Groups of table rows: bounds and baselines nobody would use; no accuracy looked at; trains; does both."""

BUDGET_PARAMETERS = {
    "overshoot": {
        "type": "boolean",
        "default": True,
        "description": "true: stop when the seconds spent reach the budget, so that the last query overshoots "
        "(NATS-Bench); false: stop before the query that would exceed it (NAS-Bench-201).",
    },
    "evaluations": {
        "type": ["integer", "null"],
        "minimum": 1,
        "default": None,
        "description": "Stop after so many looks at early accuracies, repeated ones included, instead of at a budget "
        "of seconds; null: the budget ends the run.",
    },
}
"""Parameters that every search under a budget has; the runner handles them."""

PROXY_PARAMETER = {
    "proxy": {
        "type": "string",
        "description": "Name of a proxy or ensemble of the study's score table; larger scores are better.",
    }
}
"""The parameter of every search that reads one proxy or ensemble."""


def proxies_parameter(*default: str, description: str = "") -> dict[str, dict[str, Any]]:
    """Return the parameter of a search that reads several proxies or ensembles; required if no default is given."""
    fragment: dict[str, Any] = {
        "type": "array",
        "items": {"type": "string"},
        "minItems": 1,
        "uniqueItems": True,
        "description": description or "Names of proxies of the study's score table; larger scores are better.",
    }
    return {"proxies": fragment | ({"default": list(default)} if default else {})}


STUDY_KEYS = ("algorithm", "constraint", "accuracies_of")
"""Keys of a search in the study file that are no parameters of its algorithm."""


def accuracies_of(settings: Mapping[str, Any], searched_on: str) -> str:
    """Return the dataset whose early accuracies, and their seconds, a search is shown: unless told, the searched one.

    Args:
        settings: settings of a search, :data:`STUDY_KEYS` included.
        searched_on: the dataset that is searched.
    """
    return settings.get("accuracies_of", searched_on)


COST_PARAMETER = {
    "cost": {
        "type": "string",
        "description": "What the search weighs: `params`, `flops` (in millions), or the name of a device in the table "
        "of latencies (`datasets.NAME.hardware`; in milliseconds).",
    }
}
"""The parameter of every search that weighs a cost."""

_NOT_SEARCHES = ("base", "registry", "runner")


@dataclass(frozen=True)
class Algorithm:
    """A search algorithm and what is known about it.

    Attributes:
        name: name in the study file.
        title: name in tables and text.
        group: one of :data:`GROUPS`.
        looks: kinds of look it may ask for; the runner refuses any other.
        parameters: JSON schema of each parameter, with description and, unless it is required, default.
        reference: citation key in ``report/refs.bib``, or an empty string for searches of this project.
        section: where in that reference (and in which code) the procedure stands.
        stream: name of its stream of random numbers; searches with the same name draw the same cells in a run.
        budgeted: whether it goes on until a budget of seconds is spent; else it ends by itself.
        build: the :class:`Search` subclass.
        fronts: whether a run keeps a Pareto front of what it looks at and a cost, see
            :attr:`tfnas.search.base.Trace.front`.
        extends: name of the algorithm that a hybrid adds a proxy, or a few trainings, to: what it is judged against.
    """

    name: str
    title: str
    group: str
    looks: tuple[str, ...]
    parameters: dict[str, dict[str, Any]]
    reference: str
    section: str
    stream: str
    budgeted: bool
    build: type[Search] = field(repr=False)
    fronts: bool = False
    extends: str = ""

    @property
    def needs_scores(self) -> bool:
        """Whether it reads a score table."""
        return SCORE in self.looks

    @property
    def needs_live(self) -> bool:
        """Whether its runs evaluate networks in a job of their own, see :mod:`tfnas.live`."""
        return LIVE in self.looks

    @property
    def needs_early(self) -> bool:
        """Whether it looks at early accuracies, which cost simulated training seconds."""
        return EARLY in self.looks

    @property
    def needs_budget(self) -> bool:
        """Whether it looks at early accuracies until a limit is reached: ``search.budget_seconds`` or evaluations."""
        return self.needs_early and self.budgeted

    def spends_budget(self, settings: Mapping[str, Any]) -> bool:
        """Return whether seconds end it (``search.budget_seconds``), with these settings, and not a number of looks."""
        return self.needs_budget and settings.get("evaluations") is None

    def proxies(self, settings: dict[str, Any]) -> list[str]:
        """Return the proxies and ensembles that it reads with these settings, defaults included."""
        for name in ("proxy", "proxies"):
            if name in self.parameters:
                named = settings.get(name, self.parameters[name].get("default", []))
                return [named] if isinstance(named, str) else list(named)
        return []

    @property
    def weighs_cost(self) -> bool:
        """Whether it weighs a cost (:data:`COST_PARAMETER`) against what it sees."""
        return "cost" in self.parameters

    @property
    def needs_validation(self) -> bool:
        """Whether it looks at full-training validation accuracies, which only a reference may."""
        return VALIDATION in self.looks

    @property
    def summary(self) -> str:
        """First line of the search's docstring."""
        return (self.build.__doc__ or "").strip().partition("\n")[0]

    @property
    def source(self) -> Path:
        """The file that defines it."""
        return Path(importlib.import_module(self.build.__module__).__file__)

    @property
    def schema(self) -> dict[str, Any]:
        """Closed JSON schema of its settings in the study file (``search.use.{label}``)."""
        required = [name for name, fragment in self.parameters.items() if "default" not in fragment]
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {"algorithm": {"const": self.name}, **self.parameters},
            "required": ["algorithm", *required],
        }

    def settings(self, given: dict[str, Any], label: str) -> dict[str, Any]:
        """Check the settings of a search and return its parameters, defaults filled in.

        Args:
            given: parameters, and :data:`STUDY_KEYS` if they come from a study file.
            label: name of the search in the study, for messages.

        Raises:
            ConfigError: a parameter is unknown, missing or has a wrong value, the accuracies of a dataset are asked for
                and the algorithm looks at none, or ``overshoot`` is false where no budget of seconds ends the run.
        """
        unknown = sorted(set(given) - {*STUDY_KEYS, *self.parameters})
        if unknown:
            raise ConfigError(
                f"search.use.{label}.{unknown[0]} is no parameter of '{self.name}', which has: "
                f"{', '.join(self.parameters) or 'none'}."
            )
        if "accuracies_of" in given and not self.needs_early:
            raise ConfigError(
                f"search.use.{label}.accuracies_of is '{given['accuracies_of']}', but '{self.name}' never looks at "
                "early accuracies: remove it."
            )
        for name, fragment in self.parameters.items():
            if name not in given and "default" not in fragment:
                raise ConfigError(
                    f"search.use.{label} lacks '{name}', which '{self.name}' needs "
                    f"({fragment['description'].rstrip('.')}): add it."
                )
        if self.needs_budget and not self.spends_budget(given) and given.get("overshoot") is False:
            raise ConfigError(
                f"search.use.{label}.overshoot is false, which is about the last query of a budget of seconds, but "
                "'evaluations' stand in the place of that budget: remove one of the two."
            )
        values = {}
        for name, fragment in self.parameters.items():
            values[name] = given.get(name, fragment.get("default"))
            error = next(jsonschema.Draft202012Validator(fragment).iter_errors(values[name]), None)
            if error is not None:
                raise ConfigError(f"search.use.{label}.{name} of '{self.name}' is wrong: {error.message}.")
        return values


_ALGORITHMS: dict[str, Algorithm] = {}


def register(
    name: str,
    *,
    title: str,
    group: str,
    looks: tuple[str, ...],
    parameters: dict[str, dict[str, Any]] | None = None,
    reference: str = "",
    section: str = "",
    stream: str | None = None,
    budgeted: bool = True,
    fronts: bool = False,
    extends: str = "",
) -> Callable[[type[Search]], type[Search]]:
    """Register a :class:`Search` subclass; see :class:`Algorithm` for the arguments.

    Searches that spend a budget on early accuracies get :data:`BUDGET_PARAMETERS` besides their own; these are handled
    by the runner and not passed to the class. A search that ends after a number of queries is not ``budgeted``.

    Raises:
        ValueError: the name is taken, or the group or a kind of look does not exist.
    """

    def decorate(build: type[Search]) -> type[Search]:
        if name in _ALGORITHMS:
            raise ValueError(f"search '{name}' is registered twice: {_ALGORITHMS[name].build} and {build}")
        if group not in GROUPS or not set(looks) <= set(KINDS):
            raise ValueError(f"search '{name}': group must be one of {GROUPS}, looks out of {KINDS}")
        own = dict(parameters or {})
        _ALGORITHMS[name] = Algorithm(
            name=name,
            title=title,
            group=group,
            looks=looks,
            parameters=own | (BUDGET_PARAMETERS if EARLY in looks and budgeted else {}),
            reference=reference,
            section=section,
            stream=stream or name,
            budgeted=budgeted,
            build=build,
            fronts=fronts,
            extends=extends,
        )
        return build

    return decorate


@cache
def _discover() -> None:
    for module in pkgutil.iter_modules(tfnas.search.__path__):
        if module.name not in _NOT_SEARCHES:
            importlib.import_module(f"tfnas.search.{module.name}")


def algorithm_names() -> list[str]:
    """Return the names of all searches, sorted."""
    _discover()
    return sorted(_ALGORITHMS)


def get_algorithm(name: str, place: str = "search.use") -> Algorithm:
    """Return a search algorithm by name.

    Raises:
        UnknownNameError: it does not exist; the message lists those that do.
    """
    if name not in algorithm_names():
        raise UnknownNameError("search", name, algorithm_names(), place)
    return _ALGORITHMS[name]
