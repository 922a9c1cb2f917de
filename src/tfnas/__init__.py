"""tfnas: training-free neural architecture search as a reproducible study.

The public face: what it names is imported when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfnas.scoring.any_network import score as score

__version__ = "0.1.0"

_WHERE = {"score": "tfnas.scoring.any_network"}
"""The module of each public name."""

__all__ = ["__version__", *_WHERE]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'tfnas' has no attribute '{name}'")
    return getattr(importlib.import_module(_WHERE[name]), name)
