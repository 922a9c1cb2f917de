"""Every search space: each file of this package that holds ``SPACE``, found by its place."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tfnas.errors import UnknownNameError
from tfnas.files import facts_path, read_json
from tfnas.spaces.base import Space

DEFAULT = "nats-tss"
"""The space of a study, and of a table, that names none."""


@cache
def _files() -> dict[str, str]:
    """Return the module of each space by its name, which is that of the file with dashes; nothing is imported."""
    names = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if not module.ispkg]
    return {name.replace("_", "-"): name for name in names if name not in ("base", "listed", "pool", "registry")}


def space_names() -> list[str]:
    """Return the names of all spaces, sorted."""
    return sorted(_files())


@cache
def get_space(name: str = DEFAULT, place: str = "space") -> Space:
    """Return a space by name, for example ``nats-tss``; ``place`` is what names it, for the message.

    Raises:
        UnknownNameError: there is none of this name; lists those that exist.
    """
    if name not in _files():
        raise UnknownNameError("search space", name, space_names(), place)
    space = importlib.import_module(f"tfnas.spaces.{_files()[name]}").SPACE
    assert isinstance(space, Space)
    assert space.name == name
    return space


def space_at(path: str | Path) -> Space:
    """Return the space of a table on disk, as its facts name it; :data:`DEFAULT` where it has none or they name none.

    Raises:
        DataError: the facts are damaged.
        UnknownNameError: there is no such space.
    """
    facts = facts_path(path)
    return space_of(read_json(facts), f"'{path}'") if facts.exists() else get_space()


def space_of(facts: Mapping[str, Any], place: str) -> Space:
    """Return the space that the facts of a table name; :data:`DEFAULT` where they name none."""
    return get_space(facts.get("space", DEFAULT), f"'space' in the facts of {place}")
