"""Synthetic faces as pixels of a data set: drawn when first taken, and kept.

n faces taken, H and W their height and width.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from vae import synthetic

MAX_KEPT_BYTES = 4 * 2**30  # of drawn faces in memory; those past it are drawn at every take
CHUNK = 256  # faces drawn before anybody else gets a turn


class Faces:
    """The first `num` faces of `seed`, `size` pixels a side; several threads may take at once."""

    def __init__(self, seed: int, num: int, size: int) -> None:
        self._seed, self._size = seed, size
        kept = min(num, MAX_KEPT_BYTES // (size * size * 3))
        self._images = np.empty((kept, size, size, 3), np.uint8)  # memory is used when written
        self._is_drawn = np.zeros(kept, bool)
        self._lock = threading.Lock()

    def take(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The faces at `indices`; drawing them is what takes time. [n, H, W, 3]"""
        kept = len(self._images)
        taken = np.empty((len(indices), *self._images.shape[1:]), np.uint8)
        is_kept = indices < kept
        wanted = np.unique(indices[is_kept])
        missing = wanted[~self._is_drawn[wanted]]
        for start in range(0, len(missing), CHUNK):
            with self._lock:
                part = missing[start : start + CHUNK]
                part = part[~self._is_drawn[part]]
                self._images[part] = synthetic.faces(self._seed, part, self._size)
                self._is_drawn[part] = True
        taken[is_kept] = self._images[indices[is_kept]]
        if not is_kept.all():
            taken[~is_kept] = synthetic.faces(self._seed, indices[~is_kept], self._size)
        return taken
