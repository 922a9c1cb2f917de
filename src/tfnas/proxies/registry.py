"""Which proxies exist, and in which family. Importing this module, or listing names, does not import torch.

A family is a file of this package that holds ``FAMILY = Family(...)``; the file name is the name of the family.
Adding a proxy is adding such a file (or an entry to one), a reference in ``report/refs.bib`` and a test. What an entry
must say and what ``evaluate`` must return is the contract of :mod:`tfnas.proxies.contract`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tfnas.errors import ProxyError, UnknownNameError
from tfnas.proxies.contract import check_family
from tfnas.spaces.nats_tss import Cell

if TYPE_CHECKING:
    from torch import Tensor

    from tfnas.proxies.trial import Trial
    from tfnas.scoring.ensembles import Ensemble

_INFRASTRUCTURE = ("registry", "classes", "contract", "trial", "any_module")


Results = dict[str, "tuple[Tensor, list[str]]"]
"""For each proxy raw values of shape (G,), float64 on the CPU, and G reasons: empty, or why the value is NaN."""


@dataclass(frozen=True)
class Failure:
    """A way in which the definition of a proxy has no value for a cell; anything else that fails is a fault.

    Attributes:
        reason: how the column ``reason`` of a score table begins; details may follow after a colon.
        meaning: one sentence: which cells, and why the definition has no value there.
    """

    reason: str
    meaning: str


@dataclass(frozen=True)
class Proxy:
    """What a person should know of a proxy.

    Attributes:
        name: as in study files and score tables.
        title: as in report tables.
        direction: 1 if a larger raw value promises a better network, -1 if a smaller one does; the score is their
            product, so that larger is always better.
        formula: LaTeX (mathematics mode) of the raw value.
        needs: what one evaluation needs, for example ``("forward", "real images")``.
        reference: citation key in ``report/refs.bib`` and the place in the work.
        summary: one sentence.
        requires: what a network of any kind must have, see :mod:`tfnas.proxies.any_module.trial`: ``layers`` with
            weights, ``relus``, ``activations`` (ReLU, GELU or SiLU), ``normalisation`` of batches, ``maps``,
            ``stages``, ``labels``, ``any size`` of images, a ``second derivative``; ``cell`` where it looks into the
            graph of a cell.
        where: LaTeX that says what the symbols of the formula are; empty where it has none.
        origins: citation keys of the works that proposed the quantity for another purpose, before it was a proxy.
        batch: images that it looks at; the study file says how many its batch has.
        published_batch: those of the publication.
        failures: when the value is NaN, and never otherwise.
        prior: of a proxy that rewards places of operations which are known to be good on this benchmark, what it
            knows; it looks at no network, and a search that reads it is told apart. Empty for any other proxy, counts
            of parameters or operations included: they prefer what is larger, wherever it lies.
    """

    name: str
    title: str
    direction: Literal[1, -1]
    formula: str
    needs: tuple[str, ...]
    reference: tuple[str, str]
    summary: str
    requires: tuple[str, ...] = ()
    where: str = ""
    origins: tuple[str, ...] = ()
    batch: str = "none"
    published_batch: str = "none"
    failures: tuple[Failure, ...] = ()
    prior: str = ""

    @property
    def failure(self) -> str:
        """The reasons of all failures, ``never`` if there are none."""
        return "; ".join(failure.reason for failure in self.failures) or "never"


@dataclass(frozen=True)
class Family:
    """Proxies that share one pass through the networks.

    Attributes:
        proxies: its members.
        same_score: maps a cell to a key; cells with equal keys have equally distributed values, so one of them
            may stand for all.
        evaluate: takes a trial of G cells and returns, for each wanted proxy at least, raw values of shape (G,) and G
            reasons (:mod:`tfnas.proxies.contract`).
        initialisation: one of :data:`tfnas.networks.reference.INITIALISATIONS`, or "none" where nothing is drawn:
            without networks, or with given weights (then ``needs`` holds ``networks``).
        precision: floating-point numbers of the networks.
        draws: how many initialisations one score is the mean of by definition; ``scoring.repeats`` multiplies it.
        shown: how many images pass a network, and their height in pixels, 0 for what the mini-batch has; it decides
            how many networks run together on a CPU.
        needs: what the search space must offer besides networks (:attr:`tfnas.spaces.base.Space.offers`): ``cell``
            where the family looks into the graph of a cell.
        distinct: how many keys ``same_score`` has among NATS-Bench's topologies, so that a workflow need not count
            them at each start; 0: they are counted. A test counts them.
    """

    proxies: tuple[Proxy, ...]
    same_score: Callable[[Cell], Hashable]
    evaluate: Callable[[Trial], Results]
    initialisation: str = "default"
    precision: str = "float32"
    draws: int = 1
    shown: tuple[int, int] = (0, 0)
    needs: frozenset[str] = frozenset()
    distinct: int = 0

    @property
    def asks(self) -> frozenset[str]:
        """All that the search space must offer."""
        return self.needs | ({"networks"} if self.draws_weights else frozenset())

    @property
    def draws_weights(self) -> bool:
        """Whether another initialisation gives other scores."""
        return self.initialisation != "none"


@cache
def families() -> dict[str, Family]:
    """Return every family by name, in alphabetical order.

    Raises:
        ProxyError: the entry of a family does not keep the contract.
    """
    package = str(Path(__file__).parent)
    names = sorted(module.name for module in pkgutil.iter_modules([package]) if module.name not in _INFRASTRUCTURE)
    modules = {name: importlib.import_module(f"tfnas.proxies.{name}") for name in names}
    return {name: check_family(name, getattr(module, "FAMILY", None)) for name, module in modules.items()}


def name_of(family: Family) -> str:
    """Return the name of a family, or that of its first proxy where the registry does not hold it."""
    return next((name for name, known in families().items() if known is family), family.proxies[0].name)


@cache
def _families_of_proxies() -> dict[str, str]:
    owners: dict[str, str] = {}
    for name, family in families().items():
        for proxy in family.proxies:
            if proxy.name in owners:
                raise ProxyError(
                    f"Proxy '{proxy.name}' is in both families '{owners[proxy.name]}' and '{name}': rename one."
                )
            owners[proxy.name] = name
    return owners


def proxy_names() -> list[str]:
    """Return the names of all proxies."""
    return list(_families_of_proxies())


def family_of(proxy: str) -> str:
    """Return the name of the family of a proxy.

    Raises:
        UnknownNameError: no such proxy; the message lists those that exist.
    """
    if proxy not in _families_of_proxies():
        raise UnknownNameError("proxy", proxy, proxy_names())
    return _families_of_proxies()[proxy]


def get_family(name: str) -> Family:
    """Return a family.

    Raises:
        UnknownNameError: no such family; the message lists those that exist.
    """
    if name not in families():
        raise UnknownNameError("proxy family", name, list(families()))
    return families()[name]


def get_proxy(name: str) -> Proxy:
    """Return a proxy.

    Raises:
        UnknownNameError: no such proxy; the message lists those that exist.
    """
    return next(proxy for proxy in get_family(family_of(name)).proxies if proxy.name == name)


def ensembles() -> dict[str, Ensemble]:
    """Return every ensemble of proxies by name.

    They are found at run time like families, so that only the rules which compute ensembles depend on that file.
    """
    return importlib.import_module("tfnas.scoring.ensembles").ENSEMBLES


_OWN: dict[str, Proxy] = {}
"""Scores of a user's own that the study of this process declares, see :func:`declare_own`."""


