"""Processes that tests have started, found by a mark in their environment, and their end.

A process hands its environment on to those it starts, so that a mark finds a trainer even where the
server that started it is gone. Where there is no /proc, nothing is found.
"""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

VARIABLE = "LATENT_EXPLORER_TEST"
# Python starts these by itself, once a process, and ends them with it.
OF_PYTHON = (b"resource_tracker", b"forkserver")


def new_mark() -> str:
    return uuid.uuid4().hex


@contextmanager
def marking() -> Iterator[str]:
    """Inside, whatever this process starts carries the mark, beside those it carries already."""
    before, mark = os.environ.get(VARIABLE, ""), new_mark()
    os.environ[VARIABLE] = f"{before} {mark}"
    try:
        yield mark
    finally:
        os.environ[VARIABLE] = before


def marked(mark: str) -> dict[int, str]:
    """The command lines of the living processes that carry the mark, by process id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() not in (folder / "environ").read_bytes():
                continue
            command = (folder / "cmdline").read_bytes()
            if command and not any(word in command for word in OF_PYTHON):
                found[int(folder.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    found.pop(os.getpid(), None)
    return found


def end(mark: str) -> dict[int, str]:
    """End every process that carries the mark, and wait until none lives. Returns what lived."""
    ended: dict[int, str] = {}
    deadline = time.monotonic() + 60
    while left := marked(mark):
        ended |= left
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert time.monotonic() < deadline, f"These processes cannot be ended: {left}"
        time.sleep(0.02)
    return ended
