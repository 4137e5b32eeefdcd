"""What the memory of a processor costs a training, and how it costs less."""

from __future__ import annotations

import contextlib
import ctypes
import sys

TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4  # names of options in malloc.h
NEVER = 2**31 - 1


def keep_memory() -> None:
    """Let this process keep memory that it frees, where the C library is GNU's.

    It would give large pieces back to the system at once and ask for them again in each step, and
    the system fills what it gives with zeros, page by page: a third of a step of training was spent
    on that (benchmarks/train.py). Elsewhere nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):  # another C library
        option = ctypes.CDLL(None).mallopt
        option(MMAP_MAX, 0)
        option(TRIM_THRESHOLD, NEVER)
        option(TOP_PAD, 64 << 20)
