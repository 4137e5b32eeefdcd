"""What can still be shown of an image that is broken: a JPEG that was cut off, a damaged PNG."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping

from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

from vae.data.collection import Collection
from vae.data.images.image_files import WHITE, eight_bits, on_colour
from vae.data.images.opening import as_raw, opened, reduce
from vae.data.images.values import Kind, ValueRange

SIDE = 48  # of a thumbnail, in pixels
JPEG_END = b"\xff\xd9"


def thumbnail(
    collection: Collection, index: int, ranges: Mapping[Kind, ValueRange]
) -> bytes | None:
    """A small WebP of what can be decoded of a broken image, None where nothing can.

    Its values are scaled as `ranges` says. Memory is bounded as for an image that is whole.
    """
    try:
        picture = collection.read(index)
        if not isinstance(picture, Image.Image):
            return None
        with picture:
            image = on_colour(eight_bits(as_raw(_part_of(picture)), ranges), WHITE)
    except Exception:  # Pillow raises nearly anything for a broken file
        return None
    if len(image.convert("RGB").getcolors() or ()) == 1:
        return None  # nothing was decoded before the fault
    image.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


def _part_of(image: Image.Image) -> Image.Image:
    """What is decoded of a file before its fault, the rest of it grey or black.

    Pillow can be told to overlook a fault, but only for all threads at once.
    """
    if isinstance(image, JpegImageFile):
        assert image.fp is not None
        image.fp.seek(0)
        image = opened(image.fp.read() + JPEG_END)
    reduce(image, SIDE)
    try:
        image.load()
    except Exception:
        image.tile = []  # type: ignore[attr-defined]  # so that what is there counts as all
    with contextlib.suppress(Exception):  # the EXIF may be what is broken
        return ImageOps.exif_transpose(image)
    return image
