"""The checkpoints of a run whose weights are kept, and which of them is in use.

The weights of some steps lie in ``checkpoints/weights-00001234.safetensors``; those in use are
``model.safetensors``, be they kept there too or not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vae.errors import FileError, InputError, short
from vae.runs.events import Event
from vae.runs.folder import Run

MAX_HEADER = 10**8  # bytes, as the format has it


@dataclass(frozen=True)
class Kept:
    """A checkpoint whose weights are there, and what was measured then on validation images."""

    step: int
    epoch: int | None  # None where the log does not say
    loss: float | None  # nats per image, with beta as it was at that step
    elbo: float | None  # nats per image
    is_best: bool  # by the loss with beta as it is in the end
    is_newest: bool
    is_in_use: bool


def weights_of_step(run: Run, step: int) -> Path:
    return run.checkpoints / f"weights-{step:08d}.safetensors"


def steps_in_history(run: Run) -> list[int]:
    """The steps whose weights lie in the history, oldest first."""
    files = run.checkpoints.glob("weights-*.safetensors")
    return sorted(int(file.stem.split("-")[1]) for file in files)


def metadata_of(opened: BinaryIO) -> dict[str, str]:
    """What an opened weights file says of itself. Raises ValueError or KeyError where nothing."""
    length = min(int.from_bytes(opened.read(8), "little"), MAX_HEADER)
    header: dict[str, dict[str, str]] = json.loads(opened.read(length))
    return header["__metadata__"]


def step_in_use(run: Run) -> int | None:
    """The step of the weights in use; None where there are none, or none that can be read."""
    try:
        with open(run.weights_file, "rb") as file:
            return int(metadata_of(file)["step"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def best_step(events: list[Event]) -> int | None:
    """The step with the lowest validation loss; None where no checkpoint was called the best."""
    saved = (event for event in reversed(events) if event["kind"] == "checkpoint")
    return next((event.get("step") for event in saved if event.get("is_best")), None)


def kept_checkpoints(run: Run, events: list[Event]) -> list[Kept]:
    """The checkpoints of a run whose weights are there, oldest first."""
    in_use, best = step_in_use(run), best_step(events)
    epochs = {event.get("step"): event["epoch"] for event in events if "epoch" in event}
    measured = {event.get("step"): event for event in reversed(events) if event["kind"] == "eval"}
    steps = sorted({*steps_in_history(run), *([] if in_use is None else [in_use])})
    return [
        Kept(
            step,
            epochs.get(step),
            measured.get(step, {}).get("loss"),
            measured.get(step, {}).get("elbo"),
            is_best=step == best,
            is_newest=step == steps[-1],
            is_in_use=step == in_use,
        )
        for step in steps
    ]


def chosen_step(run: Run, events: list[Event], choice: str | int) -> int:
    """The step that `choice` names: best, newest, or the number of a step whose weights are kept.

    Raises InputError, naming the steps there are; FileError where there is none that can be read.
    """
    there = kept_checkpoints(run, events)
    if not there and run.weights_file.exists():
        raise FileError(
            f"{run.weights_file.name} of run {run.name} is damaged, and no other weights are kept."
        )
    if not there:
        raise InputError(f"Run {run.name} has no weights yet: train it first.")
    steps = f"step{'s' * (len(there) > 1)} {', '.join(f'{kept.step:,}' for kept in there)}"
    if choice == "newest":
        return there[-1].step
    if choice == "best":
        best = best_step(events)
        if best is None:
            raise InputError(
                f"No checkpoint of run {run.name} is known as its best: there are the weights of "
                f"{steps}."
            )
        choice = best
    digits = str(choice).replace(",", "")
    if not (digits.isascii() and digits.isdigit()):
        raise InputError(f"A checkpoint is best, newest or a step, not {short(str(choice))!r}.")
    if int(digits) not in {kept.step for kept in there}:
        raise InputError(
            f"The weights of step {int(digits):,} of run {run.name} are not kept: there are those "
            f"of {steps}."
        )
    return int(digits)
