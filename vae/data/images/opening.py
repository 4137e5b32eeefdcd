"""One image as it lies in a file or an array: opened whatever its kind, decoded, made upright.

H height, W width, C channels. A raw picture is all that was decoded: 8 bits as an image of the mode
L, RGB or RGBA (only where something of it is transparent), anything deeper as an array [H, W] or
[H, W, C]. Which kinds of files are decoded at all stands at the top.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, features
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile

from vae.data.images import content
from vae.data.images.values import Kind, kind_of

MAX_PIXELS = 40_000_000  # of one image as it is decoded, known from its header
STRIP_PIXELS = 1_000_000  # copied at once
MAX_PROGRESSIVE_PIXELS = 250_000_000  # a progressive JPEG is held whole, even for a part of it

# Ghostscript (EPS) and the rarely tested decoders stay out: content decides, not the file's name.
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000")

# Kinds of files that are read with another package, by the brand in their first bytes.
PACKAGES = {"heic": "pillow-heif", "avif": "pillow-avif-plugin"}
BRANDS = {"avif": (b"avif", b"avis"), "heic": (b"hei", b"hev", b"mif1", b"msf1")}
JPEG_2000 = (b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ")
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

Raw = Image.Image | NDArray[Any]


class TooLargeError(ValueError):
    """An image over a limit, refused before it is decoded."""


def opened(data: bytes) -> Image.Image:
    """The image in a file, not decoded yet, of an animation or several pages the first.

    Raises ValueError with a plain reason, and TooLargeError.
    """
    # These two can be decoded at a part of their size, so Pillow's own limit is not for them.
    with contextlib.suppress(SyntaxError):
        if data.startswith(b"\xff\xd8\xff"):
            return JpegImageFile(io.BytesIO(data))
        if data.startswith(JPEG_2000):
            return Jpeg2KImageFile(io.BytesIO(data))
    brand = _brand(data)
    try:
        if brand == "heic":
            importlib.import_module("pillow_heif").register_heif_opener()
            return Image.open(io.BytesIO(data), formats=("HEIF",))
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise TooLargeError(_limit("it")) from error
    except (ImportError, OSError) as error:
        is_missing = isinstance(error, ImportError) or not features.check("avif")
        raise ValueError(_why_not(data, brand if is_missing else None)) from error


def _brand(data: bytes) -> str | None:
    """Of which kind the file is among those that need a package."""
    brands = data[8 : min(int.from_bytes(data[:4], "big"), 64)] if data[4:8] == b"ftyp" else b""
    words = [brands[start : start + 4] for start in range(0, len(brands), 4)]
    known = [kind for kind, starts in BRANDS.items() if any(w.startswith(starts) for w in words)]
    return known[0] if known else None


def _why_not(data: bytes, brand: str | None) -> str:
    if brand is not None:
        package = PACKAGES[brand]
        return f"{brand.upper()} files need the package {package}: pip install {package}"
    if not content.is_image(data):
        return f"the file is {content.described(data)}"
    kind = "TIFF file" if data.startswith(TIFF) else "image file"
    return f"the {kind} is broken, or of a kind that Pillow cannot decode"


def is_deep(image: Image.Image) -> bool:
    """Whether `image`, not decoded yet, has pixels of more than 8 bits."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16") or bool(_deep_tiles(image))


def _deep_tiles(image: Image.Image) -> list[Any]:
    """The parts of a file with 16 bits of colour; Pillow would keep 8 of them."""
    tiles = getattr(image, "tile", [])
    return tiles if tiles and all(re.match("RGBA?;16[BLN]", _raw_mode(t)) for t in tiles) else []


def _raw_mode(tile: Any) -> str:
    return str(tile.args[0] if isinstance(tile.args, tuple) else tile.args)


def decoded(picture: Raw, size: int | None = None) -> tuple[Raw, bool]:
    """(raw picture, upright as its EXIF says; whether it was decoded at a fraction of its size).

    `size` is the side in pixels needed afterwards: a JPEG may be decoded at a fraction of its own,
    at least twice that. Raises TooLargeError, and whatever Pillow raises for a broken file.
    """
    if not isinstance(picture, Image.Image):
        return _from_array(picture), False
    full = picture.size
    reduce(picture, size)
    if _deep_tiles(picture):
        return _deep_colour(picture), False
    upright_one = ImageOps.exif_transpose(picture)  # decodes
    raw = as_raw(upright_one)
    is_reduced = picture.width * picture.height < full[0] * full[1]
    return raw if isinstance(raw, Image.Image) else finite(raw), is_reduced


