"""Progress of long work as log lines: how much is done, how fast, how long it still takes.

Lines rather than a moving bar: several jobs of a workflow write to one terminal, and each also to its log.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger("tfnas")

_hushed = 0


@contextmanager
def hushed() -> Iterator[None]:
    """Let no progress be logged meanwhile: for many short pieces of one long work, whose own progress is told."""
    global _hushed
    _hushed += 1
    try:
        yield
    finally:
        _hushed -= 1


@contextmanager
def progress(total: int, what: str, every: float = 10.0) -> Iterator[Callable[[int], None]]:
    """Yield ``advance(n)``, which counts and logs a line at most every ``every`` seconds, and one at the end.

    Args:
        total: how many there are.
        what: their name in the plural, for example ``cells``.
        every: seconds between two lines.
    """
    done, started = 0, time.perf_counter()
    reported = started

    def advance(count: int = 1) -> None:
        nonlocal done, reported
        done += count
        now = time.perf_counter()
        if not _hushed and (now - reported >= every or done == total):
            reported = now
            rate = done / max(now - started, 1e-9)
            log.info("%d of %d %s, %.3g per second, %s left", done, total, what, rate, duration((total - done) / rate))

    yield advance


def duration(seconds: float) -> str:
    """Return a length of time as people say it.

    Example:
        >>> duration(3), duration(200), duration(9000)
        ('3 s', '3 min 20 s', '2 h 30 min')
    """
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
