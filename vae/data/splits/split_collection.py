"""A collection put in the order of its own split, from images as a container lists them.

N images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vae.data.collection import FILE_SIZE, Collection, LeftOut
from vae.data.folders.sorted_files import MAX_FILE_BYTES
from vae.data.images.opening import Raw, TooLargeError, opened
from vae.data.splits.own_split import about_odd_words, split_order
from vae.data.tables.attributes import UNKNOWN, Column
from vae.data.tables.split_columns import splits_in


@dataclass
class Unordered:
    """N images as a container lists them."""

    names: Sequence[str]
    splits: Sequence[str]  # "train", "validation", "test" or "" each
    read: Callable[[int], Raw]  # raises for an image that cannot be read
    image_size: int = FILE_SIZE
    columns: Mapping[str, Column] = field(default_factory=dict)
    columns_left_out: Sequence[str] = ()
    skipped: Sequence[LeftOut] = ()
    warnings: Sequence[str] = ()
    read_file: Callable[[int], bytes] | None = None  # the file that an image is, as it lies


def open_bytes(data: bytes) -> Raw:
    """The image in the bytes of a file. Raises TooLargeError, or ValueError with the reason."""
    if len(data) > MAX_FILE_BYTES:
        raise TooLargeError(f"the file is over {MAX_FILE_BYTES // 2**20} MB")
    return opened(data)


def in_split_order(images: Unordered) -> Collection:
    """The collection of `images`, training images first; `split_order` says which are left out.

    Where their places say no split, a column may.
    """
    splits, columns = images.splits, dict(images.columns)
    about_odd: list[str] = []
    for name, column in images.columns.items():
        if not any(splits) and (found := _splits_of(name, column)):
            splits, odd = found
            about_odd = about_odd_words(name, odd)
            del columns[name]
    split = split_order(splits)
    read_file = images.read_file
    why = "a test image, kept apart"
    apart = [LeftOut("test", images.names[index], why) for index in split.apart]
    return Collection(
        [images.names[index] for index in split.order],
        lambda index: images.read(int(split.order[index])),
        images.image_size,
        are_files=True,
        columns={
            name: Column(np.asarray(column.values)[split.order], column.classes)
            for name, column in columns.items()
        },
        columns_left_out=images.columns_left_out,
        validation_from=split.validation_from,
        skipped=[*images.skipped, *apart],
        warnings=[*images.warnings, *about_odd, *split.warnings],
        read_file=read_file and (lambda index: read_file(int(split.order[index]))),
    )


def _splits_of(name: str, column: Column) -> tuple[list[str], list[str]] | None:
    """The split of each image where the column says one ("" where it does not), and odd words."""
    known = [text for text in column.classes if text != UNKNOWN]
    if not known:
        return None
    images_with = np.bincount(column.values, minlength=len(column.classes))
    counts = [int(images_with[column.classes.index(text)]) for text in known]
    found = splits_in(name, known, counts)
    if found is None:
        return None
    split_of = dict(zip(known, found, strict=True))
    odd = [text for text, split in split_of.items() if not split]
    return [split_of.get(column.classes[int(number)], "") for number in column.values], odd
