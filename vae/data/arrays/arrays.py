"""Images that lie in arrays: .npz and .npy.

Shapes: N images, H height, W width, C channels. Raises InputError for what cannot be read; of
pickles, only texts are read.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.arrays.named_arrays import from_arrays
from vae.data.arrays.npz_files import read_npz
from vae.data.collection import Collection
from vae.errors import FileError, InputError


def load_array(path: Path) -> Collection:
    """The images of an .npy or .npz file, with what else of an .npz has N entries as columns."""
    try:
        if path.suffix.lower() == ".npy":
            mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
            return from_arrays({"": mapped}, path.name)
        found, left_out = read_npz(path)
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
