"""Pictures out of images: grids, PNG, GIF, WebP and MP4, always in the order red, green, blue.

N images, H rows, W columns, C channels (1 or 3); everything uint8.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from vae.atomic import atomic_write, make_folder
from vae.errors import FileError, InputError, reading

Pixels = NDArray[np.uint8]

STILL_SUFFIXES = (".png",)
ANIMATION_SUFFIXES = (".gif", ".webp", ".mp4")
FRAME_SECONDS = 0.12  # that one picture of an animation is shown
COMMENT_WORD = "recipe"  # of the text in a PNG
IMAGE_DESCRIPTION = 0x010E  # of EXIF
MAX_COMMENT = 1 << 20  # characters
MIME = {
    ".png": "image/png",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
}


def from_unit(x: NDArray[np.floating[Any]]) -> Pixels:
    """Images in [0, 1], [N, C, H, W], as pixels; what is not a number is black. [N, H, W, C]"""
    rounded = np.rint(np.clip(np.nan_to_num(x), 0.0, 1.0) * 255.0).astype(np.uint8)
    return np.ascontiguousarray(rounded.transpose(0, 2, 3, 1))


def to_rgb(images: Pixels) -> Pixels:
    """The same images with three channels. [..., H, W, C] -> [..., H, W, 3]"""
    return images if images.shape[-1] == 3 else np.repeat(images, 3, -1)


def grid(images: Pixels, columns: int, gap: int = 2, ground: int = 255) -> Pixels:
    """Images row by row on one sheet, `gap` pixels apart. [N, H, W, C] -> [H', W', 3]"""
    num, height, width, _ = images.shape
    rows = -(-num // columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, 3)
    sheet = np.full(shape, ground, np.uint8)
    for i, image in enumerate(to_rgb(images)):
        top, left = (i // columns) * (height + gap), (i % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def cut(sheet: Pixels, num: int, columns: int, size: int, gap: int = 2) -> Pixels:
    """The first `num` images of a sheet that `grid` made. [N, size, size, 3]"""
    pitch = size + gap
    places = [((i // columns) * pitch, (i % columns) * pitch) for i in range(num)]
    return np.stack([sheet[y : y + size, x : x + size] for y, x in places])


def enlarge(sheet: Pixels, factor: int) -> Pixels:
    """Each pixel as `factor` by `factor` pixels. [H, W, C] -> [factor H, factor W, C]"""
    return sheet.repeat(factor, 0).repeat(factor, 1)


def png(sheet: Pixels, comment: str = "", compress_level: int = 6) -> bytes:
    """A PNG file of one picture [H, W, C]; `comment`, in ASCII, travels in it."""
    buffer = io.BytesIO()
    texts = PngImagePlugin.PngInfo()
    if comment:
        texts.add_text(COMMENT_WORD, comment)
    whole = Image.fromarray(to_rgb(sheet))
    whole.save(buffer, "PNG", pnginfo=texts, compress_level=compress_level)
    return buffer.getvalue()


def read_png(file: Path) -> Pixels:
    """The pixels of a picture file. [H, W, 3] Raises FileError where it is broken."""
    try:
        with reading(file), Image.open(file) as image:
            return np.asarray(image.convert("RGB"))
    except (ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FileError(f"{file} cannot be read as a picture: {error}.") from error


def animation(
    frames: Sequence[Pixels],
    suffix: str,
    frame_seconds: float = FRAME_SECONDS,
    hold_seconds: float = 1.0,
    comment: str = "",
) -> bytes:
    """An animation file of equal-sized pictures [H, W, 3]; the last one is held.

    `suffix`: .gif, .webp or .mp4. GIF and WebP loop for ever. `comment`, in ASCII, travels in the
    file. Raises InputError for another suffix.
    """
    if suffix not in ANIMATION_SUFFIXES:
        wanted = ", ".join(ANIMATION_SUFFIXES)
        raise InputError(f"An animation is written as {wanted}, not as {suffix or 'no suffix'}.")
    if not 0.01 <= frame_seconds <= 60:
        raise InputError(f"A picture is shown for 0.01 to 60 seconds, not for {frame_seconds:g}.")
    if suffix == ".mp4":
        held = max(1, round(hold_seconds / frame_seconds))
        return _mp4([*frames, *[frames[-1]] * (held - 1)], frame_seconds, comment)
    durations = [round(frame_seconds * 1000)] * len(frames)
    durations[-1] = round(hold_seconds * 1000)
    images = [Image.fromarray(frame) for frame in frames]
    settings: dict[str, Any] = {"quality": 90, "method": 4}
    if suffix == ".gif":
        images = [_gif_frame(image) for image in images]
        settings = {"disposal": 1, "optimize": False, "comment": comment.encode("ascii")}
    elif comment:
        exif = Image.Exif()
        exif[IMAGE_DESCRIPTION] = comment
        settings["exif"] = exif.tobytes()
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        suffix[1:].upper(),
        save_all=True,
        append_images=images[1:],
        duration=durations,
        loop=0,
        **settings,
    )
    return buffer.getvalue()


def _gif_frame(image: Image.Image) -> Image.Image:
    """The picture in its own 256 colours."""
    return image.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG)


def _mp4(frames: Sequence[Pixels], frame_seconds: float, comment: str) -> bytes:
    """H.264 in the form that every browser plays: even sides, yuv420p."""
    import av

    height, width = (side + side % 2 for side in frames[0].shape[:2])
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        container.metadata["comment"] = comment
        rate = Fraction(1 / frame_seconds).limit_denominator(1000)
        stream = container.add_stream("libx264", rate=rate, options={"crf": "16"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for pixels in frames:
            bottom, right = height - pixels.shape[0], width - pixels.shape[1]
            even = np.pad(pixels, ((0, bottom), (0, right), (0, 0)), mode="edge")
            frame = av.VideoFrame.from_ndarray(even, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def comment_of(data: bytes) -> str:
    """The comment that travels in a PNG, GIF, WebP or MP4 file; "" where none can be read."""
    try:
        text = _mp4_comment(data) if data[4:8] == b"ftyp" else _picture_comment(data)
    except Exception:  # Pillow and FFmpeg raise nearly anything for a broken file
        return ""
    return text if len(text) <= MAX_COMMENT else ""


def _picture_comment(data: bytes) -> str:
    """Only the head of the file is read, no pixel is decoded."""
    with Image.open(io.BytesIO(data), formats=("PNG", "GIF", "WEBP")) as image:
        if image.format == "WEBP":
            return str(image.getexif().get(IMAGE_DESCRIPTION, ""))
        found = image.info.get("comment" if image.format == "GIF" else COMMENT_WORD, "")
        return found.decode("ascii") if isinstance(found, bytes) else str(found)


def _mp4_comment(data: bytes) -> str:
    import av

    with av.open(io.BytesIO(data), format="mp4") as container:
        return str(container.metadata.get("comment", ""))


def write_still(file: Path, sheet: Pixels) -> None:
    """Write one picture as PNG. Raises InputError for another suffix, FileError."""
    if file.suffix.lower() not in STILL_SUFFIXES:
        raise InputError(f"A picture is written as .png, not as {file.name!r}.")
    make_folder(file.parent)
    atomic_write(file, png(sheet))


def write_animation(
    file: Path, frames: Sequence[Pixels], frame_seconds: float = FRAME_SECONDS
) -> None:
    """Write an animation by the suffix of `file`. Raises InputError, FileError."""
    data = animation(frames, file.suffix.lower(), frame_seconds)
    make_folder(file.parent)
    atomic_write(file, data)
