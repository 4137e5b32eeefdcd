"""What can be done about a finding: options that a run goes on with, or a new one starts with."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vae.config import CHANGEABLE, Config, get_value, options
from vae.runs import processes
from vae.runs.folder import ALIVE, Run, free_name

CALMER_LR = 1 / 3
FREE_BITS = 0.25  # nats of each dimension
WARMUP_EPOCHS = 2
MORE_IMAGES = 20_000
USUAL_ROOT = Path("checkpoints")  # of the command, without --root


FLIPS = "Few images teach more where half of them are flipped left to right. Not digits or text."


@dataclass(frozen=True)
class Remedy:
    """Options to train on with; `anew`: with fresh weights, where the old ones cannot recover."""

    label: str
    options: Mapping[str, Any] = field(default_factory=dict)
    anew: bool = False

    @property
    def is_changeable(self) -> bool:
        """Whether a run can go on with it, as far as its options say."""
        return not self.anew and all(name in CHANGEABLE for name in self.options)

    @property
    def in_words(self) -> str:
        """The label and the options, for a terminal."""
        flags = ", ".join(f"{name} {text}" for name, text in as_flags(self.options).items())
        return f"{self.label} ({flags})"


def goes_on(remedy: Remedy, run: Run, status: str) -> bool:
    """Whether the run itself goes on with the remedy; else a new run begins.

    A run that is finished stays as it is, and one without a training state cannot go on.
    """
    has_state = any(run.checkpoints.glob("state-*.pt"))
    can = status in ALIVE or (
        status in ("paused", "stopped", "interrupted", "failed") and has_state
    )
    return remedy.is_changeable and can


def new_name(root: Path, name: str) -> str:
    """The name of a new run after `name`: faces -> faces-2, faces-2 -> faces-3."""
    stem = re.sub(r"-\d+$", "", name)[:58]
    return free_name(root, stem, 2)


def as_flags(values: Mapping[str, Any]) -> dict[str, str]:
    """Options as what the command reads."""
    return {
        name: "none"
        if value is None
        else ",".join(map(str, value))
        if isinstance(value, tuple)
        else str(value)
        for name, value in values.items()
    }


def all_options(config: Config, remedy: Remedy) -> dict[str, Any]:
    """Every option of a new run with the remedy and fresh weights."""
    return {name: get_value(config, name) for name in options()} | dict(remedy.options)


# ------------------------------------------------------------------------------- doing it


def explained(remedy: Remedy, run: Run, status: str) -> str:
    """What `apply` would do, in a sentence of Markdown."""
    flags = as_flags(remedy.options)
    changes = ", ".join(f"`{name} {value}`" for name, value in flags.items())
    if goes_on(remedy, run, status):
        how = "The trainer pauses and continues" if status in ALIVE else "Training continues"
        return f"{how} with {changes}."
    name = new_name(run.root, run.name)
    weights = "fresh weights" if remedy.anew else "this run's weights"
    pause = " This run is paused." if status in ALIVE else ""
    return f"A new run, {name}, starts with {weights} and {changes}.{pause}"


def apply(run: Run, config: Config, remedy: Remedy, status: str) -> Run:
    """Go on with the remedy, or start a new run with it. Returns the run that trains.

    A living run that a new one replaces is asked to pause first, so that they do not share the
    machine. Raises InputError where the trainer refuses.
    """
    flags = as_flags(remedy.options)
    if goes_on(remedy, run, status):
        if status in ALIVE:
            processes.change_training(run, flags)
        else:
            processes.start_training(run, flags)
        return run
    new = Run(run.root / new_name(run.root, run.name))
    if remedy.anew:
        processes.start_training(new, as_flags(all_options(config, remedy)))
    else:
        processes.start_training(new, flags, begin_from=run.name)
    if run.is_locked():
        run.request("pause")
    return new


def command(run: Run, config: Config, remedy: Remedy, status: str) -> str:
    """The command line that does what `apply` does, but for pausing a run that is replaced."""
    changed = dict(remedy.options)
    name, flags = run.name, ["--take_over"] if status in ALIVE else []
    if not goes_on(remedy, run, status):
        name, flags = new_name(run.root, run.name), ["--from", run.name]
        if remedy.anew:
            flags, usual = [], Config()
            every = all_options(config, remedy)
            changed = {k: value for k, value in every.items() if value != get_value(usual, k)}
    root = run.root
    if root != USUAL_ROOT:
        flags += ["--root", str(root)]
    flags += [word for k, text in as_flags(changed).items() for word in (f"--{k}", text)]
    return shlex.join(["python", "-m", "vae", "train", name, *flags])


# ------------------------------------------------------------------------------- the remedies


def calmer(config: Config) -> Remedy:
    """A third of the learning rate."""
    lr = float(f"{config.train.lr * CALMER_LR:.2g}")
    return Remedy(f"Lower the learning rate to {lr:g}", {"train.lr": lr})


def plain_beta(config: Config) -> Remedy:
    return Remedy("Set beta to 1", {"train.beta": 1.0})


def free_bits(config: Config) -> Remedy | None:
    """Free nats for each dimension, where the objective has them."""
    train = config.train
    if train.objective != "elbo" or train.capacity is not None or train.free_bits >= FREE_BITS:
        return None
    if train.estimator == "sampled":
        return None
    return Remedy(f"Allow {FREE_BITS:g} free nats per dimension", {"train.free_bits": FREE_BITS})


def no_capacity(config: Config) -> Remedy:
    return Remedy("Remove the capacity limit", {"train.capacity": None, "train.beta": 1.0})


def warm_up(config: Config, steps_per_epoch: int) -> Remedy | None:
    """A new run, beta (at most 1) rising over its first epochs."""
    train = config.train
    if train.objective not in ("elbo", "beta_tc"):
        return None
    steps = max(200, WARMUP_EPOCHS * steps_per_epoch)
    if train.cycle_steps or train.warmup_steps >= steps:
        return None
    beta = min(1.0, train.beta) or 1.0
    changed: dict[str, Any] = {"train.warmup_steps": steps, "train.beta": beta}
    if config.model.sigma is not None:
        changed["model.sigma"] = None
    return Remedy("Restart with a warm-up", changed, anew=True)


def optimal_sigma(config: Config) -> Remedy:
    return Remedy("Learn sigma", {"model.sigma": None})


def one_sigma(config: Config) -> Remedy:
    return Remedy("Use one sigma for all pixels", {"model.likelihood": "gaussian"}, anew=True)


def held_sigma(config: Config, sigma: float) -> Remedy:
    """Sigma fixed above its floor, in grey levels."""
    return Remedy(f"Fix sigma at {sigma * 255:g} grey levels", {"model.sigma": sigma})


def more_images(config: Config) -> Remedy | None:
    """More of the built-in faces, which are drawn, so that there are always more."""
    now = config.data.num_images or MORE_IMAGES
    if config.data.source != "synthetic" or now >= 10 * MORE_IMAGES:
        return None
    num = max(MORE_IMAGES, 4 * now)
    return Remedy(f"Restart with {num:,} faces", {"data.num_images": num}, anew=True)


def flipped_images(config: Config) -> Remedy | None:
    """Half of the images of each step left to right, where no more can be drawn.

    None of those that a Bernoulli likelihood suits, which are digits more often than not.
    """
    if config.data.source == "synthetic" or config.train.flips == "yes":
        return None
    if config.model.likelihood == "bernoulli":
        return None
    return Remedy("Restart with flipped images", {"train.flips": "yes"}, anew=True)


def smaller_network(config: Config) -> Remedy:
    channels = tuple(max(4, c // 2) for c in config.model.channels)
    smaller = {
        "model.channels": channels,
        "model.hidden_dim": max(16, config.model.hidden_dim // 2),
    }
    return Remedy("Restart with half the channels", smaller, anew=True)


def fewer_epochs(config: Config, best_epoch: int) -> Remedy | None:
    num = max(1, best_epoch)
    if num >= config.train.epochs:
        return None
    return Remedy(f"Restart for {num} epoch{'s' * (num > 1)}", {"train.epochs": num}, anew=True)
