"""A folder of .npy files: one image each, or sets of images with labels; nothing is unpickled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vae.data.arrays.loose_arrays import LooseArray, loose_collection
from vae.data.arrays.pickled_texts import read_texts
from vae.data.collection import Collection, LeftOut
from vae.data.folders.folders import below_outer_folder
from vae.errors import FileError


def load_npy_files(root: Path, files: Sequence[str]) -> Collection:
    """The images in these .npy files below `root`. Raises FileError where none can be read."""
    arrays: list[LooseArray] = []
    skipped: list[LeftOut] = []
    for file, name in zip(files, below_outer_folder(files), strict=True):
        try:
            with open(root / file, "rb") as opened:
                header = read_header(opened)
                texts = _texts(opened, header) if header.dtype.hasobject else None
        except (OSError, ValueError, EOFError) as error:
            skipped.append(LeftOut("broken", file, str(error)))
            continue
        name, shape = name.removesuffix(".npy"), header.shape
        if texts is not None and texts.size:
            arrays.append(LooseArray(name, shape, texts.dtype, partial(_slice, texts)))
        elif header.dtype.hasobject:
            why = "Python objects, which are not read: save them as numbers or text"
            skipped.append(LeftOut("other", file, why))
        elif not shape or 0 in shape:
            skipped.append(LeftOut("other", file, "an empty array"))
        else:
            arrays.append(LooseArray(name, shape, header.dtype, partial(rows_of_file, root / file)))
    if not arrays:
        first = skipped[0]
        raise FileError(f"No .npy file of {root.name} can be read: {first.name}: {first.why}.")
    return loose_collection(arrays, root.name, skipped, are_classes=True)


class Header(NamedTuple):
    """What an array says of itself before its numbers."""

    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype[Any]
    end: int  # where the numbers begin

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return math.prod(self.shape)


def read_header(file: IO[bytes]) -> Header:
    """The header of the array in `file`, which is left at its numbers. Raises ValueError."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        found = np.lib.format.read_array_header_1_0(file)
    else:
        found = np.lib.format.read_array_header_2_0(file)
    return Header(*found, file.tell())


def rows_of_file(path: Path, start: int, end: int) -> NDArray[Any]:
    """Rows of an array.

    The file is mapped only for so long: there may be very many of them, and of a large one all that
    was read would count as memory of the process.
    """
    mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return np.array(mapped[start:end])


def _texts(file: IO[bytes], header: Header) -> NDArray[Any] | None:
    try:
        return read_texts(file, header.shape)
    except ValueError:
        return None


def _slice(array: NDArray[Any], start: int, end: int) -> NDArray[Any]:
    return array[start:end]
