"""What a step event says: means since the one before, the speed, the time in training."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vae.runs.milestones import checkpoint_may_wait

LOG_EVERY = 10  # steps
LOG_SECONDS = 0.2  # at least between two logs, once the first hundred steps are over


class _Step(NamedTuple):
    number: int
    num_images: int
    is_bad: Tensor  # 1 or 0, on the device


class StepMeans:
    """Means over the images of the steps since the last event. Sums, so that they go on exactly.

    The steps add on the device, which is waited for in `settle` alone.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.sums, self.num_images = np.zeros(len(names)), 0  # of the good steps, once settled
        self.num_bad = 0  # steps in a row up to the last one, once settled
        self.seconds = 0.0  # of training so far
        self.paused_seconds = 0.0  # since the means were made
        self.aside_seconds = 0.0  # of what was measured beside the steps
        self._steps: list[_Step] = []  # not settled yet
        self._running: Tensor | None = None  # the sums with those steps, on the device
        self.start()

    def start(self) -> None:
        """Time from now on."""
        self._num_timed, self._since = 0, time.perf_counter()

    def are_due(self, step: int) -> bool:
        """Every ten steps, but on a fast device not so often that the log holds it up."""
        is_early = step <= 10 * LOG_EVERY
        return step % LOG_EVERY == 0 and (is_early or self.seconds_since >= LOG_SECONDS)

    @property
    def seconds_since(self) -> float:
        """Of training since the means began."""
        return time.perf_counter() - self._since

    @torch.no_grad()
    def add(self, step: int, means: Tensor, num: int, is_bad: Tensor) -> None:
        """Count the step of this number; what a bad one measured is left out.

        `means` over its `num` images, in the order of the names. [len(names)]
        """
        self._num_timed += num
        means = means.to(torch.float32 if means.device.type == "mps" else torch.float64)
        if self._running is None:
            self._running = torch.as_tensor(self.sums, dtype=means.dtype, device=means.device)
        self._running = torch.where(is_bad > 0, self._running, self._running + num * means)
        self._steps.append(_Step(step, num, is_bad))

    def settle(self) -> list[int]:
        """Bring `sums`, `num_images` and `num_bad` up to date. Returns the steps that were bad."""
        steps, self._steps = self._steps, []
        if not steps or self._running is None:
            return []
        flags = torch.stack([step.is_bad for step in steps]).to(self._running.dtype)
        both = torch.cat([self._running, flags]).cpu().double().numpy()  # waits for the device
        self.sums, self._running = both[: len(self.names)], None
        bad = both[len(self.names) :] > 0
        for step, is_bad in zip(steps, bad, strict=True):
            self.num_images += 0 if is_bad else step.num_images
            self.num_bad = self.num_bad + 1 if is_bad else 0
        return [step.number for step, is_bad in zip(steps, bad, strict=True) if is_bad]

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What happens in here is not timed as training."""
        began = time.perf_counter()
        yield
        passed = time.perf_counter() - began
        self._since += passed
        self.paused_seconds += passed

    def checkpoint_may_wait(self) -> bool:
        """Whether all else took so much of the time that a checkpoint is left to the next time."""
        return checkpoint_may_wait(self.paused_seconds + self.aside_seconds, self.seconds)

    def take(self) -> tuple[dict[str, float], float]:
        """The settled means, none where no step was good, and images per second; begins anew."""
        elapsed = self.seconds_since
        self.seconds += elapsed
        means = (self.sums / max(1, self.num_images)).tolist()
        measures = dict(zip(self.names, means, strict=True)) if self.num_images else {}
        speed = self._num_timed / elapsed
        self.sums, self.num_images = np.zeros_like(self.sums), 0
        self.start()
        return measures, speed
