"""Images that lie in a container as encoded files (JPEG, PNG, ...): one collection of them.

N images.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, UnidentifiedImageError

from vae.data.attributes import Column
from vae.data.collection import FILE_SIZE, Collection, LeftOut
from vae.data.image_files import FORMATS, TooLargeError, is_grey_mode
from vae.data.own_split import split_order
from vae.data.sorted_files import MAX_FILE_BYTES


@dataclass
class Encoded:
    """N encoded images as a container lists them, before they are put in the order of a split."""

    names: Sequence[str]
    splits: Sequence[str]  # "train", "validation", "test" or "" each
    read_bytes: Callable[[int], bytes]  # raises for an image that cannot be read
    columns: Mapping[str, Column] = field(default_factory=dict)
    columns_left_out: Sequence[str] = ()
    skipped: Sequence[LeftOut] = ()
    warnings: Sequence[str] = ()


def opened(data: bytes) -> Image.Image:
    """The image in `data`, known by its header. Raises TooLargeError, or as Pillow does."""
    if len(data) > MAX_FILE_BYTES:
        raise TooLargeError(f"the file is over {MAX_FILE_BYTES // 2**20} MB")
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise ValueError("no image that is known here") from None  # Pillow names a memory address
    except Image.DecompressionBombError as error:
        raise TooLargeError(str(error)) from error


def encoded_collection(images: Encoded) -> Collection:
    """The collection of `images`, training images first."""
    split = split_order(images.splits)
    order = split.order
    why = "a test image, kept apart"
    apart = [LeftOut("test", images.names[index], why) for index in split.apart]

    def read(index: int) -> Image.Image:
        return opened(images.read_bytes(int(order[index])))

    def is_grey(indices: Iterable[int]) -> bool:
        return all(is_grey_mode(mode) for mode in map(mode_of, indices) if mode)

    def mode_of(index: int) -> str:
        try:
            with read(index) as image:
                return image.mode
        except Exception:  # a broken image is counted when its turn comes to be imported
            return ""

    return Collection(
        [images.names[index] for index in order],
        read,
        is_grey,
        FILE_SIZE,
        are_files=True,
        columns={
            name: Column(np.asarray(column.values)[order], column.classes)
            for name, column in images.columns.items()
        },
        columns_left_out=images.columns_left_out,
        validation_from=split.validation_from,
        skipped=[*images.skipped, *apart],
        warnings=[*images.warnings, *split.warnings],
    )
