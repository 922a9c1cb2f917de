"""Score one network: any ``torch.nn.Module``, or an architecture of a search space by its string.

A module is run by the engine of :mod:`tfnas.networks.module`, one proxy family after another, each on new copies with
the weights that the definition of its proxies asks for. A proxy that asks for what the network does not have is told
apart in one sentence; it never gets a value.
"""

import copy
import inspect
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from tfnas.errors import DataError, ProxyError, TfnasError
from tfnas.networks.module import built, initialise
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.any_module.trial import ModuleTrial, evaluate_of
from tfnas.proxies.registry import Family, family_of, get_family, get_proxy, name_of, proxy_names
from tfnas.runtime.devices import device_named
from tfnas.runtime.exact_arithmetic import full_precision
from tfnas.runtime.faults import device_error, fault_of, first_line
from tfnas.runtime.progress import progress
from tfnas.scoring.chunk import Draws, evaluated, score_cells
from tfnas.scoring.pictures import pictures
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import Cell

log = logging.getLogger("tfnas")

COLUMNS = ("proxy", "score", "raw", "spread", "seconds", "reason")

Build = Callable[[], nn.Module]


def score(
    network: nn.Module | Build | str,
    images: Tensor | np.ndarray | str | Path,
    labels: Tensor | np.ndarray | None = None,
    proxies: Iterable[str] | None = None,
    repeats: int = 1,
    seed: int = 0,
    device: str = "auto",
    stages: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Score a network with training-free proxies.

    Args:
        network: a module that maps images (B, C, H, W) to logits (B, classes); a function that builds such a module,
            so that each repeat has weights of its own; or the string of a cell of NATS-Bench's topology space, which
            is put into the benchmark's skeleton (16 channels, 5 cells a stage). Proxies that ask for no weights of
            their own see those of the module as they are in the first draw; further draws of a module are those of
            ``reset_parameters``. The module itself is not changed.
        images: the mini-batch, (B, C, H, W): numbers that are normalised already, or pixels (uint8), which are
            normalised by their own mean and standard deviation. Or a ``.npz`` file or a folder, of which the first 64
            training images are taken (:mod:`tfnas.scoring.pictures`).
        labels: whole numbers from 0, (B,); those of the file or folder if left out.
        proxies: names; all if left out.
        repeats: how many values of each proxy are averaged; each is the mean of as many initialisations as the
            definition of the proxy says.
        seed: of all weights and noise.
        device: ``cpu``, ``cuda:0``, ... or ``auto``: a GPU where there is one.
        stages: names of the modules that are the stages of the network, the stem first; only AZ-NAS asks for them
            (:func:`tfnas.networks.module.stages_of` says which are taken if left out).

    Returns:
        A row for each proxy: ``proxy``; ``score``, larger is better; ``raw``, the value of the definition; ``spread``,
        its standard deviation over all draws (NaN for one); ``seconds``, wall seconds of all draws; ``reason``, why
        there is no value, empty where there is one. ``attrs["images"]`` is the shape of the mini-batch.

    Raises:
        ProxyError: the network cannot be scored at all, or lacks what one of the ``proxies`` asks for.
        DataError: images or labels are not as they should be.
        UnknownNameError: there is no such proxy.
        DeviceError: the device failed, or its memory ran out.

    Example:
        >>> import torch, tfnas
        >>> small = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(),
        ...                             torch.nn.Linear(8 * 36, 10))
        >>> images = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
        >>> table = tfnas.score(small, images, proxies=["params", "naswot"])
        >>> table["raw"].round(1).tolist()[0]
        3114.0
    """
    if repeats < 1:
        raise ProxyError(f"repeats is {repeats}: use 1 or more.")
    full_precision()
    place = device_named(device)
    batch, targets = pictures(images, labels)
    batch, targets = batch.to(place), None if targets is None else targets.to(place)
    names = list(proxies) if proxies is not None else proxy_names()
    by_family: dict[str, list[str]] = {}
    for name in names:
        by_family.setdefault(family_of(name), []).append(name)
    scorer: _Cell | _Module
    if isinstance(network, str):
        scorer = _Cell(Cell.parse(network), batch, targets, seed)
    else:
        scorer = _Module(network, batch, targets, seed, list(stages) if stages is not None else None)
    rows: dict[str, tuple] = {}
    with progress(len(by_family), "families of proxies") as advance:
        for family, wanted in by_family.items():
            refused = scorer.lacks(wanted)
            for name, why in refused.items():
                if proxies is not None:
                    raise ProxyError(f"Proxy '{name}' cannot score this network: {why}.")
                rows[name] = (name, np.nan, np.nan, np.nan, np.nan, why)
            kept = [name for name in wanted if name not in refused]
            if kept:
                rows |= _summed(get_family(family), kept, scorer, repeats)
            advance(1)
    table = pd.DataFrame([rows[name] for name in names], columns=list(COLUMNS))
    table.attrs["images"] = list(batch.shape)
    return table


def _summed(family: Family, wanted: list[str], scorer: "_Cell | _Module", repeats: int) -> dict[str, tuple]:
    """Return the rows of some members of a family, each the mean of all its draws."""
    draws: dict[str, list[tuple[float, float, str]]] = {name: [] for name in wanted}
    for number in range(repeats * family.draws):
        for name, found in scorer.values(family, wanted, number).items():
            draws[name].append(found)
    rows = {}
    for name, drawn in draws.items():
        values = np.array([value for value, _, _ in drawn])
        raw, spread = values.mean(), values.std(ddof=1) if len(values) > 1 else np.nan
        reason = next((why for _, _, why in drawn if why), "")
        seconds = sum(spent for _, spent, _ in drawn)
        rows[name] = (name, get_proxy(name).direction * raw, raw, spread, seconds, reason)
    return rows


class _Cell:
    """A cell in the benchmark's skeleton, scored by the batched engine."""

    def __init__(self, cell: Cell, images: Tensor, labels: Tensor | None, seed: int):
        self.cell, self.images, self.seed = cell, images, seed
        self.unlabelled = labels is None
        self.labels = torch.zeros(len(images), dtype=torch.long, device=images.device) if labels is None else labels
        if images.shape[2] != images.shape[3]:
            height, width = images.shape[2:]
            raise DataError(f"Cells are scored on square images, and these are {height} x {width}: crop them.")
        classes = 10 if labels is None else max(int(labels.max()) + 1, 2)
        self.skeleton = Skeleton(16, 5, classes, images.shape[1], images.shape[2])

    def lacks(self, wanted: list[str]) -> dict[str, str]:
        """Return why some proxies cannot be had."""
        asking = [name for name in wanted if "labels" in get_proxy(name).requires and self.unlabelled]
        return dict.fromkeys(asking, "no labels were given")

    def values(self, family: Family, wanted: list[str], number: int) -> dict[str, tuple[float, float, str]]:
        """Return value, seconds and reason of one draw of each proxy."""
        draws = Draws(1, self.seed, scoring=number)
        rows = score_cells(family, [self.cell], self.images, self.labels, self.skeleton, draws, 1, wanted)
        return {proxy: (raw, seconds, why) for _, proxy, _, raw, seconds, why in rows}


