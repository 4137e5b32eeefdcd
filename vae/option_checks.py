"""What an option's value must be, and which options contradict each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from vae.errors import InputError, short

if TYPE_CHECKING:
    from vae.config import TrainConfig


def check(claim: bool, sentence: str) -> None:
    """Raises InputError with the sentence where the claim does not hold."""
    if not claim:
        raise InputError(sentence)


def typed(value: float) -> str:
    """A number as a person writes it: 0.00005 and 100000, not 5e-05 and 1e+05."""
    if not math.isfinite(value):
        return {"inf": "infinity", "-inf": "-infinity"}.get(str(value), "a value that is no number")
    if value and not 1e-12 < abs(value) < 1e16:
        return f"{value:g}".replace("e+", "e")
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_came(text: str) -> str:
    """What came in place of something else: a number as it is, all else in quotes."""
    try:
        return typed(float(text))
    except ValueError:
        return repr(short(text))


def check_choice(name: str, value: str | None, choices: Sequence[str]) -> None:
    if value is not None:
        check(
            value in choices,
            f"{name} must be one of {', '.join(choices)}, not {short(value)!r}.",
        )


def check_whole(name: str, value: int | None, low: int, high: int | None = None) -> None:
    if value is not None:
        limits = f"at least {low}" if high is None else f"from {low} to {high}"
        inside = value >= low and (high is None or value <= high)
        check(inside, f"{name} must be a whole number {limits}, not {typed(value)}.")


def check_positive(name: str, value: float | None) -> None:
    if value is not None:
        claim = math.isfinite(value) and value > 0
        check(claim, f"{name} must be a number above 0, not {typed(value)}.")


def check_not_negative(name: str, value: float | None) -> None:
    if value is not None:
        claim = math.isfinite(value) and value >= 0
        check(claim, f"{name} must be 0 or a number above it, not {typed(value)}.")


def check_objective(train: TrainConfig) -> None:
    """Refuse what an objective has no use for, and what contradicts itself."""
    given = [
        name
        for name, default in (
            ("num_samples", 1),
            ("estimator", None),
            ("beta", 1.0),
            ("warmup_steps", 0),
            ("cycle_steps", 0),
            ("capacity", None),
            ("free_bits", 0.0),
        )
        if getattr(train, name) != default
    ]
    useless, why = {
        "elbo": ((), ""),
        "importance_weighted": (
            ("estimator", "beta", "warmup_steps", "cycle_steps", "capacity", "free_bits"),
            "has no separate KL and is always sampled",
        ),
        "beta_tc": (
            ("num_samples", "estimator", "capacity", "free_bits"),
            "uses one sample per image and splits its KL by sampling",
        ),
        "autoencoder": (tuple(given), "has no noise and no KL"),
    }[train.objective]
    for name in given:
        check(
            name not in useless,
            f"train.objective {train.objective} {why}: leave out train.{name}.",
        )
    check(
        train.objective != "importance_weighted" or train.num_samples > 1,
        "train.objective importance_weighted needs train.num_samples of at least 2, since "
        "with 1 it is the elbo.",
    )
    check(
        train.objective != "beta_tc" or train.batch_size != 1,
        "train.objective beta_tc compares the images of a batch, so train.batch_size must be "
        "at least 2.",
    )
    for name in ("capacity", "free_bits"):
        check(
            name not in given or train.estimator != "sampled",
            f"train.{name} needs the KL in closed form: leave out train.estimator sampled.",
        )
    check(
        not {"capacity", "free_bits"} <= set(given),
        "train.capacity and train.free_bits both change the KL: leave out one of them.",
    )
    check(
        not {"capacity", "cycle_steps"} <= set(given),
        "train.capacity rises once, over train.warmup_steps: leave out train.cycle_steps.",
    )
    check(
        train.cycle_steps == 0 or 0 < train.warmup_steps <= train.cycle_steps,
        "train.cycle_steps repeats a rise over train.warmup_steps, which must be from 1 to "
        f"{train.cycle_steps}, not {train.warmup_steps}.",
    )
