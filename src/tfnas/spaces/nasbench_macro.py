"""NAS-Bench-Macro: eight layers in three stages, each an identity or one of two inverted residual blocks.

An architecture is written as eight digits, one a layer: 0 identity, 1 inverted residual with kernel 3 and expansion 3,
2 the same with kernel 5 and expansion 6. The stages have 2, 3 and 3 layers; the first layer of a stage halves the
resolution and doubles the channels, so that its identity is a convolution. Any other identity does nothing: where it
stands within its stage changes nothing, so that the 6,561 strings are 3,969 networks.

Source: Su and others 2021, "Prioritized Architecture Sampling with Monto-Carlo Tree Search" (CVPR), and its benchmark.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tfnas.errors import CellError, TruthError
from tfnas.files import read_json
from tfnas.spaces.base import Space, Variable

LAYERS = (2, 3, 3)
"""Layers of each stage."""

OPERATIONS = ("identity", "inverted residual 3x3, expansion 3", "inverted residual 5x5, expansion 6")


class NasBenchMacro(Space):
    """The space of NAS-Bench-Macro."""

    name = "nasbench-macro"
    title = "space of NAS-Bench-Macro"
    reference = "su2021macro"
    variables = tuple(
        Variable(f"stage {stage}, layer {layer}", OPERATIONS)
        for stage, layers in enumerate(LAYERS, start=1)
        for layer in range(1, layers + 1)
    )
    offers = frozenset({"networks", "modules"})
    published = {".json": ("test_accuracy",)}

    def text(self, code: int) -> str:
        """Return the eight digits."""
        if not 0 <= code < self.size:
            raise CellError(f"Code {code} is outside the space '{self.name}': use 0 to {self.size - 1}.")
        return "".join(map(str, self.choices(code)))

    def parse(self, text: str) -> int:
        """Return the code of eight digits."""
        for place, digit in enumerate(text):
            if digit not in "012":
                raise CellError(f"Layer {place + 1} of '{text}' is '{digit}': use 0, 1 or 2.")
        if len(text) != sum(LAYERS):
            raise CellError(f"'{text}' has {len(text)} layers where the space '{self.name}' has {sum(LAYERS)}.")
        return self.code([int(digit) for digit in text])

    @cached_property
    def classes(self) -> np.ndarray:
        """For each code the smallest code of the same network, shape (6561,), int64; 3,969 distinct ones.

        Networks are the same if their stages begin alike and go on with the same layers in the same order, identities
        left out.
        """
        first: dict[tuple, int] = {}
        return np.array([first.setdefault(self._key(code), code) for code in range(self.size)], dtype=np.int64)

    def official(self, path: Path) -> Any:
        """Return ``nas-bench-macro_cifar10.json`` as a table: mean test accuracies of three trainings, no others."""
        import pandas as pd

        facts = read_json(path)
        try:
            rows = [
                {"arch": arch, "test_accuracy": row["mean_acc"], "params": row["params"], "flops": row["flops"] / 1e6}
                for arch, row in facts.items()
            ]
        except (TypeError, KeyError) as error:
            raise TruthError(
                f"'{path}' is not the file of NAS-Bench-Macro ({error}): give nas-bench-macro_cifar10.json or a table."
            ) from None
        return pd.DataFrame(rows)

    def _key(self, code: int) -> tuple:
        return tuple((stage[0], tuple(digit for digit in stage[1:] if digit)) for stage in stages(self.choices(code)))


def stages(digits: list[int]) -> list[list[int]]:
    """Return the digits of each stage."""
    ends = np.cumsum(LAYERS)
    return [digits[end - layers : end] for end, layers in zip(ends.tolist(), LAYERS, strict=True)]


SPACE = NasBenchMacro()
"""The space, as :mod:`tfnas.spaces.registry` finds it."""
