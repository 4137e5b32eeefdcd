"""What a training does once its last step is taken: a larger evaluation, and the prior's flow."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from vae.errors import ExplainedError, reason_of
from vae.latent.encoding import Progress
from vae.latent.fit_flow import STEPS
from vae.latent.fitted_flow import flow_made
from vae.model.checkpoints import load_model
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


class _AskedError(Exception):
    """A person wants the process to end."""


def fit_prior(trainer: Trainer, asked: Callable[[], object], progress: Progress) -> None:
    """Fit a flow to the codes of the training images, where the config wants one.

    A short training has a flow of few steps. Where `asked()` says something, or the fit fails,
    there is none, and a note says so: the training has come to its end all the same.
    """
    if trainer.config.model.prior == "normal" or not trainer.processes.is_first:
        return
    trainer.writer.finish()

    def heeding(what: str, done: int, total: int) -> None:
        if asked():
            raise _AskedError
        progress(what, done, total)

    began = time.perf_counter()
    try:
        model, weights = load_model(trainer.run)  # those in use, which may be older ones
        steps = min(STEPS, max(1, trainer.step))
        about = model.to(trainer.device), weights.digest, trainer.dataset, heeding
        gain = flow_made(trainer.run, *about, steps=steps).gain
    except _AskedError:
        trainer.writer.note(trainer.step, "The flow was not fitted: it was asked to end first.")
    except (ExplainedError, RuntimeError, ValueError, OSError, MemoryError) as error:
        trainer.writer.note(trainer.step, f"The flow could not be fitted: {reason_of(error)}")
    else:
        seconds = round(time.perf_counter() - began, 1)
        place = {"step": trainer.step, "epoch": trainer.epoch}
        trainer.writer.tell("flow", **place, gain=gain, seconds=seconds)
