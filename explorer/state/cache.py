"""What the server keeps in memory between page runs: functions of plain values, bounded.

A file is named with its stamp, so that a changed file is another value.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from vae.config import DataConfig
from vae.runs.events import Event, read_events
from vae.runs.folder import Run

if TYPE_CHECKING:
    from vae.data.dataset import Dataset
    from vae.latent.encoding import Latents
    from vae.latent.fitted_flow import FittedFlow
    from vae.model.checkpoints import Weights
    from vae.model.networks import VAE

Stamp = tuple[int, int, int]
LOCK_SECONDS = 0.5


def stamp(path: Path) -> Stamp | None:
    """What changes with the content of a file: (inode, bytes, time); None where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


class _Log:
    """The events of one log file, read on from where the last reader stopped."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.offset = 0
        self.lock = threading.Lock()  # two pages may read at once


@st.cache_resource(max_entries=16, show_spinner=False)
def _log(path: str, inode: int) -> _Log:
    return _Log()


def events(path: Path) -> list[Event]:
    """Every event in a log file, oldest first; only new bytes are read."""
    now = stamp(path)
    if now is None:
        return []
    log = _log(str(path), now[0])
    with log.lock:
        if now[1] < log.offset:
            log.events, log.offset = [], 0
        if now[1] > log.offset:
            new, offset = read_events(path, log.offset)
            log.events, log.offset = [*log.events, *new], offset
        return log.events


@st.cache_resource(ttl=LOCK_SECONDS, max_entries=64, show_spinner=False)
def is_locked(folder: str) -> bool:
    """Whether a trainer lives, as of at most half a second ago.

    A probe of a held lock waits for 0.2 s, and one page asks several times.
    """
    return Run(Path(folder)).is_locked()


@st.cache_resource(max_entries=2, show_spinner=False)
def _model(folder: str, weights: Stamp) -> tuple[VAE, Weights]:
    import torch

    from vae.model.checkpoints import load_model

    threads = max(1, (os.cpu_count() or 1) // 2)
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
    return load_model(Run(Path(folder)))


def model(run: Run) -> tuple[VAE, Weights] | None:
    """The model in use of a run, frozen and shared by all pages; None where there is none yet.

    Raises InputError where the weights cannot be used.
    """
    now = stamp(run.weights_file)
    return None if now is None else _model(str(run.folder), now)


@st.cache_resource(max_entries=4, show_spinner=False)
def _flow(folder: str, now: Stamp, digest: str) -> FittedFlow | None:
    from vae.latent.fitted_flow import flow_of

    return flow_of(Run(Path(folder)), digest)


def flow(run: Run, digest: str) -> FittedFlow | None:
    """The flow fitted to the codes of these weights; None where there is none."""
    now = stamp(run.flow_file)
    return None if now is None else _flow(str(run.folder), now, digest)


@st.cache_resource(max_entries=4, show_spinner=False)
def dataset(config: DataConfig, cache: str, fingerprint: str | None) -> Dataset:
    """The images that a run began with. Raises InputError where they are gone."""
    from vae.data.run_images import open_run_images

    return open_run_images(config, Path(cache), fingerprint)


@st.cache_resource(max_entries=8, show_spinner=False)
def _latents(path: str, now: Stamp) -> Latents:
    from vae.latent.encoding import load_latents

    return load_latents(Path(path))


def latents(path: Path) -> Latents | None:
    """The latents in a file; None where there is none. Raises InputError."""
    now = stamp(path)
    return None if now is None else _latents(str(path), now)


@st.cache_resource(max_entries=256, show_spinner=False)
def _picture(path: str, now: Stamp) -> bytes:
    return Path(path).read_bytes()


def picture(path: Path) -> bytes | None:
    """The bytes of a picture file; None where there is none."""
    now = stamp(path)
    return None if now is None else _picture(str(path), now)
