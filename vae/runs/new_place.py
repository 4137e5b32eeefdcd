"""Where the images of a run are now: its newest `start` event says so, whoever moved them."""

from __future__ import annotations

from filelock import Timeout

from vae.errors import InputError
from vae.runs.config_file import SOURCE
from vae.runs.events import last_event, write_events
from vae.runs.folder import PROBE_SECONDS, Run


def remember_place(run: Run, source: str, fingerprint: str) -> None:
    """Write down that the images of this fingerprint, with which a run began, are at `source` now.

    Raises InputError while a trainer lives, which alone may write then, and where the run has not
    begun; FileError where its log cannot be written.
    """
    run.make_writable()
    lock = run.lock()
    try:
        lock.acquire(timeout=10 * PROBE_SECONDS, poll_interval=0.02)
    except Timeout:
        raise InputError(f"Run {run.name} is training: pause or stop it first.") from None
    try:
        events = run.events()
        start = last_event(events, "start")
        if not start:
            raise InputError(f"Run {run.name} has not begun: start it with --data and the place.")
        start |= {SOURCE: source, "fingerprint": fingerprint}
        write_events(run.events_file, events)
    finally:
        lock.release()
