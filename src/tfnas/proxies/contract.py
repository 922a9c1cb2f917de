"""What a family of proxies promises: its entry in the registry, and what its ``evaluate`` returns.

The contract, held against every family when it is first read and against every result before it becomes a score:

* The file holds ``FAMILY = Family(proxies=(Proxy(...), ...), same_score=..., evaluate=...)``. Names are lower-case
  letters, digits and underscores, each once, ``direction`` is 1 or -1, and ``reference`` is a citation key and a
  place. The report can print every letter of the entry (:mod:`tfnas.letters`).
  A proxy that looks at images says at how many, and at how many the publication looks (``batch``, ``published_batch``).
* ``evaluate(trial)`` gets a :class:`tfnas.proxies.trial.Trial` of G cells. It returns a dictionary that holds, for each
  name in ``trial.wanted``, a pair: raw values as a tensor of shape (G,), and a list of G reasons (text).
* Where the definition has a value, the value is finite and its reason is empty. Where it has none, the value is NaN and
  the reason is one of the proxy's declared ``failures``, to which details may be added after a colon.
* Nothing else is without a value. A NaN without a declared reason, or any exception, is a bug or a fault of the
  machine: the job fails (:class:`~tfnas.errors.ProxyError`), and no score is written.

No torch is imported.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tfnas.errors import ProxyError
from tfnas.letters import check_letters

if TYPE_CHECKING:
    from tfnas.proxies.registry import Family, Proxy

NAME = re.compile(r"[a-z][a-z0-9_]*")

PRINTED = ("title", "formula", "where", "summary", "needs", "reference", "batch", "published_batch", "prior")
"""What the report prints of an entry."""

Checked = dict[str, tuple[list[float], list[str]]]
"""Raw values and reasons by proxy; every value is finite or NaN."""


def check_family(name: str, family: Any) -> Family:
    """Return a family whose entry keeps the contract.

    Args:
        name: the name of its file.
        family: what the file holds as ``FAMILY``.

    Raises:
        ProxyError: it does not; the message says where.
    """
    if not {"proxies", "same_score", "evaluate"} <= set(dir(family)):
        raise ProxyError(f"The file of proxy family '{name}' must hold FAMILY = Family(...), not {_kind(family)}.")
    if not family.proxies:
        raise ProxyError(f"Proxy family '{name}' has no proxies: give at least one Proxy(...).")
    for function in ("same_score", "evaluate"):
        if not callable(getattr(family, function)):
            raise ProxyError(f"'{function}' of proxy family '{name}' must be a function.")
    for proxy in family.proxies:
        if type(proxy).__name__ != "Proxy":
            raise ProxyError(f"Proxy family '{name}' holds {_kind(proxy)} where a Proxy(...) belongs.")
        for wrong in _wrong_facts(proxy):
            raise ProxyError(f"Proxy '{proxy.name}' of family '{name}': {wrong}.")
        for text in PRINTED:
            check_letters(getattr(proxy, text), f"'{text}' of proxy '{proxy.name}' of family '{name}'", ProxyError)
        for failure in proxy.failures:
            check_letters([failure.reason, failure.meaning], f"A failure of proxy '{proxy.name}'", ProxyError)
    names = [proxy.name for proxy in family.proxies]
    for twice in names:
        if names.count(twice) > 1:
            raise ProxyError(f"Proxy family '{name}' holds two proxies named '{twice}': rename one.")
    return family


def _wrong_facts(proxy: Proxy) -> list[str]:
    """Return what is wrong with the entry of one proxy, as ends of a sentence."""
    texts = (proxy.name, proxy.title, proxy.formula, proxy.summary, proxy.batch, proxy.published_batch)
    failures = proxy.failures
    wrong = {
        "name, title, formula, summary, batch and published_batch must be texts that are not empty": not all(
            isinstance(text, str) and text for text in texts
        ),
        "name must be lower-case letters, digits and underscores": not NAME.fullmatch(str(proxy.name)),
        "direction must be 1 (larger is better) or -1": proxy.direction not in (1, -1),
        'reference must be a citation key of refs.bib and a place, as in ("mellor2021naswot", "section 3")': not (
            isinstance(proxy.reference, tuple) and [bool(part) for part in proxy.reference] == [True, True]
        ),
        "needs must be a tuple of texts": not (isinstance(proxy.needs, tuple) and proxy.needs),
        "batch and published_batch must both be given, or neither": (proxy.batch == "none")
        != (proxy.published_batch == "none"),
        "failures must be a tuple of Failure(reason, meaning)": not (
            isinstance(failures, tuple) and all(getattr(failure, "reason", "") for failure in failures)
        ),
    }
    return [text for text, failed in wrong.items() if failed]


def declares(proxy: Proxy, reason: str) -> bool:
    """Return whether a reason is one of the proxy's declared failures, with or without details after a colon."""
    return any(reason == failure.reason or reason.startswith(f"{failure.reason}:") for failure in proxy.failures)


