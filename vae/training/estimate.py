"""How long a training takes on this machine, by the first steps of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from vae.config import Config
from vae.data.dataset import Dataset
from vae.option_choices import Request
from vae.runs.folder import Run
from vae.training import state as states
from vae.training.previews import draw_preview, num_previews
from vae.training.trainer import EVALUATION_IMAGES, FIRST_CHECKPOINT, Trainer
from vae.training.validation import validate

WARM_STEPS = 2  # which are slower, and are not counted
MOST_STEPS = 20
ENOUGH_SECONDS = 6.0  # of steps, when there are more than those


class Estimate(NamedTuple):
    """Seconds, of a training that begins now; `first_pictures` and `all` begin with its start."""

    first_pictures: float
    all: float
    step: float
    preview: float
    evaluation: float  # while it trains, with the checkpoint after it
    num_steps: int
    device: str


def estimate(config: Config, dataset: Dataset, folder: Path) -> Estimate:
    """The time that a training with this config takes, measured by a short one in `folder`.

    Raises InputError and FileError as a training does.
    """
    began = time.perf_counter()
    run = Run(folder / "estimate")
    config = states.prepare(run, config, dataset)
    trainer = Trainer(run, config, dataset)
    means = trainer.state.means
    elapsed: list[float] = []  # seconds of training before each step, and after the last
    first_pictures = 0.0

    def asked() -> Request | Literal[""]:
        nonlocal first_pictures
        first_pictures = first_pictures or time.perf_counter() - began
        elapsed.append(means.elapsed())
        num_steps = len(elapsed) - 1
        is_enough = num_steps > WARM_STEPS and elapsed[-1] > ENOUGH_SECONDS
        return "stop" if is_enough or num_steps >= MOST_STEPS else ""

    trainer.train(asked, lambda what, done, total: None)
    if len(elapsed) == trainer.step:  # it came to its end
        elapsed.append(means.elapsed())
    warm = min(WARM_STEPS, trainer.step - 1)
    step = (elapsed[-1] - elapsed[warm]) / (trainer.step - warm)

    num_evaluated = min(len(dataset.validation), EVALUATION_IMAGES)
    objective = trainer.objective
    validation = _timed(
        lambda: validate(trainer.model, dataset, objective, trainer.step, num_evaluated)
    )
    save = _timed(
        lambda: states.save(run, trainer.state, trainer.epoch, dataset, objective, keep=True)
    )
    preview = _timed(
        lambda: draw_preview(run, trainer.model, dataset, config.train.seed, trainer.step)
    )
    num_steps = trainer.total_steps
    num_saves = num_checkpoints(num_steps, config.train.checkpoint_every, trainer.steps_per_epoch)
    in_the_end = len(dataset.validation) / num_evaluated
    return Estimate(
        first_pictures,
        first_pictures
        + num_steps * step
        + num_previews(num_steps) * preview
        + num_saves * (validation + save)
        + (in_the_end * validation if in_the_end > 1 else 0.0),
        step,
        preview,
        validation + save,
        num_steps,
        trainer.device.type,
    )


def num_checkpoints(num_steps: int, every: int, steps_per_epoch: int) -> int:
    """How often a training of so many steps is measured and saved."""
    both = math.lcm(every, steps_per_epoch)
    num = num_steps // every + num_steps // steps_per_epoch - num_steps // both
    has_first = num_steps >= FIRST_CHECKPOINT
    is_another = FIRST_CHECKPOINT % every != 0 and FIRST_CHECKPOINT % steps_per_epoch != 0
    return num + (has_first and is_another)


def _timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began
