"""Pixels of any depth become the 8 bits that a person would expect, with one scale for a source."""

from __future__ import annotations

import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features
from torchvision.transforms import functional

from vae.config import DataConfig
from vae.data.dataset import Dataset, open_dataset
from vae.data.images.image_files import upright
from vae.data.images.opening import opened
from vae.data.images.values import range_of
from vae.errors import InputError

SIZE = 32
RED = (255, 0, 0)


def imported(source: Path, **options: object) -> Dataset:
    config = DataConfig(source=str(source), **options)  # type: ignore[arg-type]
    return open_dataset(config, source.parent / "cache")


def everything(data: Dataset) -> np.ndarray:
    return data.take(np.arange(len(data)))


def warnings_of(data: Dataset) -> str:
    found = data.manifest["warnings"]
    assert isinstance(found, list)
    return "\n".join(found)


def value_range(data: Dataset) -> dict[str, object]:
    found = data.manifest["value_range"]
    assert isinstance(found, dict)
    return found


def numbers(seed: int, top: int, shape: tuple[int, ...] = (SIZE, SIZE)) -> np.ndarray:
    """Whole numbers from 0 to `top`, both of them among them."""
    values = np.random.default_rng(seed).integers(0, top + 1, shape)
    values.flat[0], values.flat[1] = 0, top
    return values


def expected(values: np.ndarray, black: float, white: float) -> np.ndarray:
    return np.rint((values.astype(np.float64) - black) / (white - black) * 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    return tmp_path / "images"


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


# ---------------------------------------------------------------------------- transparency


def icon(place: int, colour: tuple[int, int, int]) -> Image.Image:
    """A square of `colour`, at its own place of a picture that is transparent elsewhere."""
    image = Image.new("RGBA", (SIZE, SIZE), (*colour, 0))
    image.paste((*colour, 255), (place, place, place + 12, place + 12))
    return image


@pytest.mark.parametrize(
    ("colours", "background", "word"),
    [
        ([(255, 255, 255)] * 6, 0, "black"),
        ([(0, 0, 0)] * 6, 255, "white"),
        ([(255, 255, 255), (0, 0, 0)] * 3, 128, "mean"),
        ([RED] * 6, 255, "white"),
    ],
)
def test_icons_stay_visible_and_the_colour_behind_them_is_said(
    colours: list[tuple[int, int, int]], background: int, word: str, folder: Path
) -> None:
    for place, colour in enumerate(colours):
        icon(place * 3, colour).save(folder / f"{place}.png")
    data = imported(folder, image_size=SIZE)
    assert data.manifest["counts"] == {"used": 6}
    found = everything(data)
    for place, colour in enumerate(colours):
        shown = np.full((SIZE, SIZE, 3), background, np.uint8)
        shown[place * 3 : place * 3 + 12, place * 3 : place * 3 + 12] = colour
        assert np.abs(found[place].astype(int) - shown).max() <= 1
    assert "6 of 6 images are transparent" in warnings_of(data)
    assert word in warnings_of(data)


@pytest.mark.parametrize(("background", "colour"), [("white", 255), ("black", 0), ("mean", 200)])
def test_the_colour_behind_transparent_pixels_can_be_chosen(
    background: str, colour: int, folder: Path
) -> None:
    icon(3, (200, 200, 200)).save(folder / "a.png")
    found = everything(imported(folder, image_size=SIZE, background=background))[0]
    assert tuple(found[0, 0]) == (colour,) * 3
    assert tuple(found[5, 5]) == (200,) * 3


def test_half_transparent_pixels_are_mixed_as_pillow_mixes_them(folder: Path) -> None:
    pixels = numbers(0, 255, (SIZE, SIZE, 4)).astype(np.uint8)
    image = Image.fromarray(pixels)
    image.save(folder / "a.png")
    black = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image).convert("RGB")
    found = everything(imported(folder, image_size=SIZE, background="black"))[0]
    assert np.array_equal(found, np.asarray(black))


def test_images_of_which_nothing_can_be_seen_are_told(folder: Path) -> None:
    icon(3, (0, 0, 0)).save(folder / "a.png")
    Image.new("RGBA", (SIZE, SIZE), (9, 9, 9, 0)).save(folder / "b.png")
    found = warnings_of(imported(folder, image_size=SIZE))
    assert "1 of 2 images is transparent in places" in found
    assert "1 of 2 images is transparent everywhere" in found


