"""Synthetic faces that are too many for memory: drawn once, into a file of the cache.

N faces, S pixels a side.

The file is an .npy of uint8 [N, S, S, 3], and sparse: a face that nobody has
asked for is black and takes no space. No face that is drawn has a black row, so the pixels
themselves say which are there. Nothing is kept beside them: a process that is killed loses nothing
that it drew, several may draw into one file, as they all write the same, and a face of which a
power cut took a part is drawn again.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from vae.atomic import make_folder
from vae.data.import_files import check_space, write_header
from vae.data.pixel_file import PixelFile
from vae.errors import writing
from vae.faces import synthetic


class DrawnFaces:
    """The first `num` faces of `seed` in `file`; several threads and processes may take at once."""

    def __init__(self, seed: int, num: int, size: int, file: Path) -> None:
        """Make the file where it is not there. Raises FileError where the disk has no room."""
        self._seed, self._size, self._file = seed, size, file
        _make(file, num, size)
        self._images = PixelFile(file)

    def take(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The faces at `indices`; drawing them is what takes time. [n, S, S, 3]

        Raises FileError where the disk is full.
        """
        taken = self._images.take(indices)
        is_missing = (taken.reshape(len(taken), self._size, -1).max(2) == 0).any(1)
        if is_missing.any():
            wanted, places = np.unique(indices[is_missing], return_inverse=True)
            taken[is_missing] = self._drawn(wanted)[places]
        return taken

    def _drawn(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The faces at `indices`, drawn and kept. [n, S, S, 3]"""
        pictures = synthetic.faces(self._seed, indices, self._size)
        # A full disk is an error of a write; in a memory map it would end the process.
        with writing(self._file), open(self._file, "r+b", buffering=0) as file:
            for index, picture in zip(indices.tolist(), pictures, strict=True):
                file.seek(self._images.begin + index * picture.nbytes)
                file.write(picture.tobytes())
        return pictures


def _make(file: Path, num: int, size: int) -> None:
    """Make `file` be there, with room for `num` faces. Raises FileError."""
    make_folder(file.parent)
    with FileLock(file.with_suffix(".lock")):
        if file.exists():
            return
        num_bytes = num * size * size * 3
        check_space(file.parent, num_bytes)
        part = file.with_suffix(".part")
        with writing(file):
            with open(part, "wb") as opened:
                write_header(opened, num, size, 3)
                opened.truncate(opened.tell() + num_bytes)
            os.replace(part, file)
