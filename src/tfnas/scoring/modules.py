"""Score architectures whose networks are modules of any kind, one by one: what chunks find at run time."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tfnas.networks.module import built
from tfnas.networks.shape import Shape
from tfnas.proxies.any_module.trial import ModuleTrial, evaluate_of
from tfnas.proxies.registry import Results
from tfnas.spaces.base import Architecture


def _built(network: Callable[[], Any], seed: int, initialisation: str) -> Any:
    return built(network, initialisation, seed)


def trial_of(
    family: str, architecture: Architecture, seed: int, shape: Shape, shown: Mapping[str, Any]
) -> tuple[ModuleTrial, Callable[[ModuleTrial], Results]]:
    """Return a trial of one architecture, and the function that evaluates it.

    Args:
        family: name of a proxy family.
        architecture: of a space whose networks are modules.
        seed: of its weights.
        shape: image channels, image size and classes.
        shown: images, labels, wanted proxies and seed of noise, as arguments of the trial.
    """
    network = partial(architecture.network, shape)
    counts = partial(architecture.space.counts, architecture.code, shape)
    build = partial(_built, network, seed)
    trial = ModuleTrial(build, seed=seed, counts=counts, **shown)
    return trial, evaluate_of(family)
