"""A thread beside the steps that writes what a training leaves, in the order it is given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch

from vae.runs.events import EventWriter


class Writer:
    """Does one job after another while the steps go on: pictures, checkpoints, lines of the log.

    Their order is that of the calls, so a line that names a file stands in the log once the file
    is whole. After a job that fails none of those that wait is done.

    It computes alone. With helpers of its own there would be more threads than cores, and OpenMP
    would put those of the steps to sleep at once, here and ever after: an eighth of their time.
    """

    def __init__(self, events: EventWriter) -> None:
        self.events = events
        self._thread = ThreadPoolExecutor(1, "writer")
        num_threads = torch.get_num_threads()
        self._thread.submit(_compute_alone).result()
        torch.set_num_threads(num_threads)  # of threads to come
        self._waiting: deque[Future[None]] = deque()
        self._error: Exception | None = None

    def tell(self, kind: str, **fields: Any) -> None:
        """Add a line to the log."""
        self.later(lambda: self.events.write(kind, **fields))

    def tell_of(self, kind: str, job: Callable[[], dict[str, Any]]) -> None:
        """Do `job`, and then add a line of the fields that it returned."""
        self.later(lambda: self.events.write(kind, **job()))

    def note(self, step: int, text: str) -> None:
        """Add a line to the log that a person reads."""
        self.tell("note", step=step, text=text)

    def later(self, job: Callable[[], object]) -> None:
        """Have `job` done after all that were given before. Raises what went wrong with them."""
        self.check()
        self._waiting.append(self._thread.submit(self._do, job))

    def check(self) -> None:
        """Raises what went wrong with an earlier job, once."""
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()
        if self._error is not None:
            self._wait()
            error, self._error = self._error, None
            raise error

    def finish(self) -> None:
        """Return once all jobs are done. Raises what went wrong with one of them."""
        self._wait()
        self.check()

    def close(self) -> None:
        """Finish, and close the log."""
        self.finish()
        self._thread.shutdown()
        self.events.close()

    def _do(self, job: Callable[[], object]) -> None:
        if self._error is not None:
            return
        try:
            job()
        except Exception as error:
            self._error = error

    def _wait(self) -> None:
        while self._waiting:
            self._waiting.popleft().result()


def _compute_alone() -> None:
    """Let the calling thread have no helpers."""
    torch.get_num_threads()  # a thread that was not asked yet would take over the others' number
    torch.set_num_threads(1)
