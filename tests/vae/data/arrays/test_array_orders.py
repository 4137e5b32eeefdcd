"""Arrays whose images lie along the last axis, and rows of colour in either order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.vae.data.arrays.samples import noise
from tests.vae.data.samples import SIZE, everything, imported, warnings_of


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("num", [2, 5, 100])
def test_grey_images_along_the_last_axis_are_told(
    num: int, save: Callable[..., None], tmp_path: Path
) -> None:
    images = noise(num, 28, 28)
    labels = np.arange(num) % 2
    save(tmp_path / "a.npz", images=images.transpose(1, 2, 0), labels=labels)
    data = imported(tmp_path / "a.npz")
    assert np.array_equal(everything(data)[..., 0], images)
    assert data.attributes["label"].tolist() == labels.tolist()
    said = f"the shape [28, 28, {num}] was read as {num} grey images of 28 x 28 pixels along the"
    assert said in warnings_of(data)


@pytest.mark.parametrize("shape", [(100, 28, 28), (28, 28, 28), (28, 28, 100), (28, 20, 100)])
def test_the_usual_order_stays_where_it_is_square_or_labels_say_so(
    shape: tuple[int, int, int], tmp_path: Path
) -> None:
    images = noise(*shape)
    labels = {"y": np.arange(28)} if shape == (28, 28, 100) else {}
    np.savez(tmp_path / "a.npz", images=images, **labels)
    data = imported(tmp_path / "a.npz", crop="stretch", image_size=28)
    assert len(data) == shape[0]
    if shape[1:] == (28, 28):
        assert np.array_equal(everything(data)[..., 0], images)


@pytest.mark.parametrize(
    "shape", [(4, 16, 16, 3), (3, 16, 16, 3), (100, 32, 32, 3), (7, 16, 20, 3)]
)
def test_colour_images_along_the_last_axis_are_told(
    shape: tuple[int, int, int, int], tmp_path: Path
) -> None:
    images = noise(*shape)
    np.savez(tmp_path / "a.npz", X=images.transpose(1, 2, 3, 0), y=np.arange(shape[0]) % 2)
    data = imported(tmp_path / "a.npz", crop="stretch", image_size=16)
    assert (len(data), data.image_shape) == (shape[0], (3, 16, 16))
    assert f"read as {shape[0]} colour images of" in warnings_of(data)
    if shape[1] == shape[2] == 16:
        assert np.array_equal(everything(data), images)


@pytest.mark.parametrize("shape", [(16, 16, 16, 3), (4, 16, 16, 3), (16, 16, 16, 1)])
def test_images_with_their_channels_last_stay_so(
    shape: tuple[int, int, int, int], tmp_path: Path
) -> None:
    images = noise(*shape)
    np.save(tmp_path / "a.npy", images)
    data = imported(tmp_path / "a.npy")
    assert np.array_equal(everything(data), images)
    assert "last axis" not in warnings_of(data)


def scenes(num: int) -> np.ndarray:
    """Smooth colour images [N, H, W, C], each with colours of its own."""
    rng = np.random.default_rng(0)
    down, along = np.mgrid[0:SIZE, 0:SIZE, 0:1][:2] / 12
    above, beside, base = rng.random((3, num, 1, 1, 3))
    waves = 90 * np.sin(down + 6 * above) * np.cos(along + 6 * beside)
    return np.rint(waves + 95 + 60 * base).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("is_grey", [False, True])
@pytest.mark.parametrize("kind", ["uint8", "float32"])
@pytest.mark.parametrize("order", ["first", "last"])
def test_the_smoother_order_of_the_channels_is_that_of_rows(
    order: str, kind: str, is_grey: bool, tmp_path: Path
) -> None:
    images = scenes(70)
    if is_grey:
        images[:] = images[..., :1]
    stored = images.transpose(0, 3, 1, 2) if order == "first" else images
    np.save(tmp_path / "a.npy", stored.reshape(70, -1).astype(kind))
    data = imported(tmp_path / "a.npy")
    assert f"70 colour images, channels {order}, of 32 x 32" in warnings_of(data)
    assert np.array_equal(everything(data), images)
