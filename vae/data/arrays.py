"""Images that lie in arrays: idx files, .npz and .npy.

Shapes: N images, H height, W width, C channels. Raises InputError for what cannot be read; nothing
is unpickled.
"""

from __future__ import annotations

import gzip
import math
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.attributes import Column, numeric_column
from vae.data.collection import Collection
from vae.data.named_arrays import collect, from_arrays
from vae.errors import FileError, InputError

MAX_ARRAY_BYTES = 16 * 2**30  # of one idx file or array of an .npz, unpacked
FASHION_CLASSES = (
    *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Boot"),
)


def load_idx(path: Path, files: Sequence[Path]) -> Collection:
    """The image sets in these idx files of `path`, the second one for validation."""
    images, labels = [], []
    for file in files:
        images.append(read_idx(file, 3))
        labels.append(_idx_labels(file, len(images[-1])))
    if len({part.shape[1:] for part in images}) > 1:
        raise InputError(f"The idx files of {path.name} hold images of different sizes.")
    columns = {}
    known = [label for label in labels if label is not None]
    if len(known) == len(labels):
        is_fashion = "fashion" in str(path).lower()
        joined = np.concatenate(known)
        column = numeric_column(joined.astype(np.float64))
        named = is_fashion and column.classes == tuple("0123456789")
        columns["label"] = Column(column.values, FASHION_CLASSES) if named else column
    return collect(
        images, columns=columns, validation_from=len(images[0]) if len(images) > 1 else None
    )


def _idx_labels(images: Path, count: int) -> NDArray[np.uint8] | None:
    name = images.name.replace("images", "labels").replace("idx3", "idx1").removesuffix(".gz")
    for file in (images.with_name(name), images.with_name(f"{name}.gz")):
        if file.exists():
            labels = read_idx(file, 1)
            if len(labels) != count:
                raise InputError(
                    f"{file.name} holds {len(labels)} labels for the {count} images of "
                    f"{images.name}: download both files again."
                )
            return labels
    return None


def read_idx(path: Path, num_dims: int) -> NDArray[np.uint8]:
    """The bytes of an idx file, plain or .gz, with `num_dims` dimensions.

    Raises InputError where the file is something else, or not whole.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            magic, sizes = file.read(4), file.read(4 * num_dims)
            if magic == bytes((0, 0, 8, num_dims)) and len(sizes) == 4 * num_dims:
                shape = tuple(int(n) for n in np.frombuffer(sizes, ">u4"))
                count = math.prod(shape)
                data = file.read(count) if count <= MAX_ARRAY_BYTES else b""
                if data and len(data) == count:
                    return np.frombuffer(data, np.uint8).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise FileError(f"{path.name} cannot be read as an idx file: {error}.") from error
    raise InputError(
        f"{path.name} is not a complete idx file of bytes with {num_dims} dimensions: download "
        "it again."
    )


# ---------------------------------------------------------------------------- npz, npy


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