def test_the_look_through_transparent_images_tells_how_far_it_is(folder: Path) -> None:
    for place in range(5):
        icon(place, RED).save(folder / f"{place}.png")
    told: list[tuple[str, int, int]] = []
    open_dataset(
        DataConfig(source=str(folder)), folder.parent / "cache", lambda *state: told.append(state)
    )
    for what in ("looking at images", "looking through transparent images", "importing images"):
        numbers = [(done, total) for told_of, done, total in told if told_of == what]
        assert (numbers[0], numbers[-1]) == ((0, 5), (5, 5))


def test_opaque_images_are_not_called_transparent(folder: Path) -> None:
    image = Image.fromarray(numbers(0, 255, (SIZE, SIZE, 3)).astype(np.uint8))
    image.convert("RGBA").save(folder / "a.png")
    assert "transparent" not in warnings_of(imported(folder))


# ---------------------------------------------------------------------------- crop


@pytest.mark.parametrize("size", [(128, 64), (64, 128), (301, 1), (1, 301), (1, 1)])
@pytest.mark.parametrize("crop", ["centre", "fit", "stretch"])
def test_each_crop_is_what_torchvision_makes_of_it(
    size: tuple[int, int], crop: str, folder: Path
) -> None:
    image = Image.fromarray(numbers(0, 255, (size[1], size[0], 3)).astype(np.uint8))
    image.save(folder / "a.png")
    found = everything(imported(folder, image_size=SIZE, crop=crop))[0].astype(int)
    if crop == "fit":
        scale = SIZE / max(size)
        inner = [max(1, round(side * scale)) for side in size]
        left, top = ((SIZE - side) // 2 for side in inner)
        rest = [SIZE - inner[0] - left, SIZE - inner[1] - top]
        small = functional.resize(image, inner[::-1], antialias=True)
        oracle = functional.pad(small, [left, top, *rest], fill=255)
    elif crop == "centre":
        square = functional.center_crop(image, [min(size)])
        oracle = functional.resize(square, [SIZE, SIZE], antialias=True)
    else:
        oracle = functional.resize(image, [SIZE, SIZE], antialias=True)
    # Lanczos here and bilinear there: noise agrees on average, white borders exactly.
    assert abs(found.mean() - np.asarray(oracle).mean()) < 4
    assert np.array_equal((found == 255).all(axis=-1), (np.asarray(oracle) == 255).all(axis=-1))


def test_padding_has_the_colour_that_is_behind_transparent_pixels(folder: Path) -> None:
    wide = Image.new("RGBA", (64, SIZE), (255, 255, 255, 0))
    wide.paste((255, 255, 255, 255), (20, 8, 40, 20))
    wide.save(folder / "a.png")
    found = everything(imported(folder, image_size=SIZE, crop="fit"))[0]
    assert tuple(found[0, 0]) == tuple(found[16, 0]) == (0, 0, 0)
    Image.new("RGB", (64, SIZE), (10, 200, 30)).save(folder / "a.png")
    mean = everything(imported(folder, image_size=SIZE, crop="fit", background="mean"))[0]
    assert tuple(mean[0, 0]) == (10, 200, 30)


def test_long_images_are_told_of_where_most_of_them_is_cut_off(folder: Path) -> None:
    for index, size in enumerate([(30, 200), (200, 30), (64, 64)]):
        noise = numbers(index, 255, (*size, 3)).astype(np.uint8)
        Image.fromarray(noise).save(folder / f"{index}.png")
    assert "2 of 3 images lose more than a third" in warnings_of(imported(folder))
    assert warnings_of(imported(folder, crop="fit")) == ""  # all of each is there, none enlarged


def test_images_that_are_all_alike_are_one_image(folder: Path) -> None:
    for index in range(5):
        Image.new("RGB", (1, 40), RED).save(folder / f"{index}.png")
    data = imported(folder, image_size=16)
    assert data.manifest["counts"] == {"used": 1, "duplicate": 4}
    assert np.array_equal(everything(data), np.broadcast_to(np.uint8(RED), (1, 16, 16, 3)))


# ---------------------------------------------------------------------------- single files


def test_a_jpeg_over_forty_megapixels_is_reduced_while_it_is_decoded(folder: Path) -> None:
    Image.new("L", (14000, 14000), 99).save(folder / "a.jpg")  # past Pillow's own limit
    Image.new("L", (65000, 620), 50).save(folder / "long.jpg")
    data = imported(folder, image_size=256)
    assert data.manifest["counts"] == {"used": 2}
    assert np.all(np.abs(everything(data)[..., 0].astype(int) - [[[99]], [[50]]]) <= 1)


def test_a_jpeg_2000_over_forty_megapixels_is_reduced_while_it_is_decoded(folder: Path) -> None:
    Image.new("L", (7000, 6000), 99).save(folder / "a.jp2")
    data = imported(folder)
    assert data.manifest["counts"] == {"used": 1}
    assert np.all(everything(data) == 99)


def test_pages_and_frames_past_the_first_are_counted_in_a_sentence(folder: Path) -> None:
    pages = [Image.fromarray(numbers(seed, 255).astype(np.uint8)) for seed in range(4)]
    pages[0].save(folder / "pages.tiff", save_all=True, append_images=pages[1:3])
    pages[3].save(folder / "film.gif", save_all=True, append_images=pages[:2])
    Image.fromarray(numbers(9, 255).astype(np.uint8)).save(folder / "single.tiff")
    data = imported(folder, image_size=SIZE)
    assert np.array_equal(everything(data)[1].max(axis=-1), np.asarray(pages[0]))
    assert "2 of 3 files are made of more than one page or frame" in warnings_of(data)
    assert "first" in warnings_of(data)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"<html>404</html>", "a web page"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), "pillow-heif"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0heicmif1" + bytes(64), "pillow-heif"),
        pytest.param(
            b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(64),
            "is broken",
            marks=pytest.mark.skipif(
                not features.check("avif"), reason="this Pillow reads no AVIF"
            ),
        ),
        (b"II*\0\x08\0\0\0\0\0\0\0", "TIFF"),
    ],
)
def test_the_reason_for_a_file_that_cannot_be_read_is_plain(
    content: bytes, words: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    Image.new("L", (16, 16)).save(folder / "good.png")
    (folder / "bad.png").write_bytes(content)
    data = imported(folder)
    assert data.manifest["counts"] == {"used": 1, "broken": 1}
    reasons = str(data.manifest["examples"]["broken"])  # type: ignore[index]
    assert words in reasons
    assert "0x" not in reasons
    assert "BytesIO" not in reasons


def test_heic_is_read_where_pillow_heif_is_installed(folder: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 64), RED)).save(file, format="HEIF")
    (folder / "a.png").write_bytes(file.getvalue())
    found = everything(imported(folder)).astype(int)
    assert np.all(np.abs(found - RED) <= 6)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_avif_is_read_where_pillow_reads_it(folder: Path) -> None:
    Image.new("RGB", (64, 64), RED).save(folder / "a.avif")
    assert np.all(np.abs(everything(imported(folder)).astype(int) - RED) <= 3)


