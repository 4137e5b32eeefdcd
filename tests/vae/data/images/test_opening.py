"""Image files of every kind are opened, or say why not."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from tests.vae.data.images.samples import expected, icon, numbers
from tests.vae.data.samples import SIZE, everything, imported
from vae.config import DataConfig
from vae.data.images.image_files import upright
from vae.data.images.opening import opened
from vae.data.images.values import range_of
from vae.errors import InputError


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
