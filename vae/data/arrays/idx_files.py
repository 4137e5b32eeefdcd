"""Image sets in idx files, as MNIST has them: plain or .gz, in a folder or in a zip file.

A file is named SET-PART-images-idx3-ubyte; SET may be empty, and PART is train, t10k, test, val or
nothing. N images.
"""

from __future__ import annotations

import gzip
import math
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from vae.data.arrays.named_arrays import collect
from vae.data.collection import Collection, LeftOut, Listing, Source
from vae.data.splits.own_split import TEST_VALIDATES, kept_apart, split_of_name
from vae.data.tables.attributes import Column, numeric_column
from vae.data.tables.growing_column import named_classes
from vae.errors import FileError, InputError

MAX_ARRAY_BYTES = 16 * 2**30  # of one idx file, unpacked
IDX_IMAGES = re.compile(r"(?P<stem>.*?)[-_.]?images[-.]idx3-ubyte(?P<packed>\.gz)?", re.IGNORECASE)
IDX_LABELS = re.compile(r"(?P<stem>.*?)[-_.]?labels[-.]idx1-ubyte(?P<packed>\.gz)?", re.IGNORECASE)
FASHION_CLASSES = (
    *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Boot"),
)
EMNIST = "EMNIST stores its images mirrored and turned; they are used as they lie there."

Place = Path | zipfile.Path  # a file or a folder, in a zip file too


class _Part(NamedTuple):
    """One file of images, and the file of their labels."""

    images: str
    labels: str | None


def holds_idx(listing: Listing) -> bool:
    """Whether there are files of idx images among these."""
    return any(IDX_IMAGES.fullmatch(PurePosixPath(name).name) for name, _, _ in listing)


def set_names(listing: Listing) -> list[str]:
    """The names of the idx sets among these files, with their folders; "" is one without a name."""
    return sorted({name for name, _ in _parts([name for name, _, _ in listing])})


def locate_idx(path: Path, listing: Listing, wanted: str = "") -> Source:
    """The idx set in the folder or zip file `path`, or its only file; `wanted` is the set's name.

    Raises InputError where there are several sets and none, or one that is not there, is named.
    """
    parts = _parts([name for name, _, _ in listing])
    sets = sorted({name for name, _ in parts})
    if wanted:
        chosen = [name for name in sets if name == wanted or name.endswith(f"/{wanted}")]
    else:
        chosen = sets
    if len(chosen) != 1:
        names = ", ".join(f"{path.name}/{name or '(without a name)'}" for name in sets)
        problem = f"no set {wanted!r}" if wanted else f"{len(sets)} sets of idx images"
        raise InputError(
            f"{path.name} holds {problem}: name one of them, as in FOLDER/SET ({names}), or the "
            "images file of one."
        )
    own = {split: part for (name, split), part in parts.items() if name == chosen[0]}
    files = {name for part in own.values() for name in part if name}
    seen = [entry for entry in listing if entry[0] in files]
    name = PurePosixPath(chosen[0]).name if wanted else path.name
    load = partial(_load, path, path, own)
    place = str(path / wanted) if wanted else str(path)
    return Source("idx", place, name, seen, load)


def locate_idx_file(path: Path, beside: Listing) -> Source:
    """One file of idx images, with the labels that lie beside it."""
    labels = [name for name, _, _ in beside if IDX_LABELS.fullmatch(name)]
    (part,) = _parts([path.name, *labels]).values()
    seen = [entry for entry in beside if entry[0] in part]
    load = partial(_load, path, path.parent, {"": part})
    return Source("idx", str(path), path.name, seen, load)


def zip_listing(path: Path) -> Listing:
    """The files in a zip file, [] where it cannot be opened."""
    try:
        with zipfile.ZipFile(path) as archive:
            stamp = path.stat().st_mtime_ns
            return [(i.filename, i.file_size, stamp) for i in archive.infolist() if not i.is_dir()]
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return []  # said when it is loaded as a zip file of images


def _parts(names: Sequence[str]) -> dict[tuple[str, str], _Part]:
    """The files of each part, by the name of its set and its split."""
    labels: dict[tuple[str, str], str] = {}
    images: dict[tuple[str, str], str] = {}
    for name in sorted(names, key=lambda name: (name.count("/"), name.endswith(".gz"), name)):
        for pattern, found in ((IDX_IMAGES, images), (IDX_LABELS, labels)):
            match = pattern.fullmatch(name)
            if match:  # the first is the plain one, nearest to the source
                found.setdefault(_set_and_split(match["stem"]), name)
    return {key: _Part(file, labels.get(key)) for key, file in images.items()}


