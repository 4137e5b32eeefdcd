"""The check of the chosen data, which a process beside the page makes: what it says by now."""

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

WORDS = {"looking at images": "Looking at", "importing images": "Reading"}

Options = Mapping[str, str]  # those of the data, by dotted name


@dataclass(frozen=True)
class Check:
    """How far a check is."""

    state: Literal["working", "done", "failed"]
    message: str = ""  # what it is at, or why it failed
    part: float = 0.0
    report: Mapping[str, Any] = field(default_factory=dict)


@st.cache_resource(show_spinner=False)
def _processes() -> dict[Path, subprocess.Popen[bytes]]:
    """The newest process of each check, by its log."""
    return {}


def _log(root: Path, options: Options) -> Path:
    word = hashlib.sha256(json.dumps(sorted(options.items())).encode()).hexdigest()[:16]
    return data_cache(root) / "checks" / f"{word}.log"


def start(root: Path, options: Options) -> None:
    """Start the check, unless it is under way. Raises FileError where the disk refuses."""
    log = _log(root, options)
    running = _processes().get(log)
    if running is None or running.poll() is not None:
        _processes()[log] = processes.start_check(root, options, log)


def stop(root: Path, options: Options) -> None:
    """End the check where it is under way; what it has read by then is removed."""
    running = _processes().get(_log(root, options))
    if running is not None and running.poll() is None:
        running.terminate()


def newest(root: Path, options: Options) -> Check | None:
    """What the newest check says; None where this server has started none."""
    log = _log(root, options)
    process = _processes().get(log)
    if process is None:
        return None
    if process.poll() is None:
        count = processes.progress_of(log)
        if count is None:
            return Check("working", "Looking at the data")
        what, done, total = count
        text = f"{WORDS.get(what, what.capitalize())} {done:,} of {total:,} images"
        return Check("working", text, min(1.0, done / max(1, total)))
    lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    last = next((line for line in reversed(lines) if line.strip()), "")
    if process.returncode == 0:
        return Check("done", report=json.loads(last))
    return Check("failed", last or "The check of the data ended without a word: look again.")
