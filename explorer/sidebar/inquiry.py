"""A command that tells the page something, in a process beside it: how far it is, its answer."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from vae.runs import processes
from vae.runs.folder import data_cache

TICK_SECONDS = 0.5  # between two looks at how far it is
WORDS = {"looking at images": "Looking at images:", "importing images": "Reading images:"}

Words = tuple[str, ...]  # of the command, its name first


@dataclass(frozen=True)
class Inquiry:
    """How far a command is."""

    state: Literal["working", "done", "failed"]
    message: str = ""  # what it is at, or why it failed
    part: float = 0.0
    answer: Mapping[str, Any] = field(default_factory=dict)


@st.cache_resource(show_spinner=False)
def _processes() -> dict[Path, subprocess.Popen[bytes]]:
    """The newest process of each command, by its log."""
    return {}


def _log(root: Path, words: Words) -> Path:
    digest = hashlib.sha256(json.dumps(words).encode()).hexdigest()[:16]
    return data_cache(root) / "inquiries" / f"{words[0]}-{digest}.log"


def start(root: Path, words: Words) -> None:
    """Start the command, unless it is under way. Raises FileError where the disk refuses."""
    log = _log(root, words)
    running = _processes().get(log)
    if running is None or running.poll() is not None:
        _processes()[log] = processes.start_inquiry(root, words, log)


def stop(root: Path, words: Words) -> None:
    """End the command where it is under way; what it has written by then, it removes."""
    running = _processes().get(_log(root, words))
    if running is not None and running.poll() is None:
        running.terminate()


def is_any_working() -> bool:
    """Whether any command is under way, whoever asked for it."""
    return any(process.poll() is None for process in list(_processes().values()))


def newest(root: Path, words: Words) -> Inquiry | None:
    """What the command says by now; None where this server has not started it."""
    log = _log(root, words)
    process = _processes().get(log)
    if process is None:
        return None
    if process.poll() is None:
        count = processes.progress_of(log)
        if count is None:
            return Inquiry("working", "Starting")
        what, done, total = count
        text = f"{WORDS.get(what, what.capitalize())} {done:,} of {total:,}"
        return Inquiry("working", text, min(1.0, done / max(1, total)))
    lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    last = next((line for line in reversed(lines) if line.strip()), "")
    if process.returncode == 0:
        return Inquiry("done", answer=json.loads(last))
    return Inquiry("failed", last or "The process ended without a word: try again.")