def _set_and_split(stem: str) -> tuple[str, str]:
    """("raw/emnist-letters", "test") of raw/emnist-letters-test."""
    folder, _, name = stem.rpartition("/")
    if folder.endswith("-ubyte"):  # a folder named after the one file that was unpacked into it
        folder = folder.rpartition("/")[0]
    split = "test" if re.search(r"(?i)(^|[-_.])t10k$", name) else split_of_name(name)
    base = re.sub(r"(?i)[-_.]?(t10k|train|test|validation|valid|val)$", "", name) if split else name
    return f"{folder}/{base}".strip("/"), split


def _load(path: Path, folder: Path, parts: Mapping[str, _Part]) -> Collection:
    """The images of the parts of one set, the training images first."""
    root: Place = folder if folder.is_dir() else zipfile.Path(folder)
    order = [split for split in ("", "train", "validation", "test") if split in parts]
    warnings = [EMNIST] * ("emnist" in parts[order[0]].images.lower())
    skipped: list[LeftOut] = []
    if "validation" in order and "test" in order:
        order.remove("test")
        num_test = len(read_idx(root / parts["test"].images, 3))
        why = "a test image, kept apart"
        skipped = [LeftOut("test", f"test/{index}", why) for index in range(num_test)]
        warnings.append(kept_apart(num_test))
    elif "test" in order[1:]:
        warnings.append(TEST_VALIDATES)
    images = [read_idx(root / parts[split].images, 3) for split in order]
    labels = [
        _labels(root, parts[split], len(some)) for split, some in zip(order, images, strict=True)
    ]
    if len({some.shape[1:] for some in images}) > 1:
        raise InputError(f"The idx files of {path.name} hold images of different sizes.")
    is_fashion = "fashion" in str(path).lower()
    nums = [len(some) for some in images]
    num_train = sum(nums[: sum(split in ("", "train") for split in order)])
    collection = collect(
        images,
        columns=_label_column(labels, is_fashion),
        validation_from=num_train if 0 < num_train < sum(nums) else None,
    )
    return replace(collection, skipped=skipped, warnings=[*collection.warnings, *warnings])


def _label_column(
    labels: Sequence[NDArray[np.uint8] | None], is_fashion: bool
) -> dict[str, Column]:
    known = [some for some in labels if some is not None]
    if len(known) < len(labels):
        return {}
    joined = np.concatenate(known).astype(np.float64)
    if is_fashion and joined.max() < len(FASHION_CLASSES):
        return {"label": named_classes(joined, FASHION_CLASSES)}
    return {"label": numeric_column(joined)}


def _labels(root: Place, part: _Part, count: int) -> NDArray[np.uint8] | None:
    if part.labels is None:
        return None
    labels = read_idx(root / part.labels, 1)
    if len(labels) != count:
        raise InputError(
            f"{_file(part.labels)} holds {len(labels)} labels for the {count} images of "
            f"{_file(part.images)}: download both files again."
        )
    return labels


def _file(name: str) -> str:
    return PurePosixPath(name).name


def read_idx(path: Place, num_dims: int) -> NDArray[np.uint8]:
    """The bytes of an idx file, plain or .gz, with `num_dims` dimensions.

    Raises InputError where the file is something else, or not whole.
    """
    try:
        with path.open("rb") as raw, _unpacked(raw, path.name) as file:
            magic, sizes = file.read(4), file.read(4 * num_dims)
            if magic == bytes((0, 0, 8, num_dims)) and len(sizes) == 4 * num_dims:
                shape = tuple(int(n) for n in np.frombuffer(sizes, ">u4"))
                count = math.prod(shape)
                data = file.read(count) if count <= MAX_ARRAY_BYTES else b""
                if data and len(data) == count:
                    return np.frombuffer(data, np.uint8).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile) as error:
        raise FileError(f"{path.name} cannot be read as an idx file: {error}.") from error
    raise InputError(
        f"{path.name} is not a complete idx file of bytes with {num_dims} dimensions: download "
        "it again."
    )


def _unpacked(raw: IO[bytes], name: str) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(raw)) if name.lower().endswith(".gz") else raw
