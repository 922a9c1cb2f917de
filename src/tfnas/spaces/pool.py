"""The pool of a study: the architectures that it scores, all of a space or some of it, and where each stands in tables.

Arrays of scores, accuracies and costs hold a value for each architecture of a pool, by its *place* in the order of
codes. In a pool of the whole space the place is the code itself, and looking up costs nothing; in any other pool it is
found by bisection, so that spaces of 10 ** 18 architectures need no arrays over their codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tfnas.errors import CellError, DataError, TfnasError
from tfnas.spaces.base import Space


@dataclass(frozen=True, eq=False)
class Pool:
    """Architectures of a space in the order of their codes.

    Args:
        space: the space.
        known: their codes, ascending and distinct, shape (n,), int64; None for the whole space.
    """

    space: Space
    known: np.ndarray | None = None

    @property
    def whole(self) -> bool:
        """Whether it holds every architecture of the space, so that places are codes."""
        return self.known is None

    @cached_property
    def codes(self) -> np.ndarray:
        """The codes of the architectures, shape (n,), int64."""
        return np.arange(self.space.size) if self.known is None else self.known

    def __len__(self) -> int:
        return self.space.size if self.known is None else len(self.known)

    @cached_property
    def strings(self) -> tuple[str, ...]:
        """The strings of the architectures, in their order."""
        return self.space.strings if self.known is None else tuple(self.space.texts(self.known))

    @cached_property
    def by_string(self) -> dict[str, int]:
        """The place of each architecture by its string."""
        return {text: place for place, text in enumerate(self.strings)}

    def places(self, codes: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the places of architectures given by code, shape (n,), int64; -1 for those outside the pool."""
        codes = np.asarray(codes, dtype=np.int64)
        if self.known is None:
            outside = (codes < 0) | (codes >= self.space.size)
            return np.where(outside, -1, codes) if outside.any() else codes
        if not len(self.known):
            return np.full(codes.shape, -1)
        places = np.minimum(np.searchsorted(self.known, codes), len(self.known) - 1)
        return np.where(self.known[places] == codes, places, -1)

    def places_of(self, strings: Iterable[object], place: str, error: type[TfnasError] = CellError) -> np.ndarray:
        """Return the places of architectures read from a file, see :meth:`tfnas.spaces.base.Space.codes_of`."""
        return self.places(self.space.codes_of(strings, place, error))

    def spread(self, codes: Sequence[int] | np.ndarray, values: np.ndarray) -> ByCode:
        """Return values of some of the architectures, shape (n,), as values by code; NaN for all others."""
        spread = np.full(len(self), np.nan)
        spread[self.places(codes)] = values
        return ByCode(self, spread)


def pool_size(space: Space, facts: Mapping[str, Any], place: str) -> int:
    """Return how many architectures a table holds by its facts: ``pool``, which is not there where all were taken.

    Raises:
        DataError: it is no whole number.
    """
    size = facts.get("pool", space.size)
    if type(size) is not int:
        raise DataError(f"'pool' in the facts of {place} is {size!r} where a whole number is needed: mend it.")
    return size


def pool_of(space: Space, facts: Mapping[str, Any], strings: Callable[[], Iterable[object]], place: str) -> Pool:
    """Return the pool of a table with a row for each of its architectures; ``place`` is the table, for messages.

    Its facts (:func:`pool_size`) tell the whole space; only for part of it is ``strings`` asked for those of the rows.

    Raises:
        TfnasError: a string is no architecture.
    """
    if space.enumerable and pool_size(space, facts, place) == space.size:
        return Pool(space)
    return Pool(space, np.unique(space.codes_of(strings(), place)))


def grid(space: Space, codes: np.ndarray) -> Pool:
    """Return what values of some architectures (codes in any order) are laid out over.

    That is the whole of an enumerable space, with gaps, and else the pool of these architectures.
    """
    return Pool(space) if space.enumerable else Pool(space, np.unique(codes))


@dataclass(frozen=True)
class ByCode:
    """A value for each architecture of a pool, looked up by code.

    Args:
        pool: the architectures.
        values: one for each, by place, shape (n, ...).
        outside: what an architecture outside the pool has.
    """

    pool: Pool
    values: np.ndarray
    outside: float | bool = np.nan

    @property
    def known(self) -> np.ndarray:
        """The codes of the architectures whose value is a number, ascending."""
        return self.pool.codes[np.isfinite(self.values)]

    def __getitem__(self, codes: Any) -> Any:
        """Return the value of a code, or those of an array of codes."""
        if self.pool.whole:
            return self.values[codes]
        places = self.pool.places(codes)
        found = self.values[places]
        return np.where((places < 0).reshape(places.shape + (1,) * (found.ndim - places.ndim)), self.outside, found)
