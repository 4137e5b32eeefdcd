"""Images in a file, of which a process holds only those that it takes.

N images, H height, W width, C channels.

They are read and not mapped into memory: a random image of a large file costs a third of the time,
and the system does not count the file as memory of the process, as it does with a map, until that
is all of it. It keeps what was read at hand in either case.
"""

from __future__ import annotations

import os
import threading
import weakref
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vae.errors import FileError, reading


class PixelFile:
    """The images of an .npy file of uint8 [N, H, W, C]; several threads may take at once."""

    def __init__(self, path: Path) -> None:
        """Raises FileError where the file cannot be read, or is cut."""
        with reading(path):
            file = open(path, "rb", buffering=0)  # noqa: SIM115, closed with the last user
            weakref.finalize(self, file.close)
            np.lib.format.read_magic(file)
            self.shape, _, _ = np.lib.format.read_array_header_1_0(file)
        self._path, self._file = path, file
        self.begin = file.tell()  # of the pixels, in bytes
        self._lock = threading.Lock()

    def take(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The images at `indices`, from 0 to N - 1. [n, H, W, C]

        Raises FileError where the disk fails.
        """
        taken = np.empty((len(indices), *self.shape[1:]), np.uint8)
        with reading(self._path):
            for image, index in zip(taken, indices.tolist(), strict=True):
                if self._read(image.data, self.begin + index * image.nbytes) < image.nbytes:
                    raise FileError(f"{self._path} ends before its images do: import them again.")
        return taken

    def _read(self, image: memoryview, place: int) -> int:
        """Fill an image from a place in the file. Returns how many bytes there were."""
        if hasattr(os, "preadv"):
            return os.preadv(self._file.fileno(), [image], place)
        with self._lock:  # the place is of the whole process where there is no preadv
            self._file.seek(place)
            return self._file.readinto(image) or 0
