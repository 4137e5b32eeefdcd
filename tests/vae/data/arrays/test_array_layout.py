"""Arrays of any shape become the same images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.vae.data.arrays.samples import noise
from tests.vae.data.samples import SIZE, everything, imported, warnings_of
from vae.errors import InputError


def rows_of(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


@pytest.mark.parametrize("num", [1, 3, 500])
def test_rows_of_784_are_grey_images_of_28(num: int, tmp_path: Path) -> None:
    images = noise(num, 28, 28)
    np.save(tmp_path / "a.npy", rows_of(images))
    data = imported(tmp_path / "a.npy")
    assert data.image_shape == (1, 28, 28)
    assert np.array_equal(everything(data)[..., 0], images)
    assert f"{num:,} images of 28 x 28" in warnings_of(data)


def test_rows_of_3072_are_colour_images_of_32_channels_first(tmp_path: Path) -> None:
    images = noise(20, 3, SIZE, SIZE)
    np.save(tmp_path / "a.npy", rows_of(images))
    np.save(tmp_path / "one.npy", images[0].ravel())
    assert np.array_equal(everything(imported(tmp_path / "a.npy")), images.transpose(0, 2, 3, 1))
    assert np.array_equal(
        everything(imported(tmp_path / "one.npy")), images[:1].transpose(0, 2, 3, 1)
    )


def test_rows_are_told_from_one_picture_by_their_labels_and_their_shape(tmp_path: Path) -> None:
    rows = rows_of(noise(256, 16, 16))
    np.savez(tmp_path / "labelled.npz", x=rows, y=np.arange(256) % 4)
    assert len(imported(tmp_path / "labelled.npz")) == 256
    np.save(tmp_path / "square.npy", rows)
    assert len(imported(tmp_path / "square.npy")) == 1
    np.save(tmp_path / "digits.npy", noise(1797, 64))
    assert len(imported(tmp_path / "digits.npy")) == 1797


def test_the_labels_beside_them_tell_rows_whatever_both_are_called(tmp_path: Path) -> None:
    images = noise(9, 28, 28)
    np.savez(tmp_path / "a.npz", rows_of(images), np.arange(9))
    data = imported(tmp_path / "a.npz")
    assert np.array_equal(everything(data)[..., 0], images)
    assert data.attributes["arr_1"].tolist() == list(range(9))


def test_an_array_that_may_be_one_picture_with_its_channels_first_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", noise(3, 48, 64))
    data = imported(tmp_path / "a.npy")
    assert len(data) == 3
    assert "3 grey images" in warnings_of(data)


def test_smooth_rows_are_told_from_a_smooth_picture_of_the_same_shape(tmp_path: Path) -> None:
    down, along = np.mgrid[0:768, 0:1024] / 100
    picture = (127 + 127 * np.sin(down) * np.cos(along)).astype(np.uint8)
    np.save(tmp_path / "picture.npy", picture)
    assert len(imported(tmp_path / "picture.npy")) == 1
    shades = np.random.default_rng(0).random((768, 1, 1)) * 200
    images = np.broadcast_to(shades + np.arange(SIZE)[:, None], (768, SIZE, SIZE))
    np.save(tmp_path / "rows.npy", rows_of(images.astype(np.uint8)))
    assert len(imported(tmp_path / "rows.npy")) == 768


@pytest.mark.parametrize(
    ("shape", "image_shape"),
    [
        ((48, 64), (1, 48, 48)),
        ((48, 64, 3), (3, 48, 48)),
        ((48, 64, 4), (3, 48, 48)),
        ((48, 64, 1), (1, 48, 48)),
        ((1, 48, 64), (1, 48, 48)),
        ((1, 48, 64, 3), (3, 48, 48)),
        ((1, 3, 48, 64), (3, 48, 48)),
    ],
)
def test_one_picture_alone_is_one_image(
    shape: tuple[int, ...], image_shape: tuple[int, int, int], tmp_path: Path
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    if shape[-1] == 4:
        pixels[..., 3] = 255
    np.save(tmp_path / "a.npy", pixels)
    data = imported(tmp_path / "a.npy")
    assert (len(data), data.image_shape) == (1, image_shape)
    grey = np.squeeze(pixels)
    colour = grey.transpose(1, 2, 0) if grey.shape[0] == 3 else grey
    picture = np.atleast_3d(colour)[:, 8:56, :3]
    assert np.array_equal(everything(data)[0], picture)


def test_transparent_arrays_are_put_on_a_colour(tmp_path: Path) -> None:
    images = np.full((3, SIZE, SIZE, 4), 255, np.uint8)
    images[:, 8:, :, 3] = 0
    for name, stored in (("a", images), ("b", images / 255)):
        np.save(tmp_path / f"{name}.npy", stored)
        found = everything(imported(tmp_path / f"{name}.npy"))
        assert np.all(found[:, :8] == 255)
        assert np.all(found[:, 8:] == 0)


@pytest.mark.parametrize(
    "stored",
    [
        np.zeros((5, 7), np.complex64),
        np.zeros((2, 3, 4, 5, 6), np.uint8),
        np.zeros((0, 16, 16), np.uint8),
        np.zeros((5, 16, 16, 7), np.uint8),
        np.array(["a", "b"]),
        np.zeros(7, np.uint8),
    ],
)
def test_what_holds_no_images_is_one_sentence_with_the_shape(
    stored: np.ndarray, tmp_path: Path
) -> None:
    np.save(tmp_path / "a.npy", stored)
    with pytest.raises(InputError) as caught:
        imported(tmp_path / "a.npy")
    assert "expected" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_widths_of_one_pixel_are_images(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=noise(4, 40, 1), y=np.arange(4))
    data = imported(tmp_path / "a.npz", crop="stretch")
    assert (len(data), data.image_shape) == (4, (1, 16, 16))
