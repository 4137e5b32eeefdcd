"""What can be decoded of a broken image is kept, small, and never trained on."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.vae.data.samples import everything, imported, picture
from vae.data.dataset import Dataset
from vae.data.images.broken_images import SIDE
from vae.data.tally import NUM_EXAMPLES

WIDTH, HEIGHT = 240, 160


def gradient() -> Image.Image:
    """Red to the right, green down."""
    down, right = np.mgrid[0:HEIGHT, 0:WIDTH]
    noise = np.random.default_rng(0).integers(0, 8, (HEIGHT, WIDTH))
    pixels = np.stack([right * 255 // WIDTH, down * 255 // HEIGHT, 100 + noise], axis=2)
    return Image.fromarray(pixels.astype(np.uint8))


def encoded(kind: str, image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def thumbnails(data: Dataset) -> dict[str, np.ndarray]:
    """By the name of the file. [H, W, 3]"""
    found = data.manifest["thumbnails"]
    assert isinstance(found, dict)
    return {
        example.partition(":")[0]: np.asarray(
            Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")
        )
        for example, text in found.items()
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good image."""
    (tmp_path / "set").mkdir()
    picture(0).save(tmp_path / "set" / "good.png")
    return tmp_path / "set"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "PPM", "GIF"])
def test_the_part_before_a_cut_is_shown_and_not_trained_on(kind: str, folder: Path) -> None:
    image = gradient().quantize(128) if kind == "GIF" else gradient()
    options = {"JPEG": {"quality": 95}, "GIF": {"interlace": 0}}.get(kind, {})
    data = encoded(kind, image, **options)
    (folder / "cut").write_bytes(data[: len(data) * 6 // 10])
    found = imported(folder)
    assert found.manifest["counts"] == {"used": 1, "broken": 1}
    (tile,) = thumbnails(found).values()
    assert tile.shape == (HEIGHT * SIDE // WIDTH, SIDE, 3)
    whole = np.asarray(gradient().resize(tile.shape[1::-1])).astype(int)
    is_right = np.abs(tile - whole).max(axis=2) < 48
    assert 0.3 < is_right.mean() < 0.9
    rows = is_right[::-1] if kind == "BMP" else is_right  # which is stored upside down
    assert rows[:8].mean() > 0.9


def test_a_cut_progressive_jpeg_is_shown_as_a_whole_if_coarsely(folder: Path) -> None:
    data = encoded("JPEG", gradient(), progressive=True, quality=95)
    (folder / "cut.jpg").write_bytes(data[: len(data) // 2])
    tile = thumbnails(imported(folder))["cut.jpg"]
    whole = np.asarray(gradient().resize(tile.shape[1::-1])).astype(int)
    assert (np.abs(tile - whole).max(axis=2) < 48).mean() > 0.9


def test_damage_within_a_png_leaves_what_lies_above_it(folder: Path) -> None:
    data = bytearray(encoded("PNG", gradient()))
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    (folder / "damaged.png").write_bytes(data)
    tile = thumbnails(imported(folder))["damaged.png"]
    whole = np.asarray(gradient().resize(tile.shape[1::-1])).astype(int)
    assert (np.abs(tile - whole)[:8].max(axis=2) < 48).mean() > 0.9


@pytest.mark.parametrize(
    "spoil",
    [lambda data: data[:40], lambda data: b"", lambda data: b"<html>", lambda data: data[:8] * 200],
    ids=["head", "empty", "page", "noise"],
)
def test_what_has_nothing_left_has_no_thumbnail(
    spoil: Callable[[bytes], bytes], folder: Path
) -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        (folder / f"a.{kind.lower()}").write_bytes(spoil(encoded(kind, gradient())))
    found = imported(folder)
    assert found.manifest["counts"] == {"used": 1, "broken": 3}
    assert thumbnails(found) == {}


def test_thumbnails_are_few_and_tiny_and_made_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded("PNG", picture(1, 512))
    for number in range(NUM_EXAMPLES + 20):
        (folder / f"{number:02d}.png").write_bytes(data[: len(data) // 2 + number])
    found = imported(folder)
    assert found.manifest["counts"] == {"used": 1, "broken": NUM_EXAMPLES + 20}
    tiles = thumbnails(found)
    assert len(tiles) == NUM_EXAMPLES
    assert max(max(tile.shape) for tile in tiles.values()) == SIDE
    assert sum(map(len, found.manifest["thumbnails"].values())) < 200_000  # type: ignore[attr-defined]
    monkeypatch.delattr(Image, "open")
    assert imported(folder).manifest["thumbnails"] == found.manifest["thumbnails"]


def test_other_threads_do_not_overlook_faults_meanwhile(folder: Path) -> None:
    data = encoded("JPEG", picture(2, 256), quality=95)
    for number in range(60):
        (folder / f"{number}.jpg").write_bytes(data[: len(data) - 2000 - number])
    data_set = imported(folder)
    assert data_set.manifest["counts"] == {"used": 1, "broken": 60}
    assert np.array_equal(everything(data_set)[0], np.asarray(picture(0)))


def test_12_bits_that_are_cut_off_have_the_scale_of_the_source(folder: Path) -> None:
    (folder / "good.png").unlink()
    grey = np.asarray(gradient().convert("L")).astype(np.uint16) * 16
    Image.fromarray(grey).save(folder / "good.png")
    data = (folder / "good.png").read_bytes()
    (folder / "cut.png").write_bytes(data[: len(data) // 2])
    tile = thumbnails(imported(folder))["cut.png"]
    whole = np.asarray(gradient().convert("L").resize(tile.shape[1::-1])).astype(int)
    assert (np.abs(tile[:8, :, 0] - whole[:8]) < 48).mean() > 0.9
