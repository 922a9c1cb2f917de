"""The device that a person names."""

import torch

from tfnas.errors import DataError
from tfnas.runtime.faults import first_line


def device_named(name: str) -> torch.device:
    """Return a device by its name: ``cpu``, ``cuda:0``, ... or ``auto``, a GPU where there is one.

    Raises:
        DataError: there is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise DataError(f"There is no device '{name}' ({first_line(error)}): use 'cpu', 'cuda:0' or 'auto'.") from error
