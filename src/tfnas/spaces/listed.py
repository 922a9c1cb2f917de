"""Spaces whose architectures are listed: their choices constrain one another, so that a code is a place in a list."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from tfnas.spaces.base import Space


class Listed(Space):
    """A space of architectures that are the rows of a table of digits."""

    @cached_property
    @abstractmethod
    def rows(self) -> np.ndarray:
        """The digits of each architecture, one for each variable, by code: shape (size, d), small integers."""

    @cached_property
    def size(self) -> int:
        """Number of architectures."""
        return len(self.rows)

    def digits(self, codes: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the choices of architectures given by code, shape (n, d), int64."""
        return self.rows[np.asarray(codes, dtype=np.int64)].astype(np.int64)

    def choices(self, code: int) -> list[int]:
        """Return the choices of one architecture."""
        return self.rows[code].tolist()

    @cached_property
    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows as numbers in ascending order, and the codes in that order."""
        numbers = self.rows.astype(np.int64) @ self.weights
        order = np.argsort(numbers, kind="stable")
        return numbers[order], order

    def codes(self, digits: Sequence[Sequence[int]] | np.ndarray) -> np.ndarray:
        """Return the codes of architectures given by their choices, shape (n,); -1 where they are no architecture."""
        numbers, order = self._places
        wanted = np.asarray(digits, dtype=np.int64) @ self.weights
        places = np.minimum(np.searchsorted(numbers, wanted), len(numbers) - 1)
        return np.where(numbers[places] == wanted, order[places], -1)

    def code(self, choices: Sequence[int]) -> int:
        """Return the code of the choices of one architecture, -1 where they are none."""
        return int(self.codes([choices])[0])

    def neighbours(self, code: int) -> list[int]:
        """Return the codes of the architectures that differ in exactly one choice, by variable and choice."""
        choices = self.choices(code)
        varied = [
            [*choices[:place], other, *choices[place + 1 :]]
            for place, radix in enumerate(self.radices.tolist())
            for other in range(radix)
            if other != choices[place]
        ]
        found = dict.fromkeys(self.codes(varied).tolist())
        return [other for other in found if other not in (-1, code)]

    def mutate(self, code: int, rng: np.random.Generator, how: str | None = None) -> int:
        """Return the code of a uniformly drawn neighbour."""
        near = self.neighbours(code)
        return near[int(rng.integers(len(near)))]

    def mutants(self, rng: np.random.Generator, how: str) -> Callable[[int], int]:
        """Return a function from a parent to a random neighbour."""
        return lambda code: self.mutate(code, rng, how)
