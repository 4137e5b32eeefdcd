"""A copy of a training state, and what is written of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from vae.data.dataset import Dataset
from vae.model import checkpoints
from vae.runs.folder import Run
from vae.training.objectives import Objective
from vae.training.state import TrainingState, machine


@dataclass(frozen=True)
class Copy:
    """A training after some steps, copied, to be written while it goes on."""

    weights: bytes  # of the model that is shown
    document: dict[str, Any]  # all that a training goes on from
    epoch: int

    def write(self, run: Run) -> dict[str, Any]:
        """Write the weights and the state. Returns the fields of the event that says so.

        Raises FileError.
        """
        step, best_step = self.document["step"], self.document["best_step"]
        checkpoints.save_weights(run, self.weights, step, best_step)
        is_best = best_step == step and math.isfinite(self.document["best_loss"])
        file, digest = checkpoints.save_state(run, self.document, best_step)
        return {
            "step": step,
            "epoch": self.epoch,
            "file": f"checkpoints/{file.name}",
            "sha256": digest,
            "is_best": is_best,
        }


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
    weights = checkpoints.weights_of(state.shown, state.step, epoch)
    return Copy(weights, _on_host(document), epoch)


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
