"""An array beside the images of an .npz says of which split each of them is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.vae.data.arrays.samples import noise
from tests.vae.data.samples import SIZE, imported, warnings_of

NUM = 1024  # as many as the pixels of a picture of 32 x 32
IS_TEST = np.arange(NUM) % 5 == 0
WORDS = np.where(IS_TEST, "test", "train")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("images_key", ["images", "faces"])
@pytest.mark.parametrize(
    ("key", "stored"),
    [
        ("split", WORDS),
        ("split", WORDS.astype("S")),
        ("split", WORDS[:, None].astype(object)),
        ("split", IS_TEST * 2),
        ("is_train", ~IS_TEST),
        ("is_test", IS_TEST),
        ("isTest", IS_TEST.astype(np.uint8)),
        ("is_training", (~IS_TEST).astype(np.float32)),
        ("is_valid", IS_TEST),
    ],
)
def test_an_array_of_splits_is_the_own_split(
    key: str, stored: np.ndarray, images_key: str, save: Callable[..., None], tmp_path: Path
) -> None:
    images, labels = noise(NUM, 16, 16), np.arange(NUM) % 3
    arrays = {key: stored, "y": labels, images_key: images}
    save(tmp_path / "a.npz", **arrays)
    data = imported(tmp_path / "a.npz")
    assert np.array_equal(data.take(data.train)[..., 0], images[~IS_TEST])
    assert np.array_equal(data.take(data.validation)[..., 0], images[IS_TEST])
    assert data.attributes.keys() == {"label"}
    assert data.attributes["label"].tolist() == [*labels[~IS_TEST], *labels[IS_TEST]]
    assert data.manifest["split_from"] == "own"
    assert ("test images are used for validation" in warnings_of(data)) == (key != "is_valid")


def test_test_images_are_kept_apart_where_others_validate(tmp_path: Path) -> None:
    images = noise(6, SIZE, SIZE)
    split = np.array(["Test", "valid", "train", "TRAIN", "test", "train"])
    np.savez(tmp_path / "a.npz", x=images, split=split)
    data = imported(tmp_path / "a.npz")
    assert np.array_equal(data.take(data.train)[..., 0], images[[2, 3, 5]])
    assert np.array_equal(data.take(data.validation)[..., 0], images[[1]])
    assert data.manifest["counts"] == {"used": 4, "test": 2}
    assert data.names == ["2", "3", "5", "1"]
    assert "2 test images are kept apart" in warnings_of(data)


def test_classes_and_arrays_that_split_nothing_stay_what_they_are(tmp_path: Path) -> None:
    kinds = np.array(["train", "car", "train", "bus"])
    np.savez(tmp_path / "a.npz", x=noise(4, SIZE, SIZE), kind=kinds, y=np.array([0, 1, 2, 0]))
    data = imported(tmp_path / "a.npz")
    assert data.classes["kind"] == ("bus", "car", "train")
    assert data.attributes["label"].tolist() == [0, 1, 2, 0]
    assert data.manifest["split_from"] == "random"
