"""Images that lie in arrays: .npz and .npy.

Shapes: N images, H height, W width, C channels. Raises InputError for what cannot be read; of
pickles, only texts are read.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.arrays.array_layout import CHANNELS, MIN_SIDE
from vae.data.arrays.joined_arrays import joined
from vae.data.arrays.loose_arrays import LooseArray, loose_collection
from vae.data.arrays.named_arrays import from_arrays, split_of
from vae.data.arrays.npy_files import rows_of_file
from vae.data.arrays.npz_files import read_npz
from vae.data.collection import Collection, LeftOut
from vae.data.folders.folders import MASKS, below_outer_folder
from vae.data.splits.own_split import splits_of_names
from vae.errors import FileError, InputError


def load_array(path: Path) -> Collection:
    """The images of an .npy or .npz file, with what else of an .npz has N entries as columns."""
    with _as_arrays(path):
        if path.suffix.lower() == ".npy":
            mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
            if not mapped.ndim:
                return from_arrays({"": mapped}, path.name)
            array = LooseArray("", mapped.shape, mapped.dtype, partial(rows_of_file, path))
            return from_arrays({"": array.lazy()}, path.name)
        found, left_out = read_npz(path)
    if _are_pictures(found):
        return _loose(found, [*found], path.name, left_out)
    return from_arrays(found, path.name, left_out)


def load_npy_zip(path: Path) -> Collection:
    """The images in the .npy files of a zip file: one each, or whole sets."""
    broken: list[LeftOut] = []
    with _as_arrays(path):
        found, sentences = read_npz(path, broken)
    if not any(array.ndim for array in found.values()):
        said = [*sentences, *(f"{item.name} is broken: {item.why}." for item in broken[:1])]
        raise InputError(" ".join([f"{path.name} holds no array that can be read.", *said]))
    return _loose(found, below_outer_folder([*found]), path.name, sentences, broken)


def _are_pictures(arrays: Mapping[str, NDArray[Any]]) -> bool:
    """Whether an .npz holds one picture [H, W, C] under each of several names, and no set."""
    deep = [(key, array.shape) for key, array in arrays.items() if array.ndim > 2]
    return len(deep) > 1 and all(
        len(shape) == 3
        and shape[2] in CHANNELS
        and min(shape[:2]) >= MIN_SIDE
        and not (split_of(key)[0] or MASKS.fullmatch(key))
        for key, shape in deep
    )


def _loose(
    found: Mapping[str, NDArray[Any]],
    names: Sequence[str],
    where: str,
    sentences: Sequence[str],
    broken: Sequence[LeftOut] = (),
) -> Collection:
    arrays = [
        LooseArray(name, array.shape, array.dtype, partial(_rows, array))
        for name, array in zip(names, found.values(), strict=True)
        if array.ndim
    ]
    collection = loose_collection(arrays, where, broken, are_classes=True)
    return replace(collection, warnings=[*collection.warnings, *sentences])


def load_npz_files(root: Path, files: Sequence[str]) -> Collection:
    """The images of several .npz files below `root`; the split is in their names or in them."""
    parts: dict[str, Collection] = {}
    skipped: list[LeftOut] = []
    problems: list[Exception] = []
    for file in files:
        try:
            with _as_arrays(root / file):
                found, left_out = read_npz(root / file)
            rows = {key: array if array.ndim else array[None] for key, array in found.items()}
            parts[file.removesuffix(".npz")] = from_arrays(rows, file, left_out)
        except (InputError, FileError) as error:
            problems.append(error)
            reason = "broken" if isinstance(error, FileError) else "other"
            skipped.append(LeftOut(reason, file, str(error)))
    if not parts:
        raise problems[0]
    return joined(parts, splits_of_names([*parts]), skipped)


@contextmanager
def _as_arrays(path: Path) -> Iterator[None]:
    """Raises InputError or FileError for what NumPy cannot read of a file."""
    try:
        yield
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, InputError):
            raise
        if "Python objects" in str(error):
            raise InputError(
                f"{path.name} holds Python objects, which are not read: save its images as numbers "
                "of one shape, for example numpy.stack(list(images))."
            ) from error
        raise FileError(f"{path.name} cannot be read as NumPy arrays: {error}.") from error


def _rows(array: NDArray[Any], start: int, end: int) -> NDArray[Any]:
    return np.asarray(array[start:end])
