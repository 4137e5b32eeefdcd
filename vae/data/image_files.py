"""One image as Pillow opens it, made upright, square, 8-bit and of the size that is asked for.

H height, W width. Which kinds of files are decoded at all stands at the top.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

MAX_PIXELS = 40_000_000  # of one image, known from its header

# Ghostscript (EPS) and the rarely tested decoders stay out: content decides, not the file's name.
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000")


class TooLargeError(ValueError):
    """An image over a limit, refused before it is decoded."""


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


def upright(image: Image.Image, size: int) -> Image.Image:
    """`image` as 8-bit L or RGB, turned as its EXIF says, alpha over white.

    `size` is the side in pixels needed afterwards: a JPEG may be decoded at a fraction of its own,
    at least twice that. Raises TooLargeError, and whatever Pillow raises for a broken file.
    """
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise TooLargeError(f"{width}x{height} is over {MAX_PIXELS // 1_000_000} megapixels")
    image.draft(None, (2 * size, 2 * size))
    return _eight_bit(ImageOps.exif_transpose(image))


def upright_square(image: Image.Image, size: int, crop: Crop = CENTRE) -> Image.Image:
    """A square of `image` as `upright` makes it, of which `size` pixels a side are needed."""
    whole = upright(image, math.ceil(size * crop.zoom))
    return whole.crop(crop.box(*whole.size))


def resized(square: Image.Image, size: int) -> Image.Image:
    """`square` with `size` pixels a side: the exact mean of whole blocks, otherwise Lanczos."""
    if square.width == size:
        return square
    if square.width % size == 0:
        return square.reduce(square.width // size)
    return square.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)


def digest(square: Image.Image) -> bytes:
    """16 bytes that two images share when all their decoded pixels are equal."""
    return hashlib.blake2b(square.tobytes(), digest_size=16).digest()


def is_grey_mode(mode: str) -> bool:
    """Whether images of this Pillow mode have no colour."""
    return mode in ("1", "L", "LA", "La", "I", "F") or mode.startswith("I;16")


def _eight_bit(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return _grey_image(np.asarray(image) / 257.0)  # convert("L") would clip at 255
    if image.mode in ("I", "F"):
        return _grey_image(_levels(np.asarray(image, dtype=np.float64)))
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None  # None is for in-place conversions
        return converted
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _levels(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """`values` [H, W] in 0..255: unit, 8-bit and 16-bit ranges are kept, others are stretched."""
    low, high = float(values.min()), float(values.max())
    if not math.isfinite(low) or not math.isfinite(high):
        raise ValueError("pixels are not finite")
    if low >= 0 and high <= 1:
        return values * 255.0
    if low >= 0 and high <= 65535:
        return values if high <= 255 else values / 257.0
    return (values - low) * (255.0 / (high - low)) if high > low else values * 0.0


def _grey_image(levels: NDArray[Any]) -> Image.Image:
    return Image.fromarray(np.rint(levels).astype(np.uint8))
