"""What several tests of this folder make and look at."""

from __future__ import annotations

import numpy as np


def noise(num: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (num, *shape), np.uint8)
