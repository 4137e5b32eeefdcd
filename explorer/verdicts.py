"""What a finding is, and the evaluations that findings are read from."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.remedies import Remedy
from vae.config import Config
from vae.runs import Event, last_event


@dataclass(frozen=True)
class Finding:
    """Something about a run that a person should know, and what to do about it."""

    kind: str  # error, warning, info
    text: str
    remedies: tuple[Remedy, ...] = ()
    more: str = ""  # the longer explanation, for who asks
    dimensions: tuple[int, ...] = ()  # of the latent space, that it is about


def measured(events: list[Event]) -> list[Event]:
    """The evaluations that came out finite, oldest first."""
    return [event for event in events if event["kind"] == "eval" and "elbo" in event]


def comparable(evaluations: list[Event]) -> list[Event]:
    """One evaluation a step: the last step is measured once more on all validation images."""
    first = {event["step"]: event for event in reversed(evaluations)}
    return [first[step] for step in sorted(first)]


def some(*wanted: Remedy | None) -> tuple[Remedy, ...]:
    return tuple(remedy for remedy in wanted if remedy is not None)


def is_rising(events: list[Event], config: Config) -> bool:
    """Whether beta or the capacity still rises."""
    step = last_event(events, "step").get("step", 0)
    return bool(step < config.train.warmup_steps)
