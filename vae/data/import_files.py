"""The files of an import: the head of its images, its table, and the space that they need.

Shapes: N images, H height, W width, C channels.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from vae.atomic import atomic_json
from vae.data.collection import Collection, Numbers
from vae.errors import FileError


def write_header(file: IO[bytes], num: int, size: int, channels: int) -> None:
    """The head of an .npy file; NumPy pads it so that its length does not depend on `num`."""
    shape = (num, size, size, channels)
    np.lib.format.write_array_header_1_0(
        file, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )


def write_table(part: Path, collection: Collection, rows: NDArray[np.int64]) -> None:
    columns = collection.columns
    with open(part / "table.npz", "wb") as file:
        np.savez(file, *(column.values[rows] for column in columns.values()))
        file.flush()
        os.fsync(file.fileno())
    # Every image of a collection without names is named by its number, which need not be written.
    are_numbers = isinstance(collection.names, Numbers) and len(rows) == len(collection.names)
    table = {
        "names": None if are_numbers else [collection.names[row] for row in rows],
        "columns": list(columns),
        "classes": {name: column.classes for name, column in columns.items() if column.classes},
    }
    atomic_json(part / "table.json", table)


def check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise FileError(
            f"The images need {needed / 1000000.0:.0f} MB in the cache, but only "
            f"{free / 1000000.0:.0f} MB of the disk are free: free some space, or use fewer "
            "images with data.num_images."
        )
