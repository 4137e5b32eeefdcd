"""How far a command is, shown to a person."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from tqdm import tqdm

Report = Callable[[str, int, int], None]  # what, done, total


class Progress:
    """A progress bar on a terminal; on anything else a line a second, as ``train 120/5600``."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._what = ""
        self._last = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            now = time.monotonic()
            if now - self._last >= 1.0 or done == total:
                self._last = now
                print(f"{what} {done}/{total}", file=sys.stderr, flush=True)
            return
        if self._bar is None or what != self._what:
            self.close()
            self._bar, self._what = tqdm(desc=what, total=total, leave=False), what
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
