"""Arrays that lie singly in a folder or an HDF5 file: one image each, or whole sets of them.

H height, W width, C channels, N images.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from vae.data.arrays.array_layout import CHANNELS, as_images
from vae.data.arrays.named_arrays import IMAGE_KEYS, LABEL_KEYS, collect, from_arrays, splits_of
from vae.data.arrays.row_array import RowArray, Rows
from vae.data.collection import FILE_SIZE, Collection, LeftOut, own_size
from vae.data.splits.split_collection import Unordered, in_split_order
from vae.data.splits.splits import about_no_split, folder_labels, folder_splits
from vae.data.tables.attributes import text_column
from vae.data.tally import shown

SMALL_BYTES = 64 * 2**20  # an array of labels up to this size is read at once


@dataclass(frozen=True)
class LooseArray:
    """An array that is not read yet."""

    name: str  # path below the source, without the suffix
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    rows: Rows
    min_block: int = 1  # rows that are read together anyway

    def whole(self) -> NDArray[Any]:
        """All of it. A picture [H, W, C] has its height as rows."""
        return self.rows(0, self.shape[0])

    def lazy(self) -> NDArray[Any]:
        """The array, read block by block where it is large; for what it can do, see RowArray."""
        if math.prod(self.shape) * self.dtype.itemsize <= SMALL_BYTES and len(self.shape) < 3:
            return self.whole()
        return cast(NDArray[Any], RowArray(self.shape, self.dtype, self.rows, self.min_block))


def joined(key: str, arrays: Sequence[LooseArray]) -> LooseArray:
    """Arrays of one name from several files, one after the other."""
    first = arrays[0]
    alike = [array for array in arrays if array.shape[1:] == first.shape[1:]]
    starts = np.cumsum([0, *(array.shape[0] for array in alike)])

    def rows(start: int, end: int) -> NDArray[Any]:
        parts = [
            array.rows(max(start - at, 0), min(end - at, array.shape[0]))
            for array, at in zip(alike, starts.tolist(), strict=False)
            if at < end and start < at + array.shape[0]
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    shape = (int(starts[-1]), *first.shape[1:])
    return LooseArray(key, shape, first.dtype, rows, first.min_block)


def loose_collection(
    arrays: Sequence[LooseArray],
    where: str,
    skipped: Sequence[LeftOut] = (),
    are_classes: bool = False,
) -> Collection:
    """The images in these arrays.

    `are_classes`: several sets of images under names of their own are one class each.
    """
    pictures = [array for array in arrays if _may_be_picture(array.shape)]
    if _are_pictures(arrays, pictures):
        others = [a for a in arrays if a not in pictures]
        left_out = [LeftOut("other", array.name, "no image") for array in others]
        each = _one_each(pictures, [*skipped, *left_out])
        said = [
            f"{shown(array.name)} {list(array.shape)} is not used, as it does not say which image "
            "is meant by which value: a table with the names of the images would."
            for array in others
            if array.shape[0] == len(pictures)
        ]
        return replace(each, warnings=[*each.warnings, *said])
    named = {array.name: array.lazy() for array in _batches(arrays)}
    found = _classes(named) if are_classes else None
    if found is None:
        found = from_arrays(named, where)
    return replace(found, skipped=[*skipped, *found.skipped])


def _batches(arrays: Sequence[LooseArray]) -> Sequence[LooseArray]:
    """Numbered parts put together, images_0 and labels_0, images_1 and labels_1; else as they are.

    So they are where there are several names, each with the same numbers and as many rows.
    """
    found: dict[str, dict[int, LooseArray]] = {}
    for array in arrays:
        match = re.fullmatch(r"(.*?)[-_]?(\d+)", array.name)
        if match is None or not array.shape:
            return arrays
        found.setdefault(match[1], {})[int(match[2])] = array
    rows = {tuple(sorted((n, a.shape[0]) for n, a in parts.items())) for parts in found.values()}
    num = sum(map(len, found.values()))
    if any(len({a.shape[1:] for a in parts.values()}) > 1 for parts in found.values()):
        return arrays
    if len(found) < 2 or len(rows) > 1 or num < len(arrays) or num < 2 * len(found):
        return arrays
    return [joined(name, [parts[n] for n in sorted(parts)]) for name, parts in found.items()]


def _may_be_picture(shape: tuple[int, ...]) -> bool:
    if len(shape) == 3:
        return 0 not in shape and (shape[2] in CHANNELS or shape[0] in CHANNELS)
    return len(shape) == 2 and min(shape) > 1


def _are_pictures(arrays: Sequence[LooseArray], pictures: Sequence[LooseArray]) -> bool:
    """Whether the arrays are one image each, rather than sets of images with their labels."""
    if len(pictures) < 2 or any(len(array.shape) == 4 for array in arrays):
        return False
    if any(len(array.shape) == 3 and array not in pictures for array in arrays):
        return False
    lengths = {array.shape[0] for array in arrays if len(array.shape) == 1}
    unsure = [array for array in pictures if array.shape[-1] not in CHANNELS]
    if any(array.shape[0] in lengths for array in unsure):
        return False  # rows or grey images, and a label for each
    named = splits_of([array.name for array in arrays])
    if any(named[array.name][1].lower() in IMAGE_KEYS for array in unsure):
        return False  # x_train, test/images, data
    if any(len(array.shape) == 3 for array in pictures):
        return True
    return not all(_are_rows(array) for array in pictures[:8])


def _are_rows(array: LooseArray) -> bool:
    images = as_images(array.lazy())
    return images is not None and len(images.values) > 1


def _one_each(pictures: Sequence[LooseArray], skipped: Sequence[LeftOut]) -> Collection:
    names = [array.name for array in pictures]
    splits, classed = folder_splits(names)
    labels = folder_labels(classed)
    sizes = {_height_width(array.shape) for array in pictures}
    return in_split_order(
        Unordered(
            names,
            splits or [""] * len(names),
            lambda index: _picture(pictures[index].whole()),
            own_size(*sizes.pop()) if len(sizes) == 1 else FILE_SIZE,
            {"label": text_column(labels)} if labels else {},
            skipped=skipped,
            warnings=about_no_split(names, splits),
        )
    )


def _is_channels_first(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and shape[2] not in CHANNELS


def _height_width(shape: tuple[int, ...]) -> tuple[int, int]:
    return (shape[1], shape[2]) if _is_channels_first(shape) else (shape[0], shape[1])


def _picture(values: NDArray[Any]) -> NDArray[Any]:
    return np.moveaxis(values, 0, 2) if _is_channels_first(values.shape) else values


def _classes(arrays: dict[str, NDArray[Any]]) -> Collection | None:
    """Several sets of images of one shape, each a class by its name; None where it is otherwise."""
    words = (*IMAGE_KEYS, *LABEL_KEYS)
    are_split = any(split for split, _ in splits_of(arrays).values())
    if len(arrays) < 2 or are_split or any(key.lower() in words for key in arrays):
        return None
    found = {key: as_images(array) for key, array in arrays.items()}
    images = {key: some.values for key, some in found.items() if some is not None}
    if len(images) < len(arrays) or len({values.shape[1:] for values in images.values()}) > 1:
        return None
    numbers_alone = {re.sub(r"\d+", "", key) for key in images}
    lasts = {key.rpartition("/")[2] for key in images}
    ending = f"/{lasts.pop()}" if len(lasts) == 1 else ""  # cat/images, dog/images
    labels = [key.removesuffix(ending) for key, values in images.items() for _ in values]
    columns = {"label": text_column(labels)} if len(numbers_alone) > 1 else {}
    said = [f"{key}: {some.sentence}" for key, some in found.items() if some and some.sentence]
    return collect(list(images.values()), columns, warnings=said)
