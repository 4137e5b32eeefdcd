"""What the `start` event of a run says: what is trained, on which images, and where."""

from __future__ import annotations

from typing import Any

from vae import config as configuration
from vae.config import Config
from vae.data.dataset import Dataset
from vae.model.networks import num_parameters
from vae.training.batches import steps_per_epoch
from vae.training.state import TrainingState, machine


def about_start(
    config: Config, dataset: Dataset, state: TrainingState, total_steps: int
) -> dict[str, Any]:
    """The fields of the event, but the epoch."""
    told = (*configuration.CHANGEABLE, "data.source", "train.batch_size")
    options = {name: configuration.get_value(config, name) for name in told}
    where = machine(state)
    return {
        "step": state.step,
        "total_steps": total_steps,
        "steps_per_epoch": steps_per_epoch(len(dataset.train), config.train.images_per_step),
        "num_train": len(dataset.train),
        "num_validation": len(dataset.validation),
        "num_parameters": num_parameters(state.model),
        "device": where.device,
        "num_threads": where.num_threads,
        "num_processes": where.num_processes,
        "fingerprint": dataset.fingerprint,
        **{name: value for name, value in options.items() if value is not None},
    }
