"""What a finding is, and the evaluations that findings are read from."""

from __future__ import annotations

from dataclasses import dataclass

from vae.config import Config
from vae.doctor.remedies import Remedy
from vae.runs.events import Event, last_event


@dataclass(frozen=True)
class Finding:
    """Something about a run that a person should know, and what to do about it."""

    kind: str  # error, warning, info
    text: str
    remedies: tuple[Remedy, ...] = ()
    more: str = ""  # the longer explanation, for who asks
    dimensions: tuple[int, ...] = ()  # of the latent space, that it is about


def some(*wanted: Remedy | None) -> tuple[Remedy, ...]:
    return tuple(remedy for remedy in wanted if remedy is not None)


def is_rising(events: list[Event], config: Config) -> bool:
    """Whether beta or the capacity still rises."""
    step = last_event(events, "step").get("step", 0)
    return bool(step < config.train.warmup_steps)
