"""TE-NAS: a supernet is pruned to a single path by condition number and linear regions, live."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfnas.cells import Cell
from tfnas.errors import SearchError
from tfnas.search.base import LIVE, Look, Search, SearchSpace, Trace
from tfnas.search.registry import register

SAMPLES = 3000
"""Crops on which linear regions are counted."""


def _count(default: int, minimum: int, description: str, **more: int) -> dict:
    return {"type": "integer", "minimum": minimum, "default": default, "description": description, **more}


@register(
    "te_nas_pruning",
    title="TE-NAS (pruning)",
    group="training-free",
    looks=(LIVE,),
    parameters={
        "channels": _count(3, 1, "Channels of the first stage of the network whose kernel is computed."),
        "cells_per_stage": _count(1, 1, "Cells in each stage of the network whose kernel is computed."),
        "batch_size": _count(72, 2, "Images of a kernel."),
        "samples": _count(SAMPLES, 3, "Crops on which linear regions are counted.", multipleOf=3),
        "repeats": _count(3, 1, "Times that each change is measured, in each round."),
    },
    reference="chen2021tenas",
    section="Section 3.3; prune_tenas.py and prune_launch.py of VITA-Group/TENAS",
)
class TeNasPruning(Search):
    """Drop an operation of each edge, round by round, for the supernet's condition number and linear regions.

    The procedure is :func:`tfnas.pruning.prune` and what it measures :class:`tfnas.supernets.Evaluator`: both need
    images and networks, which a search does not have. A job of its own does the runs of a study
    (:func:`tfnas.supernets.prune_block`); here the outcome of the run is looked up and its seconds are paid. The
    supernet is that of the whole space.

    Args:
        space: the cells that may be chosen.
        rng: the run's source of randomness; the job that prunes draws from it, this class does not.
        channels: of the kernel's network, see ``parameters`` of its registration.
        cells_per_stage: of the kernel's network.
        batch_size: images of a kernel.
        samples: crops for linear regions.
        repeats: times that each change is measured.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        channels: int = 3,
        cells_per_stage: int = 1,
        batch_size: int = 72,
        samples: int = SAMPLES,
        repeats: int = 3,
    ):
        super().__init__(space, rng)
        self.found: int | None = None

    def ask(self) -> Look | None:
        """Ask what the run ended with, once."""
        return Look(LIVE, []) if self.found is None else None

    def tell(self, look: Look, values: Sequence[float]) -> None:
        """Note the code of the cell."""
        self.found = int(values[0])

    def choose(self, trace: Trace) -> int:
        """Return the cell that was left.

        Raises:
            SearchError: it is none of the cells that may be chosen.
        """
        if self.found not in self.space:
            raise SearchError(
                f"Pruning ended with {Cell.from_code(self.found)}, which is none of the {self.space.size} cells that "
                "may be chosen: use ground truth of all cells, or leave 'te_nas_pruning' out of search.use."
            )
        return self.found
