"""What a source of N images holds, whatever it is made of: names, images read singly, columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from vae.config import MAX_IMAGE_SIZE, MIN_IMAGE_SIZE
from vae.data.images.opening import Raw
from vae.data.tables.attributes import Column

CONTAINERS = ".zip, .npz, .npy, .parquet, .arrow, .tar, .h5 or idx files"  # that are read
FILE_SIZE = 64  # image_size of images that share no size of their own


Listing = list[tuple[str, int, int]]  # (path below the source, bytes, time of change in ns)


class Numbers(Sequence[str]):
    """The names of `num` images that have no others: "0", "1", ..., written when asked for."""

    def __init__(self, num: int) -> None:
        self._numbers = range(num)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, key: int) -> str: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[str]: ...
    def __getitem__(self, key: int | slice) -> str | Sequence[str]:
        found = self._numbers[key]
        return list(map(str, found)) if isinstance(found, range) else str(found)


class LeftOut(NamedTuple):
    """What of a source is not used, and why."""

    reason: str  # one word that such files are counted under
    name: str
    why: str = ""  # where the reason does not say it all


@dataclass(frozen=True)
class Collection:
    """What a source holds; images are opened only by `read`, which raises for a broken one.

    `read` gives a Pillow image, or an array [H, W] or [H, W, C] of any numbers.
    """

    names: Sequence[str]
    read: Callable[[int], Raw]  # or an image that is not decoded yet
    image_size: int  # in pixels, where none is asked for
    are_files: bool  # decoded in threads, duplicates dropped
    columns: Mapping[str, Column] = field(default_factory=dict)
    columns_left_out: Sequence[str] = ()  # text with more values than a class has
    validation_from: int | None = None  # the source's own validation images are the last ones
    credit: str = ""
    skipped: Sequence[LeftOut] = ()  # what is no image, or is kept apart
    warnings: Sequence[str] = ()  # sentences on what was understood, and what was not
    # More of these, on the images that turned out to be readable and are used, by their indices.
    about_used: Callable[[NDArray[np.int64]], Sequence[str]] = lambda used: ()
    excluded: Sequence[int] = ()  # images that are left out by hand
    are_copies_excluded: bool = False  # of these, too
    read_file: Callable[[int], bytes] | None = None  # the file that an image is, as it lies


def with_distinct_names(collection: Collection) -> Collection:
    """`collection` with a number behind the names that came before, as in one zip file."""
    if isinstance(collection.names, Numbers):
        return collection
    taken = set(collection.names)
    if len(taken) == len(collection.names):
        return collection
    seen: set[str] = set()
    names = []
    for name in collection.names:
        distinct, number = name, 1
        while distinct in seen or (distinct != name and distinct in taken):
            number += 1
            distinct = f"{name} ({number})"
        seen.add(distinct)
        names.append(distinct)
    return replace(collection, names=names)


@dataclass(frozen=True)
class Source:
    """A place found on disk; `listing` changes when it is edited, `load` does the slow part."""

    kind: str
    path: str
    name: str
    listing: Listing
    load: Callable[[], Collection]


def own_size(height: int, width: int) -> int:
    """The image_size of images that share this height and width."""
    return min(max(min(height, width), MIN_IMAGE_SIZE), MAX_IMAGE_SIZE)
