"""What a search space is: how its architectures are named, numbered, drawn, changed and compared.

A space is one file of this package that holds ``SPACE = ...``, an instance of a subclass of :class:`Space`;
:mod:`tfnas.spaces.registry` finds it. Files and people name an architecture by its string, a process by its *code*,
an int64 of its space. No torch is imported.
"""

import difflib
import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tfnas.errors import CellError, ConfigError, TfnasError, TruthError
from tfnas.seeds import in_blocks

MOST_ENUMERATED = 1_000_000
"""Architectures up to which a space is held as a whole: arrays over all its codes, tables with a row for each."""


@dataclass(frozen=True)
class Variable:
    """One decision that makes up an architecture.

    Attributes:
        name: as people know it, for example ``0->1``.
        choices: what can be chosen, in the order of the digits.
    """

    name: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Architecture:
    """An architecture of a space whose networks are modules of any kind.

    Attributes:
        space: the space.
        code: of the architecture.
    """

    space: "Space"
    code: int

    def __str__(self) -> str:
        return self.space.text(self.code)

    def network(self, shape: Any) -> Any:
        """Return a new network, see :meth:`Space.network`."""
        return self.space.network(self.code, shape)


class Space(ABC):
    """A set of architectures.

    The code of an architecture is, unless a subclass says otherwise, the number whose digits are its choices, the
    first variable the most significant: ``code = sum_i digit_i * weight_i``.

    Attributes:
        name: as in study files and in the facts of tables, for example ``nats-tss``.
        title: as the report calls it after "the", for example ``cell space of NATS-Bench``.
        reference: citation key in ``report/refs.bib``.
        variables: its decisions; what searches over digits vary.
        mutations: the laws by which :meth:`mutate` draws, the first one where none is named.
        offers: what its networks and cells have, of which a family of proxies may need some
            (:attr:`tfnas.proxies.registry.Family.asks`): ``networks`` that can be built and scored here; ``cell``, an
            object that :meth:`architecture` gives and that the batched engine runs; ``modules``, networks that
            the file of the same name in ``tfnas.networks`` gives as modules, scored one by one.
        published: endings of the files of its authors that :meth:`official` reads, such as ``.json``, and which of
            ``valid_accuracy`` and ``test_accuracy`` each holds.
        settings: the sizes of its networks that a study may choose under ``skeleton``, with their defaults.
        spellings: whether people write one architecture in several ways, all of which tables may use.
    """

    name: str
    title: str
    reference: str
    variables: tuple[Variable, ...]
    mutations: tuple[str, ...] = ("edge",)
    offers: frozenset[str] = frozenset()
    published: Mapping[str, tuple[str, ...]] = {}
    settings: Mapping[str, int | str] = {}
    spellings: bool = False

    def settings_with(self, given: Mapping[str, Any], place: str = "skeleton") -> dict[str, int | str]:
        """Return the sizes of networks: those given, and the defaults of all others.

        Raises:
            ConfigError: there is no such size, or its value is of another kind; ``place`` is where it stands.
        """
        for name, value in given.items():
            if name not in self.settings:
                near = difflib.get_close_matches(str(name), self.settings, 1)
                known = ", ".join(self.settings) or "none"
                hint = f"did you mean '{near[0]}'?" if near else f"the space '{self.name}' knows {known}."
                raise ConfigError(f"{place}.{name} is no size of these networks: {hint}")
            kind = type(self.settings[name])
            if type(value) is not kind or (isinstance(value, int) and value < 1):
                wanted = "a whole number, 1 or more" if kind is int else f"a word such as '{self.settings[name]}'"
                raise ConfigError(f"{place}.{name} is {value!r}: use {wanted}.")
        return {**self.settings, **given}

    @cached_property
    def radices(self) -> np.ndarray:
        """Number of choices of each variable, shape (d,), int64."""
        return np.array([len(variable.choices) for variable in self.variables], dtype=np.int64)

    @cached_property
    def weights(self) -> np.ndarray:
        """What one step of each digit counts in a code, shape (d,), int64."""
        return np.concatenate([np.cumprod(self.radices[:0:-1])[::-1], [1]]).astype(np.int64)

    @cached_property
    def _steps(self) -> tuple[tuple[int, int], ...]:
        """Weight and radix of each variable, as Python's numbers, which are quicker one by one."""
        return tuple(zip(self.weights.tolist(), self.radices.tolist(), strict=True))

    @cached_property
    def size(self) -> int:
        """Number of architectures, exactly."""
        size = 1
        for variable in self.variables:
            size *= len(variable.choices)
        return size

    @property
    def enumerable(self) -> bool:
        """Whether the space is held as a whole, see :data:`MOST_ENUMERATED`; codes are then 0 .. size - 1."""
        return self.size <= MOST_ENUMERATED

    @abstractmethod
    def text(self, code: int) -> str:
        """Return the string of an architecture.

        Raises:
            CellError: the space has no such code.
        """

    @abstractmethod
    def parse(self, text: str) -> int:
        """Return the code of an architecture written as a string.

        Raises:
            CellError: the string is no architecture of this space; the message shows the place in it.
        """

    @cached_property
    def strings(self) -> tuple[str, ...]:
        """The strings of all architectures by code; of an enumerable space alone."""
        self._enumerated("all its strings")
        return tuple(map(self.text, range(self.size)))

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {text: code for code, text in enumerate(self.strings)}

    def texts(self, codes: Sequence[int] | np.ndarray) -> list[str]:
        """Return the strings of architectures given by code."""
        if self.enumerable:
            return [self.strings[code] for code in codes]
        return [self.text(int(code)) for code in codes]

    def codes_of(self, strings: Iterable[object], place: str, error: type[TfnasError] = CellError) -> np.ndarray:
        """Return the codes of architectures read from a file, shape (n,), int64.

        Each stands there in the one spelling of :meth:`text`, unless the space has several (:attr:`spellings`).

        Raises:
            TfnasError: of the kind ``error``: one of the strings is no architecture; the message names the place (the
                file or table that they come from), the string and what is wrong with it.
        """
        # One by one out of a column of pandas takes ten times as long as out of a list.
        texts = list(map(str, strings.tolist() if hasattr(strings, "tolist") else strings))
        if not self.enumerable:
            return np.fromiter((self._checked(text, place, error) for text in texts), np.int64, count=len(texts))
        known = self._codes
        if self.spellings:
            given = (known[text] if text in known else self._checked(text, place, error) for text in texts)
            return np.fromiter(given, np.int64, count=len(texts))
        try:
            return np.fromiter((known[text] for text in texts), dtype=np.int64, count=len(texts))
        except KeyError as missing:
            self._checked(missing.args[0], place, error)
            raise

    def _checked(self, text: str, place: str, error: type[TfnasError]) -> int:
        """Return the code of a string of a file."""
        try:
            code = self.parse(text)
        except CellError as why:
            raise error(f"{place} has a row that is no cell of the space: {why}") from None
        if not self.spellings and self.text(code) != text:
            raise error(f"{place} writes the cell '{text}' in another way than the benchmark: use the official string.")
        return code

    def architecture(self, code: int) -> Any:
        """Return an architecture as the object that its networks and the proxies that look into it work on.

        Raises:
            CellError: the space has no such code, or no such objects.
        """
        if "modules" not in self.offers:
            raise CellError(f"The space '{self.name}' has no cells that a proxy could look into.")
        return Architecture(self, int(code))

    def network(self, code: int, shape: Any) -> Any:
        """Return the network of an architecture as a module, with PyTorch's default initialisation.

        Args:
            code: of the architecture.
            shape: what surrounds it (:class:`tfnas.networks.shape.Shape`).

        Raises:
            CellError: the space has no networks of this kind.
        """
        if "modules" not in self.offers:
            raise CellError(f"The space '{self.name}' has no networks that are modules.")
        file = type(self).__module__.replace(".spaces.", ".networks.")
        return importlib.import_module(file).network(self.choices(code), shape)

    def genotype(self, code: int) -> str | None:
        """Return an architecture as its community writes it, for programs of others; None where that is its string."""
        return None

    def counts(self, code: int, shape: Any) -> tuple[int, int] | None:
        """Return trainable parameters and multiply-accumulates of one image, counted without building the network.

        Multiply-accumulates count as :func:`tfnas.proxies.any_module.structure.count_of_flops` counts them. None where
        the space has no such count; then the network is built.

        Args:
            code: of the architecture.
            shape: what surrounds it (:class:`tfnas.networks.shape.Shape`).
        """
        return None

    def official(self, path: Path) -> Any:
        """Return a file of the benchmark's authors, known by its ending, as a table of ground truth, a DataFrame.

        Its columns are those of :mod:`tfnas.schemas.truth` that the file can fill.

        Raises:
            TruthError: the file is not of the form that the authors publish, or the space knows no such file.
        """
        raise TruthError(f"The space '{self.name}' knows no file like '{path}': give a .csv or .parquet table.")

    def official_latencies(self, path: Path) -> Any:
        """Return a file of the benchmark's authors, known by its ending, as a table of latencies, a DataFrame.

        It has ``arch`` and a column of milliseconds for each device.

        Raises:
            TruthError: the file is not of the form that the authors publish, or holds no latencies.
        """
        raise TruthError(f"The space '{self.name}' knows no latencies in '{path}': give a .csv or .parquet table.")

    def truth_of(self, table: Any) -> Any:
        """Return a table that a person gave with the columns of ground truth (:mod:`tfnas.schemas.truth`).

        A table as the authors of a benchmark publish it may name architectures by the columns of their decisions; a
        space that knows it writes their strings into ``arch``. Any other table is returned as it is.

        Raises:
            TruthError: the table is the authors', but lacks a column or holds what is no architecture.
        """
        return table

    def latencies_of(self, table: Any) -> Any:
        """Return a table that a person gave with ``arch`` and a column of milliseconds for each device.

        As :meth:`truth_of`: the table of a benchmark's authors is brought to this form, any other is returned as it is.
        """
        return table

    def sample(self, rng: np.random.Generator, number: int) -> np.ndarray:
        """Return the codes of uniform draws with replacement, shape (number,), int64.

        The first n of a larger number of draws from the same state are the same architectures.
        """
        return rng.integers(self.size, size=number)

    def digits(self, codes: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the choices of architectures given by code, shape (n, d), int64: what optimisers work on."""
        return np.asarray(codes, dtype=np.int64)[:, None] // self.weights % self.radices

    def codes(self, digits: Sequence[Sequence[int]] | np.ndarray) -> np.ndarray:
        """Return the codes of architectures given by their choices, shape (n, d), int64; the inverse of digits.

        Where the choices are no architecture of the space the code is -1.
        """
        return np.asarray(digits, dtype=np.int64) @ self.weights

    def choices(self, code: int) -> list[int]:
        """Return :meth:`digits` of one architecture, which is quicker one by one."""
        return [code // weight % radix for weight, radix in self._steps]

    def code(self, choices: Sequence[int]) -> int:
        """Return :meth:`codes` of the choices of one architecture."""
        return sum(choice * weight for choice, (weight, _) in zip(choices, self._steps, strict=True))

    def neighbours(self, code: int) -> list[int]:
        """Return the codes of the architectures that differ in exactly one choice, by variable and choice."""
        codes = []
        for weight, radix in self._steps:
            current = code // weight % radix
            codes += [code + (other - current) * weight for other in range(radix) if other != current]
        return codes

    def mutate(self, code: int, rng: np.random.Generator, how: str | None = None) -> int:
        """Return the code of a random neighbour.

        ``how`` is one of :attr:`mutations`, the first where it is none of them: ``node_first``, the default of
        evolution, means nothing in a space without nodes. ``edge`` draws the variable uniformly, then one of its other
        choices uniformly.
        """
        weight, radix = self._steps[self._drawn_variable(rng, self._law(how))]
        current = code // weight % radix
        other = int(rng.integers(radix - 1))
        return code + (other + (other >= current) - current) * weight

    def mutants(self, rng: np.random.Generator, how: str) -> Callable[[int], int]:
        """Return a function from a parent to a random neighbour, for thousands of mutations: it draws in blocks.

        Its law is that of :meth:`mutate`, its random numbers are others.
        """
        chances = self.chances(self._law(how))
        places = in_blocks(lambda size: rng.choice(len(self.variables), p=chances, size=size))
        most = int(self.radices.max())
        if (self.radices == most).all():
            shifts = in_blocks(lambda size: rng.integers(1, most, size=size))
        else:
            shifts = in_blocks(rng.random)

        def mutant(code: int) -> int:
            weight, radix = self._steps[next(places)]
            shift = next(shifts)
            shift = shift if isinstance(shift, int) else 1 + int(shift * (radix - 1))
            current = code // weight % radix
            return code + ((current + shift) % radix - current) * weight

        return mutant

    def _law(self, how: str | None) -> str:
        return how if how in self.mutations else self.mutations[0]

    def _drawn_variable(self, rng: np.random.Generator, how: str) -> int:
        """Return the number of the variable that a mutation changes."""
        return int(rng.integers(len(self.variables)))

    def chances(self, how: str) -> list[float]:
        """Return the chance of each variable to be the one that a mutation changes."""
        return [1 / len(self.variables)] * len(self.variables)

    def crossover(self, mother: int, father: int, rng: np.random.Generator) -> int:
        """Return the code of a child that takes each choice from one of two parents with equal probability."""
        take = rng.integers(0, 2, size=len(self.variables))
        parents = self.digits([mother, father])
        return int(self.codes(parents[take, np.arange(len(take))][None])[0])

    @cached_property
    def classes(self) -> np.ndarray:
        """For each code the smallest code of a functionally identical architecture, shape (size,), int64.

        Of an enumerable space alone; each architecture is its own class unless a subclass knows better.
        """
        self._enumerated("classes of all its cells")
        return np.arange(self.size)

    @cached_property
    def pruned(self) -> np.ndarray | None:
        """For each code that of the architecture without what no path passes, shape (size,), int64; None: not known."""
        return None

    def convolutions(self, codes: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return how many choices of architectures are convolutions, shape (n,): names that hold ``conv``."""
        digits = self.digits(codes)
        chosen = [
            np.isin(digits[:, place], [i for i, choice in enumerate(variable.choices) if "conv" in choice])
            for place, variable in enumerate(self.variables)
        ]
        return np.sum(chosen, axis=0)

    def canonical(self, codes: int | Sequence[int] | np.ndarray) -> np.ndarray:
        """Return for architectures the code that stands for all functionally identical ones, shape (n,), int64."""
        codes = np.asarray(codes, dtype=np.int64)
        return self.classes[codes] if self.enumerable else codes

    def _enumerated(self, what: str) -> None:
        if not self.enumerable:
            raise CellError(
                f"The space '{self.name}' has {self.size:,} architectures, too many for {what}: score a pool of them."
            )
