"""A copy of a training state, and what is measured and written of it while the steps go on."""

from __future__ import annotations

import math
import time
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from vae.data.dataset import Dataset
from vae.latent.encoding import save_latents
from vae.model import checkpoints
from vae.model.networks import VAE
from vae.runs.folder import Run
from vae.runs.milestones import EVALUATION_IMAGES
from vae.training.objectives import Objective
from vae.training.state import TrainingState, machine
from vae.training.validation import validate


@dataclass(frozen=True)
class Copy:
    """A training after some steps, copied, to be measured and written while it goes on."""

    model: VAE  # the one that is shown
    document: dict[str, Any]  # all that a training goes on from
    epoch: int

    @property
    def step(self) -> int:
        step: int = self.document["step"]
        return step

    def measure(
        self, run: Run, dataset: Dataset, objective: Objective, state: TrainingState
    ) -> dict[str, Any]:
        """Measure some validation images, keep their latents, and remember the best step.

        Returns the fields of the event that says so. Raises FileError.
        """
        began = time.perf_counter()
        found = validate(self.model, dataset, objective, self.step, EVALUATION_IMAGES)
        save_latents(run.latents_file, found.latents)
        if found.final_loss < state.best_loss:
            state.best_loss, state.best_step = found.final_loss, self.step
        self.document["best_loss"], self.document["best_step"] = state.best_loss, state.best_step
        state.means.aside_seconds += time.perf_counter() - began
        return about_evaluation(self.step, self.epoch) | found.measures

    def write(self, run: Run) -> dict[str, Any]:
        """Write the weights and the state. Returns the fields of the event that says so.

        Raises FileError.
        """
        step, best_step = self.step, self.document["best_step"]
        weights = checkpoints.weights_of(self.model, step, self.epoch)
        checkpoints.save_weights(run, weights, step, best_step)
        is_best = best_step == step and math.isfinite(self.document["best_loss"])
        file, digest = checkpoints.save_state(run, self.document, best_step)
        return {
            "step": step,
            "epoch": self.epoch,
            "file": f"checkpoints/{file.name}",
            "sha256": digest,
            "is_best": is_best,
        }


def about_evaluation(step: int, epoch: int) -> dict[str, Any]:
    """What an event of an evaluation says beside its measures."""
    return {"step": step, "epoch": epoch, "split": "validation"}


def copied(state: TrainingState, epoch: int, dataset: Dataset, objective: Objective) -> Copy:
    """A copy of `state` as it is now."""
    document = {
        "step": state.step,
        "seconds": state.means.seconds,
        "sums": state.means.sums.tolist(),
        "num_images": state.means.num_images,
        "best_loss": state.best_loss,
        "best_step": state.best_step,
        "best_of": objective.settings,
        "model": state.model.state_dict(),
        "average": None
        if state.average is None
        else {
            "model": state.average.model.state_dict(),
            "num_updates": state.average.num_updates,
        },
        "optimizer": _plain(state.optimizer.state_dict()),
        "fingerprint": dataset.fingerprint,
        **machine(state)._asdict(),
    }
    return Copy(deepcopy(state.shown), _on_host(document), epoch)


def _plain(optimizer: dict[str, Any]) -> dict[str, Any]:
    """What is saved of an optimizer, with the learning rate as a number."""
    groups = [group | {"lr": float(group["lr"])} for group in optimizer["param_groups"]]
    return optimizer | {"param_groups": groups}


def _on_host(value: Any) -> Any:
    """The same with each tensor copied into the memory of the processor."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {name: _on_host(part) for name, part in value.items()}
    return [_on_host(part) for part in value] if isinstance(value, list) else value
