"""tfnas: training-free neural architecture search as a reproducible study.

The public face: what it names is imported when it is first used.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfnas.scoring.any_network import score as score
    from tfnas.scoring.placing import place as place
    from tfnas.spaces.registry import get_space

    space = get_space
    from tfnas.truth.benchmark import Benchmark as Benchmark

__version__ = "0.1.0"

_WHERE = {
    "score": ("tfnas.scoring.any_network", "score"),
    "place": ("tfnas.scoring.placing", "place"),
    "space": ("tfnas.spaces.registry", "get_space"),
    "Benchmark": ("tfnas.truth.benchmark", "Benchmark"),
}
"""Module and name there of each public name but ``search``, which is the package of that name: it can be called."""

__all__ = ["__version__", "search", *_WHERE]


class _Callable(ModuleType):
    """The package ``tfnas.search``, which as a function is :func:`tfnas.one_search.search`."""

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        return importlib.import_module("tfnas.one_search").search(*arguments, **settings)


class _Face(ModuleType):
    """This package, which makes its part ``search`` callable when that is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "search":
            value.__class__ = _Callable
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face


def __getattr__(name: str) -> Any:
    if name == "search":
        return importlib.import_module("tfnas.search")
    if name not in _WHERE:
        raise AttributeError(f"module 'tfnas' has no attribute '{name}'")
    module, own = _WHERE[name]
    return getattr(importlib.import_module(module), own)
