"""What a cell costs to run, known before anything is trained: parameters, multiply-accumulates, measured latencies.

==================  ========================================================================================
``params``          trainable parameters, a column of the ground truth
``flops``           multiply-accumulates of one image in millions, a column of the ground truth
name of a device    milliseconds of one forward pass (or of one batch) on it, a column of a table of latencies
==================  ========================================================================================

The first two are those of the networks whose accuracies the ground truth holds; for networks of this skeleton they
equal :func:`tfnas.networks.skeleton.count_parameters` and :func:`tfnas.networks.skeleton.count_flops`.

A *constraint* is a mapping with any of the keys ``params``, ``flops`` (``{max}``), ``latency`` (``{device, max}``) and
``operations`` (list of the operations that a cell may use). A search under a constraint is the same search in a smaller
space: no algorithm knows of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from tfnas.errors import ConfigError, SearchError, TruthError, UnknownNameError
from tfnas.files import read_table
from tfnas.schemas.latencies import SCHEMA as LATENCIES
from tfnas.search.constraints import COUNTED, constraint_words, cost_unit, limits_of, rounded_up
from tfnas.spaces.base import Space
from tfnas.spaces.pool import ByCode
from tfnas.spaces.registry import get_space, space_at
from tfnas.truth.benchmark import by_code


@dataclass(frozen=True)
class Costs:
    """What the cells of a dataset cost, by name of the cost.

    Args:
        by_name: values by cell code, NaN where a cell has none.
        dataset: name of the dataset, for messages.
        space: the search space of the cells.
    """

    by_name: dict[str, ByCode] = field(repr=False)
    dataset: str
    space: Space = field(default_factory=get_space)

    @classmethod
    def read(cls, truth_path: str | Path, dataset: str, latency_path: str | Path | None = None) -> Self:
        """Read the counted costs of a ground truth and the latencies that :func:`convert` wrote, if there are any.

        Raises:
            DataError: a file is missing, damaged or has no column ``arch``.
        """
        truth, space = read_table(truth_path, ("arch",)), space_at(truth_path)
        codes = space.codes_of(truth["arch"], f"'{truth_path}'", TruthError)
        by_name = {name: by_code(space, codes, truth, name) for name in COUNTED if name in truth.columns}
        if latency_path is not None:
            latencies = LATENCIES.read(latency_path)
            codes = space.codes_of(latencies["arch"], f"'{latency_path}'", TruthError)
            by_name |= {name: by_code(space, codes, latencies, name) for name in latencies.columns if name != "arch"}
        return cls(by_name, dataset, space)

    @property
    def devices(self) -> list[str]:
        """Names of the devices, in the order of the table of latencies."""
        return [name for name in self.by_name if name not in COUNTED]

    def of(self, cost: str, codes: np.ndarray, place: str = "the study") -> np.ndarray:
        """Return a cost of the cells of ``codes``.

        Args:
            cost: ``params``, ``flops`` or the name of a device.
            codes: codes of cells, shape (n,).
            place: what asks, for messages.

        Returns:
            Positive numbers, shape (n,): parameters, millions or milliseconds.

        Raises:
            UnknownNameError: there is no such device; lists those that exist.
            TruthError: a cell has no such cost.
        """
        if cost not in self.by_name and cost not in COUNTED:
            if not self.devices:
                raise ConfigError(
                    f"{place} asks for the latency on '{cost}', but '{self.dataset}' has no table of latencies: set "
                    f"datasets.{self.dataset}.hardware.path."
                )
            raise UnknownNameError("device", cost, self.devices, place)
        values = self.by_name[cost][codes] if cost in self.by_name else np.full(codes.size, np.nan)
        missing = codes[np.isnan(values)]
        if missing.size:
            what = f"{cost} (a column of its ground truth)" if cost in COUNTED else f"latency on '{cost}'"
            raise TruthError(
                f"'{self.dataset}' has no {what} for {missing.size} of {codes.size} cells, for example "
                f"{self.space.text(int(missing[0]))}, so {place} is impossible: add them, or leave it out."
            )
        return values


def feasible(codes: np.ndarray, constraint: Mapping[str, Any], costs: Costs, place: str) -> np.ndarray:
    """Return the cells of ``codes`` that satisfy a constraint; a value equal to its limit does.

    Args:
        codes: codes of cells, shape (n,).
        constraint: see the module; an empty one is satisfied by every cell.
        costs: what the cells cost.
        place: where the constraint stands in the study file, for messages.

    Returns:
        Codes in the given order, shape (m,) with 1 <= m <= n.

    Raises:
        SearchError: no cell satisfies it; names the costs of the nearest cell, the one whose excesses over the limits,
            relative to the limits, have the smallest sum.
        UnknownNameError: there is no such device.
        TruthError: a cell has no such cost.
    """
    if "operations" in constraint:
        digits, allowed = costs.space.digits(codes), constraint["operations"]
        kept = [[at for at, name in enumerate(part.choices) if name in allowed] for part in costs.space.variables]
        codes = codes[np.all([np.isin(digits[:, number], known) for number, known in enumerate(kept)], axis=0)]
        if not codes.size:
            raise SearchError(
                f"No cell of '{costs.dataset}' uses only the operations of {place} "
                f"({', '.join(constraint['operations'])}): allow more."
            )
    limits = limits_of(constraint)
    values = {cost: costs.of(cost, codes, place) for cost in limits}
    inside = np.ones(codes.size, dtype=bool)
    for cost, limit in limits.items():
        inside &= values[cost] <= limit
    if not inside.any():
        excess = sum(np.maximum(values[cost] / limit - 1, 0) for cost, limit in limits.items())
        nearest = int(np.argmin(excess))
        above = [
            f"{cost} from {limit:g} to {rounded_up(values[cost][nearest])} {cost_unit(cost)} or more"
            for cost, limit in limits.items()
            if values[cost][nearest] > limit
        ]
        raise SearchError(
            f"None of {codes.size} cells of '{costs.dataset}' satisfies {place} ({constraint_words(constraint)}): for "
            f"the nearest feasible cell raise {' and '.join(above)}."
        )
    return codes[inside]
