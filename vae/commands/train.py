"""The command that trains a run.

Torch is imported once their arguments were found good.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from filelock import Timeout

from vae import config as configuration
from vae.atomic import make_folder
from vae.commands.open_run import images_to_train_on
from vae.commands.progress import Progress
from vae.commands.requests import Requests, ask_to_pause
from vae.commands.runs import standing
from vae.config import Config
from vae.data.source_names import WANTED, is_there, nothing_at, plain_source, source_path
from vae.errors import ExplainedError, InputError
from vae.runs import torchrun
from vae.runs.config_file import SOURCE, from_json, to_document
from vae.runs.events import EventWriter
from vae.runs.folder import PROBE_SECONDS, Run, data_cache, existing_run, open_run
from vae.runs.processes import CONTROL_VARIABLE
from vae.runs.tensorboard import TensorBoardLog, require_tensorboard

if TYPE_CHECKING:
    from vae.training.processes import Processes

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
    place = torchrun.place()
    if place.world_size == 1:
        return _train_first(arguments, progress)

    # A process that waits for the others would hear of a Ctrl-C only when all are there.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from vae.training.join_processes import joined

    with joined(place) as processes:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if processes.is_first:
            return _train_first(arguments, progress, processes)
        return _train_along(arguments, processes)


def _train_first(
    arguments: argparse.Namespace, progress: Progress, processes: Processes | None = None
) -> Result:
    """Train as the first of the processes, or alone: it reads the options and writes the run."""
    run = open_run(arguments.root, arguments.run)
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
    torchrun.check_batch(config.train.batch_size, torchrun.place().world_size)
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
        return _train_locked(run, config, handled, progress, other, with_tensorboard, processes)
    except (ExplainedError, KeyboardInterrupt) as error:
        if not run.config_file.exists() and not is_new_folder:
            _write_failure(run, str(error) or "It was stopped before it began to train.")
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
    processes: Processes | None,
) -> Result:
    asked = Requests(run, handled)

    from vae.data.run_images import since_import
    from vae.model.checkpoints import begin_from
    from vae.training.join_processes import take_device
    from vae.training.processes import ALONE
    from vae.training.state import prepare
    from vae.training.trainer import Trainer

    processes = processes or ALONE
    take_device(processes.place, config.train.device)
    config, dataset = images_to_train_on(run, config, other, asked.ending(progress))
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
    if status == "paused":
        text = f"Paused at step {trainer.step:,}; the same command again goes on."
        print(text, file=sys.stderr)
    return standing(run) | {"status": status}


def _train_along(arguments: argparse.Namespace, processes: Processes) -> Result:
    """Train beside the first of several processes."""
    from vae.data.run_images import open_run_images
    from vae.training.join_processes import take_device
    from vae.training.trainer import Trainer

    run, asked = open_run(arguments.root, arguments.run), Requests(None, 0)
    told = processes.told({})
    config = from_json(json.dumps(told["config"]))
    take_device(processes.place, config.train.device)
    dataset = open_run_images(config.data, data_cache(run.root), told["fingerprint"])
    Trainer(run, config, dataset, processes).train(asked, lambda *_: None)
    return {}
