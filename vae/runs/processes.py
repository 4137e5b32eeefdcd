"""Background processes: the trainer, the map maker, a look at data, each in a session of its own.

They outlive the page and the server that started them; what they do is read from the run folder.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from vae.atomic import make_folder
from vae.errors import InputError, writing
from vae.option_choices import MapMethod
from vae.runs import give_way, torchrun
from vae.runs.events import last_event
from vae.runs.folder import ALIVE, Run
from vae.runs.umap_options import UmapOptions

HANDSHAKE_SECONDS = 60.0  # in which a trainer begins or refuses, also on a busy machine
OF_TORCHRUN = "torch/distributed/elastic"  # in what it says of processes that have ended
# Where a trainer is told which requests were there before it was started.
CONTROL_VARIABLE = "VAE_CONTROL_SEQUENCE"
# What the page starts shares the processor with it: threads that wait sleep at once. A training
# that pages watch loses less to them so.
BESIDE_A_PAGE = {"OMP_WAIT_POLICY": "PASSIVE", give_way.VARIABLE: "yes"}
PACKAGE_ROOT = Path(__file__).resolve().parents[2]


def start_training(
    run: Run,
    options: Mapping[str, str],
    begin_from: str | None = None,
    num_processes: int | None = None,
) -> None:
    """Start or resume the trainer of `run` with options by dotted name, and wait till it lives.

    `begin_from`: another run of the same folder, whose weights and options a new run begins with.
    `num_processes`: each on a GPU of its own; None: as many as before, where there are the GPUs.
    Raises InputError with the trainer's own sentence where it refuses, or where it lives already.
    """
    if run.is_locked():
        raise InputError(f"Run {run.name} is already training.")
    run.make_writable()
    make_folder(run.folder)
    flags = [] if begin_from is None else ["--from", begin_from]
    process = _spawn_trainer(run, options, flags, num_processes)
    _wait(run, process, lambda: run.status() in ALIVE)


def change_training(run: Run, options: Mapping[str, str]) -> None:
    """Let the living trainer of `run` pause and another go on with changed options.

    Returns when the other trains. Raises InputError with its sentence where it refuses. Where no
    trainer lives, the run is resumed.
    """
    before = last_event(run.events(), "start")
    process = _spawn_trainer(run, options, ["--take_over"])
    _wait(run, process, lambda: last_event(run.events(), "start") != before)


def _spawn_trainer(
    run: Run, options: Mapping[str, str], flags: Sequence[str], num_processes: int | None = None
) -> subprocess.Popen[bytes]:
    before = last_event(run.events(), "start").get("num_processes", 1)
    num = num_processes or min(before, torchrun.num_gpus())
    words = [part for name, value in options.items() for part in (f"--{name}", value)]
    command = ["train", run.name, "--root", str(run.root), *flags, *words]
    environment = {CONTROL_VARIABLE: str(run.control()[0])}
    return _spawn(command, run.log_file, environment, torchrun.command(num))


def _wait(run: Run, process: subprocess.Popen[bytes], is_there: Callable[[], bool]) -> None:
    """Wait till the trainer is there. Raises InputError where it ended with a reason."""
    deadline = time.monotonic() + HANDSHAKE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if is_there():
            return
        time.sleep(0.05)
    if process.poll() not in (None, 0):
        reason = _refusal(run.log_file) or f"The trainer of {run.name} did not start."
        if not run.config_file.exists() and not run.events_file.exists():
            shutil.rmtree(run.folder)
        raise InputError(reason)


def start_projection(run: Run, method: MapMethod, options: UmapOptions) -> None:
    """Start making the map of `run` by `method`: maps/METHOD.npz, its progress in METHOD.log."""
    run.make_writable()
    make_folder(run.maps)
    out, log = run.maps / f"{method}.npz", run.maps / f"{method}.log"
    command = ["project", run.name, "--root", str(run.root), "--method", method]
    if method == "umap":
        command += ["--neighbours", str(options.neighbours)]
        command += ["--min_distance", str(options.min_distance)]
    _spawn([*command, "--out", str(out)], log, {})


def start_evaluation(run: Run) -> None:
    """Start measuring `run`: evaluation.json, its progress in evaluation.log."""
    run.make_writable()
    command = ["evaluate", run.name, "--root", str(run.root)]
    _spawn(command, run.evaluation_file.with_suffix(".log"), {})


def start_samplers(run: Run) -> None:
    """Start fitting the flow and the mixture of `run`, their progress in samplers.log."""
    run.make_writable()
    picture = run.folder / "samples.png"
    command = ["sample", run.name, "--root", str(run.root), "--out", str(picture)]
    log = run.samplers_file.with_suffix(".log")
    _spawn([*command, "--num", "16", "--prior", "flow", "--nearest"], log, {})


def start_losses(run: Run) -> None:
    """Start measuring the loss of every image of `run`: losses.npz, its progress in losses.log."""
    run.make_writable()
    command = ["select", run.name, "--root", str(run.root), "--highest_loss", "1"]
    _spawn(command, run.folder / "losses.log", {})


def start_inquiry(root: Path, words: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a command that only tells something; its answer as JSON is the last line of `log`."""
    make_folder(log.parent)
    return _spawn([words[0], "--root", str(root), "--json", *words[1:]], log, {})


def last_line(log: Path) -> str:
    """The last line that is not empty in a log file; empty where there is none."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except FileNotFoundError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _refusal(log: Path) -> str:
    """The last line of a trainer, without what torchrun says after it."""
    lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    own = itertools.takewhile(lambda line: OF_TORCHRUN not in line, lines)
    return next((line.strip() for line in reversed([*own]) if line.strip()), "")


def progress_of(log: Path) -> tuple[str, int, int] | None:
    """What the process behind `log` is at, as (what, done, total), by its last line."""
    what, _, counts = last_line(log).rpartition(" ")
    done, slash, total = counts.partition("/")
    if what and slash and done.isdigit() and total.isdigit():
        return what, int(done), int(total)
    return None


def _spawn(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str],
    launcher: Sequence[str] = (),
) -> subprocess.Popen[bytes]:
    """`python -m vae COMMAND` in its own session, started by what `launcher` names."""
    # Appended to, since the one who is taken over from still writes the same file.
    with writing(log):
        log.write_bytes(b"")
    with open(log, "ab") as output:
        process = subprocess.Popen(
            [sys.executable, *launcher, "-m", "vae", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=Path.cwd(),
            env={**BESIDE_A_PAGE, **os.environ, **environment, "PYTHONPATH": _python_path()},
        )
    # A child whose end nobody waits for stays in the process table as a zombie.
    threading.Thread(target=process.wait, daemon=True).start()
    return process


def _python_path() -> str:
    before = os.environ.get("PYTHONPATH")
    return str(PACKAGE_ROOT) if not before else f"{PACKAGE_ROOT}{os.pathsep}{before}"
