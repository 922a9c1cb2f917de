"""What an exception says about the machine: its memory ran out, or a device broke. Neither is ever a result.

Libraries report both in many ways: as types of their own, or as a ``RuntimeError`` whose text alone tells. All of them
are known here and nowhere else. No torch is imported.
"""

import errno
from typing import Literal

from tfnas.errors import DeviceError

MEMORY_TYPES = ("OutOfMemoryError", "MemoryError")
"""Types, and ends of names of types, of exceptions by which memory runs out: PyTorch's, Python's, numpy's, Arrow's."""

MEMORY_TEXTS = (
    "out of memory",
    "out_of_memory",
    "can't allocate memory",
    "cannot allocate memory",
    "defaultcpuallocator",
    "bad_alloc",
    "bad allocation",
    "_alloc_failed",  # of cuBLAS, cuDNN, cuSOLVER, cuSPARSE and cuFFT
    "allocation failed",
    "can't start new thread",  # which needs memory, and a process
    "_status_not_initialized",  # what cuBLAS and cuDNN say when there is no room for their handle
    "unable to find an engine to execute",  # of cuDNN, when no algorithm has room for its workspace
    "could not create a ",  # of oneDNN: a memory object, or a primitive whose code has no room
    "could not execute a primitive",
)
"""What the text of a ``RuntimeError`` says, in lower case, when memory ran out."""

DEVICE_TEXTS = (
    "cuda error",
    "cuda driver error",
    "cuda kernel errors",
    "hip error",
    "device-side assert",
    "illegal memory access",
    "unspecified launch failure",
    "uncorrectable ecc",
    "cublas_status_",
    "cudnn_status_",
    "cusolver_status_",
    "cusparse_status_",
    "cufft_",
    "cudnn error",
    "cusolver error",
    "nvml",
)
"""What the text of a ``RuntimeError`` says, in lower case, when a device or its libraries failed in another way."""


def fault_of(error: BaseException) -> Literal["memory", "device"] | None:
    """Return whether an exception is the machine's fault: its memory ran out, or a device failed; None if neither.

    Example:
        >>> fault_of(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"))
        'memory'
        >>> fault_of(RuntimeError("CUDA error: device-side assert triggered"))
        'device'
        >>> fault_of(RuntimeError("shape '[2, 3]' is invalid for input of size 5")) is None
        True
    """
    names = [kind.__name__ for kind in type(error).__mro__]
    if any(name.endswith(MEMORY_TYPES) for name in names):
        return "memory"
    if isinstance(error, OSError):
        return "memory" if error.errno == errno.ENOMEM else None
    if not isinstance(error, RuntimeError):
        return None
    text = str(error).lower()
    if any(part in text for part in MEMORY_TEXTS):
        return "memory"
    # The former is raised by a device, whatever it says.
    broken = "AcceleratorError" in names or any(part in text for part in DEVICE_TEXTS)
    return "device" if broken else None


def first_line(error: BaseException) -> str:
    """Return type and first line of an exception, for a sentence."""
    lines = str(error).strip().splitlines() or ["no message"]
    return f"{type(error).__name__}: {lines[0][:200].rstrip('. ')}"


def device_error(error: BaseException, device: str, what: str = "", mend: str = "") -> DeviceError | None:
    """Return the sentence for a fault of the machine, None for any other exception.

    Args:
        error: what was raised.
        device: ``cpu`` or ``cuda:N``.
        what: what does not fit into memory, as the subject of a sentence; this job by default.
        mend: what makes it smaller, as an imperative without its end.
    """
    fault = fault_of(error)
    if fault is None:
        return None
    on_gpu = not device.startswith("cpu")
    if fault == "device":
        return DeviceError(
            f"{device} failed ({first_line(error)}), so nothing of this job counts: run again; if it fails again, "
            f"look after the device and its driver{', or set scoring.device to cpu' if on_gpu else ''}."
        )
    room = "free the GPU or set scoring.device to cpu" if on_gpu else "give the job more memory"
    return DeviceError(
        f"{what or 'This job'} does not fit into the memory of {device} ({first_line(error)}): "
        f"{f'{mend}, or ' if mend else ''}{room}."
    )
