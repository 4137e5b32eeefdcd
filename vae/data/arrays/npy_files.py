"""A folder of .npy files: one image each, or sets of images with labels; nothing is unpickled."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.arrays.loose_arrays import LooseArray, loose_collection
from vae.data.collection import Collection, LeftOut
from vae.data.folders.folders import below_outer_folder
from vae.errors import FileError


def load_npy_files(root: Path, files: Sequence[str]) -> Collection:
    """The images in these .npy files below `root`. Raises FileError where none can be read."""
    arrays: list[LooseArray] = []
    skipped: list[LeftOut] = []
    for file, name in zip(files, below_outer_folder(files), strict=True):
        try:
            shape, dtype = _header(root / file)
        except (OSError, ValueError, EOFError) as error:
            skipped.append(LeftOut("broken", file, str(error)))
            continue
        if dtype.hasobject:
            why = "Python objects, which are not read: save them as numbers or text"
            skipped.append(LeftOut("other", file, why))
        elif not shape or 0 in shape:
            skipped.append(LeftOut("other", file, "an empty array"))
        else:
            rows = partial(_rows, root / file)
            arrays.append(LooseArray(name.removesuffix(".npy"), shape, dtype, rows))
    if not arrays:
        first = skipped[0]
        raise FileError(f"No .npy file of {root.name} can be read: {first.name}: {first.why}.")
    return loose_collection(arrays, root.name, skipped, are_classes=True)


def _header(path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    with open(path, "rb") as file:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        else:
            shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    return shape, dtype


def _rows(path: Path, start: int, end: int) -> NDArray[Any]:
    """Rows of an array; the file is open only for so long, as there may be very many."""
    mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return np.array(mapped[start:end])
