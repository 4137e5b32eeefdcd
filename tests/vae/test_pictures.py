"""Every path from pixels to a file keeps red red and blue blue."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from vae import pictures
from vae.errors import InputError

RED, BLUE = (230, 20, 30), (25, 40, 220)


def two_colours(size: int = 32) -> np.ndarray:
    """Red on the left, blue on the right. [size, size, 3]"""
    sheet = np.empty((size, size, 3), np.uint8)
    sheet[:, : size // 2], sheet[:, size // 2 :] = RED, BLUE
    return sheet


def assert_red_then_blue(frame: np.ndarray, tolerance: int) -> None:
    height, width, _ = frame.shape
    left = frame[height // 4 : -height // 4, width // 8 : 3 * width // 8].reshape(-1, 3).mean(0)
    right = (
        frame[height // 4 : -height // 4, 5 * width // 8 : 7 * width // 8].reshape(-1, 3).mean(0)
    )
    assert np.abs(left - RED).max() <= tolerance
    assert np.abs(right - BLUE).max() <= tolerance


def test_png_keeps_the_pixels(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.png"
    pictures.write_still(path, two_colours())
    assert np.array_equal(pictures.read_png(path), two_colours())


@pytest.mark.parametrize(("suffix", "tolerance"), [(".gif", 6), (".webp", 12)])
def test_animated_pictures_keep_the_colours(suffix: str, tolerance: int) -> None:
    frames = [two_colours(), two_colours()[:, ::-1], two_colours()]
    data = pictures.animation(frames, suffix)
    with Image.open(io.BytesIO(data)) as image:
        assert image.n_frames == 3
        assert image.info["loop"] == 0
        assert_red_then_blue(np.asarray(image.convert("RGB")), tolerance)
        image.seek(1)
        assert_red_then_blue(np.asarray(image.convert("RGB"))[:, ::-1], tolerance)
        image.seek(2)
        assert_red_then_blue(np.asarray(image.convert("RGB")), tolerance)


@pytest.mark.parametrize("size", [32, 33])
def test_mp4_keeps_the_colours_and_takes_odd_sides(size: int) -> None:
    frames = [two_colours(size)] * 4
    data = pictures.animation(frames, ".mp4", frame_seconds=0.1, hold_seconds=0.5)
    with av.open(io.BytesIO(data)) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(decoded) == 4 + 4
    for frame in decoded:
        assert_red_then_blue(frame, 14)


def test_the_last_frame_is_held() -> None:
    data = pictures.animation([two_colours(), two_colours()[::-1, ::-1]], ".gif", 0.1, 2.0)
    with Image.open(io.BytesIO(data)) as image:
        image.seek(1)
        assert image.info["duration"] == 2000


@pytest.mark.parametrize("suffix", pictures.ANIMATION_SUFFIXES)
@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_a_picture_is_shown_for_some_time(suffix: str, seconds: float) -> None:
    with pytest.raises(InputError, match=r"0\.01 to 60 seconds, not for"):
        pictures.animation([two_colours()] * 2, suffix, seconds)


def test_images_in_zero_one_become_the_nearest_level() -> None:
    x = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, np.nan], np.float32).reshape(1, 1, 1, 6)
    assert pictures.from_unit(x).ravel().tolist() == [0, 0, 128, 255, 255, 0]
    colour = np.zeros((1, 3, 2, 2), np.float32)
    colour[:, 0] = 1
    assert (pictures.from_unit(colour) == [255, 0, 0]).all()


def test_a_sheet_comes_apart_into_what_it_was_made_of() -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, 8, 8, 3)).astype(np.uint8)
    sheet = pictures.grid(images, 3)
    assert sheet.shape == (28, 28, 3)
    assert np.array_equal(pictures.cut(sheet, 7, 3, 8), images)


def test_grey_images_become_grey_sheets() -> None:
    images = np.arange(4 * 16, dtype=np.uint8).reshape(4, 4, 4, 1)
    sheet = pictures.grid(images, 2, gap=0)
    assert (sheet[..., 0] == sheet[..., 1]).all()
    assert (sheet[..., 0] == sheet[..., 2]).all()


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.gif, \.webp, \.mp4"):
        pictures.animation([two_colours()], ".avi")
    with pytest.raises(InputError, match=r"\.png"):
        pictures.write_still(tmp_path / "a.jpg", two_colours())
