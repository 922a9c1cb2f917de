"""What the prose says about proxies beyond their correlations: part of :mod:`tfnas.report.numbers.base`.

All functions add to the numbers of a study; *proxy* means ensembles, too.
"""

from collections.abc import Iterable
from typing import Any

from tfnas.proxies.registry import describe

WITHOUT_NETWORK = "no network"
"""What the registry says a proxy needs that only counts in a cell."""


def looking_at_networks(names: Iterable[str]) -> list[str]:
    """Return the names of the proxies that are not mere counts in a cell, and of the ensembles with such a member."""

    def looks(name: str) -> bool:
        entry: Any = describe(name)
        members = getattr(entry, "members", ())
        return any(looks(member) for member in members) if members else WITHOUT_NETWORK not in entry.needs

    return [name for name in names if looks(name)]
