"""What a finding is: its name, how bad it is, the evidence in numbers, and what helps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from vae.config import Config
from vae.doctor.remedies import Remedy
from vae.runs.events import Event, last_event

Kind = Literal["error", "warning", "info"]
Name = Literal[
    "failed",
    "diverged",
    "non_finite",
    "kl_explosion",
    "collapse",
    "over_regularised",
    "under_regularised",
    "overfitting",
    "dead_sigma",
    "unused_dimensions",
    "few_images",
    "autoencoder",
    "high_beta",
    "note",
]


@dataclass(frozen=True)
class Finding:
    """Something about a run that a person should know, and what to do about it."""

    name: Name
    kind: Kind
    text: str  # Markdown
    remedies: tuple[Remedy, ...] = ()
    more: str = ""  # Markdown, the longer explanation
    dimensions: tuple[int, ...] = ()  # of the latent space, that it is about

    @property
    def evidence(self) -> str:
        """The text without Markdown."""
        return plain(self.text)

    @property
    def remedy(self) -> str:
        """What to do, in words without Markdown; empty where there is nothing to do."""
        choices = "; or ".join(remedy.in_words for remedy in self.remedies)
        return " ".join(part for part in (choices and choices + ".", plain(self.more)) if part)


def plain(text: str) -> str:
    """Markdown without the marks of bold and code, for a terminal."""
    return re.sub(r"\*\*|`", "", text)


def some(*wanted: Remedy | None) -> tuple[Remedy, ...]:
    """The remedies that there are, in this order."""
    return tuple(remedy for remedy in wanted if remedy is not None)


def is_rising(events: list[Event], config: Config) -> bool:
    """Whether beta or the capacity still rises."""
    step = last_event(events, "step").get("step", 0)
    return bool(step < config.train.warmup_steps)
