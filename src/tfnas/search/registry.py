"""The searches that exist, found by importing every module of this package; no list to keep up to date, no torch.

A search is a subclass of :class:`tfnas.search.base.Search` under the decorator :func:`register`. Its parameters are
declared in its body (:mod:`tfnas.search.parameters`). The models of the study file, the report and the documentation
read them from here.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import tfnas.search
from tfnas.errors import ConfigError, UnknownNameError
from tfnas.search.base import EARLY, KINDS, LIVE, SCORE, VALIDATION, Search
from tfnas.search.parameters import Parameter, UnderBudget, parameters_of, types_of, what_is_wrong

GROUPS = ("reference", "training-free", "non-weight-sharing", "hybrid")
"""Groups of table rows: bounds and baselines nobody would use; no accuracy looked at; trains; does both."""

STUDY_KEYS = ("algorithm", "constraint", "accuracies_of")
"""Keys of a search in the study file that are no parameters of its algorithm."""


def accuracies_of(settings: Mapping[str, Any], searched_on: str) -> str:
    """Return the dataset whose early accuracies, and their seconds, a search is shown: unless told, ``searched_on``."""
    return settings.get("accuracies_of", searched_on)


_NOT_SEARCHES = ("base", "block", "parameters", "registry", "runner")


@dataclass(frozen=True, kw_only=True)
class Algorithm:
    """A search algorithm and what is known about it.

    Attributes:
        name: name in the study file.
        title: name in tables and text.
        group: one of :data:`GROUPS`.
        looks: kinds of look it may ask for; the runner refuses any other.
        reference: citation key in ``report/refs.bib``, or an empty string for searches of this project.
        section: where in that reference (and in which code) the procedure stands.
        stream: name of its stream of random numbers, its own unless given; searches with the same one draw the same
            cells in a run.
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
    reference: str = ""
    section: str = ""
    stream: str
    budgeted: bool = True
    build: type[Search] = field(repr=False)
    fronts: bool = False
    extends: str = ""

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """What a study may tell it, by name; under a budget also what the runner handles (:class:`UnderBudget`)."""
        return parameters_of(self.build) | (parameters_of(UnderBudget) if self.needs_budget else {})

    @property
    def types(self) -> dict[str, Any]:
        """The type of each parameter."""
        return types_of(self.build) | (types_of(UnderBudget) if self.needs_budget else {})

    @property
    def needs_scores(self) -> bool:
        """Whether it reads a score table."""
        return SCORE in self.looks

    @property
    def needs_live(self) -> bool:
        """Whether its runs evaluate networks in a job of their own, see :mod:`tfnas.search.live.outcomes`."""
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
                known = self.parameters[name]
                named = settings.get(name, [] if known.required else known.default)
                return [named] if isinstance(named, str) else list(named)
        return []

    @property
    def weighs_cost(self) -> bool:
        """Whether it weighs a cost (:data:`tfnas.search.parameters.COST`) against what it sees."""
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
        return Path(str(importlib.import_module(self.build.__module__).__file__))

    def settings(self, given: Mapping[str, Any], label: str, checked: bool = False) -> dict[str, Any]:
        """Check the settings of a search and return its parameters, defaults filled in.

        Args:
            given: parameters, and :data:`STUDY_KEYS` if they come from a study file.
            label: name of the search in the study, for messages.
            checked: whether types and bounds were checked with the study file, so that a job needs no pydantic.

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
        for name, parameter in self.parameters.items():
            if name not in given and parameter.required:
                raise ConfigError(
                    f"search.use.{label} lacks '{name}', which '{self.name}' needs "
                    f"({parameter.description.rstrip('.')}): add it."
                )
        if self.needs_budget and not self.spends_budget(given) and given.get("overshoot") is False:
            raise ConfigError(
                f"search.use.{label}.overshoot is false, which is about the last query of a budget of seconds, but "
                "'evaluations' stand in the place of that budget: remove one of the two."
            )
        for name, kind in () if checked else self.types.items():
            if name in given and (wrong := what_is_wrong(given[name], kind, self.parameters[name])):
                raise ConfigError(f"search.use.{label}.{name} of '{self.name}' is {given[name]!r}: {wrong}.")
        return {name: given.get(name, copy(parameter.default)) for name, parameter in self.parameters.items()}

    def own(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of its settings that its class takes; the runner handles the others."""
        return {name: settings[name] for name in parameters_of(self.build) if name in settings}


_ALGORITHMS: dict[str, Algorithm] = {}


def register(name: str, **about: Any) -> Callable[[type[Search]], type[Search]]:
    """Register a :class:`Search` subclass under its name in the study file.

    ``about`` are attributes of :class:`Algorithm`, of which ``title``, ``group`` and ``looks`` must be given.

    Raises:
        ValueError: the name is taken, or the group or a kind of look does not exist.
    """

    def decorate(build: type[Search]) -> type[Search]:
        if name in _ALGORITHMS:
            raise ValueError(f"search '{name}' is registered twice: {_ALGORITHMS[name].build} and {build}")
        algorithm = Algorithm(name=name, build=build, **{"stream": name} | about)
        if algorithm.group not in GROUPS or not set(algorithm.looks) <= set(KINDS):
            raise ValueError(f"search '{name}': group must be one of {GROUPS}, looks out of {KINDS}")
        _ALGORITHMS[name] = algorithm
        return build

    return decorate


@cache
def _discover() -> None:
    for module in pkgutil.iter_modules(tfnas.search.__path__):
        if module.name not in _NOT_SEARCHES and not module.ispkg:
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
