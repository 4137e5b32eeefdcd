"""The log of a run, `events.jsonl`: one flat JSON object a line, with a single writer."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from vae.atomic import atomic_write
from vae.errors import reading, writing

Event = dict[str, Any]


def read_events(file: Path, offset: int = 0) -> tuple[list[Event], int]:
    """The events after the byte `offset`, and the offset to go on from.

    An unfinished last line is left for the next call; a line that is no event is passed over.
    """
    try:
        with reading(file), open(file, "rb") as opened:
            opened.seek(offset)
            block = opened.read()
    except FileNotFoundError:
        return [], 0
    end = block.rfind(b"\n") + 1
    events = []
    for line in block[:end].splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "kind" in event:
            events.append(event)
    return events, offset + end


def last_event(events: list[Event], kind: str) -> Event:
    """The newest event of that kind, or an empty one."""
    return next((event for event in reversed(events) if event["kind"] == kind), {})


def evaluation_at(events: list[Event], step: int | None) -> Event:
    """The newest evaluation at `step` or before, or an empty event; None: of all there are."""
    found = (event for event in reversed(events) if event["kind"] == "eval")
    return next((event for event in found if step is None or event.get("step", 0) <= step), {})


def images_of(events: list[Event]) -> str | None:
    """The fingerprint of the images that a run began with; None in a log without it."""
    found = last_event(events, "start").get("fingerprint")
    return found if isinstance(found, str) else None


def write_events(file: Path, events: list[Event]) -> None:
    """Make a log hold these events, whole or not at all. Raises FileError."""
    atomic_write(file, _lines(events))


def _lines(events: list[Event]) -> bytes:
    return "".join(json.dumps(event) + "\n" for event in events).encode("utf-8")


class AlsoWritten(Protocol):
    """A second log, in another form."""

    def write(self, kind: str, event: Mapping[str, Any]) -> None: ...

    def close(self) -> None: ...


class EventWriter:
    """Appends events to a run's log: one flat JSON object a line, flushed at once."""

    def __init__(self, file: Path, keep_step: int) -> None:
        """Open the log, dropping what was written after `keep_step`.

        A trainer that resumes from an older checkpoint does those steps again, so that each step
        stands in the log once.
        """
        self.also: AlsoWritten | None = None  # takes in each event after it was written
        events, _ = read_events(file)
        kept = [event for event in events if event.get("step", 0) <= keep_step]
        if file.is_file() and file.read_bytes() != _lines(kept):
            write_events(file, kept)
        self._log_file = file
        with writing(file):
            self._file = open(file, "a", encoding="utf-8")  # noqa: SIM115 (closed by close)

    def write(self, kind: str, **fields: Any) -> None:
        """Append one event. A number that is not finite is left out, as JSON cannot hold it.

        Raises FileError, as when the disk is full.
        """
        finite = {
            name: value
            for name, value in fields.items()
            if not (isinstance(value, float) and not math.isfinite(value))
        }
        event = {"kind": kind, "time": round(time.time(), 3), **finite}
        with writing(self._log_file):
            self._file.write(json.dumps(event, allow_nan=False) + "\n")
            self._file.flush()
        if self.also is not None:
            self.also.write(kind, event)

    def close(self) -> None:
        with writing(self._log_file):
            self._file.close()
        if self.also is not None:
            self.also.close()


def numbered(event: Mapping[str, Any], prefix: str) -> list[float]:
    """The values of ``prefix_0``, ``prefix_1``, ... of a flat event, in order."""
    values: list[float] = []
    while (name := f"{prefix}_{len(values)}") in event:
        values.append(float(event[name]))
    return values


def measured(events: list[Event]) -> list[Event]:
    """The evaluations that came out finite, oldest first."""
    return [event for event in events if event["kind"] == "eval" and "elbo" in event]


def comparable(evaluations: list[Event]) -> list[Event]:
    """One evaluation a step: the last step is measured once more on all validation images."""
    first = {event["step"]: event for event in reversed(evaluations)}
    return [first[step] for step in sorted(first)]
