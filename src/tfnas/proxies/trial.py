"""What a family of proxies gets to evaluate: cells, a mini-batch, and untrained networks built as the family asks."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from tfnas.networks.batched import BatchedNetworks
from tfnas.networks.reference import initial_state
from tfnas.networks.skeleton import Skeleton
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import Cell


def require_finite(values: Tensor, what: str) -> None:
    """Stop where networks give what is not a number, which signs and patterns of ReLUs would hide.

    Raises:
        FloatingPointError: a value is not finite.
    """
    if not values.isfinite().all():
        raise FloatingPointError(f"{what} of a network are not finite")


class Shown:
    """What trials of cells and of single modules share: noise, and whose seconds are whose."""

    images: Tensor
    labels: Tensor | None
    wanted: frozenset[str]
    noise_seed: int
    only: dict[frozenset[str], float]
    count: int

    @property
    def device(self) -> torch.device:
        """Where everything is computed."""
        return self.images.device

    def gaussian(self, name: str, *shape: int) -> Tensor:
        """Return standard normal noise, the same for all cells, repeats and devices."""
        generator = torch.Generator().manual_seed(child_seed(self.noise_seed, "noise", name))
        return torch.randn(shape, generator=generator).to(self.device)

    @property
    def targets(self) -> Tensor:
        """The labels, for proxies that ask for them."""
        assert self.labels is not None
        return self.labels

    @contextmanager
    def only_for(self, *names: str) -> Iterator[None]:
        """Charge the seconds of a block to these proxies alone; all other seconds are shared by those wanted."""
        started = self.clock()
        yield
        key = frozenset(names)
        self.only[key] = self.only.get(key, 0.0) + self.clock() - started

    def clock(self) -> float:
        """Return the wall time in seconds, after what the device was given is done."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def seconds(self, total: float) -> dict[str, float]:
        """Return the seconds of one network for each wanted proxy, of ``total`` seconds that the trial took."""
        shared = total - sum(self.only.values())
        own = {name: sum(spent for names, spent in self.only.items() if name in names) for name in self.wanted}
        return {name: (shared + spent) / self.count for name, spent in own.items()}


@dataclass
class Trial(Shown):
    """G cells, to be made into untrained networks and evaluated together.

    Attributes:
        cells: the G cells.
        seeds: seed of the weights of each network.
        skeleton: macro skeleton of the study.
        images: the study's mini-batch on the device to be used, shape (B, channels, H, W), float32, normalised.
        labels: its labels, shape (B,), int64.
        wanted: names of the proxies whose values are asked for; a family may leave the others out.
        noise_seed: seed of random inputs, the same for every cell.
        only: seconds that only some proxies took, by their names; filled by :meth:`only_for`.
    """

    cells: Sequence[Cell]
    seeds: Sequence[int]
    skeleton: Skeleton
    images: Tensor
    labels: Tensor
    wanted: frozenset[str]
    noise_seed: int = 0
    only: dict[frozenset[str], float] = field(default_factory=dict)

    @property
    def count(self) -> int:  # type: ignore[override]
        """G."""
        return len(self.cells)

    def networks(
        self,
        initialisation: str = "default",
        skeleton: Skeleton | None = None,
        dtype: torch.dtype = torch.float32,
        change: Callable[[dict[str, Tensor]], dict[str, Tensor]] | None = None,
        **options: Any,
    ) -> BatchedNetworks:
        """Return new untrained networks in training mode.

        Args:
            initialisation: one of :data:`tfnas.networks.reference.INITIALISATIONS`.
            skeleton: another macro skeleton than the study's.
            dtype: of all weights.
            change: maps each network's state dict to the one that is used.
            options: of :class:`tfnas.networks.batched.BatchedNetworks`.
        """
        skeleton = skeleton or self.skeleton
        states = [
            initial_state(cell, skeleton, torch.Generator().manual_seed(seed), initialisation)
            for cell, seed in zip(self.cells, self.seeds, strict=True)
        ]
        if change is not None:
            states = [change(state) for state in states]
        networks = BatchedNetworks(self.cells, skeleton, states, **options).to(self.device, dtype)
        return networks.to(memory_format=self.memory_format)  # type: ignore[call-overload]

    @property
    def memory_format(self) -> torch.memory_format:
        """Channels last where that is faster: one network at a time on a CPU."""
        alone = self.count == 1 and self.device.type == "cpu"
        return torch.channels_last if alone else torch.contiguous_format

    def input(self, count: int | None = None) -> Tensor:
        """Return the first ``count`` images of the mini-batch (all if left out), in the fastest layout."""
        return self.images[:count].contiguous(memory_format=self.memory_format)
