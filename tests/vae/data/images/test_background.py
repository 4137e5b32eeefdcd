"""Transparent images are put on a colour on which they can be seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.vae.data.images.samples import RED, icon, numbers
from tests.vae.data.samples import SIZE, everything, imported, warnings_of
from vae.config import DataConfig
from vae.data.dataset import open_dataset


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
    data = imported(folder, image_size=SIZE, background=background)
    found = everything(data)[0]
    assert tuple(found[0, 0]) == (colour,) * 3
    assert tuple(found[5, 5]) == (200,) * 3
    says = warnings_of(data)
    assert "1 of 1 image is transparent in places, and put on" in says
    assert f"{background}" in says
    assert "as was asked for" in says


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
