"""Images that lie in arrays: idx files, .npz and .npy, and the data sets of torchvision.

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
from PIL import Image

from vae.data.attributes import Column, numeric_column, text_column
from vae.data.collection import Collection, own_size
from vae.errors import FileError, InputError

MAX_ARRAY_BYTES = 16 * 2**30  # of one idx file, unpacked
DSPRITES_FACTORS = ("color", "shape", "scale", "orientation", "posX", "posY")
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
    return _collect(
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
            return _collect([_checked_images(mapped, path.name)])
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            others = _loadable(arrays)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, InputError):
            raise
        raise FileError(f"{path.name} cannot be read as NumPy arrays: {error}.") from error
    wanted = [name for name in ("imgs", "images", "x", *others) if name in others]
    name = next((name for name in wanted if others[name].ndim in (3, 4)), None)
    if name is None:
        found = ", ".join(f"{key} {list(value.shape)}" for key, value in others.items())
        raise InputError(
            f"{path.name} holds no images: expected an array [N, H, W] or [N, H, W, C], found "
            f"{found or 'no readable array'}."
        )
    images = _checked_images(others.pop(name), path.name)
    return _collect([images], columns=_array_columns(others, len(images)))


def _loadable(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    found = {}
    for name in arrays:
        try:
            found[name] = arrays[name]
        except ValueError:  # an array of Python objects, which would have to be unpickled
            continue
    return found


def _checked_images(images: NDArray[Any], where: str) -> NDArray[Any]:
    """`images` as [N, H, W] or [N, H, W, C]. Raises InputError for other shapes and values."""
    if images.ndim == 4 and images.shape[1] in (1, 3, 4) and images.shape[3] not in (1, 3, 4):
        images = np.moveaxis(images, 1, 3)
    is_layout = images.ndim == 3 or (images.ndim == 4 and images.shape[3] in (1, 3, 4))
    if not is_layout or 0 in images.shape:
        raise InputError(
            f"The images of {where} have the shape {list(images.shape)}: expected [N, H, W], "
            "[N, H, W, C] or [N, C, H, W] with 1, 3 or 4 channels."
        )
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    top = 1 if images.dtype.kind == "f" else 255
    if images.dtype.kind not in "buif" or not (images.min() >= 0 and images.max() <= top):
        raise InputError(
            f"The images of {where} are {images.dtype} outside the known ranges: expected whole "
            "numbers from 0 to 255, or floats from 0 to 1."
        )
    return images


def _array_columns(arrays: dict[str, NDArray[Any]], num: int) -> dict[str, Column]:
    """Attributes among the arrays of an .npz: dSprites' factors, and whatever has N entries."""
    columns = {}
    values = arrays.pop("latents_values", None)
    names = arrays.pop("latents_names", None)
    if values is not None and values.ndim == 2 and len(values) == num:
        count = values.shape[1]
        default = DSPRITES_FACTORS if count == 6 else [f"factor {j}" for j in range(count)]
        given = [] if names is None else np.ravel(names).astype(str).tolist()
        for j, name in enumerate(given if len(given) == count else default):
            columns[name] = numeric_column(values[:, j].astype(np.float64))
    for key, array in arrays.items():
        name = "label" if key.lower() in ("labels", "y", "target", "targets") else key
        if array.shape == (num,) and array.dtype.kind in "buif":
            columns[name] = numeric_column(array.astype(np.float64))
        elif array.shape == (num,) and array.dtype.kind == "U":
            columns[name] = text_column(array.tolist())
    return columns


def _collect(
    parts: Sequence[NDArray[Any]],
    columns: Mapping[str, Column] | None = None,
    validation_from: int | None = None,
) -> Collection:
    """Arrays [N, H, W] or [N, H, W, C] one after the other; all of them are kept, twins too."""
    starts = np.cumsum([0, *(len(part) for part in parts)])
    top = max(float(part.max()) for part in parts)
    scale = 255 if parts[0].dtype.kind in "bf" or top <= 1 else 1

    def read(index: int) -> Image.Image:
        part = int(np.searchsorted(starts, index, side="right")) - 1
        pixels = parts[part][index - int(starts[part])]
        return Image.fromarray(np.rint(pixels * np.float32(scale)).astype(np.uint8))

    height, width = parts[0].shape[1:3]
    return Collection(
        [str(index) for index in range(int(starts[-1]))],
        read,
        lambda indices: parts[0].ndim == 3,
        own_size(height, width),
        are_files=False,
        columns=columns or {},
        validation_from=validation_from,
    )
