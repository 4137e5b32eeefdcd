"""A process that the page has started lets the page and the browser have the processor first."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

VARIABLE = "VAE_GIVE_WAY"  # set where the page starts a process, and in what that starts
NICE = 10  # at least
TRIES = 40


def give_way() -> None:
    """Lower the priority of this process and of its session, where the page has started it.

    Linux shares between sessions before it looks at processes, where autogroup is on (sched(7));
    each process that torchrun starts has a session of its own. Users but root may change one
    session in a tenth of a second, of all there are.
    """
    if VARIABLE not in os.environ:
        return
    with contextlib.suppress(OSError, AttributeError):  # this system has no such thing
        nice = max(NICE, os.getpriority(os.PRIO_PROCESS, 0))
        os.setpriority(os.PRIO_PROCESS, 0, nice)
        for _ in range(TRIES):
            try:
                Path("/proc/self/autogroup").write_text(str(nice))
                break
            except BlockingIOError:
                time.sleep(0.03)
