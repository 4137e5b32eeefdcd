"""Pixels of any depth become the 8 bits that a person would expect, one scale for a source."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.vae.data.images.samples import expected, numbers
from tests.vae.data.samples import SIZE, everything, imported, warnings_of
from vae.data.dataset import Dataset
from vae.data.images.values import range_of
from vae.data.versions.version_file import Version, write_version


def value_range(data: Dataset) -> dict[str, object]:
    found = data.manifest["value_range"]
    assert isinstance(found, dict)
    return found


def png_of(values: np.ndarray, filters: int = 0) -> bytes:
    """A 16-bit PNG of values [H, W, 3 or 4], which Pillow cannot write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    height, width, channels = values.shape
    head = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(bytes([filters]) + row.astype(">u2").tobytes() for row in values)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


# ---------------------------------------------------------------------------- depth


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_the_depth_of_16_bit_files_is_that_of_their_brightest_value(
    bits: int, kind: str, folder: Path
) -> None:
    values = [numbers(seed, 2**bits - 1 if seed == 1 else 2**bits // 3) for seed in range(3)]
    for seed, image in enumerate(values):
        Image.fromarray(image.astype(np.uint16)).save(folder / f"{seed}.{kind}")
    data = imported(folder, image_size=SIZE)
    white = 2**bits - 1
    assert np.array_equal(everything(data)[..., 0], expected(np.stack(values), 0, white))
    found = value_range(data)
    assert (found["low"], found["high"]) == (0, white)
    assert (found["black"], found["white"]) == (0, white)
    assert f"{white:,} white" in str(found["sentence"])


@pytest.mark.parametrize("channels", [3, 4])
def test_12_bits_of_colour_in_a_16_bit_png_keep_all_their_bits(channels: int, folder: Path) -> None:
    values = numbers(0, 4095, (SIZE, SIZE, channels))
    values[..., 3:] = 65535
    (folder / "a.png").write_bytes(png_of(values))
    data = imported(folder, image_size=SIZE)
    assert np.array_equal(everything(data)[0], expected(values[..., :3], 0, 4095))


def tiff_of(values: np.ndarray, order: str, is_packed: bool) -> bytes:
    """A TIFF of 16 bits [H, W, 3] in two strips, which Pillow cannot write; order: < or >."""
    height, width, _ = values.shape
    parts = [half.astype(f"{order}u2").tobytes() for half in np.split(values, 2)]
    strips = [zlib.compress(part) if is_packed else part for part in parts]
    places = [8, 8 + len(strips[0])]
    end = 8 + sum(map(len, strips))
    end += end % 2
    entries = [
        *((256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, end)),
        *((259, 3, 1, 8 if is_packed else 1), (262, 3, 1, 2), (273, 4, 2, end + 6)),
        *((277, 3, 1, 3), (278, 3, 1, height // 2), (279, 4, 2, end + 14)),
    ]
    lists = struct.pack(f"{order}3H4I", 16, 16, 16, *places, *map(len, strips))
    table = struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in entries:
        short = kind == 3 and count == 1
        table += struct.pack(f"{order}HHI", tag, kind, count)
        table += struct.pack(
            f"{order}HH" if short else f"{order}I", *([value, 0] if short else [value])
        )
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, end + len(lists))
    body = head + b"".join(strips)
    return body.ljust(end, b"\0") + lists + table + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_12_bits_of_colour_in_a_16_bit_tiff_keep_all_their_bits(
    order: str, is_packed: bool, folder: Path
) -> None:
    values = numbers(0, 4095, (SIZE, SIZE, 3))
    (folder / "a.tiff").write_bytes(tiff_of(values, order, is_packed))
    data = imported(folder, image_size=SIZE)
    assert data.manifest["counts"] == {"used": 1}
    assert np.array_equal(everything(data)[0], expected(values, 0, 4095))


@pytest.mark.parametrize(
    ("values", "black", "white"),
    [
        (np.linspace(0, 1, SIZE * SIZE, dtype=np.float32), 0, 1),
        (np.linspace(-1, 1, SIZE * SIZE, dtype=np.float32), -1, 1),
        (np.linspace(0, 255, SIZE * SIZE, dtype=np.float32), 0, 255),
        (np.linspace(-900, 3000, SIZE * SIZE, dtype=np.float32), -900, 3000),
        (np.arange(SIZE * SIZE, dtype=np.int32) * 4, 0, 4095),
        (np.arange(SIZE * SIZE, dtype=np.int32) * 1000, 0, 1000 * (SIZE * SIZE - 1)),
        (np.arange(SIZE * SIZE, dtype=np.int32) - 500, -500, SIZE * SIZE - 501),
    ],
)
def test_a_tiff_of_floats_or_32_bit_numbers_is_scaled_by_its_values(
    values: np.ndarray, black: float, white: float, folder: Path
) -> None:
    values = values.reshape(SIZE, SIZE)
    Image.fromarray(values).save(folder / "a.tiff")
    data = imported(folder, image_size=SIZE)
    assert np.array_equal(everything(data)[0, ..., 0], expected(values, black, white))


def test_masks_of_0_and_1_are_black_and_white_in_image_files_too(folder: Path) -> None:
    values = [numbers(seed, 1).astype(np.uint8) for seed in range(3)]
    for seed, image in enumerate([np.zeros((SIZE, SIZE), np.uint8), *values]):
        Image.fromarray(image).save(folder / f"{seed}.png")
    data = imported(folder, image_size=SIZE)
    assert np.array_equal(everything(data)[1:, ..., 0], np.stack(values) * 255)


def test_the_values_of_8_bit_files_are_said_as_they_are_found(folder: Path) -> None:
    for seed, (low, high) in enumerate([(40, 90), (33, 201), (100, 120)]):
        values = np.clip(numbers(seed, 255, (SIZE, SIZE, 3)), low, high).astype(np.uint8)
        Image.fromarray(values).save(folder / f"{seed}.png")
    icon = np.zeros((SIZE, SIZE, 4), np.uint8)
    icon[..., :3], icon[: SIZE // 2, :, 3] = 77, 255
    Image.fromarray(icon).save(folder / "icon.png")
    (folder / "black.png").write_bytes(png_of(np.zeros((SIZE, SIZE, 3), np.uint16))[:60])
    for _ in range(2):  # imported, and from the import
        found = value_range(imported(folder))
        assert found == {
            "low": 33,
            "high": 201,
            "black": 0,
            "white": 255,
            "sentence": "The values have 8 bits and go from 33 to 201: 0 is black, 255 white.",
        }


def test_the_values_of_a_version_are_those_of_its_own_images(tmp_path: Path) -> None:
    values = np.arange(4 * SIZE * SIZE).reshape(4, SIZE, SIZE) % 50 + 10
    values[3] += 100
    np.save(tmp_path / "a.npy", values.astype(np.uint8))
    version = Version(str(tmp_path / "a.npy"), "leave_out", ("3",), "")
    write_version(tmp_path / "v.json", version)
    whole, some = imported(tmp_path / "a.npy"), imported(tmp_path / "v.json")
    assert (value_range(whole)["low"], value_range(whole)["high"]) == (10, 159)
    assert (value_range(some)["low"], value_range(some)["high"]) == (10, 59)


@pytest.mark.parametrize("high", [1, 3, 15, 16])
def test_masks_of_few_numbers_are_stretched_and_that_is_said(high: int, folder: Path) -> None:
    values = [numbers(seed, high).astype(np.uint8) for seed in range(3)]
    for seed, image in enumerate(values):
        Image.fromarray(image).save(folder / f"{seed}.png")
    data = imported(folder, image_size=SIZE)
    assert np.array_equal(everything(data)[..., 0], expected(np.stack(values), 0, high))
    assert f"0 becomes black and {high} white" in warnings_of(data)
    assert f"0 becomes black, {high} white" in str(value_range(data)["sentence"])


def test_dark_photographs_are_never_stretched(folder: Path) -> None:
    values = numbers(0, 15, (SIZE, SIZE, 3)).astype(np.uint8)
    Image.fromarray(values).save(folder / "night.png")
    data = imported(folder, image_size=SIZE)
    assert np.array_equal(everything(data)[0], values)
    assert "brightest value is 15 of 255" in warnings_of(data)


def test_images_of_all_one_value_say_nothing_of_their_depth() -> None:
    assert range_of(2313, 2313).white == 65535
    assert range_of(9, 9).white == 255
    assert range_of(0.2, 0.2).white == 1
    assert range_of(0, 0).white == 1


@pytest.mark.parametrize(("low", "high"), [(-7.0, -7.0), (1e9, 1e9), (-0.5, -0.5)])
def test_a_range_of_one_value_outside_the_known_ones_is_drawn(low: float, high: float) -> None:
    levels = range_of(low, high).levels(np.full((2, 2), low))
    assert levels.dtype == np.uint8
    assert len(np.unique(levels)) == 1


def test_a_tiff_with_values_that_are_no_numbers_is_broken_and_says_how_many(folder: Path) -> None:
    values = np.random.default_rng(0).random((SIZE, SIZE), np.float32)
    Image.fromarray(values).save(folder / "good.tiff")
    values[:2, :3] = np.nan
    Image.fromarray(values).save(folder / "nan.tiff")
    data = imported(folder, image_size=SIZE)
    assert data.manifest["counts"] == {"used": 1, "broken": 1}
    assert "6 of its 1,024 values are not finite" in str(data.manifest["examples"])


def test_dark_images_of_8_bits_stay_dark_and_that_is_said(folder: Path) -> None:
    values = numbers(0, 20).astype(np.uint8)
    Image.fromarray(values).save(folder / "a.png")
    data = imported(folder, image_size=SIZE)
    assert np.array_equal(everything(data)[0, ..., 0], values)
    assert "brightest value is 20 of 255" in warnings_of(data)


# ---------------------------------------------------------------------------- duplicates


def test_pictures_that_differ_below_8_bits_are_two(folder: Path) -> None:
    values = numbers(0, 65535)
    Image.fromarray(values.astype(np.uint16)).save(folder / "a.png")
    values[5, 5] ^= 1
    Image.fromarray(values.astype(np.uint16)).save(folder / "b.png")
    Image.fromarray(values.astype(np.uint16)).save(folder / "c.tiff")
    data = imported(folder, image_size=SIZE)
    assert data.manifest["counts"] == {"used": 2, "duplicate": 1}


def test_pictures_that_differ_only_outside_the_centre_are_two(folder: Path) -> None:
    image = Image.fromarray(numbers(0, 255, (SIZE, 2 * SIZE, 3)).astype(np.uint8))
    image.save(folder / "a.png")
    image.putpixel((0, 0), (1, 2, 3))
    image.save(folder / "b.png")
    assert imported(folder).manifest["counts"] == {"used": 2}


def test_an_opaque_picture_with_alpha_is_the_same_picture_without(folder: Path) -> None:
    image = Image.fromarray(numbers(0, 255, (SIZE, SIZE, 3)).astype(np.uint8))
    image.save(folder / "a.png")
    image.convert("RGBA").save(folder / "b.png")
    image.save(folder / "c.bmp")
    Image.new("L", (SIZE, SIZE), 9).save(folder / "grey.png")
    Image.new("RGB", (SIZE, SIZE), (9, 9, 9)).save(folder / "grey_as_colour.png")
    assert imported(folder).manifest["counts"] == {"used": 2, "duplicate": 3}


def test_large_jpegs_that_differ_in_detail_are_two_and_their_copies_are_one(folder: Path) -> None:
    checks = (np.indices((1024, 1024)).sum(0) % 2 * 40 + 100).astype(np.uint8)
    Image.fromarray(checks).save(folder / "a.jpg", quality=100)
    Image.fromarray(240 - checks).save(folder / "b.jpg", quality=100)
    Image.fromarray(240 - checks).save(folder / "c.jpg", quality=100, comment="a copy")
    data = imported(folder)
    assert data.manifest["counts"] == {"used": 2, "duplicate": 1}
    assert "c.jpg: same as b.jpg" in str(data.manifest["examples"])
