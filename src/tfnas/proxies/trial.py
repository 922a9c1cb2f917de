"""What a family of proxies gets to evaluate: a mini-batch, and untrained networks built as the family asks.

:class:`Trial` holds cells, which the batched engine runs together; :class:`ModuleTrial` one network of any kind.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from tfnas.errors import ProxyError
from tfnas.networks.batched import BatchedNetworks
from tfnas.networks.module import BATCH_NORMS, feature_maps, layers_of, quieted, run_stages, stages_of, watching
from tfnas.networks.reference import initial_state
from tfnas.networks.skeleton import Skeleton
from tfnas.runtime.faults import fault_of
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import Cell


def require_finite(values: Tensor, what: str) -> None:
    """Stop where networks give what is not a number, which signs and patterns of ReLUs would hide.

    Raises:
        FloatingPointError: a value is not finite.
    """
    if not values.isfinite().all():
        raise FloatingPointError(f"{what} of a network are not finite")


class _Shown:
    """What both kinds of trials share: noise, and whose seconds are whose."""

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
class Trial(_Shown):
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


@dataclass
class ModuleTrial(_Shown):
    """One network, a module of any kind, to be evaluated.

    Attributes:
        build: returns a new network, whose weights are drawn in the way that is named
            (:data:`tfnas.networks.reference.INITIALISATIONS`).
        images: mini-batch on the device to be used, shape (B, channels, H, W), float32, normalised.
        labels: its labels, shape (B,), int64; None where nobody knows them.
        wanted: names of the proxies whose values are asked for; a family may leave the others out.
        noise_seed: seed of random inputs.
        seed: seed of the weights.
        stages: names of the modules that are the stages of the network; None: see
            :func:`tfnas.networks.module.stages_of`.
        thin: returns the network that proxies of a thin network look at (:mod:`tfnas.proxies.ntk`); None where there is
            none, and the network itself is looked at.
        only: seconds that only some proxies took, by their names; filled by :meth:`only_for`.
    """

    build: Callable[[str], nn.Module]
    images: Tensor
    labels: Tensor | None
    wanted: frozenset[str]
    noise_seed: int = 0
    seed: int = 0
    stages: Sequence[str] | None = None
    thin: Callable[[], nn.Module] | None = None
    only: dict[frozenset[str], float] = field(default_factory=dict)
    count = 1

    def network(self, initialisation: str = "default", thin: bool = False) -> nn.Module:
        """Return a new untrained network in training mode, dropout switched off, on the device of the images."""
        network = self.thin() if thin and self.thin is not None else self.build(initialisation)
        return quieted(network.to(self.device, self.images.dtype).train())

    def gaussian(self, name: str, *shape: int) -> Tensor:
        """Return standard normal noise in the precision of the images."""
        return super().gaussian(name, *shape).to(self.images.dtype)

    @cached_property
    def has(self) -> dict[str, str]:
        """What a proxy may ask of the network (:attr:`tfnas.proxies.registry.Proxy.requires`): why it is not there.

        An empty text where it is there.
        """
        network = self.network()
        relus: list[int] = []
        images = self.images[:2]
        with torch.no_grad(), watching(network, relu=lambda values: relus.append(len(values))):
            maps = feature_maps(network, images)
        norms = any(isinstance(module, BATCH_NORMS) for module in network.modules())
        missing = {
            "labels": self.labels is None and "no labels were given",
            "layers": not layers_of(network) and "the network has no convolution and no linear layer",
            "relus": (not relus and "the network has no ReLU")
            or (any(size != len(images) for size in relus) and "a ReLU of the network mixes its images"),
            "normalisation": not norms and "the network has no batch normalisation",
            "maps": maps is None and "the network has no feature maps of shape (B, C, H, W)",
            "stages": self._without_stages(images),
            "cell": "the proxy looks into the graph of a cell, which a module does not show",
            "any size": self._fixed_size(),
        }
        return {what: why or "" for what, why in missing.items()}

    def _without_stages(self, images: Tensor) -> str:
        network = self.network()
        stages = stages_of(network, self.stages)
        if len(stages) < 2:
            return f"the network has {len(stages)} stages where it needs two: name them"
        try:
            run_stages(network, stages, images, lambda number, entered, left: None)
        except ProxyError as error:
            return str(error)[0].lower() + str(error)[1:].rstrip(".")
        return ""

    def _fixed_size(self) -> str:
        from tfnas.proxies.meco import IMAGE_SIZE as SIZE

        noise = torch.zeros(2, self.images.shape[1], SIZE, SIZE, device=self.device, dtype=self.images.dtype)
        try:
            with torch.no_grad():
                self.network()(noise)
        except Exception as error:
            if fault_of(error):
                raise
            return f"the network does not take images of {SIZE} x {SIZE} pixels"
        return ""
