"""Orders drawn from a seed; each purpose has its own, and none of them ever changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EPOCH, SPLIT, SUBSET, FLIPS = 1, 2, 3, 4  # purposes


def shuffled(num: int, seed: int, *purpose: int) -> NDArray[np.int64]:
    """0..num-1 in an order that is a function of the arguments alone. [num]

    `purpose` is one of those above, with whatever further numbers tell its orders apart. Sorts raw
    PCG64 words, which NumPy promises never to change (NEP 19).
    """
    words = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=purpose)).random_raw(num)
    return np.argsort(words, kind="stable").astype(np.int64)
