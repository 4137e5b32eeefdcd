"""One picture in 8 bits, upright, and which square of it is used at which size.

H height, W width, C channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vae.data.images.opening import Raw, decoded, opaque, raw_kind
from vae.data.images.values import BYTES, Kind, ValueRange, extremes, range_of

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)


@dataclass(frozen=True)
class Crop:
    """Which square of a picture is used; the centre one, as large as can be, if nothing is said."""

    zoom: float = 1.0  # how many times smaller than the largest square, at least 1
    x: float = 0.5  # its place in the room there is, from the left side 0 to the right side 1
    y: float = 0.5  # from the top 0 to the bottom 1

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the square in a picture of that size, in pixels."""
        side = max(1, round(min(width, height) / max(self.zoom, 1.0)))
        left = round((width - side) * min(max(self.x, 0.0), 1.0) - 1e-9)
        top = round((height - side) * min(max(self.y, 0.0), 1.0) - 1e-9)
        return left, top, left + side, top + side


CENTRE = Crop()


def eight_bits(raw: Raw, ranges: Mapping[Kind, ValueRange]) -> Image.Image:
    """A raw picture as L, RGB or RGBA, its values scaled as `ranges` says."""
    scale = ranges.get(raw_kind(raw), BYTES)
    if isinstance(raw, Image.Image):
        if scale.white == 255:
            return raw
        alpha = raw.getchannel("A") if raw.mode == "RGBA" else None
        colours = raw.convert("RGB") if alpha else raw
        scaled = Image.fromarray(scale.levels(np.asarray(colours)))
    else:
        is_transparent = raw.ndim == 3 and raw.shape[2] == 4
        alpha = _alpha(raw[..., 3], scale) if is_transparent else None
        scaled = Image.fromarray(scale.levels(raw[..., :3] if is_transparent else raw))
    if alpha:
        scaled.putalpha(alpha)
    return opaque(scaled)


def _alpha(values: NDArray[Any], scale: ValueRange) -> Image.Image:
    """Alpha on the scale of the colours, or on its own where it goes past them."""
    low, high = min(float(values.min()), 0.0), float(values.max())
    fits = scale.black <= low and high <= scale.white
    own = ValueRange(low, high, 0, 1 if high <= 1 else 255 if high <= 255 else 65535)
    inside = ValueRange(low, high, scale.black if low < 0 else 0, scale.white)
    return Image.fromarray((inside if fits else own).levels(values))


def on_colour(image: Image.Image, colour: Colour) -> Image.Image:
    """L or RGB: `image` with `colour` behind what is transparent."""
    if image.mode != "RGBA":
        return image
    behind = Image.new("RGBA", image.size, colour)
    return Image.alpha_composite(behind, image).convert("RGB")


def upright(
    image: Image.Image,
    size: int,
    background: Colour = WHITE,
    ranges: Mapping[Kind, ValueRange] = MappingProxyType({}),
) -> Image.Image:
    """`image` as 8-bit L or RGB, turned as its EXIF says, with `background` behind it.

    Its values are scaled as `ranges` says, or by themselves where they do not fit in there. `size`
    is as in `decoded`, which says what is raised.
    """
    raw, _ = decoded(image, size)
    kind = raw_kind(raw)
    if ranges.get(kind, BYTES if kind == "bytes" else None) != BYTES:
        low, high = extremes(np.asarray(raw))
        known = ranges.get(kind)
        if known is None or low < known.black or high > known.white:
            ranges = {kind: BYTES if kind == "bytes" else range_of(low, high, kind)}
    return on_colour(eight_bits(raw, ranges), background)


def resized(square: Image.Image, size: int) -> Image.Image:
    """`square` with `size` pixels a side: the exact mean of whole blocks, otherwise Lanczos."""
    if square.width == size:
        return square
    if square.width % size == 0:
        return square.reduce(square.width // size)
    return square.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)


def padded(image: Image.Image, size: int, colour: Colour) -> Image.Image:
    """All of `image` in the middle of a square of `size` pixels a side, `colour` around it."""
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    whole = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    square = Image.new("RGB", (size, size), colour).convert(image.mode)
    square.paste(whole, ((size - width) // 2, (size - height) // 2))
    return square


def stretched(image: Image.Image, size: int) -> Image.Image:
    """All of `image` as a square of `size` pixels a side, whatever its shape was."""
    if image.width == image.height:
        return resized(image, size)
    return image.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)
