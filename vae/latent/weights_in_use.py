"""Puts the weights of an earlier checkpoint into use, with the latents that belong to them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import Timeout

from vae.atomic import atomic_file
from vae.data.dataset import Dataset
from vae.errors import InputError, writing
from vae.latent.encoding import Progress, encode_images, save_latents
from vae.model.checkpoints import Weights, load_model, read_weights, write_checked
from vae.runs.folder import PROBE_SECONDS, Run
from vae.runs.history import step_in_use, weights_of_step
from vae.runs.milestones import EVALUATION_IMAGES


def put_into_use(
    run: Run, checkpoint: str | int, dataset: Dataset, progress: Progress | None = None
) -> Weights:
    """Make the weights of a checkpoint those in use. Returns what they say of themselves.

    `checkpoint`: best, newest or a step. `dataset`: the run's images. Raises InputError where the
    checkpoint is not kept or the run is training, FileError where a file is damaged or the disk is
    full; all is then as it was.
    """
    if run.is_locked():
        raise _is_training(run)
    model, weights = load_model(run, checkpoint)
    if dataset.image_shape != weights.image_shape:
        raise InputError(
            f"Run {run.name} takes images of {weights.image_shape} (channels, height, width), "
            f"but {dataset.name} has {dataset.image_shape}."
        )
    index = dataset.validation[:EVALUATION_IMAGES]
    latents = encode_images(model, dataset, index, weights.step, progress)
    run.make_writable()
    with _locked(run):
        data = read_weights(run, weights.step)
        _keep_those_in_use(run)
        # Both are on the disk before one of them takes its place. Latents first, as in training:
        # their step says to readers whether they are of the weights in use.
        with atomic_file(run.weights_file) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            save_latents(run.latents_file, latents)
    return weights


def _keep_those_in_use(run: Run) -> None:
    """Put the weights in use into the history, where an older version did not."""
    step = step_in_use(run)
    if step is not None and not weights_of_step(run, step).exists():
        write_checked(weights_of_step(run, step), run.weights_file.read_bytes())


@contextmanager
def _locked(run: Run) -> Iterator[None]:
    """Holds the run's lock, as a trainer does. Raises InputError where one lives."""
    lock = run.lock()
    with writing(run.lock_file):
        try:
            lock.acquire(timeout=10 * PROBE_SECONDS, poll_interval=0.02)
        except Timeout:
            raise _is_training(run) from None
    try:
        yield
    finally:
        lock.release()


def _is_training(run: Run) -> InputError:
    return InputError(f"Run {run.name} is training: pause it before you choose a checkpoint.")
