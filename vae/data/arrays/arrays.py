"""Images that lie in arrays: .npz and .npy.

Shapes: N images, H height, W width, C channels. Raises InputError for what cannot be read; nothing
is unpickled.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.arrays.named_arrays import from_arrays
from vae.data.collection import Collection
from vae.errors import FileError, InputError

MAX_ARRAY_BYTES = 16 * 2**30  # of one array of an .npz, unpacked


def load_array(path: Path) -> Collection:
    """The images of an .npy or .npz file, with what else of an .npz has N entries as columns."""
    try:
        if path.suffix.lower() == ".npy":
            mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
            return from_arrays({"": mapped}, path.name)
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            found, left_out = _loadable(arrays, path.name)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, InputError):
            raise
        if "Python objects" in str(error):
            raise InputError(
                f"{path.name} holds Python objects, which are not read: save its images as numbers "
                "of one shape, for example numpy.stack(list(images))."
            ) from error
        raise FileError(f"{path.name} cannot be read as NumPy arrays: {error}.") from error
    return from_arrays(found, path.name, left_out)


def _loadable(
    arrays: Mapping[str, NDArray[Any]], where: str
) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """The arrays of an .npz, and a sentence for each that would have to be unpickled."""
    found: dict[str, NDArray[Any]] = {}
    sentences = []
    for name in arrays:
        try:
            found[name] = arrays[name]
        except ValueError as error:
            if "pickle" not in str(error):
                raise
            sentences.append(
                f"{name} of {where} was left out, as it holds Python objects, which are not read: "
                f"save it as text or numbers, for example {name}.astype(str)."
            )
    return found, sentences
