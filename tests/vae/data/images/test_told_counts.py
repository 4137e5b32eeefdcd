"""Sentences of a source count the images that are used, and nothing else, as images."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from PIL import Image

from tests.vae.data.samples import imported, picture, warnings_of
from vae.data.report import report
from vae.data.versions.version_file import Version, write_version


def icon(number: int, size: tuple[int, int]) -> Image.Image:
    """White on nothing, so that it is put on black. [H, W, 4]"""
    pixels = np.zeros((size[1], size[0], 4), np.uint8)
    pixels[2 : 5 + number, 2:9] = 255
    return Image.fromarray(pixels)


def mixed(folder: Path) -> None:
    """Six images: two icons of which one is long, and an animation; two are copied, three cut."""
    for number in range(3):
        picture(number).save(folder / f"{number}.png")
    icon(0, (40, 40)).save(folder / "icon0.png")
    icon(1, (90, 40)).save(folder / "icon1.png")
    picture(7).save(folder / "film.gif", save_all=True, append_images=[picture(8)])
    for name in ("icon0.png", "icon1.png"):
        (folder / f"zz{name}").write_bytes((folder / name).read_bytes())
    icon(3, (90, 40)).save(folder / "cut.png")
    for name in ("0.png", "icon1.png", "film.gif"):
        data = (folder / name).read_bytes()
        (folder / f"cut{name}").write_bytes(data[: len(data) * 3 // 4])
    (folder / "cut.png").unlink()
    (folder / "broken.png").write_bytes(b"no")


def test_every_number_of_images_in_a_sentence_is_of_those_that_are_used(folder: Path) -> None:
    mixed(folder)
    data = imported(folder, image_size=64)
    assert len(data) == 6
    told = warnings_of(data)
    assert set(re.findall(r"of ([\d,]+) images?", told)) == {"6"}
    assert "2 of 6 images are transparent in places, and put on black, as 2 would be lost" in told
    assert "1 of 6 images loses more than a third to the centre crop (such as one of 90 x" in told
    assert "2 of 6 images are smaller than 64 x 64" in told
    assert "1 of 6 images is made of more than one page" in told


def test_what_only_a_copy_or_a_broken_file_has_is_not_told(folder: Path) -> None:
    picture(0).save(folder / "0.png")
    for number in range(2):
        wide = folder / f"wide{number}.png"
        picture(number + 1).resize((200, 64)).save(wide)
        wide.write_bytes(wide.read_bytes()[:3000])
    data = imported(folder)
    assert len(data) == 1
    assert warnings_of(data) == ""


def test_all_images_are_all_that_are_used(folder: Path) -> None:
    for number in range(3):
        picture(number, 24).save(folder / f"{number}.png")
    (folder / "broken.png").write_bytes((folder / "0.png").read_bytes()[:900])
    (folder / "copy.png").write_bytes((folder / "0.png").read_bytes())
    assert "All 3 images are smaller than 32 x 32" in warnings_of(imported(folder, image_size=32))


def test_a_version_counts_as_its_images_what_was_chosen_by_hand(folder: Path) -> None:
    mixed(folder)
    whole = imported(folder, image_size=64)
    for how, told, num in (("leave_out", "without 2 images, left out", 4), ("keep", "with 2", 2)):
        file = folder.parent / f"{how}.json"
        names = ("0.png", "icon0.png")
        write_version(file, Version(str(folder), how, names, ""))
        some = imported(file, image_size=64)
        assert f"{folder} {told}" in warnings_of(some)
        assert len(some) == num
        assert set(re.findall(r"of ([\d,]+) images?", warnings_of(some))) <= {str(num)}
    assert report(whole)["num_images"] == len(whole)
