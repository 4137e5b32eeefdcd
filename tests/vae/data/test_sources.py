"""Every image that Pillow can write comes out as the pixels a person would expect."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vae.data.arrays.idx_files import read_idx
from vae.data.images.image_files import CENTRE, resized, upright
from vae.data.images.opening import FORMATS, TooLargeError, digest
from vae.data.sources import locate
from vae.data.tables.attributes import text_column
from vae.errors import ExplainedError, FileError, InputError

WHITE, RED = (255, 255, 255), (255, 0, 0)


def upright_square(image: Image.Image, size: int) -> Image.Image:
    """The centre square of a picture."""
    whole = upright(image, size)
    return whole.crop(CENTRE.box(*whole.size))


def reopened(image: Image.Image, kind: str, **options: object) -> Image.Image:
    """`image` written as a file of `kind` and opened again, as an import meets it."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return Image.open(io.BytesIO(file.getvalue()), formats=FORMATS)


def pixels(image: Image.Image, size: int = 16) -> np.ndarray:
    """What an import makes of `image`. [size, size, 3]"""
    square = upright_square(image, size)
    assert square.mode in ("L", "RGB")
    return np.asarray(resized(square.convert("RGB"), size))


def half_transparent() -> Image.Image:
    """Red on the left, and red that nobody sees on the right."""
    image = Image.new("RGBA", (16, 16), (*RED, 255))
    image.paste((*RED, 0), (8, 0, 16, 16))
    return image


def palette_with_transparency() -> Image.Image:
    image = Image.new("P", (16, 16), 0)
    image.putpalette([*RED, 0, 255, 0])
    image.paste(1, (8, 0, 16, 16))
    return image


def grey_with_alpha() -> Image.Image:
    image = Image.new("LA", (16, 16), (0, 255))
    image.paste((0, 0), (8, 0, 16, 16))
    return image


@pytest.mark.parametrize(
    ("image", "kind", "options", "left", "right"),
    [
        (half_transparent(), "PNG", {}, RED, WHITE),
        (half_transparent(), "WEBP", {"lossless": True}, RED, WHITE),
        (palette_with_transparency(), "PNG", {"transparency": 1}, RED, WHITE),
        (palette_with_transparency(), "PNG", {}, RED, (0, 255, 0)),
        (palette_with_transparency(), "GIF", {}, RED, (0, 255, 0)),
        (grey_with_alpha(), "PNG", {}, (0, 0, 0), WHITE),
        (Image.new("RGBA", (16, 16), (0, 0, 0, 51)), "PNG", {}, (204,) * 3, (204,) * 3),
        (Image.new("1", (16, 16), 1), "PNG", {}, WHITE, WHITE),
        (Image.new("1", (16, 16), 0), "TIFF", {}, (0, 0, 0), (0, 0, 0)),
        (Image.new("L", (16, 16), 77), "PNG", {}, (77,) * 3, (77,) * 3),
        (Image.new("RGB", (16, 16), RED), "PNG", {}, RED, RED),
        (Image.new("RGB", (16, 16), RED), "BMP", {}, RED, RED),
        (Image.new("RGB", (16, 16), RED), "PPM", {}, RED, RED),
        (Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "TIFF", {}, RED, RED),
        (Image.new("I;16", (16, 16), 0x8080), "PNG", {}, (128,) * 3, (128,) * 3),
        (Image.new("I", (16, 16), 0x8080), "TIFF", {}, (128,) * 3, (128,) * 3),
        (Image.new("F", (16, 16), 0.2), "TIFF", {}, (51,) * 3, (51,) * 3),
        (Image.new("F", (16, 16), 51.0), "TIFF", {}, (51,) * 3, (51,) * 3),
    ],
)
def test_each_mode_keeps_its_colours_and_shows_white_where_it_is_transparent(
    image: Image.Image,
    kind: str,
    options: dict[str, object],
    left: tuple[int, ...],
    right: tuple[int, ...],
) -> None:
    found = pixels(reopened(image, kind, **options))
    assert found.shape == (16, 16, 3)
    assert np.array_equal(np.unique(found[:, :8].reshape(-1, 3), axis=0), [left])
    assert np.array_equal(np.unique(found[:, 8:].reshape(-1, 3), axis=0), [right])


