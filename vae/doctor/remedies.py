"""What can be done about a finding: options that a run goes on with, or a new one begins with.

Pure: what a remedy asks for is decided here, `explorer.panels.model.doctor` does it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vae.config import CHANGEABLE, Config, get_value, options
from vae.runs.folder import ALIVE, Run, free_name

CALMER_LR = 1 / 3
FREE_BITS = 0.25  # nats of each dimension
WARMUP_EPOCHS = 2
MORE_IMAGES = 20_000


@dataclass(frozen=True)
class Remedy:
    """Options to train on with; `anew`: from fresh weights, where the old ones are beyond help."""

    label: str
    options: Mapping[str, Any] = field(default_factory=dict)
    anew: bool = False

    @property
    def is_changeable(self) -> bool:
        """Whether a run can go on with it, as far as its options say."""
        return not self.anew and all(name in CHANGEABLE for name in self.options)


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
    """Every option of a run that is begun anew with the remedy."""
    return {name: get_value(config, name) for name in options()} | dict(remedy.options)


# ------------------------------------------------------------------------------- the remedies


def calmer(config: Config) -> Remedy:
    lr = float(f"{config.train.lr * CALMER_LR:.2g}")
    return Remedy(f"Learning rate {lr:g}", {"train.lr": lr})


def plain_beta(config: Config) -> Remedy:
    return Remedy("Set beta to 1", {"train.beta": 1.0})


def free_bits(config: Config) -> Remedy | None:
    """Free nats for each dimension, where the objective has them."""
    train = config.train
    if train.objective != "elbo" or train.capacity is not None or train.free_bits >= FREE_BITS:
        return None
    if train.estimator == "sampled":
        return None
    return Remedy(f"{FREE_BITS:g} nats free per dimension", {"train.free_bits": FREE_BITS})


def no_capacity(config: Config) -> Remedy:
    return Remedy("Lift the capacity", {"train.capacity": None, "train.beta": 1.0})


def warm_up(config: Config, steps_per_epoch: int) -> Remedy | None:
    """Anew, beta (at most 1) rising over the first epochs."""
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
    return Remedy("Begin anew with a warm-up", changed, anew=True)


def optimal_sigma(config: Config) -> Remedy:
    return Remedy("Let sigma find its value", {"model.sigma": None})


def one_sigma(config: Config) -> Remedy:
    return Remedy("One sigma for all pixels", {"model.likelihood": "gaussian"}, anew=True)


def held_sigma(config: Config, sigma: float) -> Remedy:
    """Sigma fixed above its floor, in grey levels."""
    return Remedy(f"Hold sigma at {sigma * 255:g} grey levels", {"model.sigma": sigma})


def more_images(config: Config) -> Remedy | None:
    """Built-in faces are drawn, so that there can always be more."""
    now = config.data.num_images or MORE_IMAGES
    if config.data.source != "synthetic" or now >= 10 * MORE_IMAGES:
        return None
    num = max(MORE_IMAGES, 4 * now)
    return Remedy(f"Begin anew on {num:,} faces", {"data.num_images": num}, anew=True)


def smaller_network(config: Config) -> Remedy:
    channels = tuple(max(4, c // 2) for c in config.model.channels)
    smaller = {
        "model.channels": channels,
        "model.hidden_dim": max(16, config.model.hidden_dim // 2),
    }
    return Remedy("Begin anew with half the channels", smaller, anew=True)


def fewer_epochs(config: Config, best_epoch: int) -> Remedy | None:
    num = max(1, best_epoch)
    if num >= config.train.epochs:
        return None
    return Remedy(f"Begin anew for {num} epoch{'s' * (num > 1)}", {"train.epochs": num}, anew=True)
