"""The run folder: its files, its log of events, its lock, its status.

A run is a folder. One living trainer holds its lock and writes it; everybody else reads it. A run
in an installed package is in every root, read from there until something is written beside it.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from vae.atomic import atomic_json, copy_folder
from vae.config import Config
from vae.errors import InputError, short
from vae.option_choices import END_STATUSES, REQUESTS, Request, Status
from vae.runs.config_file import as_started, load_config
from vae.runs.events import Event, last_event, read_events

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Longer than the moment in which another reader probes the same lock.
PROBE_SECONDS = 0.2
ALIVE = ("starting", "running")
# The runs that an installed package brings; a clone has them under its own root.
SHIPPED = Path(__file__).parents[1] / "shipped"


@dataclass(frozen=True)
class Run:
    """One run, by its place under a root."""

    place: Path

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def root(self) -> Path:
        return self.place.parent

    @property
    def folder(self) -> Path:
        """Where its files are: its place, or the package while a shipped run has no copy there."""
        if self.place.exists():
            return self.place
        shipped = SHIPPED / self.name
        return shipped if shipped.is_dir() else self.place

    def make_writable(self) -> None:
        """Copy a shipped run from the package to its place; nothing happens to another run.

        Raises FileError where the root cannot be written.
        """
        shipped = self.folder
        if shipped == self.place:
            return
        copy_folder(shipped, self.place)

    @property
    def config_file(self) -> Path:
        return self.folder / "config.json"

    @property
    def weights_file(self) -> Path:
        return self.folder / "model.safetensors"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def events_file(self) -> Path:
        return self.folder / "events.jsonl"

    @property
    def start_file(self) -> Path:
        """The weights that the run began with, where they are those of another run."""
        return self.folder / "start.safetensors"

    @property
    def previews(self) -> Path:
        return self.folder / "previews"

    @property
    def maps(self) -> Path:
        """2-D coordinates of posterior means, one file per method."""
        return self.folder / "maps"

    @property
    def latents_file(self) -> Path:
        """Posterior means of validation images, of each evaluation in training."""
        return self.folder / "latents.npz"

    @property
    def evaluation_file(self) -> Path:
        """The result of the newest `evaluate` on the validation images."""
        return self.folder / "evaluation.json"

    @property
    def samplers_file(self) -> Path:
        """The mixture to sample from, and the training images that samples are compared with."""
        return self.folder / "samplers.npz"

    @property
    def flow_file(self) -> Path:
        return self.folder / "flow.safetensors"

    @property
    def directions_file(self) -> Path:
        """The directions that were made by hand, by their definitions."""
        return self.folder / "directions.json"

    @property
    def control_file(self) -> Path:
        return self.folder / "control.json"

    @property
    def log_file(self) -> Path:
        return self.folder / "train.log"

    @property
    def lock_file(self) -> Path:
        return self.folder / "lock"

    def exists(self) -> bool:
        """Whether a trainer has been here, be it a moment ago and with nothing said yet."""
        files = (self.config_file, self.events_file, self.lock_file)
        return any(file.is_file() for file in files)

    def config(self, events: list[Event] | None = None) -> Config:
        """The config of the run, with the values that later starts changed.

        `events`: where the caller knows them already. Raises InputError where the folder holds no
        readable config.
        """
        try:
            config = load_config(self.config_file)
        except FileNotFoundError:
            raise InputError(f"Run {self.name} has no config.json: train it first.") from None
        events = self.events() if events is None else events
        return as_started(config, last_event(events, "start"))

    def events(self) -> list[Event]:
        """Every event so far, oldest first."""
        return read_events(self.events_file)[0]

    def lock(self) -> FileLock:
        """The lock that the living trainer holds, not yet taken."""
        return FileLock(self.lock_file, thread_local=False)

    def is_locked(self) -> bool:
        """Whether a trainer lives. The system frees the lock when its holder dies."""
        if not self.lock_file.exists():
            return False
        probe = self.lock()
        try:
            with probe.acquire(timeout=PROBE_SECONDS, poll_interval=0.02):
                return False
        except Timeout:
            return True
        except OSError:  # a file that is not ours to lock, or a disk that may only be read
            return False

    def status(self, events: list[Event] | None = None, is_locked: bool | None = None) -> Status:
        """new, starting, running, paused, stopped, finished, failed or interrupted.

        Derived from the lock and the last event, never stored. `events`, `is_locked`: where the
        caller knows them already.
        """
        # The lock first: a trainer writes its last event before it lets go.
        is_locked = self.is_locked() if is_locked is None else is_locked
        events = self.events() if events is None else events
        kinds = [event["kind"] for event in events if event["kind"] in ("start", "end")]
        if is_locked:
            return "running" if kinds and kinds[-1] == "start" else "starting"
        if not kinds:
            return "interrupted" if self.config_file.is_file() else "new"
        if kinds[-1] == "start":
            return "interrupted"
        told = last_event(events, "end").get("status")
        return next((status for status in END_STATUSES if status == told), "interrupted")

    def control(self) -> tuple[int, Request | Literal[""]]:
        """The sequence number and the name of the newest request; (0, "") where there is none."""
        try:
            document = json.loads(self.control_file.read_text(encoding="utf-8"))
            sequence, told = int(document["sequence"]), document["request"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return 0, ""
        return sequence, next((request for request in REQUESTS if request == told), "")

    def request(self, request: Request) -> None:
        """Ask the living trainer to `pause` or `stop`; it ends after a step and a checkpoint.

        Raises InputError where no trainer lives, or for another request.
        """
        if request not in REQUESTS:
            raise InputError(f"A trainer can be asked to pause or stop, not to {request!r}.")
        if not self.is_locked():
            raise InputError(f"Run {self.name} is not training, so there is nothing to {request}.")
        sequence, _ = self.control()
        document = {"sequence": sequence + 1, "request": request, "time": time.time()}
        atomic_json(self.control_file, document)


def open_run(root: Path, name: str) -> Run:
    """The run `name` under `root`, whether it exists yet or not.

    Raises InputError for a name that no folder should have.
    """
    if not NAME.fullmatch(name):
        raise InputError(
            "A run's name has 1 to 64 letters, digits, dots, dashes and underscores and begins "
            f"with a letter or digit: {short(name)!r} does not."
        )
    return Run(root / name)


def existing_run(root: Path, name: str) -> Run:
    """The run `name` under `root`. Raises InputError, naming the runs there are."""
    run = open_run(root, name)
    if not run.exists():
        there = ", ".join(other.name for other in list_runs(root)) or "none yet"
        raise InputError(f"There is no run {name!r} in {root}; there are: {there}.")
    return run


def list_runs(root: Path) -> list[Run]:
    """The runs under `root` and the shipped ones by name; folders without a run are left out."""
    folders = [path for where in (root, SHIPPED) if where.is_dir() for path in where.iterdir()]
    names = sorted({folder.name for folder in folders if NAME.fullmatch(folder.name)})
    return [run for name in names if (run := Run(root / name)).exists()]


def data_cache(root: Path) -> Path:
    """Where imported images lie, for all runs under `root`."""
    return root / ".data"


def free_name(root: Path, stem: str, number: int = 1) -> str:
    """`stem-1`, `stem-2`, ... from `number` on: the first that no folder under `root` has."""
    while (root / f"{stem}-{number}").exists():
        number += 1
    return f"{stem}-{number}"