def test_lab_red_is_red() -> None:
    lab = Image.merge("LAB", [Image.new("L", (16, 16), v) for v in (138, 209, 198)])
    assert np.all(np.abs(pixels(reopened(lab, "TIFF")).astype(int) - RED) <= 5)


@pytest.mark.parametrize("kind", ["JPEG", "JPEG2000", "WEBP", "AVIF"])
def test_red_stays_red_in_lossy_files(kind: str) -> None:
    found = pixels(reopened(Image.new("RGB", (64, 64), RED), kind)).astype(int)
    assert np.all(np.abs(found - RED) <= 3)


def test_a_cmyk_jpeg_is_not_inverted() -> None:
    image = Image.new("CMYK", (64, 64), (0, 255, 255, 0))
    assert np.all(np.abs(pixels(reopened(image, "JPEG")).astype(int) - RED) <= 4)


@pytest.mark.parametrize("kind", ["PNG", "PPM"])
def test_a_16_bit_ramp_is_scaled_and_not_clipped(kind: str) -> None:
    ramp = np.linspace(0, 65535, 256 * 256).astype(np.uint16).reshape(256, 256)
    found = pixels(reopened(Image.fromarray(ramp), kind), 256)
    assert abs(found.mean() - 127.5) < 1
    assert np.mean(found == 255) < 0.01
    assert (found.min(), found.max()) == (0, 255)


def test_32_bit_numbers_outside_every_usual_range_are_stretched() -> None:
    values = np.linspace(-1000, 1000, 256, dtype=np.float32).reshape(16, 16)
    found = pixels(reopened(Image.fromarray(values), "TIFF"))
    assert (found.min(), found.max()) == (0, 255)


def test_all_eight_exif_orientations_give_one_array() -> None:
    upright = np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8)
    undo = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }
    for orientation, stored in undo.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        image = reopened(Image.fromarray(np.ascontiguousarray(stored)), "PNG", exif=exif)
        assert np.array_equal(np.asarray(upright_square(image, 24)), upright), orientation


def test_the_centre_square_is_kept_and_whole_blocks_are_averaged() -> None:
    image = Image.new("RGB", (64, 32), (0, 0, 255))
    image.paste(RED, (16, 0, 48, 32))
    assert np.array_equal(pixels(image), np.broadcast_to(np.uint8(RED), (16, 16, 3)))
    grain = np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)
    blocks = grain.reshape(16, 2, 16, 2).mean(axis=(1, 3))
    assert np.all(np.abs(pixels(Image.fromarray(grain))[..., 0] - blocks) <= 0.5)