def test_one_uploaded_picture_of_12_bits_is_scaled_by_its_own_values() -> None:
    values = numbers(0, 4095)
    file = io.BytesIO()
    Image.fromarray(values.astype(np.uint16)).save(file, "PNG")
    found = np.asarray(upright(opened(file.getvalue()), SIZE))
    assert np.array_equal(found, expected(values, 0, 4095))


def test_a_changed_crop_or_background_is_another_import(folder: Path) -> None:
    icon(2, (200, 10, 10)).resize((64, SIZE)).save(folder / "a.png")
    options: list[dict[str, object]] = [
        {},
        {"crop": "fit"},
        {"crop": "stretch"},
        {"background": "black"},
    ]
    assert len({imported(folder, **given).fingerprint for given in options}) == 4


@pytest.mark.parametrize("option", ["crop", "background"])
def test_a_mistyped_choice_is_named_with_the_choices_there_are(option: str) -> None:
    with pytest.raises(InputError, match=f"data.{option} must be one of .*, not 'sideways'"):
        DataConfig(**{option: "sideways"})  # type: ignore[arg-type]


def test_values_are_spread_evenly_over_the_levels() -> None:
    levels = range_of(-1.0, 1.0).levels(np.linspace(-1, 1, 256))
    assert levels.tolist() == list(range(256))
    assert math.isclose(range_of(0, 4095).levels(np.array([[2048]]))[0, 0], 128)
