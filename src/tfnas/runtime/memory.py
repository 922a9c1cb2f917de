"""Let a CPU job keep the memory it frees, so that large temporary tensors do not cost page faults again and again.

When memory runs out, what was kept is given back, so that less can be tried.
"""

import ctypes
import gc
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGE = 1 << 30


def keep_freed_memory() -> bool:
    """Tell the C library to serve blocks of up to 1 GiB from its heap, and not to return freed memory at once.

    By default glibc maps every block over 32 MiB afresh and gives it back when freed; the kernel then zeroes and maps
    its pages anew each time, which takes longer than an elementwise operation on them. Results are not touched.

    Returns:
        Whether it worked; other C libraries have no such call, and nothing is lost.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGE) and mallopt(M_TRIM_THRESHOLD, LARGE))


def give_back_memory() -> None:
    """Free what nothing refers to, and give what the C library and PyTorch keep of freed memory back to the system."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):
        pass  # other C libraries have no such call
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
