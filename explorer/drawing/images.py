"""Latents to pictures and back, and pictures as bytes for the page: pure functions.

N images, H rows, W columns, C channels (1 or 3), D latent dimensions.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vae import pictures
from vae.api import decode as decode
from vae.api import encode as encode
from vae.data.images.image_files import Crop, upright
from vae.data.images.one_picture import unreadable
from vae.data.images.opening import opened
from vae.errors import InputError

if TYPE_CHECKING:
    from vae.data.images.decoding import Rendering

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

LINK_LIMIT = 60_000.0  # of a number in a link, which is a float16
FRAMES_PER_LEG = 24
FRAME_SECONDS = 0.05
HELD_FRAMES = 8  # at each end of a loop
EXPORT_SIZE = 256  # pixels a side


def enlarged(image: Pixels, size: int) -> Pixels:
    """An image [H, W, C] with `size` pixels a side, Lanczos. [size, size, 3]"""
    whole = Image.fromarray(pictures.to_rgb(image))
    if whole.size != (size, size):
        whole = whole.resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(whole)


def png(image: Pixels, size: int, comment: str = "") -> bytes:
    """A PNG of an image [H, W, C] with `size` pixels a side, packed fast rather than small."""
    return pictures.png(enlarged(image, size), comment, compress_level=1)


def address(image: Pixels, size: int) -> str:
    """An image [H, W, C] with `size` pixels a side, as an address that holds it.

    A picture that the server keeps may be gone before a slow browser asks for it.
    """
    return data_url(png(image, size), "image/png")


def sheet(images: Pixels, columns: int, size: int) -> bytes:
    """Images without gaps on one WebP sheet, row by row, at most `size` pixels a side each."""
    size = min(size, images.shape[1])
    tiles = np.stack([enlarged(image, size) for image in images])
    buffer = io.BytesIO()
    Image.fromarray(pictures.grid(tiles, columns, gap=0, ground=128)).save(
        buffer, "WEBP", quality=88, method=2
    )
    return buffer.getvalue()


def data_url(data: bytes, mime: str) -> str:
    """Bytes as an address that holds them."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def strip(images: Pixels, comment: str = "") -> bytes:
    """Images side by side as a PNG file, small ones enlarged."""
    sheet = pictures.enlarge(pictures.grid(images, len(images)), strip_factor(images.shape[1]))
    return pictures.png(sheet, comment)


def strip_factor(size: int) -> int:
    """By how much a strip of images with `size` pixels a side is enlarged."""
    return max(1, EXPORT_SIZE // 2 // size)


def cropping(data: bytes, rendering: Rendering, crop: Crop, width: int) -> bytes:
    """The whole of somebody's picture as a JPEG of at most `width` pixels a side.

    What is outside the crop is dimmed, where the rendering takes a square. Raises InputError.
    """
    try:
        with opened(data) as image:
            whole = upright(image, width, rendering.background, rendering.ranges).convert("RGB")
    except Exception as error:  # Pillow raises nearly anything for a broken file
        raise InputError(unreadable(error)) from error
    whole.thumbnail((width, width), Image.Resampling.LANCZOS)
    if rendering.crop == "centre":
        box = crop.box(*whole.size)
        dimmed = Image.blend(whole, Image.new("RGB", whole.size, (128, 128, 128)), 0.72)
        dimmed.paste(whole.crop(box), box[:2])
        ImageDraw.Draw(dimmed).rectangle((*box[:2], box[2] - 1, box[3] - 1), outline="white")
        whole = dimmed
    buffer = io.BytesIO()
    whole.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def to_link(z: Sequence[float]) -> str:
    """A point of the latent space [D] as a word for an address, each number in 16 bits."""
    numbers = np.clip(np.asarray(z, np.float64), -LINK_LIMIT, LINK_LIMIT).astype("<f2")
    return base64.urlsafe_b64encode(numbers.tobytes()).decode().rstrip("=")


def from_link(word: str, latent_dim: int) -> list[float] | None:
    """The point that `to_link` wrote; None where it is none of `latent_dim` finite numbers."""
    try:
        block = base64.b64decode(word + "=" * (-len(word) % 4), b"-_", validate=True)
        numbers: NDArray[Any] = np.frombuffer(block, "<f2").astype(np.float64)
    except (binascii.Error, ValueError):
        return None
    if len(numbers) != latent_dim or not np.isfinite(numbers).all():
        return None
    return [float(number) for number in numbers]


def decibels(a: Pixels, b: Pixels) -> float:
    """Peak signal-to-noise ratio of two images of the same shape, in dB."""
    from torch import tensor

    from vae.model.elbo import psnr

    apart = (a.astype(np.float64) - b.astype(np.float64)) / 255
    return float(psnr(tensor((apart**2).mean())))
