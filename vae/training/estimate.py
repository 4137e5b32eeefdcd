"""How long a training takes on this machine, by the first steps of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vae.config import Config, with_values
from vae.data.dataset import Dataset
from vae.latent import fit_flow
from vae.latent.encoding import encode_posteriors
from vae.model.networks import VAE
from vae.option_choices import Request
from vae.runs.folder import Run
from vae.runs.milestones import EVALUATION_IMAGES, Costs
from vae.training import state as states
from vae.training.previews import draw_preview
from vae.training.saving import copied
from vae.training.trainer import Trainer
from vae.training.validation import validate

WARM_STEPS = 3  # which are slower, and are not counted
FEW_STEPS, SOME_SECONDS = 8, 3.0  # counted at least
ENOUGH_SECONDS = 8.0  # of steps, however few they are
NUM_EVALUATED = 256  # images, which stand for those of an evaluation


@dataclass(frozen=True)
class Estimate:
    """What was measured, and what follows for a training that begins now."""

    costs: Costs
    all: float  # seconds, from its start to its last step
    flow: float  # seconds at most, for the flow that is fitted then; 0 where none is wanted
    num_steps: int
    steps_per_epoch: int
    device: str


class _Steps(Trainer):
    """A training that is nothing but steps after its first preview.

    Others would come after each of the first steps: meanwhile the next batch is read, and a step
    that need not wait for its batch is no measure of those that do.
    """

    def _preview(self) -> None:
        if self.step == 0:
            super()._preview()

    def _checkpoint(self, is_measured: bool = True) -> None:
        pass

    def _evaluate_more(self) -> None:
        pass


def estimate(config: Config, dataset: Dataset, folder: Path) -> Estimate:
    """The time that a training with this config takes, measured by a short one in `folder`.

    Raises InputError and FileError as a training does.
    """
    began = time.perf_counter()
    run = Run(folder / "estimate")
    wants_no_flow = config.model.prior == "normal"
    config = states.prepare(run, with_values(config, {"model.prior": "normal"}), dataset)
    trainer = _Steps(run, config, dataset)
    first_pictures = 0.0
    ends: list[float] = []  # when each step was over, the first of them before any

    def asked() -> Request | Literal[""]:
        nonlocal first_pictures
        first_pictures = first_pictures or time.perf_counter() - began
        ends.append(time.perf_counter())
        counted = ends[WARM_STEPS:]
        seconds = counted[-1] - counted[0] if counted else 0.0
        is_enough = len(counted) > FEW_STEPS and seconds > SOME_SECONDS
        return "stop" if is_enough or seconds > ENOUGH_SECONDS else ""

    trainer.train(asked, lambda what, done, total: None)
    if len(ends) == trainer.step:  # it came to its end
        ends.append(time.perf_counter())
    counted = ends[min(WARM_STEPS, len(ends) - 2) :]
    step = (counted[-1] - counted[0]) / (len(counted) - 1)

    objective = trainer.objective
    about = trainer.model, dataset, config.train.seed, trainer.step
    preview = _timed(lambda: draw_preview(*about).write(run))
    num_validation = len(dataset.validation)
    num_measured = min(num_validation, NUM_EVALUATED)
    validation = _timed(
        lambda: validate(trainer.model, dataset, objective, trainer.step, num_measured)
    )
    validation *= min(num_validation, EVALUATION_IMAGES) / num_measured
    state = trainer.state, trainer.epoch, dataset, objective
    save = _timed(lambda: copied(*state).write(run))
    flow = 0.0 if wants_no_flow else _flow_seconds(trainer.model, dataset)
    costs = Costs(first_pictures, step, preview, validation + save)
    num_steps, per_epoch = trainer.total_steps, trainer.steps_per_epoch
    every = config.train.checkpoint_every
    return Estimate(
        costs,
        costs.all(num_steps, every, per_epoch, num_validation),
        flow,
        num_steps,
        per_epoch,
        trainer.device.type,
    )


def _flow_seconds(model: VAE, dataset: Dataset) -> float:
    """Of encoding the training images and of fitting a flow to their codes."""
    num = min(len(dataset.train), fit_flow.MOST_IMAGES)
    some = dataset.train[: min(num, NUM_EVALUATED)]
    encode = _timed(lambda: encode_posteriors(model, dataset, some)) * num / len(some)
    if num < fit_flow.FEWEST_IMAGES:
        return encode
    return encode + fit_flow.STEPS * fit_flow.step_seconds(model.latent_dim)


def _timed(action: Callable[[], object]) -> float:
    """Seconds that it takes the second time: the first is slower, and training does it often."""
    action()
    began = time.perf_counter()
    action()
    return time.perf_counter() - began