def test_a_large_jpeg_decoded_at_a_fraction_looks_like_one_decoded_whole() -> None:
    grid = np.linspace(0, 6, 1200)
    wave = (127 + 127 * np.sin(grid[:, None] * 2) * np.cos(grid[None])).astype(np.uint8)
    jpeg = reopened(Image.fromarray(wave), "JPEG", quality=95)
    whole = Image.fromarray(wave).resize((64, 64), Image.Resampling.LANCZOS)
    assert upright_square(jpeg, 64).width < 1200
    jpeg = reopened(Image.fromarray(wave), "JPEG", quality=95)
    assert np.abs(pixels(jpeg, 64)[..., 0].astype(int) - np.asarray(whole)).max() <= 4


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, (0, 255, 0), (0, 0, 255))]
    for kind, options in (("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})):
        image = reopened(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert tuple(pixels(image)[0, 0]) == RED, kind


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_an_image_over_forty_megapixels_is_refused_before_it_is_decoded() -> None:
    started = time.perf_counter()
    with pytest.raises(TooLargeError, match="7001x6000 is over 40 megapixels"):
        upright_square(Image.open(io.BytesIO(png_of(7001, 6000))), 64)
    assert time.perf_counter() - started < 0.1


def test_equal_pixels_have_equal_digests_and_one_changed_pixel_another() -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8))
    png, bmp = (upright_square(reopened(image, kind), 16) for kind in ("PNG", "BMP"))
    assert digest(png) == digest(bmp)
    image.putpixel((3, 3), (1, 2, 3))
    assert digest(upright_square(image, 16)) != digest(png)


def test_empty_cells_are_unknown() -> None:
    column = text_column(["b", "", "a"])
    assert column.classes == ("a", "b", "unknown")
    assert column.values.tolist() == [1, 2, 0]


def write_zip(path: Path, files: dict[str, bytes], level: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", level) as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def overlapping(path: Path) -> None:
    """Two names in the directory for one and the same file inside the zip."""
    write_zip(path, {"a.png": bytes(range(256)) * 40, "b.png": bytes(range(255, -1, -1)) * 40})
    data = bytearray(path.read_bytes())
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    path.write_bytes(bytes(data))


def encrypted(path: Path) -> None:
    write_zip(path, {"a.png": b"x"})
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_bytes(b"<html>not found</html>"), "cannot be opened as a zip"),
        (lambda path: path.write_bytes(b""), "cannot be opened as a zip"),
        (overlapping, "files inside it overlap"),
        (encrypted, "is encrypted"),
    ],
)
def test_a_zip_that_is_broken_locked_or_a_bomb_is_refused(
    make: object, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "faces.zip"
    make(path)  # type: ignore[operator]
    with pytest.raises(ExplainedError, match=sentence):
        locate(str(path), tmp_path).load()


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("{here}/nowhere", "There is nothing at"),
        ("nowhere.zip", "There is nothing at"),
        ("https://example.org/faces.zip", r"nothing is fetched from the web \(download it first"),
        ("{here}/notes.txt", "a file of an unknown kind"),
        ("{here}/objects.npz", "holds no images"),
        ("{here}/flat.npy", r"have the shape \[4\]"),
        ("{here}/complex.npy", "the type complex64: expected numbers"),
        ("{here}/broken.npz", "cannot be read as NumPy arrays"),
        ("{here}/train-images-idx3-ubyte", "not a complete idx file"),
        ("torchvision:NoSuchThing", "no data set 'NoSuchThing'"),
    ],
)
def test_a_source_that_cannot_be_read_is_one_sentence(
    source: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "train-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, 2, 28, 28))
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and no more")
    np.savez(tmp_path / "objects.npz", x=np.array([{}], dtype=object))
    np.save(tmp_path / "flat.npy", np.zeros(4, np.uint8))
    np.save(tmp_path / "complex.npy", np.zeros((2, 16, 16), np.complex64))
    with pytest.raises(ExplainedError, match=sentence) as caught:
        locate(source.format(here=tmp_path), tmp_path).load()
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_torchvision_set_that_cannot_be_fetched_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("torchvision.datasets")

    def unreachable(*args: object, **kwargs: object) -> None:
        raise OSError("Network is\nunreachable")

    monkeypatch.setattr(datasets.CIFAR10, "download", unreachable)
    with pytest.raises(FileError, match=r"torchvision:CIFAR10 is not.*Network is unreachable"):
        locate("torchvision:CIFAR10", tmp_path).load()


def test_an_idx_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(struct.pack(">2I", 2049, 3) + b"\1\2\3")
    assert read_idx(path, 1).tolist() == [1, 2, 3]
    with pytest.raises(InputError, match="with 3 dimensions"):
        read_idx(path, 3)


@pytest.mark.parametrize("source", ["x" * 5000, "x" * 300 + ".zip/b", "y/" * 2500])
def test_a_name_that_no_disk_takes_is_no_source(source: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is nothing at"):
        locate(source, tmp_path)
