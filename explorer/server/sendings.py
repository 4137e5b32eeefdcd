"""Sets on their way that outlive a lost connection: the page goes on where the bytes ended.

A page names its set by a word that it made up. What has come of it is kept for some minutes after
the connection was lost, and is no source before the last byte is there.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path

from explorer.server.uploads import Announced, Arrival, Upload

WORD = re.compile(r"[0-9a-f]{32}")
ONCE = "once "  # begins the word of a set that nobody comes back for
KEPT_SECONDS = 180.0  # after a connection was lost, or after the last byte came

_sendings: dict[str, Sending] = {}
_one_at_a_time = threading.Lock()


class TakenOverError(Exception):
    """Another connection goes on with the set: what still comes over this one is late."""


class Sending:
    """One set on its way, over one connection after another; `turn` is the number of each."""

    def __init__(self, root: Path, announced: Announced) -> None:
        self._arrival = Arrival(root, announced)
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._turn = 0
        self.num_bytes = 0  # that have come
        self.upload: Upload | None = None  # once all have

    def begin(self) -> int:
        """The turn of a new connection: from here on, those before it write nothing."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._turn += 1
            return self._turn

    def feed(self, turn: int, data: bytes) -> None:
        """Write what has come. Raises TakenOverError, and what `Arrival.feed` does."""
        with self._lock:
            self._check(turn)
            self._arrival.feed(data)
            self.num_bytes += len(data)

    def end(self, turn: int) -> Upload:
        """Keep the set. Raises TakenOverError, and what `Arrival.end` does."""
        with self._lock:
            self._check(turn)
            self.upload = self._arrival.end()
            self._arrival.close()
            return self.upload

    def close(self) -> None:
        """Let go what is not kept."""
        with self._lock:
            self._turn = -1
            if self._timer is not None:
                self._timer.cancel()
            if self.upload is None:
                self._arrival.close()

    def wait(self, word: str, turn: int) -> None:
        """Forget the set in some minutes, unless another connection goes on with it."""
        if word.startswith(ONCE):
            forget(word)
            return
        with self._lock:
            if turn == self._turn:
                self._timer = threading.Timer(KEPT_SECONDS, forget, (word, self))
                self._timer.daemon = True
                self._timer.start()

    def _check(self, turn: int) -> None:
        if turn != self._turn:
            raise TakenOverError


def begin(word: str, root: Path, announced: Announced) -> Sending:
    """A set that begins to come under that word, in place of one that came under it before."""
    forget(word)
    sending = Sending(root, announced)
    with _one_at_a_time:
        _sendings[word] = sending
    return sending


def find(word: str) -> Sending | None:
    """The set that comes under that word; None where it is not known or not any more."""
    with _one_at_a_time:
        return _sendings.get(word)


def forget(word: str, only: Sending | None = None) -> None:
    """Let a set go that has not come to its end. `only`: where it is that one still."""
    with _one_at_a_time:
        sending = _sendings.get(word)
        if sending is None or only not in (None, sending):
            return
        del _sendings[word]
    sending.close()
