"""What a proxy gets to evaluate where a network is a module of any kind."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from tfnas.errors import ProxyError
from tfnas.networks.module import (
    BATCH_NORMS,
    feature_maps,
    layers_of,
    quieted,
    run_stages,
    stages_of,
    watching,
    weights_of,
)
from tfnas.proxies.meco import IMAGE_SIZE
from tfnas.proxies.registry import Results
from tfnas.proxies.trial import Shown
from tfnas.runtime.faults import fault_of, first_line


def evaluate_of(family: str) -> Callable[["ModuleTrial"], Results]:
    """Return the function that evaluates the proxies of a family on one network of any kind."""
    return importlib.import_module(f"tfnas.proxies.any_module.{family}").evaluate


@dataclass
class ModuleTrial(Shown):
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
        counts: returns parameters and multiply-accumulates without building the network; None where nothing can.
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
    counts: Callable[[], tuple[int, int] | None] | None = None
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
        activations: list[int] = []
        images = self.images[:2]
        seen = watching(
            network,
            relu=lambda values: relus.append(len(values)),
            activated=lambda values: activations.append(len(values)),
        )
        with torch.no_grad(), seen:
            maps = feature_maps(network, images)
        norms = any(isinstance(module, BATCH_NORMS) for module in network.modules())
        missing = {
            "labels": self.labels is None and "no labels were given",
            "layers": not layers_of(network) and "the network has no convolution and no linear layer",
            "relus": (not relus and "the network has no ReLU")
            or (any(size != len(images) for size in relus) and "a ReLU of the network mixes its images"),
            "activations": (not activations and "the network has no ReLU, GELU or SiLU")
            or (any(size != len(images) for size in activations) and "an activation of the network mixes its images"),
            "normalisation": not norms and "the network has no batch normalisation",
            "maps": maps is None and "the network has no feature maps of shape (B, C, H, W)",
            "stages": self._without_stages(images),
            "cell": "the proxy looks into the graph of a cell, which a module does not show",
            "any size": self._fixed_size(),
            "second derivative": self._differentiable_once(images),
        }
        return {what: why or "" for what, why in missing.items()}

    def _differentiable_once(self, images: Tensor) -> str:
        network = self.network()
        weights = weights_of(network)
        options: Any = {"allow_unused": True, "materialize_grads": True}
        try:
            first = torch.autograd.grad(network(images).square().sum(), weights, create_graph=True, **options)
            torch.autograd.grad(torch.stack([part.sum() for part in first]).sum(), weights, **options)
        except RuntimeError as error:
            if fault_of(error):
                raise
            return f"an operation of the network has no second derivative ({first_line(error)})"
        return ""

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
        shape = (2, self.images.shape[1], IMAGE_SIZE, IMAGE_SIZE)
        noise = torch.zeros(shape, device=self.device, dtype=self.images.dtype)
        try:
            with torch.no_grad():
                self.network()(noise)
        except Exception as error:
            if fault_of(error):
                raise
            return f"the network does not take images of {IMAGE_SIZE} x {IMAGE_SIZE} pixels"
        return ""
