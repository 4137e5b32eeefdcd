"""What a training does once its last step is taken: a larger evaluation, and the prior's flow."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from vae.latent.encoding import Progress
from vae.latent.fit_flow import STEPS
from vae.latent.fitted_flow import flow_made
from vae.runs import milestones
from vae.training.saving import about_evaluation
from vae.training.validation import validate

if TYPE_CHECKING:
    from vae.training.trainer import Trainer


def evaluate_more(trainer: Trainer) -> None:
    """Measure more of the validation images, where there are more."""
    trainer.writer.finish()
    if len(trainer.dataset.validation) > milestones.EVALUATION_IMAGES:
        about = trainer.state.shown, trainer.dataset, trainer.objective, trainer.step
        found = validate(*about, milestones.LAST_EVALUATION_IMAGES)
        fields = about_evaluation(trainer.step, trainer.epoch)
        trainer.writer.tell("eval", **fields, **found.measures)


def fit_prior(trainer: Trainer, asked: Callable[[], object], progress: Progress) -> None:
    """Fit a flow to the codes of the training images, where the config wants one.

    A short training has a flow of few steps. Where `asked()` says something, it ends early.
    """
    if trainer.config.model.prior == "normal" or not trainer.processes.is_first:
        return
    trainer.writer.finish()
    began = time.perf_counter()
    digest = hashlib.sha256(trainer.run.weights_file.read_bytes()).hexdigest()
    about = trainer.run, trainer.state.shown.eval(), digest, trainer.dataset, progress, asked
    fitted = flow_made(*about, steps=min(STEPS, max(1, trainer.step)))
    seconds = round(time.perf_counter() - began, 1)
    place = {"step": trainer.step, "epoch": trainer.epoch}
    trainer.writer.tell("flow", **place, gain=fitted.gain, seconds=seconds)
