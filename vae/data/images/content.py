"""What a file holds by its first bytes: an image of a kind that is read, or something else."""

from __future__ import annotations

import re

HEAD_BYTES = 512  # enough for every rule below

IMAGES = re.compile(
    rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP"
    rb"|BM.{4}\0\0.{6}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0"  # with the size of its own header
    rb"|II[*+]\0|MM\0[*+]|P[1-7fF]\s+[\d#]|P7\n"
    rb"|\0\0\0.ftyp(avi[fs]|hei[cfmsx]|hev[cmsx]|mi[fs]f?1|msf1)"
    rb"|\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
    re.DOTALL,
)
SUFFIXES = (
    (rb"\x89PNG", ".png"),
    (rb"\xff\xd8\xff", ".jpg"),
    (rb"GIF8", ".gif"),
    (rb"RIFF", ".webp"),
    (rb"BM", ".bmp"),
    (rb"II|MM", ".tif"),
    (rb"P[1-7fF]", ".ppm"),
    (rb"....ftypavi", ".avif"),
    (rb"....ftyp", ".heic"),
    (rb"....jP|\xff\x4f", ".jp2"),
)
OTHERS = (
    (rb"version https://git-lfs", "a Git LFS pointer: fetch the images with git lfs pull"),
    (rb"(?i)\s*(<!doctype html|<html)", "a web page"),
    (rb"(?i)\s*(<\?xml|<svg)", "a text in XML, as SVG drawings are"),
    (rb"PK\x03\x04|PK\x05\x06", "a zip file"),
    (rb"%PDF", "a PDF document"),
    (rb"%!PS", "a PostScript document"),
    (rb"....ftyp|\x1aE\xdf\xa3|RIFF....AVI ", "a video"),
    (rb"8BPS", "a Photoshop file"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL image, which is not read: save it as PNG"),
    (rb"v/1\x01|#\?R", "an image in OpenEXR or HDR, which is not read: save it as TIFF"),
    (rb"DDS |\0\0[\1\2]\0[\1-\x20]\0", "an icon or texture, which is not read: save it as PNG"),
    (rb".{128}DICM|SIMPLE  =", "a scan in DICOM or FITS, which is not read: save it as PNG"),
    (rb"\x1f\x8b", "packed by gzip"),
    (rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\xfd7zXZ\0|BZh|\x28\xb5\x2f\xfd", "an archive"),
    (rb"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (rb"PAR1|ARROW1", "a table in Parquet or Arrow"),
    (rb"MATLAB 5\.0 MAT-file", "a MATLAB file"),
    (rb"\x80[\x02-\x05][c}\]\x95\x8a(]", "a Python pickle"),
)


def is_image(head: bytes) -> bool:
    """Whether a file that begins with `head` is an image of a kind that is read."""
    return IMAGES.match(head) is not None


def suffix_of(head: bytes) -> str:
    """The suffix of an image file that begins with `head`, "" where that is none."""
    return next((suffix for start, suffix in SUFFIXES if re.match(start, head, re.DOTALL)), "")


def described(head: bytes) -> str:
    """What a file that begins with `head` is, in a few words: "a web page"."""
    if not head:
        return "empty"
    for pattern, words in OTHERS:
        if re.match(pattern, head, re.DOTALL):
            return words
    if not head.strip(b"\0"):
        return "zeros only"
    try:
        text = head[: len(head) - 3 if len(head) == HEAD_BYTES else None].decode("utf-8")
    except UnicodeDecodeError:
        return "none of the kinds of images that are read"
    is_text = all(character.isprintable() or character in "\t\r\n" for character in text)
    return "a text" if is_text else "none of the kinds of images that are read"
