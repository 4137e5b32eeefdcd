"""Which images an array holds: rows, channels first or last, one picture alone.

N images, H height, W width, C channels, D numbers in a row. No array is copied.
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
        return _stack(array)
    if len(shape) == 3:
        if shape[2] in CHANNELS and num != shape[0]:
            return Images(array[None], _sentence(shape, "one picture"))
        if shape[0] == 3 and num is None:
            return Images(array, _sentence(shape, "3 grey images"))
        return Images(array)
    if len(shape) == 1:
        return _rows(array[None]) if shape[0] >= SHORT_ROW else None
    if len(shape) != 2:
        return None
    if num == shape[0] or (num is None and _are_rows(array)):
        return _rows(array)
    return Images(array[None], _sentence(shape, "one grey picture")) if num is None else None


def _stack(array: NDArray[Any]) -> Images | None:
    if array.shape[3] in CHANNELS:
        return Images(array)
    if array.shape[1] in CHANNELS:
        return Images(np.moveaxis(array, 1, 3))
    return None


def _row_shape(width: int) -> tuple[int, int, int] | None:
    """(C, H, W) of the square image in a row of so many numbers."""
    for channels in (1, 3):
        side = math.isqrt(width // channels)
        if channels * side * side == width and side > 1:
            return channels, side, side
    return None


def _are_rows(array: NDArray[Any]) -> bool:
    """Whether an array [N, D] is N square images rather than one picture."""
    num, width = len(array), int(array.shape[1])
    shape = _row_shape(width)
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


def _rows(array: NDArray[Any]) -> Images | None:
    shape = _row_shape(array.shape[1])
    if shape is None:
        return None
    channels, side, _ = shape
    images = array.reshape(len(array), *shape)
    kind = "images" if channels == 1 else "colour images, channels first,"
    what = f"{len(array):,} {kind} of {side} x {side} pixels, one a row"
    return Images(np.moveaxis(images, 1, 3), _sentence(array.shape, what))


def _sentence(shape: tuple[int, ...], what: str) -> str:
    return f"the shape {list(shape)} was read as {what}."