def check_results(family: Family, name: str, results: Any, wanted: Collection[str], cells: Sequence[Any]) -> Checked:
    """Return what ``evaluate`` gave as plain numbers and texts, if it keeps the contract.

    Args:
        family: whose ``evaluate`` it was.
        name: of the family, for messages.
        results: what it returned.
        wanted: names of the proxies whose values were asked for.
        cells: the G cells.

    Raises:
        ProxyError: it does not; the message says what was returned, and for which proxy and cell.
    """
    if not isinstance(results, Mapping):
        raise ProxyError(
            f"Proxy family '{name}' returned {_kind(results)} where evaluate must return a dictionary of proxies."
        )
    checked: Checked = {}
    for proxy in family.proxies:
        if proxy.name in wanted:
            if proxy.name not in results:
                has = ", ".join(map(str, results)) or "nothing"
                raise ProxyError(f"Proxy family '{name}' returned {has}, but no values of '{proxy.name}'.")
            checked[proxy.name] = _checked_pair(proxy, name, results[proxy.name], cells)
    return checked


def _checked_pair(proxy: Proxy, family: str, pair: Any, cells: Sequence[Any]) -> tuple[list[float], list[str]]:
    count = len(cells)
    where = f"Proxy family '{family}' returned for '{proxy.name}'"
    if not (isinstance(pair, tuple | list) and len(pair) == 2):
        raise ProxyError(f"{where} {_kind(pair)} where a pair belongs: values of shape ({count},) and {count} reasons.")
    values, reasons = pair
    if not hasattr(values, "tolist") or tuple(values.shape) != (count,):
        raise ProxyError(f"{where} {_kind(values)} where a tensor of shape ({count},) belongs.")
    if not (isinstance(reasons, tuple | list) and [type(reason) for reason in reasons] == [str] * count):
        raise ProxyError(f"{where} {_kind(reasons)} where a list of {count} reasons (texts) belongs.")
    numbers = values.tolist()
    if not all(isinstance(number, int | float) for number in numbers):
        raise ProxyError(f"{where} values of {_kind(numbers[0])} where real numbers belong.")
    for number, reason, cell in zip(numbers, reasons, cells, strict=True):
        _check_value(proxy, float(number), reason, str(cell))
    return [float(number) if math.isfinite(number) else math.nan for number in numbers], list(reasons)


def _check_value(proxy: Proxy, value: float, reason: str, cell: str) -> None:
    if math.isfinite(value) == (not reason) and (not reason or declares(proxy, reason)):
        return
    because = f"because of '{reason}'" if reason else "without a reason"
    raise ProxyError(
        f"Proxy '{proxy.name}' is {value} for {cell} {because}, and its definition declares {declared(proxy)}: "
        "that is a bug or a fault of the machine, so there is no score; run again, or mend the proxy."
    )


def declared(proxy: Proxy) -> str:
    """Return the declared failures of a proxy, for a sentence."""
    return " and ".join(f"'{failure.reason}'" for failure in proxy.failures) or "no failure"


def _kind(value: Any) -> str:
    """Return what a value is, for a sentence: its type, and its shape or length."""
    shape = getattr(value, "shape", None)
    if shape is not None:
        return f"a {type(value).__name__} of shape {tuple(shape)}"
    name = "None" if value is None else f"a {type(value).__name__}"
    return f"{name} of length {len(value)}" if isinstance(value, list | tuple | dict | str) else name