def reduce(image: Image.Image, size: int | None) -> None:
    """Have a file decoded at a fraction of its size, where it is large. Raises TooLargeError."""
    width, height = image.size
    count = width * height
    if isinstance(image, JpegImageFile):
        if count > MAX_PROGRESSIVE_PIXELS and "progressive" in image.info:
            raise TooLargeError(_limit(f"{width}x{height}", MAX_PROGRESSIVE_PIXELS))
        steps = [s for s in (1, 2, 4, 8) if -(-width // s) * -(-height // s) <= MAX_PIXELS]
        needed = steps[0] if steps else 8
        wanted = 1 if size is None else min(width, height) // (2 * size)
        step = max(needed, wanted, 1)
        image.draft(None, (max(width // step, 1), max(height // step, 1)))
        count = image.width * image.height
    elif isinstance(image, Jpeg2KImageFile) and count > MAX_PIXELS:
        power = math.ceil(math.log2(count / MAX_PIXELS) / 2)
        image.reduce = power
        count //= 4**power
    if count > MAX_PIXELS:
        raise TooLargeError(_limit(f"{width}x{height}"))


def _limit(what: str, limit: int = MAX_PIXELS) -> str:
    return f"{what} is over {limit // 1_000_000} megapixels"


def _deep_colour(image: Image.Image) -> NDArray[np.uint16]:
    """All 16 bits of colour [H, W, C] of a file of which Pillow decodes the upper 8 at a time."""
    file: Any = getattr(image, "fp")  # noqa: B009 (an image of a file has one)
    file.seek(0)
    data = file.read()
    halves = []
    for order in ("B", "L"):  # the first byte of each two, then the second
        half = Image.open(io.BytesIO(data), formats=FORMATS)
        first = half.tile[0]
        is_big = _raw_mode(first).endswith("B")
        half.tile = [_with_order(tile, order) for tile in half.tile]
        upright_half = ImageOps.exif_transpose(half)
        halves.append(np.asarray(upright_half).astype(np.uint16))
    high, low = halves if is_big else halves[::-1]
    return high * np.uint16(256) + low


def _with_order(tile: Any, order: str) -> Any:
    if isinstance(tile.args, tuple):
        return tile._replace(args=(tile.args[0][:-1] + order, *tile.args[1:]))
    return tile._replace(args=tile.args[:-1] + order)


def _from_array(values: NDArray[Any]) -> Raw:
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if kind_of(values) != "bytes":
        return finite(values)
    return opaque(Image.fromarray(np.ascontiguousarray(values, dtype=np.uint8)))


def finite(values: NDArray[Any]) -> NDArray[Any]:
    """`values` as they are. Raises ValueError where some of them are no finite numbers."""
    if values.dtype.kind == "f" and (missing := int(values.size - np.isfinite(values).sum())):
        are = "is not a finite number" if missing == 1 else "are not finite numbers"
        raise ValueError(f"{missing:,} of its {values.size:,} values {are}")
    return values


def as_raw(image: Image.Image) -> Raw:
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return np.asarray(image)
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None  # None is for in-place conversions
        return converted
    if image.has_transparency_data:
        return opaque(image.convert("RGBA"))
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def opaque(image: Image.Image) -> Image.Image:
    is_opaque = image.mode == "RGBA" and image.getchannel("A").getextrema()[0] == 255
    return image.convert("RGB") if is_opaque else image


def raw_kind(raw: Raw) -> Kind:
    """Of which kind the values of a raw picture are."""
    return "bytes" if isinstance(raw, Image.Image) else kind_of(raw)


def digest(raw: Raw) -> bytes:
    """16 bytes that two raw pictures share when all their pixels are equal."""
    if isinstance(raw, Image.Image):
        raw = raw.convert("RGB") if raw.mode == "L" else raw
        shape, (width, height) = f"{raw.mode} {raw.size}", raw.size
    else:
        kind = np.float64 if raw.dtype.kind == "f" else np.int64
        shape, (height, width) = f"{kind} {raw.shape}", raw.shape[:2]
    found = hashlib.blake2b(shape.encode(), digest_size=16)
    rows = max(1, STRIP_PIXELS // width)  # a copy of all of a large image would be much
    for top in range(0, height, rows):
        if isinstance(raw, Image.Image):
            found.update(raw.crop((0, top, width, min(top + rows, height))).tobytes())
        else:
            found.update(np.ascontiguousarray(raw[top : top + rows], dtype=kind).tobytes())
    return found.digest()


def is_grey_mode(mode: str) -> bool:
    """Whether images of this Pillow mode have no colour."""
    return mode in ("1", "L", "LA", "La", "I", "F") or mode.startswith("I;16")
