"""A block of runs of one search: what one job does of it, and what decides what every run draws."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tfnas.errors import ConfigError
from tfnas.search.registry import Algorithm, get_algorithm
from tfnas.seeds import child_rng


@dataclass(frozen=True)
class Block:
    """Runs ``first`` to ``last`` (both included) of a search.

    Run r on a dataset draws from ``child_rng(seed, study, dataset, "search", stream, r)``, where ``stream`` is the
    algorithm's (see :class:`tfnas.search.registry.Algorithm`): neither the label of the search nor the cut into blocks
    matters.

    Attributes:
        search: label of the search in the study.
        settings: its settings: ``algorithm``, parameters, and ``constraint`` and ``accuracies_of`` where given.
        first: number of the first run, from 0.
        last: number of the last run, included.
        seed: master seed of the study.
        study: name of the study.

    Raises:
        ConfigError: the runs are no block.
    """

    search: str
    settings: Mapping[str, Any]
    first: int
    last: int
    seed: int
    study: str

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.last:
            raise ConfigError(
                f"The runs of search '{self.search}' go from {self.first} to {self.last}: first must be 0 or more, up "
                "to last."
            )

    @property
    def runs(self) -> range:
        """Numbers of the runs."""
        return range(self.first, self.last + 1)

    @cached_property
    def algorithm(self) -> Algorithm:
        """The algorithm of the search."""
        return get_algorithm(self.settings["algorithm"], f"search.use.{self.search}")

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the algorithm, defaults filled in."""
        return self.algorithm.settings(self.settings, self.search, checked=True)

    def rng(self, dataset: str, run: int) -> np.random.Generator:
        """Return the source of randomness of a run on a dataset."""
        return child_rng(self.seed, self.study, dataset, "search", self.algorithm.stream, run)

    @property
    def facts(self) -> dict[str, Any]:
        """What the facts of its tables say of it."""
        return {
            "search": self.search,
            "algorithm": self.algorithm.name,
            "parameters": self.parameters,
            "study": self.study,
            "seed": self.seed,
            "stream": self.algorithm.stream,
            "runs": [self.first, self.last],
        }
