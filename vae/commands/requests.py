"""What a living trainer is asked, through ``control.json`` and by signals."""

from __future__ import annotations

import contextlib
import signal
import time
from types import FrameType
from typing import Literal

from vae.commands.progress import Report
from vae.errors import InputError
from vae.option_choices import Request
from vae.runs.folder import Run

# How often the trainer looks for a request; steps on a GPU are much shorter.
CONTROL_SECONDS = 0.05


class Requests:
    """The newest request to the trainer of `run`, "" while there is none. Used as ``asked()``."""

    def __init__(self, run: Run | None, handled: int) -> None:
        """From now on SIGTERM and SIGINT ask to pause.

        `handled`: the sequence number of the last request that is none of this trainer's. Without a
        run there are signals alone.
        """
        self._run, self._handled = run, handled
        self._signalled: Request | Literal[""] = ""
        self._looked = 0.0  # when
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signalled = "pause"

    def ending(self, progress: Report) -> Report:
        """`progress`, which ends what comes before the training where a signal has come."""

        def report(what: str, done: int, total: int) -> None:
            if self._signalled:
                raise KeyboardInterrupt
            progress(what, done, total)

        return report

    def __call__(self) -> Request | Literal[""]:
        if self._run is None:
            return self._signalled
        if not self._signalled and time.perf_counter() < self._looked + CONTROL_SECONDS:
            return ""
        sequence, request = self._run.control()
        self._looked = time.perf_counter()
        return request if sequence > self._handled else self._signalled


def ask_to_pause(run: Run, handled: int) -> int:
    """Ask the living trainer, if there is one, to pause. Returns the number of that request."""
    with contextlib.suppress(InputError):  # it has ended by itself
        run.request("pause")
        return run.control()[0]
    return handled
