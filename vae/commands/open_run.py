"""What every command that looks into a run begins with.

Torch and numpy are imported by each function, after its arguments were found good.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vae import config as configuration
from vae.commands.progress import Progress, Report
from vae.errors import FileError, ImagesGoneError, InputError, reading
from vae.runs.events import images_of
from vae.runs.folder import Run, data_cache, existing_run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from vae.data.dataset import Dataset
    from vae.model.checkpoints import Weights
    from vae.model.networks import VAE


Result = dict[str, Any]


def open_run_and_data(
    arguments: argparse.Namespace, progress: Progress, source: str | None = None
) -> tuple[Run, VAE, Weights, Dataset]:
    """A run's model and data; with `source`, other images at the size of the model's."""
    run = existing_run(arguments.root, arguments.run)
    config = run.config()

    from vae.data.dataset import open_dataset
    from vae.data.source_names import plain_source, source_path
    from vae.model.checkpoints import load_model

    model, weights = load_model(run)
    data = config.data
    if source is None:
        dataset = run_images(run, arguments.root, progress)
    else:
        path = source_path(plain_source(source))
        is_own = path is not None and str(path.resolve()) == data.source
        data = configuration.DataConfig(
            source=source,
            # As in training, so that what was imported for it is found again.
            image_size=data.image_size if is_own else weights.image_shape[1],
            crop=data.crop,
            background=data.background,
        )
        dataset = open_dataset(data, data_cache(arguments.root), progress)
    if dataset.image_shape != weights.image_shape:
        raise InputError(
            f"Run {run.name} takes images of {weights.image_shape} (channels, height, width), "
            f"but {data.source} has {dataset.image_shape}."
        )
    return run, model, weights, dataset


def run_images(run: Run, root: Path, progress: Progress) -> Dataset:
    """The images that a run began with, wherever they are now."""
    from vae.data.run_images import open_run_images

    events = run.events()
    data = run.config(events).data
    return open_run_images(data, data_cache(root), images_of(events), progress)


def images_to_train_on(
    run: Run, config: configuration.Config, other: Run | None, progress: Report
) -> tuple[configuration.Config, Dataset]:
    """`config`, and the images that `run` goes on with, or begins with, be it those of `other`.

    Of images that have moved, the config names what they are opened by from now on. Raises
    InputError where `config` names a new place for the images of `run` that has others.
    """
    from vae.data.dataset import open_dataset
    from vae.data.run_images import open_new_place, open_run_images
    from vae.model.checkpoints import images_of_run

    cache = data_cache(run.root)
    before = run if run.config_file.exists() else other
    if before is None:
        return config, open_dataset(config.data, cache, progress)
    events = before.events()
    fingerprint = images_of_run(before, events)
    was = before.config(events).data
    if config.data == was:
        return config, open_run_images(config.data, cache, fingerprint, progress)
    if before is run and fingerprint is not None:
        data, dataset = open_new_place(config.data, was.source, cache, fingerprint, progress)
        return replace(config, data=data), dataset
    return config, open_dataset(config.data, cache, progress)


def on_device(model: VAE) -> VAE:
    from vae.model.device import choose_device

    return model.to(choose_device(None))


def out_file(arguments: argparse.Namespace, suffix: str) -> Path:
    """Where the result goes; without --out, a file of the run's name in this folder."""
    return arguments.out or Path(f"{arguments.run}-{arguments.command}{suffix}")


def decode(model: VAE, z: Tensor) -> NDArray[np.uint8]:
    import torch

    from vae import pictures

    with torch.inference_mode():
        return pictures.from_unit(model.decode(z).numpy())


def key_image(
    text: str, model: VAE, config: configuration.DataConfig, dataset: Callable[[], Dataset]
) -> NDArray[np.uint8]:
    """One image [1, H, W, C], by its file or by its index in the data that `config` names."""
    import numpy as np

    from vae.data.images.one_picture import rendered_file, rendering_of

    if text.isdigit():
        data = dataset()
        if int(text) >= len(data):
            raise InputError(f"There is no image {text}: the data have 0 to {len(data) - 1}.")
        return data.take(np.array([int(text)]))
    if not Path(text).is_file():
        raise InputError(f"{text!r} is neither an image file nor an index of the run's data.")
    try:
        manifest = dataset().manifest
    except ImagesGoneError:
        manifest = {}
    with reading(Path(text)):
        data_in_file = Path(text).read_bytes()
    try:
        return rendered_file(data_in_file, rendering_of(config, model.image_shape, manifest))[None]
    except InputError as error:
        raise FileError(f"{text}: {error}") from error
