"""The commands that train a run, and that list all of them.

Torch is imported once their arguments were found good.
"""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from filelock import Timeout

from vae import config as configuration
from vae.atomic import make_folder
from vae.commands.open_run import images_to_train_on
from vae.commands.progress import Progress
from vae.commands.requests import Requests, ask_to_pause
from vae.config import Config
from vae.data.source_names import WANTED, is_there, nothing_at, plain_source, source_path
from vae.errors import ExplainedError, InputError
from vae.runs import torchrun
from vae.runs.config_file import SOURCE, from_json, to_document
from vae.runs.events import EventWriter, last_event
from vae.runs.folder import PROBE_SECONDS, Run, data_cache, existing_run, list_runs, open_run
from vae.runs.processes import CONTROL_VARIABLE
from vae.runs.tensorboard import TensorBoardLog, require_tensorboard

Result = dict[str, Any]

# A step, an evaluation and a checkpoint may lie before a trainer that was asked to pause.
TAKE_OVER_SECONDS = 300.0
PER_PIXEL = "gaussian_per_pixel"
OF_NETWORKS = (
    "model.name",
    "model.latent_dim",
    "model.channels",
    "model.hidden_dim",
    "model.likelihood",
)


def train(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Train a run in the foreground, from the beginning or from where it stopped."""
    run = open_run(arguments.root, arguments.run)
    if torchrun.place().rank > 0:
        return _train_along(run)
    with_tensorboard = arguments.log == "tensorboard"
    if with_tensorboard:
        require_tensorboard()
    given = {
        name: configuration.parse_option(name, text)
        for name in configuration.options()
        if (text := getattr(arguments, name)) is not None
    }
    handled = int(os.environ.get(CONTROL_VARIABLE, run.control()[0]))
    is_new_folder = not run.folder.exists()
    other = _other(run, arguments)
    config = _config_of(run, given, other)
    torchrun.check_batch(config.train.batch_size)
    if arguments.take_over:
        handled = ask_to_pause(run, handled)
    run.make_writable()
    make_folder(run.folder)
    lock = run.lock()
    patience = TAKE_OVER_SECONDS if arguments.take_over else 10 * PROBE_SECONDS
    try:
        lock.acquire(timeout=patience, poll_interval=0.02)
    except Timeout:
        raise InputError(f"Run {run.name} is already training; pause or stop it first.") from None
    try:
        return _train_locked(run, config, handled, progress, other, with_tensorboard)
    except ExplainedError as error:
        if not run.config_file.exists() and not is_new_folder:
            _write_failure(run, str(error))
        raise
    finally:
        lock.release()
        if is_new_folder and not run.config_file.exists():
            run.start_file.unlink(missing_ok=True)
            (run.folder / "lock").unlink(missing_ok=True)
            run.folder.rmdir()


def _other(run: Run, arguments: argparse.Namespace) -> Run | None:
    """The run whose weights a new one begins with; None where it begins with its own, or goes on.

    Raises InputError where it is not there, or the run was begun without.
    """
    if arguments.begin_from is None:
        return None
    if run.config_file.exists():
        if run.start_file.exists():
            return None  # the same command again resumes
        raise InputError(
            f"Run {run.name} was not started from another run: leave out --from, or choose a "
            "new name for the run."
        )
    return existing_run(arguments.root, arguments.begin_from)


def _config_of(run: Run, given: dict[str, Any], other: Run | None) -> Config:
    """The config of a new run, or a resumed run's with what may change changed."""
    if SOURCE in given:
        given[SOURCE] = _checked_source(run, plain_source(given[SOURCE]))
    if not run.config_file.exists():
        config = Config() if other is None else other.config()
        if other is not None:
            _check_weights_fit(other, config, given)
        return configuration.with_values(config, given)
    config = run.config()
    decided = configuration.AUTOMATIC.items()  # when the run began
    given = {name: value for name, value in given.items() if (name, value) not in decided}
    for name, value in given.items():
        now = configuration.get_value(config, name)
        if name == SOURCE and source_path(value) and source_path(now):
            continue  # the same images at another place, as is seen when they are opened
        if value != now and name not in configuration.CHANGEABLE:
            raise InputError(
                f"Run {run.name} was started with {name} {now}, not {value}: leave out "
                f"--{name}, or choose a new name for a run with these settings."
            )
    return configuration.with_values(config, given)


def _checked_source(run: Run, source: str) -> str:
    """A source as a run's config has it. Raises InputError for a path where nothing is."""
    path = source_path(source)
    if path is None:
        return source
    source = str(path.resolve())
    is_own = run.config_file.exists() and run.config().data.source == source
    if not is_there(path) and not is_own:  # what a run began with is imported already
        raise InputError(f"{nothing_at(source)}: {WANTED}.")
    return source


def _check_weights_fit(other: Run, config: Config, given: dict[str, Any]) -> None:
    """Raise InputError where an option changes the networks, so that weights do not fit."""
    for name in OF_NETWORKS:
        now = configuration.get_value(config, name)
        wanted = given.get(name, now)
        if name == "model.likelihood":  # only this one asks for other outputs
            now, wanted = (value if value == PER_PIXEL else None for value in (now, wanted))
        if wanted != now:
            raise InputError(
                f"The weights of run {other.name} do not fit {name} {given[name]}: leave out "
                f"--{name}, or leave out --from."
            )


def _write_failure(run: Run, reason: str) -> None:
    """Say in a run that never began why, for the page that started it."""
    events = EventWriter(run.events_file, keep_step=0)
    events.write("end", step=0, status="failed", reason=reason)
    events.close()


def _train_locked(
    run: Run,
    config: Config,
    handled: int,
    progress: Progress,
    other: Run | None,
    with_tensorboard: bool,
) -> Result:
    asked = Requests(run, handled)

    from vae.data.run_images import since_import
    from vae.model.checkpoints import begin_from
    from vae.training.join_processes import joined, take_device
    from vae.training.state import prepare
    from vae.training.trainer import Trainer

    with joined(torchrun.place()) as processes:
        take_device(processes.place, config.train.device)
        config, dataset = images_to_train_on(run, config, other, progress)
        if other is not None:
            begin_from(run, other, dataset.image_shape)
        config = prepare(run, config, dataset)
        processes.told({"config": to_document(config), "fingerprint": dataset.fingerprint})
        trainer = Trainer(run, config, dataset, processes)
        if with_tensorboard:
            folder = run.folder / "tensorboard"
            trainer.writer.events.also = TensorBoardLog(folder, run.folder, trainer.step)
        if moved := since_import(config.data, data_cache(run.root), dataset):
            trainer.notes.append(moved)
        status = trainer.train(asked, progress)
    return _summary(run) | {"status": status}


def _train_along(run: Run) -> Result:
    """Train beside the first of several processes, which reads the options and writes the run."""
    from vae.data.run_images import open_run_images
    from vae.training.join_processes import joined, take_device
    from vae.training.trainer import Trainer

    with joined(torchrun.place()) as processes:
        told = processes.told({})
        config = from_json(json.dumps(told["config"]))
        take_device(processes.place, config.train.device)
        dataset = open_run_images(config.data, data_cache(run.root), told["fingerprint"])
        trainer = Trainer(run, config, dataset, processes)
        trainer.train(Requests(None, 0), lambda *_: None)
    return {}


def runs(arguments: argparse.Namespace, progress: Progress) -> Result:
    """List the runs: status, data, step, elbo."""
    rows = []
    for run in list_runs(arguments.root):
        try:
            source = run.config().data.source
        except ExplainedError:
            source = "?"
        summary = _summary(run)
        row = {name: summary.get(name) for name in ("run", "status", "step", "epoch", "elbo")}
        rows.append(row | {"data": source})
    if not rows:
        print(
            f"There are no runs in {arguments.root} yet. "
            "Start one: python -m vae train my-first-run"
        )
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
