"""The training state: all that a run needs to go on as if it had never stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from vae import config as configuration
from vae.atomic import atomic_json, make_folder
from vae.config import Config, TrainConfig
from vae.data.dataset import Dataset
from vae.errors import InputError
from vae.model import checkpoints
from vae.model.device import choose_device, num_processes
from vae.model.likelihood_choice import default_likelihood
from vae.model.networks import VAE
from vae.model.weight_norm import normalise_weights
from vae.runs.config_file import to_document
from vae.runs.events import EventWriter
from vae.runs.folder import Run
from vae.training.average import Average
from vae.training.batch_size import choose_batch_size
from vae.training.batches import about_batch
from vae.training.muon import Muon
from vae.training.objectives import Objective
from vae.training.step_means import StepMeans

# Training states from before there were several objectives are all of this one.
ELBO = Objective(TrainConfig(), 0).settings
# Of Adam. With one optimal sigma the nll grows steeper while sigma falls: the usual 0.999 remembers
# gradients of long ago, which were smaller, and steps too far.
BETAS = (0.9, 0.95)


def prepare(run: Run, config: Config, dataset: Dataset) -> Config:
    """The config with what the data decide filled in; a new run's is written to its folder."""
    if run.config_file.is_file():
        return config
    model = config.model
    likelihood = model.likelihood or default_likelihood(dataset.image_shape[0], model.sigma)
    config = configuration.with_values(config, {"model.likelihood": likelihood})
    make_folder(run.folder)
    if config.train.batch_size == "auto":
        size, why = choose_batch_size(config, dataset)
        config = configuration.with_values(config, {"train.batch_size": size})
        events = EventWriter(run.events_file, keep_step=0)
        events.write("note", step=0, text=f"train.batch_size auto is {size}: {why}.")
        events.close()
    atomic_json(run.config_file, to_document(config))
    return config


@dataclass
class TrainingState:
    """A model with its optimizer, after `step` steps."""

    model: VAE
    optimizer: torch.optim.Optimizer
    means: StepMeans
    step: int = 0
    best_loss: float = float("inf")  # on the validation images
    best_step: int = 0
    average: Average | None = None  # of the weights, where that was asked for

    @property
    def shown(self) -> VAE:
        """The model that is shown, measured and saved for use."""
        return self.average.model if self.average else self.model

    def count(self, is_bad: Tensor) -> None:
        """One step more; `is_bad` 1: it was left out. []"""
        self.step += 1
        if self.average:
            self.average.update(self.model, is_bad)

    def restart_average(self) -> None:
        """Begin the average anew, from the weights as they are now."""
        if self.average:
            self.average.restart(self.model)

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device


def begin(
    run: Run, config: Config, dataset: Dataset, objective: Objective
) -> tuple[TrainingState, list[str]]:
    """The state that training goes on from, the newest of the run or a new one, and notes on it.

    Raises InputError where the data are not those that the run began with.
    """
    state = _new(config, dataset, objective)
    document = checkpoints.newest_state(run)
    if document is not None:
        return state, _restore(state, document, run, config, dataset, objective)
    text = checkpoints.load_start(run, state.model)
    state.restart_average()
    if text is None and run.weights_file.exists():
        raise InputError(
            f"Run {run.name} holds weights but no training state, so it cannot be resumed: "
            f"start a new run (with --from {run.name} it starts from these weights)."
        )
    notes = about_batch(len(dataset.train), config.train.images_per_step)
    return state, [*([] if text is None else [text]), *notes]


def _new(config: Config, dataset: Dataset, objective: Objective) -> TrainingState:
    device = choose_device(config.train.device)
    torch.manual_seed(config.train.seed)  # the layers draw their first weights from it
    model = VAE(config.model, dataset.image_shape)
    if config.model.name == "residual":
        normalise_weights(model)
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    state = TrainingState(model, make_optimizer(model, config.train), StepMeans(objective.names))
    state.average = Average(model, config.train.ema) if config.train.ema else None
    return state


def make_optimizer(model: VAE, train: TrainConfig) -> torch.optim.Optimizer:
    """On CUDA with its learning rate on the device, so that steps can be recorded there."""
    device = next(model.parameters()).device
    is_cuda = device.type == "cuda"
    lr = torch.tensor(train.lr, device=device) if is_cuda else train.lr
    options: Any = {"betas": BETAS, "fused": device.type != "mps", "capturable": is_cuda}
    if train.optimizer == "muon":
        return Muon(model, lr, **options)
    return torch.optim.Adam(model.parameters(), lr, **options)


def _restore(
    state: TrainingState,
    document: dict[str, Any],
    run: Run,
    config: Config,
    dataset: Dataset,
    objective: Objective,
) -> list[str]:
    """Bring `state` to what was saved. Returns what a person should know of it."""
    if document["fingerprint"] != dataset.fingerprint:
        raise InputError(
            f"The images of {config.data.source} have changed since run {run.name} was started: "
            f"restore them, or train a new run (with --from {run.name} it starts from these "
            "weights)."
        )
    state.model.load_state_dict(document["model"])
    state.restart_average()
    if state.average and (saved := document.get("average")):
        state.average.model.load_state_dict(saved["model"])
        state.average.num_updates = saved["num_updates"]
    of_device = ("lr", "fused", "capturable")  # as this device wants them, not the one before
    ours = [{name: group[name] for name in of_device} for group in state.optimizer.param_groups]
    state.optimizer.load_state_dict(document["optimizer"])
    for group, own in zip(state.optimizer.param_groups, ours, strict=True):
        group.update(own)
    state.step, state.means.seconds = document["step"], document["seconds"]
    state.means.sums, state.means.num_images = np.array(document["sums"]), document["num_images"]
    if document.get("best_of", ELBO) == objective.settings:  # else they cannot be compared
        is_old = "best_loss" not in document
        state.best_loss = -document["best_elbo"] if is_old else document["best_loss"]
        state.best_step = document["best_step"]
    before, now = Machine(**{n: document.get(n, 1) for n in Machine._fields}), machine(state)
    if before == now:
        return []
    return [f"Resumed on {now}, after {before}: the last digits may differ."]


class Machine(NamedTuple):
    """What the last digits depend on."""

    device: str
    num_processes: int
    num_threads: int  # of each process
    torch: str

    def __str__(self) -> str:
        processes = f"{self.num_processes} processes of " if self.num_processes > 1 else ""
        return f"{self.device} with {processes}{self.num_threads} threads and torch {self.torch}"


def machine(state: TrainingState) -> Machine:
    version = str(torch.__version__)
    return Machine(state.device.type, num_processes(), torch.get_num_threads(), version)
