"""The commands that train a run, and that list all of them.

Torch is imported once their arguments were found good.
"""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path
from types import FrameType
from typing import Any

from filelock import Timeout

from vae import config as configuration
from vae.config import Config, ConfigError
from vae.jobs import CONTROL_VARIABLE
from vae.progress import Progress
from vae.runs import PROBE_SECONDS, EventWriter, Run, data_cache, last_event, list_runs, open_run

Result = dict[str, Any]


def train(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Train a run in the foreground, from the beginning or from where it stopped."""
    run = open_run(arguments.root, arguments.run)
    given = {
        name: configuration.parse_option(name, text)
        for name in configuration.options()
        if (text := getattr(arguments, name)) is not None
    }
    handled = int(os.environ.get(CONTROL_VARIABLE, run.control()[0]))
    is_new_folder = not run.folder.exists()
    config = _config_of(run, given)
    run.folder.mkdir(parents=True, exist_ok=True)
    lock = run.lock()
    try:
        lock.acquire(timeout=10 * PROBE_SECONDS, poll_interval=0.02)
    except Timeout:
        raise ConfigError(f"Run {run.name} is already training; pause or stop it first.") from None
    try:
        return _train_locked(run, config, handled, progress)
    except ConfigError as error:
        if not run.config_file.exists() and not is_new_folder:
            _write_failure(run, str(error))
        raise
    finally:
        lock.release()
        if is_new_folder and not run.config_file.exists():
            (run.folder / "lock").unlink(missing_ok=True)
            run.folder.rmdir()


def _config_of(run: Run, given: dict[str, Any]) -> Config:
    """The config of a new run, or a resumed run's with what may change changed."""
    source = given.get("data.source")
    if source is not None and source != "synthetic" and not source.startswith("torchvision:"):
        if not Path(source).exists():
            raise ConfigError(
                f"There is nothing at {source}: give synthetic, torchvision:NAME, or the path of a "
                "folder of images, a .zip, an .npz or MNIST's idx files."
            )
        given["data.source"] = str(Path(source).resolve())
    if not run.config_file.exists():
        return configuration.with_values(Config(), given)
    config = run.config()
    for name, value in given.items():
        now = configuration.get_value(config, name)
        if value != now and name not in configuration.CHANGEABLE:
            raise ConfigError(
                f"Run {run.name} was begun with {name} {now}, not {value}: go on without "
                f"--{name}, or give the new settings a run name of their own."
            )
    return configuration.with_values(config, given)


def _write_failure(run: Run, reason: str) -> None:
    """Say in a run that never began why, for the page that started it."""
    events = EventWriter(run.events_file, keep_step=0)
    events.write("end", step=0, status="failed", reason=reason)
    events.close()


def _train_locked(run: Run, config: Config, handled: int, progress: Progress) -> Result:
    signalled: list[str] = []

    def on_signal(number: int, frame: FrameType | None) -> None:
        signalled.append("pause")

    def asked() -> str:
        sequence, request = run.control()
        if sequence > handled:
            return request
        return signalled[0] if signalled else ""

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)

    from vae.dataset import open_dataset
    from vae.trainer import Trainer, prepare

    dataset = open_dataset(config.data, data_cache(run.folder.parent), progress)
    config = prepare(run, config, dataset)
    status = Trainer(run, config, dataset).train(asked, progress)
    return _summary(run) | {"status": status}


def runs(arguments: argparse.Namespace, progress: Progress) -> Result:
    """List the runs: status, data, step, elbo."""
    rows = []
    for run in list_runs(arguments.root):
        try:
            source = run.config().data.source
        except ConfigError:
            source = "?"
        summary = _summary(run)
        row = {name: summary.get(name) for name in ("run", "status", "step", "epoch", "elbo")}
        rows.append(row | {"data": source})
    if not rows:
        print(f"No runs in {arguments.root} yet: python -m vae train my-first-run")
    for row in rows:
        elbo = "" if row["elbo"] is None else f"elbo {row['elbo']:.1f}"
        place = f"step {row['step']:>7}"
        print(f"{row['run']:<24} {row['status']:<12} {place}  {elbo:<16} {row['data']}")
    return {"runs": rows}


def _summary(run: Run) -> Result:
    """Where a run stands, from its events."""
    events = run.events()
    evaluation, step = last_event(events, "eval"), last_event(events, "step")
    newest = max((event.get("step", 0) for event in events), default=0)
    names = ("nll", "kl", "elbo", "loss", "bits_per_dim", "active_units", "num_images")
    return {
        "run": run.name,
        "status": run.status(events),
        "step": newest,
        "epoch": last_event(events, "end").get("epoch", step.get("epoch", 0)),
        "seconds": step.get("seconds", 0.0),
        **{name: evaluation[name] for name in names if name in evaluation},
    }
