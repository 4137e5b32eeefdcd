"""Training states and weights of a run, with a checksum each.

``checkpoints/state-00001234.pt`` holds all that goes on from step 1234 exactly; its sha256 stands
beside it, because a flipped bit would load silently. ``checkpoints/weights-00001234.safetensors``
holds the weights alone, and ``model.safetensors`` those in use: the newest good ones, or what the
command `checkpoint` put there.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from vae.atomic import atomic_write, make_folder
from vae.errors import FileError, InputError, reading
from vae.model.networks import VAE
from vae.model.weight_norm import plain_weights, set_plain_weights
from vae.runs.events import Event, images_of
from vae.runs.folder import Run
from vae.runs.history import chosen_step, metadata_of, steps_in_history, weights_of_step

KEEP_LAST = 2
HISTORY_PER_OCTAVE = 2


@dataclass(frozen=True)
class Weights:
    """What a weights file says of itself."""

    step: int
    epoch: int
    image_shape: tuple[int, int, int]
    digest: str  # sha256 of the file


def state_file(run: Run, step: int) -> Path:
    return run.checkpoints / f"state-{step:08d}.pt"


def checksum_file(file: Path) -> Path:
    return file.with_name(file.name + ".sha256")


def write_checked(file: Path, data: bytes) -> str:
    """Write `data` and, beside it, its sha256, which is returned."""
    make_folder(file.parent)
    digest = hashlib.sha256(data).hexdigest()
    atomic_write(checksum_file(file), f"{digest}  {file.name}\n".encode())
    atomic_write(file, data)
    return digest


def read_checked(file: Path) -> bytes:
    """The bytes of a file that agrees with its checksum. Raises FileError."""
    with reading(file):
        data = file.read_bytes()
    try:
        wanted = checksum_file(file).read_text(encoding="ascii").split()[0]
    except (FileNotFoundError, IndexError):
        raise FileError(f"{file.name} has no checksum beside it.") from None
    if hashlib.sha256(data).hexdigest() != wanted:
        raise FileError(f"{file.name} does not agree with its checksum: it is damaged.")
    return data


def states(run: Run) -> list[int]:
    """The steps of the training states on disk, oldest first."""
    return sorted(int(file.stem.split("-")[1]) for file in run.checkpoints.glob("state-*.pt"))


def save_state(run: Run, state: dict[str, Any], best_step: int) -> tuple[Path, str]:
    """Write a training state, then let go of the ones that need not be kept.

    Kept: the last two and the best. Returns the file and its sha256. Raises FileError.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    file = state_file(run, state["step"])
    digest = write_checked(file, buffer.getvalue())
    kept = {*states(run)[-KEEP_LAST:], best_step}
    for step in states(run):
        if step not in kept:
            remove(state_file(run, step))
    return file, digest


def newest_state(run: Run) -> dict[str, Any] | None:
    """The newest training state that verifies, or None where there is none at all.

    A damaged one is passed over with a warning. Raises FileError where all are damaged.
    """
    steps = states(run)
    for step in reversed(steps):
        file = state_file(run, step)
        try:
            data = read_checked(file)
        except FileError as error:
            warnings.warn(f"{error} The previous one is used.", stacklevel=2)
            continue
        state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        return state
    if steps:
        raise FileError(f"No training state of run {run.name} matches its checksum.")
    return None


def images_of_run(run: Run, events: list[Event]) -> str | None:
    """The fingerprint of the images that a run began with, by its log or by its newest state.

    None where neither has it. Raises FileError as `newest_state` does.
    """
    told = images_of(events)
    if told is not None:
        return told
    state = newest_state(run)  # a log from before it was kept there
    return None if state is None else str(state["fingerprint"])


def weights_of(model: VAE, step: int, epoch: int) -> bytes:
    """What ``model.safetensors`` holds of a model after so many steps and passes."""
    metadata = {
        "step": str(step),
        "epoch": str(epoch),
        "image_shape": json.dumps(model.image_shape),
    }
    return save_tensors(plain_weights(model), {"format": "pt", **metadata})


