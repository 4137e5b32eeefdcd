"""Images that lie in a container as encoded files (JPEG, PNG, ...): one collection of them.

N images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from vae.data.attributes import Column
from vae.data.collection import FILE_SIZE, Collection, LeftOut
from vae.data.opening import TooLargeError, opened
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


def encoded_collection(images: Encoded) -> Collection:
    """The collection of `images`, training images first."""
    split = split_order(images.splits)
    order = split.order
    why = "a test image, kept apart"
    apart = [LeftOut("test", images.names[index], why) for index in split.apart]

    def read(index: int) -> Image.Image:
        data = images.read_bytes(int(order[index]))
        if len(data) > MAX_FILE_BYTES:
            raise TooLargeError(f"the file is over {MAX_FILE_BYTES // 2**20} MB")
        return opened(data)

    return Collection(
        [images.names[index] for index in order],
        read,
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
