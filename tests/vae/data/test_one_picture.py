"""A picture of one's own becomes, pixel for pixel, what an import among the run's data gives."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vae.config import DataConfig
from vae.data.dataset import Dataset, open_dataset
from vae.data.images.decoding import Rendering
from vae.data.images.image_files import Crop
from vae.data.images.one_picture import rendered_file, rendering_of
from vae.errors import InputError

SIZE = 16


def colours(height: int, width: int, channels: int = 3) -> np.ndarray:
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(height * width).integers(0, 256, shape, np.uint8)


def png(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    return file.getvalue()


def in_colour(folder: Path) -> None:
    """Files of every kind that is treated apart: turned, transparent, deep, large, CMYK."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(colours(40, 25)).save(folder / "turned.jpg", quality=95, exif=exif)
    smooth = Image.fromarray(colours(5, 8)).resize((800, 500))
    smooth.save(folder / "large.jpg", quality=90)
    smooth.resize((60, 41)).convert("CMYK").save(folder / "press.jpg")
    veiled = colours(20, 33, 4)
    veiled[:, :12, 3] = 0
    Image.fromarray(veiled).save(folder / "veiled.png")
    Image.fromarray(veiled[::-1]).save(folder / "veiled.webp", lossless=True)
    palette = Image.fromarray(colours(21, 17)).quantize(16)
    palette.save(folder / "palette.gif", transparency=3)
    deep = np.linspace(0, 4000, 30 * 20).reshape(30, 20).astype(np.uint16)
    Image.fromarray(deep).save(folder / "deep.png")
    Image.fromarray((deep / 4000).astype(np.float32)).save(folder / "floats.tif")
    Image.fromarray(colours(1, 30)).save(folder / "thin.bmp")


def in_grey(folder: Path) -> None:
    Image.fromarray(colours(30, 18, 1)).save(folder / "grey.png")
    Image.fromarray(colours(17, 40, 1) // 2 + 90).save(folder / "grey.jpg")
    Image.fromarray(colours(20, 20, 2)).save(folder / "veiled.png")


def imported(folder: Path, **options: object) -> tuple[DataConfig, Dataset]:
    config = DataConfig(source=str(folder), image_size=SIZE, **options)  # type: ignore[arg-type]
    return config, open_dataset(config, folder.parent / "cache")


@pytest.mark.parametrize("draw", [in_colour, in_grey])
@pytest.mark.parametrize("crop", ["centre", "fit", "stretch"])
@pytest.mark.parametrize("background", ["auto", "white", "black", "mean"])
def test_a_file_is_rendered_as_its_import(
    crop: str, background: str, draw: object, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    draw(folder)  # type: ignore[operator]
    config, dataset = imported(folder, crop=crop, background=background)
    assert len(dataset) == len(list(folder.iterdir()))
    rendering = rendering_of(config, dataset.image_shape, dataset.manifest)
    for index, name in enumerate(dataset.names):
        pixels = rendered_file((folder / name).read_bytes(), rendering)
        assert np.array_equal(pixels, dataset.take(np.array([index]))[0]), name


def test_a_heic_photograph_is_rendered_as_its_import(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    folder = tmp_path / "pictures"
    folder.mkdir()
    smooth = Image.fromarray(colours(5, 8)).resize((80, 50))
    pillow_heif.from_pillow(smooth).save(folder / "a.heic", quality=90)
    config, dataset = imported(folder, crop="fit", background="black")
    rendering = rendering_of(config, dataset.image_shape, dataset.manifest)
    pixels = rendered_file((folder / "a.heic").read_bytes(), rendering)
    assert np.array_equal(pixels, dataset.take(np.array([0]))[0])


def test_a_picture_past_the_values_of_the_data_is_scaled_by_its_own() -> None:
    """A photograph for a model of masks of zeros and ones would else be white all over."""
    manifest = {"rendering": {"background": [255] * 3, "ranges": {"bytes": [0, 1, 0, 1]}}}
    masks = rendering_of(DataConfig(source="masks"), (1, SIZE, SIZE), manifest)
    grey = np.full((SIZE, SIZE), 100, np.uint8)
    assert (rendered_file(png(grey), masks) == 100).all()
    assert (rendered_file(png(grey // 100), masks) == 255).all()


def test_without_its_import_a_rendering_has_the_colour_that_was_asked_for() -> None:
    for background, colour in (("black", (0, 0, 0)), ("white", (255,) * 3), ("auto", (255,) * 3)):
        config = DataConfig(source="gone", background=background, crop="fit")
        rendering = rendering_of(config, (3, SIZE, SIZE), {})
        assert (rendering.background, rendering.crop, rendering.size) == (colour, "fit", SIZE)


def test_a_square_of_ones_own_is_taken_out_of_the_picture() -> None:
    values = colours(60, 40)
    pixels = rendered_file(png(values), Rendering(20, 3), Crop(zoom=2, x=1, y=0))
    assert np.array_equal(pixels, values[:20, 20:])


@pytest.mark.parametrize(
    "data", [b"no picture", b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a"]
)
def test_a_broken_file_is_one_sentence(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^This picture cannot be read \(.+\): choose another "):
        rendered_file(data, Rendering(20, 3))