def save_weights(run: Run, data: bytes, step: int, best_step: int) -> None:
    """Put the weights after so many steps into the history of a run, and into use."""
    write_checked(weights_of_step(run, step), data)
    thin_history(run, step, best_step)
    atomic_write(run.weights_file, data)


def thin_history(run: Run, newest: int, best_step: int) -> None:
    """Keep the newest weights of each half octave of steps, dense early, and those of the best.

    Later ones than the newest were lost to training, which takes these steps once more.
    """
    kept = {}
    for step in steps_in_history(run):
        if step <= newest:
            kept[int(math.log2(max(step, 1)) * HISTORY_PER_OCTAVE)] = step
    for step in {*steps_in_history(run)} - {*kept.values(), best_step}:
        remove(weights_of_step(run, step))


def remove(file: Path) -> None:
    """Take a checked file away; one that cannot be removed is a warning, no error."""
    for target in (file, checksum_file(file)):
        try:
            target.unlink(missing_ok=True)
        except OSError as error:
            warnings.warn(f"{target.name} could not be removed: {error}", stacklevel=2)


def begin_from(run: Run, other: Run, image_shape: tuple[int, int, int]) -> None:
    """Lay the weights in use of another run into `run`, which has not begun, to begin with.

    Raises InputError where there are none, or they are for pictures of another shape.
    """
    model, weights = load_model(other)
    if weights.image_shape != image_shape:
        raise InputError(
            f"The weights of run {other.name} are for images of "
            f"{' x '.join(map(str, weights.image_shape))}, not "
            f"{' x '.join(map(str, image_shape))}: set --data.image_size, or leave out --from."
        )
    text = f"Started from the weights of run {other.name}, step {weights.step:,}."
    data = save_tensors(plain_weights(model), {"format": "pt", "text": text})
    make_folder(run.folder)
    atomic_write(run.start_file, data)


def load_start(run: Run, model: VAE) -> str | None:
    """Give `model` the weights that `run` begins with. Returns what they are, in words.

    None, and the model as it was, where the run begins with its own. Raises FileError where
    they cannot be used.
    """
    try:
        data = run.start_file.read_bytes()
    except FileNotFoundError:
        return None
    try:
        with safe_open(run.start_file, "pt") as file:
            text = str((file.metadata() or {})["text"])
        set_plain_weights(model, load_tensors(data))
    except (SafetensorError, KeyError, ValueError, RuntimeError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise FileError(f"Run {run.name} cannot start from those weights: {reason}") from error
    return text


def read_weights(run: Run, checkpoint: str | int | None) -> bytes:
    """The weights file of a checkpoint: best, newest or a step; None: of the one in use.

    Raises InputError where it is not there, FileError where it does not agree with its checksum.
    """
    if checkpoint is not None:
        file = weights_of_step(run, chosen_step(run, run.events(), checkpoint))
        if file.exists():
            return read_checked(file)
    try:
        with reading(run.weights_file):
            return run.weights_file.read_bytes()
    except FileNotFoundError:
        raise InputError(f"Run {run.name} has no weights yet: train it first.") from None


def load_model(run: Run, checkpoint: str | int | None = None) -> tuple[VAE, Weights]:
    """A model of a run, frozen for use on the CPU, and what its file says.

    `checkpoint`: as `read_weights` has it. Raises InputError where it is not there, FileError
    where it cannot be used.
    """
    config, data = run.config(), read_weights(run, checkpoint)
    try:
        tensors, metadata = load_tensors(data), metadata_of(io.BytesIO(data))
        channels, height, width = json.loads(metadata["image_shape"])
        weights = Weights(
            step=int(metadata["step"]),
            epoch=int(metadata["epoch"]),
            image_shape=(channels, height, width),
            digest=hashlib.sha256(data).hexdigest(),
        )
        model = VAE(config.model, weights.image_shape)
        model.load_state_dict(tensors)
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise FileError(f"The weights of run {run.name} cannot be used: {reason}") from error
    model.eval().requires_grad_(False)
    return model.to(memory_format=torch.channels_last), weights