class _Module:
    """A module of any kind, scored by the engine of modules."""

    def __init__(
        self, network: nn.Module | Build, images: Tensor, labels: Tensor | None, seed: int, stages: list[str] | None
    ):
        if not isinstance(network, nn.Module) and not callable(network):
            raise ProxyError(f"A network is a torch module, a function that builds one or a string, not {network!r}.")
        self.network, self.images, self.labels, self.seed, self.stages = network, images, labels, seed, stages
        self.name = type(network).__name__ if isinstance(network, nn.Module) else getattr(network, "__name__", "build")
        self._check()
        self.has = self._trial(0, []).has

    def _build(self, number: int, initialisation: str) -> nn.Module:
        """Return a new network, whose weights are those of draw ``number``."""
        seed = child_seed(self.seed, "weights", "network", number)
        if isinstance(self.network, nn.Module):
            network = copy.deepcopy(self.network)
            if initialisation == "default" and number == 0:
                return network.requires_grad_(True)
        else:
            return built(self.network, initialisation, seed)
        return initialise(network, initialisation, torch.Generator().manual_seed(seed)).requires_grad_(True)

    def _trial(self, number: int, wanted: list[str]) -> ModuleTrial:
        return ModuleTrial(
            build=lambda initialisation: self._build(number, initialisation),
            images=self.images,
            labels=self.labels,
            wanted=frozenset(wanted),
            noise_seed=self.seed,
            seed=child_seed(self.seed, "weights", "network", number),
            stages=self.stages,
        )

    def _check(self) -> None:
        """Refuse what is no network of images."""
        network = self._build(0, "default")
        if not isinstance(network, nn.Module):
            raise ProxyError(f"'{self.name}' builds {type(network).__name__}, not a torch module: return the network.")
        if not any(True for _ in network.parameters()):
            raise ProxyError(f"The network '{self.name}' has no parameters, so there is nothing to score.")
        needed = [
            parameter.name
            for parameter in inspect.signature(network.forward).parameters.values()
            if parameter.default is parameter.empty and parameter.kind < parameter.VAR_POSITIONAL
        ]
        if len(needed) > 1:
            raise ProxyError(
                f"The network '{self.name}' asks for several inputs ({', '.join(needed)}): wrap it in a module that "
                "takes images alone."
            )
        network = network.to(self.images.device, self.images.dtype).train()
        before = [parameter.detach().clone() for parameter in network.parameters()]
        try:
            with torch.no_grad():
                logits = network(self.images[:2])
        except Exception as error:
            if fault_of(error):
                raise
            shape = " x ".join(map(str, self.images.shape[1:]))
            raise ProxyError(
                f"The network '{self.name}' does not take images of {shape} (channels x height x width): "
                f"{first_line(error)}."
            ) from error
        if not isinstance(logits, Tensor) or logits.ndim != 2:
            given = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise ProxyError(
                f"The network '{self.name}' returns {given} where logits of shape (B, classes) belong: wrap it in a "
                "module that returns them alone."
            )
        if any(not torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True)):
            raise ProxyError(
                f"The network '{self.name}' changes its weights while it runs, so its scores would depend on how often "
                "it ran: make forward leave them alone."
            )
        if self.labels is not None and int(self.labels.max()) >= logits.shape[1]:
            raise DataError(
                f"A label is {int(self.labels.max())}, and the network '{self.name}' has {logits.shape[1]} classes: "
                "number the classes from 0, or give the network as many outputs."
            )

    def lacks(self, wanted: list[str]) -> dict[str, str]:
        """Return why some proxies cannot be had of this network."""
        reasons = {
            name: next(filter(None, (self.has[what] for what in get_proxy(name).requires)), "") for name in wanted
        }
        return {name: why for name, why in reasons.items() if why}

    def values(self, family: Family, wanted: list[str], number: int) -> dict[str, tuple[float, float, str]]:
        """Return value, seconds and reason of one draw of each proxy."""
        trial = self._trial(number, wanted)
        started = trial.clock()
        try:
            checked = evaluated(family, trial, evaluate_of(name_of(family)), wanted, [self.name])
        except Exception as error:
            what, mend = f"'{self.name}' with {len(self.images)} images", "score fewer images at a time"
            sentence = device_error(error, str(trial.device), what, mend)
            if isinstance(error, TfnasError) or sentence is None:
                raise
            raise sentence from error
        seconds = trial.seconds(trial.clock() - started)
        return {proxy: (checked[proxy][0][0], seconds[proxy], checked[proxy][1][0]) for proxy in wanted}
