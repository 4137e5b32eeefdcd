"""How the values of pixels become the levels 0 to 255, with one scale for a whole source.

H height, W width, C channels. Values of 8 bits are called bytes, the others whole or floats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["bytes", "whole", "floats"]
LABELS: dict[Kind, str] = {"bytes": "8 bits", "whole": "Whole numbers", "floats": "Floats"}

DARKEST_WHITE = 32  # whoever fills 8 bits goes past this somewhere in a whole source
DEPTHS = (10, 12, 14, 16)  # bits of cameras and scanners, stored in 16
BLOCK = 2**20  # values scaled at once, so that a large image is not held several times


@dataclass(frozen=True)
class ValueRange:
    """The lowest and highest value found, and those that become black (0) and white (255)."""

    low: float
    high: float
    black: float
    white: float

    def levels(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """`values` of any shape as 0..255, rounded; what lies outside is black or white."""
        flat = np.ravel(values)
        levels = np.empty(flat.shape, np.uint8)
        scale = 255.0 / (self.white - self.black) if self.white > self.black else 0.0
        for start in range(0, flat.size, BLOCK):
            part = (flat[start : start + BLOCK].astype(np.float64) - self.black) * scale
            levels[start : start + BLOCK] = np.rint(np.clip(part, 0.0, 255.0))
        return levels.reshape(values.shape)

    @property
    def sentence(self) -> str:
        """What was found and what it becomes."""
        if self == BYTES:
            return "The values have 8 bits: 0 is black, 255 white."
        low, high, black, white = map(_text, (self.low, self.high, self.black, self.white))
        return f"The values go from {low} to {high}: {black} becomes black, {white} white."


BYTES = ValueRange(0, 255, 0, 255)


def range_of(low: float, high: float, kind: Kind = "floats") -> ValueRange:
    """The scale for a source whose values go from `low` to `high`, not stored in 8 bits.

    Known scales first: 0..1, -1..1, 0..255, whole numbers from -128 to 127, and 10 to 16 bits. Any
    other is stretched. A source
    with a single value says nothing of its depth and gets the largest scale of those it may have.
    """
    return ValueRange(low, high, *_black_and_white(low, high, kind))


def _black_and_white(low: float, high: float, kind: Kind) -> tuple[float, float]:
    if low < 0:
        if kind == "whole" and -128 <= low <= -DARKEST_WHITE and high <= 127:
            return -128, 127
        # A little below 0 is what resizing makes of values from 0 to 1.
        return (-1, 1) if -1 <= low < -0.1 and high <= 1 else (low, high)
    if high <= 1:
        return 0, 1
    if high < DARKEST_WHITE and low < high:
        return 0, high
    if high <= 255:
        return 0, 255
    depths = DEPTHS if low < high else DEPTHS[-1:]
    white = next((2**bits - 1 for bits in depths if high <= 2**bits - 1), None)
    return (low, high) if white is None else (0, white)


def byte_range(low: int, high: int) -> ValueRange:
    """The scale for values of 8 bits: 0..255, but for masks of zeros and ones."""
    return ValueRange(low, high, 0, 1 if high == 1 else 255)


def kind_of(values: NDArray[Any]) -> Kind:
    """What `values` are. Raises ValueError for what are no numbers."""
    if values.dtype.kind not in "buif":
        raise ValueError(f"expected numbers, found {values.dtype}")
    if values.dtype in (np.uint8, np.bool_):
        return "bytes"
    return "floats" if values.dtype.kind == "f" else "whole"


def extremes(values: NDArray[Any]) -> tuple[float, float, int]:
    """Lowest and highest finite value, alpha aside, and how many values are not finite.

    `values` are [H, W] or [H, W, C]; without any finite value, the first two are inf and -inf.
    """
    colours = values[..., :3] if values.ndim == 3 and values.shape[2] == 4 else values
    low, high = float(colours.min()), float(colours.max())
    if np.isfinite(low) and np.isfinite(high):
        return low, high, 0
    known = colours[np.isfinite(colours)]
    missing = int(colours.size - known.size)
    if not known.size:
        return np.inf, -np.inf, missing
    return float(known.min()), float(known.max()), missing


def described(ranges: Mapping[Kind, ValueRange]) -> dict[str, float | str]:
    """The values found and what they become: the numbers of the deepest kind, all in a sentence."""
    order: tuple[Kind, ...] = ("floats", "whole", "bytes")
    found = [(kind, ranges[kind]) for kind in order if kind in ranges]
    if not found:
        return {}
    deepest = found[0][1]
    sentence = deepest.sentence
    if len(found) > 1:
        sentence = " ".join(f"{LABELS[kind]}: {scale.sentence}" for kind, scale in found)
    numbers = {name: getattr(deepest, name) for name in ("low", "high", "black", "white")}
    return {**numbers, "sentence": sentence}


def _text(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:,.4g}"
