"""Read pickles that others wrote: as data, never as code, and never larger than they can sensibly be.

A pickle is a small program that may call anything it can import. Here it can import only what the official files need,
listed by name; any other name, ``os.system`` or ``sys.exit`` for example, is refused before it is looked up.
"""

import bz2
import importlib
import io
import pickle
import pickletools
import re
from collections.abc import Set
from pathlib import Path
from typing import Any

from tfnas.errors import DataError

Names = Set[tuple[str, str]]
"""What a pickle may import: (module, name)."""

PLAIN: Names = frozenset()
"""Nothing: dictionaries, lists, texts, numbers and bytes alone."""

SCALARS: Names = frozenset(
    {
        ("collections", "OrderedDict"),
        ("numpy", "dtype"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy._core.multiarray", "scalar"),
    }
)
"""Numbers of numpy in dictionaries that keep their order: what the records of NATS-Bench hold."""

LARGEST_BATCH = 1 << 28
"""Bytes that a file of images may have; the largest real ones hold 50,000 of 3,072 bytes or 128,000 of 768."""

ARRAYS: Names = SCALARS | {
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
    ("_codecs", "encode"),
}
"""Arrays of numpy as well: what the batches of CIFAR and ImageNet16 hold."""


MOST_TUPLES = 50_000
"""Tuples that a pickle may make. Python follows nested ones by recursion in C, where no limit of depth holds: some
200,000, one inside the other and used as a key, crash the interpreter. The records of NATS-Bench hold 53."""

_TUPLES = {"TUPLE": b"t", "TUPLE1": b"\x85", "TUPLE2": b"\x86", "TUPLE3": b"\x87"}
"""Opcodes that make a tuple of what stands before them."""

_MEND = "do not use it, get it again from its authors"


class _ForbiddenError(Exception):
    """The pickle asks for a name that it may not have; ``str`` of it is that name."""


def _plain_dtype(kind: Any, *arguments: Any) -> Any:
    """Return a dtype of numbers, or of texts of one length: arrays of objects can crash numpy, or lie about memory."""
    import numpy as np

    if not isinstance(kind, str) or not re.fullmatch(r"[biufcSU]\d{1,9}", kind):
        raise ValueError(f"it holds an array of {str(kind)[:40]!r}")
    return np.dtype(kind, *arguments)


class _Reader(pickle.Unpickler):
    """An unpickler that imports only names of its list."""

    def __init__(self, file: io.BufferedIOBase, allowed: Names, encoding: str):
        super().__init__(file, encoding=encoding)
        self.allowed = allowed

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.allowed:
            raise _ForbiddenError(f"{module}.{name}")
        if (module, name) == ("numpy", "dtype"):
            return _plain_dtype
        # numpy 2 renamed numpy.core; the old name still works, with a warning.
        return getattr(importlib.import_module(module.replace("numpy.core.", "numpy._core.")), name)


def _check_tuples(content: bytes, place: str) -> None:
    """Refuse more than :data:`MOST_TUPLES` tuples, before anything is made.

    Bytes that could make them are counted first, which is quick and enough for most files.
    """
    if sum(map(content.count, _TUPLES.values())) <= MOST_TUPLES:
        return
    made = 0
    for opcode, _, _ in pickletools.genops(content):
        made += opcode.name in _TUPLES
        if made > MOST_TUPLES:
            raise DataError(
                f"{place} makes more than {MOST_TUPLES:,} tuples, which no official file does and which can crash "
                f"Python: {_MEND}."
            )


def read_pickle(path: Path, allowed: Names, place: str, largest: int, encoding: str = "ASCII") -> Any:
    """Read the object in a pickle, packed by bzip2 if its name ends in ``.pbz2``.

    Args:
        path: the file.
        allowed: what it may import: :data:`PLAIN`, :data:`SCALARS` or :data:`ARRAYS`.
        place: what to call the file in a message.
        largest: bytes that the unpacked pickle may have at most.
        encoding: of texts that Python 2 wrote, as for :func:`pickle.load`.

    Raises:
        DataError: the file wants to import something else, is larger than ``largest``, makes more than
            :data:`MOST_TUPLES` tuples, is damaged or truncated.
        OSError: the file cannot be opened.
    """
    try:
        with bz2.open(path) if path.suffix == ".pbz2" else path.open("rb") as file:
            content = file.read(largest + 1)
        if len(content) > largest:
            raise DataError(f"{place} unpacks to more than {largest:,} bytes, which no official file does: {_MEND}.")
        _check_tuples(content, place)
        return _Reader(io.BytesIO(content), allowed, encoding).load()
    except _ForbiddenError as error:
        raise DataError(
            f"{place} wants to run {error} when it is opened, which no official file does: {_MEND}."
        ) from None
    except MemoryError as error:
        raise DataError(
            f"{place} claims more memory than there is: it is damaged, get it again from its authors."
        ) from error
    except DataError:
        raise
    except Exception as error:  # a damaged pickle calls what it can with arguments that make no sense
        if getattr(error, "errno", None):
            raise
        raise DataError(f"{place} is damaged or truncated ({error}): get it again from its authors.") from error
