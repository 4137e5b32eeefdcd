"""Background processes of a run: a button that starts one, and what it is at by its log."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from explorer.state.keys import Key
from vae.errors import ExplainedError
from vae.runs import processes
from vae.runs.folder import Run

SILENT_SECONDS = 120.0  # after which its process is taken for dead
SETTLED_SECONDS = 5.0  # after which its last words, which are no count, are taken for its end

WORDS = {
    "encode": "Encoding",
    "flow": "Fitting the flow",
    "neighbours": "Finding neighbours",
    "umap": "Laying out",
    "place": "Placing",
    "evaluate": "Measuring",
    "bound": "Importance samples",
    "frechet": "Frechet distances",
    "losses": "Measuring images",
}


@dataclass(frozen=True)
class Work:
    """What the process is at."""

    state: str  # none, working, done, failed
    message: str = ""
    part: float = 0.0


def work_of(log: Path, out: Path, now: float) -> Work:
    """What the newest process that writes `out` says in `log`; `now` in seconds since the epoch."""
    try:
        silent = now - log.stat().st_mtime
    except FileNotFoundError:
        return Work("none")
    line, count = processes.last_line(log), processes.progress_of(log)
    if line.endswith(out.name) and out.exists():
        return Work("done")
    if (count or not line) and silent < SILENT_SECONDS:
        if count is None:
            return Work("working", "Starting")
        what, done, total = count
        text = WORDS.get(what, what.capitalize())
        return Work("working", f"{text}: {done:,} of {total:,}", min(1.0, done / max(1, total)))
    if count or not line:
        return Work("failed", "the process ended without a message")
    if silent < SETTLED_SECONDS:
        return Work("working", "Working")
    return Work("failed", line)


def is_working(log: Path, out: Path) -> bool:
    return work_of(log, out, time.time()).state == "working"


def job(
    run: Run,
    log: Path,
    out: Path,
    name: str,
    icon: str,
    start: Callable[[Run], None],
    help: str | None = None,
) -> None:
    """A button `name` that starts making `out`, or its progress; the panel draws itself anew.

    The process says in `log` what it is at, and writes the name of `out` last.
    """
    work = work_of(log, out, time.time())
    if work.state == "working":
        st.progress(work.part, text=f"{work.message} ...")
        return
    if work.state == "failed":
        st.error(f"{name}: {work.message}", icon=":material/error:")
    start_button(name, icon, lambda: start(run), help)


def start_button(name: str, icon: str, start: Callable[[], None], help: str | None = None) -> bool:
    """A button that starts a process. If it cannot start, a sentence above it says why."""
    refused = Key(f"refused:{name}", "")
    if sentence := refused.get():
        st.error(sentence, icon=":material/error:")
    return st.button(name, icon=icon, on_click=_attempt, args=(start, refused), help=help)


def _attempt(start: Callable[[], None], refused: Key[str]) -> None:
    refused.pop()
    try:
        start()
    except ExplainedError as error:
        refused.set(str(error))
