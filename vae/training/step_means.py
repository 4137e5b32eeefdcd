"""What a step event says: means since the one before, the speed, the time in training."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor


class StepMeans:
    """Means over the images of the steps since the last event. Sums, so that they go on exactly."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.sums, self.num_images = np.zeros(len(names)), 0  # of the good steps
        self.seconds = 0.0  # of training so far
        self.start()

    def start(self) -> None:
        """Time from now on."""
        self._num_timed, self._since = 0, time.perf_counter()

    def add(self, measures: Mapping[str, Tensor], num: int, is_good: bool) -> None:
        """Count a step over `num` images; what a bad one measured is left out."""
        self._num_timed += num
        if is_good:
            means = torch.stack([measures[name] for name in self.names]).detach()
            self.sums += num * means.double().cpu().numpy()
            self.num_images += num

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What happens in here is not timed as training."""
        began = time.perf_counter()
        yield
        self._since += time.perf_counter() - began

    def take(self) -> tuple[dict[str, float], float]:
        """The means, none where no step was good, and images per second; begins anew."""
        elapsed = time.perf_counter() - self._since
        self.seconds += elapsed
        means = (self.sums / max(1, self.num_images)).tolist()
        measures = dict(zip(self.names, means, strict=True)) if self.num_images else {}
        speed = self._num_timed / elapsed
        self.sums, self.num_images = np.zeros_like(self.sums), 0
        self.start()
        return measures, speed
