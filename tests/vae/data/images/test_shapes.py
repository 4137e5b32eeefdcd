"""How images become squares, and what is said of those that lose by it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms import functional

from tests.vae.data.images.samples import RED, numbers
from tests.vae.data.samples import SIZE, everything, imported, warnings_of


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
