"""Images in HDF5 files (.h5, .hdf5): data sets found by their shape, read block by block.

Or encoded images, as JPEG, in the cells of a data set.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.arrays.loose_arrays import LooseArray, joined, loose_collection
from vae.data.arrays.row_array import Rows
from vae.data.collection import Collection, LeftOut
from vae.data.containers.h5_encoded import Encoded, holds_encoded
from vae.data.splits.own_split import splits_of_names
from vae.errors import FileError, InputError


def load_h5(root: Path, files: Sequence[str]) -> Collection:
    """The images in these HDF5 files below `root`; data sets of one name are put together.

    The split is in the names of the data sets or files. Raises InputError where h5py is not
    installed or there are no images, FileError where no file can be read.
    """
    try:
        h5py: Any = importlib.import_module("h5py")
    except ImportError as error:
        raise InputError(
            f"HDF5 files need the package h5py (pip install h5py): {error}."
        ) from error
    arrays: dict[str, list[LooseArray]] = defaultdict(list)
    encoded = Encoded()
    skipped: list[LeftOut] = []
    problems: list[FileError] = []
    of_file = splits_of_names(files) if len(files) > 1 else [""]
    for name, split in zip(files, of_file, strict=True):
        try:
            datasets, found = _datasets(h5py, root / name, skipped)
            if datasets:
                small = {array.name: array.whole() for array in found if len(array.shape) < 3}
                encoded.take(datasets, small, split)
            for array in found:
                arrays[f"{split}_{array.name}" if split else array.name].append(array)
        except OSError as error:
            cause = " ".join(str(error).split())[:200]
            problems.append(FileError(f"{name} cannot be read as an HDF5 file: {cause}."))
            skipped.append(LeftOut("broken", name, cause))
    if len(problems) == len(files):
        raise problems[0]
    if encoded.items or encoded.singles:
        return encoded.collection(skipped)
    where = files[0] if len(files) == 1 else root.name
    together = [joined(key, some) for key, some in arrays.items()]
    return loose_collection(together, where, skipped, are_classes=True)


def _datasets(
    h5py: Any, path: Path, skipped: list[LeftOut]
) -> tuple[dict[str, Any], list[LooseArray]]:
    """The data sets of a file that hold encoded images, and the others.

    The file stays open for as long as one of them is used.
    """
    file = h5py.File(path, "r")
    encoded: dict[str, Any] = {}
    found: list[LooseArray] = []

    def visit(name: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset):
            return
        if item.is_virtual or item.external:
            skipped.append(LeftOut("linked", name, "kept in another file, which is not followed"))
        elif holds_encoded(h5py, item):
            encoded[name] = item
        elif item.shape and 0 not in item.shape:
            is_text = h5py.check_string_dtype(item.dtype) is not None
            rows: Rows = partial(_texts if is_text else _rows, item)
            dtype = np.dtype("U1") if is_text else item.dtype
            chunk = item.chunks[0] if item.chunks else 1
            found.append(LooseArray(name, item.shape, dtype, rows, chunk))

    file.visititems(visit)
    return encoded, found


def _rows(item: Any, start: int, end: int) -> NDArray[Any]:
    return np.asarray(item[start:end])


def _texts(item: Any, start: int, end: int) -> NDArray[Any]:
    return np.asarray(item.asstr("utf-8", "replace")[start:end], dtype=str)
