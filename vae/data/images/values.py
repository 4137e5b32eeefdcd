"""How the values of pixels become the levels 0 to 255, with one scale for a whole source.

H height, W width, C channels. Values of 8 bits are called bytes, the others whole or floats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Kind = Literal["bytes", "whole", "floats"]
LABELS: dict[Kind, str] = {"bytes": "8 bits", "whole": "Whole numbers", "floats": "Floats"}

FEW_LEVELS = 16  # a highest value up to this: no photograph, but numbers of classes or 4 bits
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

    def sentence(self, kind: Kind) -> str:
        """What was found and what it becomes."""
        low, high, black, white = map(_text, (self.low, self.high, self.black, self.white))
        if kind == "bytes" and (self.black, self.white) == (0, 255):
            return f"The values have 8 bits and go from {low} to {high}: 0 is black, 255 white."
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


def byte_range(low: int, high: int, are_grey: bool) -> tuple[ValueRange, list[str]]:
    """The scale for values of 8 bits, and what to say where they are nearly black.

    It is 0..255, but for masks: grey images that go up to 16 at most. Dark photographs stay dark.
    """
    if high == 1 or (are_grey and low < high <= FEW_LEVELS):
        values = "0 and 1" if high == 1 else f"whole numbers from {low} to {high}"
        sentence = (
            f"The values are {values} only, as of masks, though 8 bits go up to 255: they are "
            f"stretched, so that 0 becomes black and {high} white."
        )
        return ValueRange(min(low, high), high, 0, high), [sentence]
    sentences = []
    if high < DARKEST_WHITE and low < high:
        sentences.append(
            f"The brightest value is {high} of 255: the images are nearly black, and are used as "
            "they are. Brighten them first, if that is not meant."
        )
    return ValueRange(min(low, high), high, 0, 255), sentences


def kind_of(values: NDArray[Any]) -> Kind:
    """What `values` are. Raises ValueError for what are no numbers."""
    if values.dtype.kind not in "buif":
        raise ValueError(f"expected numbers, found {values.dtype}")
    if values.dtype in (np.uint8, np.bool_):
        return "bytes"
    return "floats" if values.dtype.kind == "f" else "whole"


def extremes(values: NDArray[Any]) -> tuple[float, float]:
    """Lowest and highest of values [H, W] or [H, W, C] that are all finite, alpha aside."""
    colours = values[..., :3] if values.ndim == 3 and values.shape[2] == 4 else values
    return float(colours.min()), float(colours.max())


def byte_extremes(image: Image.Image) -> tuple[int, int]:
    """Lowest and highest value of an image of 8 bits, L, RGB or RGBA, alpha aside."""
    found = np.reshape(image.getextrema(), (-1, 2))[:3]  # of each band
    return int(found[:, 0].min()), int(found[:, 1].max())


def with_bytes(ranges: Mapping[Kind, ValueRange], low: int, high: int) -> Mapping[Kind, ValueRange]:
    """`ranges` with what was found in all images of 8 bits; none were where `low` > `high`."""
    if "bytes" not in ranges or low > high:
        return {kind: scale for kind, scale in ranges.items() if kind != "bytes"}
    return {**ranges, "bytes": replace(ranges["bytes"], low=low, high=high)}


def described(ranges: Mapping[Kind, ValueRange]) -> dict[str, float | str]:
    """The values found and what they become: the numbers of the deepest kind, all in a sentence."""
    order: tuple[Kind, ...] = ("floats", "whole", "bytes")
    found = [(kind, ranges[kind]) for kind in order if kind in ranges]
    if not found:
        return {}
    deepest_kind, deepest = found[0]
    sentence = deepest.sentence(deepest_kind)
    if len(found) > 1:
        sentence = " ".join(f"{LABELS[kind]}: {scale.sentence(kind)}" for kind, scale in found)
    numbers = {name: getattr(deepest, name) for name in ("low", "high", "black", "white")}
    return {**numbers, "sentence": sentence}


def _text(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:,.4g}"