def declare_own(declared: Mapping[str, Mapping[str, Any]]) -> None:
    """Make :func:`describe` know the scores of a user's own that a study declares, and no others.

    They are no proxies of the registry: nothing here can compute them, they come as tables
    (:mod:`tfnas.scoring.own_scores`).

    Args:
        declared: ``scoring.own`` of the study, ``title``, ``direction``, ``source`` and ``failure`` by name.
    """
    _OWN.clear()
    for name, about in declared.items():
        failures = (Failure(about["failure"], "What the study file says of it."),) if about["failure"] else ()
        _OWN[name] = Proxy(
            name=name,
            title=about["title"] or name,
            direction=about["direction"],
            formula="",
            needs=("a table of scores",),
            reference=("", about["source"]),
            summary=f"Its scores were not computed here: they were given as a table. Their source: {about['source']}.",
            failures=failures,
        )


def describe(name: str) -> Proxy | Ensemble:
    """Return what a person should know of a proxy, an ensemble or a score that the study declares as its own.

    Raises:
        UnknownNameError: there is none of them; the message lists those that exist.
    """
    known = ensembles() | _OWN
    if name not in known and name not in proxy_names():
        raise UnknownNameError("proxy or ensemble", name, [*proxy_names(), *known])
    return known.get(name) or get_proxy(name)
