"""Pixels of every depth and range, and transparent ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.vae.data.layouts.layout import SIDE, Theme, greys, levels

VALUES = Theme(
    "Values and transparency",
    "One scale holds for a whole source. It is decided from the values that are found, and said. "
    "Transparent images are put on the colour on which the fewest of them vanish.",
)
layout = VALUES.layout
THREE = "0 1 2"


def _files(at: Path, suffix: str, of: type, scale: float) -> Path:
    (at / "scans").mkdir()
    for number in range(3):
        values = np.rint(levels(number) / 255 * scale) if scale > 1 else levels(number) / 255
        Image.fromarray(values.astype(of)).save(at / f"scans/{number}.{suffix}")
    return at / "scans"


def _npy(at: Path, values: NDArray[np.generic]) -> Path:
    np.save(at / "faces.npy", values)
    return at / "faces.npy"


@layout(
    "12 bits in 16-bit PNG files",
    THREE,
    values="The values go from 0 to 4,095: 0 becomes black, 4,095 white",
)
def _png_12(at: Path) -> Path:
    return _files(at, "png", np.uint16, 4095)


@layout("16-bit PNG files", THREE, values="The values go from 0 to 65,535")
def _png_16(at: Path) -> Path:
    return _files(at, "png", np.uint16, 65535)


@layout("TIFF files of floats", THREE, values="The values go from 0 to 1: 0 becomes black, 1 white")
def _tiff_floats(at: Path) -> Path:
    return _files(at, "tiff", np.float32, 1)


@layout(
    "TIFF files of 32-bit whole numbers",
    THREE,
    values="The values go from 0 to 1,000,000: 0 becomes black, 1,000,000 white",
)
def _tiff_32(at: Path) -> Path:
    return _files(at, "tiff", np.int32, 1_000_000)


@layout(
    "Floats from 0 to 1",
    THREE,
    values="The values go from 0 to 1: 0 becomes black, 1 white",
    says=["read as 3 grey images"],
)
def _unit(at: Path) -> Path:
    return _npy(at, greys(range(3)).astype(np.float32) / 255)


@layout(
    "Floats from -1 to 1",
    THREE,
    values="The values go from -1 to 1: -1 becomes black, 1 white",
    says=["read as 3 grey images"],
)
def _signed(at: Path) -> Path:
    return _npy(at, greys(range(3)).astype(np.float32) / 127.5 - 1)


@layout(
    "Floats from 0 to 255",
    THREE,
    values="The values go from 0 to 255: 0 becomes black, 255 white",
    says=["read as 3 grey images"],
)
def _float_levels(at: Path) -> Path:
    return _npy(at, greys(range(3)).astype(np.float64))


@layout(
    "Whole numbers of 16 bits",
    THREE,
    values="The values go from 0 to 65,535: 0 becomes black, 65,535 white",
    says=["read as 3 grey images"],
)
def _uint16(at: Path) -> Path:
    return _npy(at, greys(range(3)).astype(np.uint16) * 257)


@layout(
    "Masks of 0 and 1",
    "0 1",
    values="The values go from 0 to 1: 0 becomes black, 1 white",
    says=["The values are 0 and 1 only, as of masks"],
    read=lambda x: round(float(x.mean() * 4)) - 1,
)
def _masks(at: Path) -> Path:
    masks = np.zeros((2, SIDE, SIDE), np.uint8)
    masks[0, : SIDE // 4] = masks[1, : SIDE // 2] = 1
    return _npy(at, masks)


def _icon_number(x: NDArray[np.float32]) -> int:
    """Which column of the picture is brightest."""
    return int(x[0].mean(axis=0).argmax())


@layout(
    "White icons on nothing: put on black, as white would hide them",
    "2 5 8",
    read=_icon_number,
    says=["3 of 3 images are transparent in places, and put on black"],
)
def _icons(at: Path) -> Path:
    (at / "icons").mkdir()
    for column in (2, 5, 8):
        icon = np.full((SIDE, SIDE, 4), 255, np.uint8)
        icon[..., 3] = 0
        icon[:, column, 3] = 255
        Image.fromarray(icon).save(at / f"icons/{column}.png")
    return at / "icons"


@layout(
    "Dark icons on nothing: put on white",
    "2 5 8",
    read=lambda x: int(x[0].mean(axis=0).argmin()),
    values="The values have 8 bits and go from 0 to 0: 0 is black, 255 white",
    says=["3 of 3 images are transparent in places, and put on white"],
)
def _dark_icons(at: Path) -> Path:
    (at / "icons").mkdir()
    for column in (2, 5, 8):
        icon = np.zeros((SIDE, SIDE, 4), np.uint8)
        icon[:, column, 3] = 255
        Image.fromarray(icon).save(at / f"icons/{column}.png")
    return at / "icons"


@layout(
    "A palette with a transparent colour",
    "2 5",
    read=_icon_number,
    says=["2 of 2 images are transparent in places, and put on black"],
)
def _palette(at: Path) -> Path:
    (at / "sprites").mkdir()
    for column in (2, 5):
        places = np.zeros((SIDE, SIDE), np.uint8)
        places[:, column] = 1
        sprite = Image.fromarray(places).convert("P")
        sprite.putpalette([0, 0, 0, 255, 255, 255])
        sprite.save(at / f"sprites/{column}.png", transparency=0)
    return at / "sprites"
