"""Which images an array holds: rows, channels first or last, one picture alone.

N images, H height, W width, C channels, D numbers in a row. No array is copied, but for one that is
compressed and has its images along the last axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHANNELS = (1, 3, 4)
SHORT_ROW = 256  # a shorter row is a line of a picture, unless there are very many
MANY = 10  # rows for each number in a row
ALIKE = (0.4, 2.5)  # rows for each number in a row: so many may be a picture too
MIN_SIDE = 8  # in pixels, by which an unusual order of the axes is told
SAMPLE = 64  # rows, by which the order of their channels is told
SMOOTHER = 0.9  # differences of the smoother reading, as a share of those of the other
LAYOUTS = (
    "[N, H, W], [N, H, W, C] or [N, C, H, W] with 1, 3 or 4 channels, or rows of square images"
)


@dataclass(frozen=True)
class Images:
    """N images: what `values[i]` is, [H, W] or [H, W, C]; `sentence` says what was not obvious."""

    values: NDArray[Any]
    sentence: str = ""


def as_images(array: NDArray[Any], num: int | None = None) -> Images | None:
    """The images that `array` holds, None where it holds none.

    `num` is how many labels there are for them, where that is known.
    """
    if array.dtype.kind not in "buif" or 0 in array.shape:
        return None
    shape = array.shape
    if len(shape) == 4:
        return _stack(array, num)
    if len(shape) == 3:
        if shape[2] in CHANNELS and num != shape[0]:
            return Images(array[None], _sentence(shape, "one picture"))
        if shape[0] == 3 and num is None:
            return Images(array, _sentence(shape, "3 grey images"))
        if shape[0] == shape[1] != shape[2] and shape[0] >= MIN_SIDE and num != shape[0]:
            return _images_last(array, "grey")
        return Images(array)
    if len(shape) == 1:  # beside others of its length, it says something of each image
        return rows_as_images(array[None]) if shape[0] >= SHORT_ROW and num is None else None
    if len(shape) != 2:
        return None
    if num == shape[0] or (num is None and _are_rows(array)):
        return rows_as_images(array)
    return Images(array[None], _sentence(shape, "one grey picture")) if num is None else None


def _stack(array: NDArray[Any], num: int | None) -> Images | None:
    first, second, third, last = array.shape
    may_be_last = third in CHANNELS and min(first, second) >= MIN_SIDE and num != first
    if last in CHANNELS and not (may_be_last and first == second):
        return Images(array)
    if second in CHANNELS:
        return Images(np.moveaxis(array, 1, 3))
    return _images_last(array, "grey" if third == 1 else "colour") if may_be_last else None


def _images_last(array: NDArray[Any], kind: str) -> Images:
    """The images in an array [H, W, N] or [H, W, C, N]."""
    height, width, num = array.shape[0], array.shape[1], array.shape[-1]
    images = "image" if num == 1 else "images"
    what = f"{num:,} {kind} {images} of {height} x {width} pixels along the last axis"
    return Images(np.moveaxis(array, -1, 0), _sentence(array.shape, what))


def row_shape(width: int) -> tuple[int, int, int] | None:
    """(C, H, W) of the square image in a row of so many numbers."""
    for channels in (1, 3):
        side = math.isqrt(width // channels)
        if channels * side * side == width and side > 1:
            return channels, side, side
    return None


def _are_rows(array: NDArray[Any]) -> bool:
    """Whether an array [N, D] is N square images rather than one picture."""
    num, width = len(array), int(array.shape[1])
    shape = row_shape(width)
    if shape is None or num == width:
        return False
    if width < SHORT_ROW:
        return num >= MANY * width
    if not ALIKE[0] <= num / width <= ALIKE[1]:
        return True
    # As a picture, a line resembles the next; as rows, a number resembles the one a side further.
    some = np.asarray(array[:512], dtype=np.float64)
    down = float(np.abs(np.diff(some, axis=0)).mean())
    within = float(np.abs(some[:, shape[1] :] - some[:, : -shape[1]]).mean())
    return down >= 0.9 * within


def rows_as_images(array: NDArray[Any]) -> Images | None:
    """The square images in the rows of an array [N, D], None where they are none."""
    shape = row_shape(array.shape[1])
    if shape is None:
        return None
    channels, side, _ = shape
    are_last = channels > 1 and _are_channels_last(array, side)
    order = "last" if are_last else "first"
    kind = "images" if channels == 1 else f"colour images, channels {order},"
    what = f"{len(array):,} {kind} of {side} x {side} pixels, one a row"
    if are_last:
        images = array.reshape(len(array), side, side, channels)
    else:
        images = np.moveaxis(array.reshape(len(array), *shape), 1, 3)
    return Images(images, _sentence(array.shape, what))


def _are_channels_last(array: NDArray[Any], side: int) -> bool:
    """Whether the rows [N, D] of colour images are smoother with the channels of a pixel together.

    Looks at a pixel and the one below it: beside it, the channels of a grey pixel would mislead.
    """
    some = np.asarray(array[:SAMPLE], dtype=np.float64)
    some = some[np.isfinite(some).all(axis=1)]
    if not len(some):
        return False
    first = float(np.abs(np.diff(some.reshape(-1, 3, side, side), axis=2)).mean())
    last = float(np.abs(np.diff(some.reshape(-1, side, side, 3), axis=1)).mean())
    return last < SMOOTHER * first


def _sentence(shape: tuple[int, ...], what: str) -> str:
    return f"the shape {list(shape)} was read as {what}."
