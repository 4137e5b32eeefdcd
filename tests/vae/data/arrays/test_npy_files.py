"""Folders of .npy files: one image each, or sets of images."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.vae.data.containers.samples import (
    loaded,
    opened,
    picture,
    pixels,
    values,
)


def save_npy(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array)


@pytest.mark.parametrize(
    "stored",
    [
        lambda image: image,
        lambda image: image.transpose(2, 0, 1),
        lambda image: image.astype(np.float32) / 255,
    ],
    ids=["HWC", "CHW", "floats"],
)
def test_a_folder_of_npy_files_is_one_image_each(
    stored: Callable[[np.ndarray], np.ndarray], tmp_path: Path
) -> None:
    names = ["train/cat/1", "train/cat/2", "train/dog/3", "test/dog/4"]
    for seed, name in enumerate(names):
        save_npy(tmp_path / "pets" / f"{name}.npy", stored(picture(seed)))
    save_npy(tmp_path / "pets" / "test" / "objects.npy", np.array([{}], dtype=object))
    (tmp_path / "pets" / "broken.npy").write_bytes(b"no array")
    (tmp_path / "pets" / "notes.txt").write_text("hello")
    data = opened(tmp_path / "pets", tmp_path)
    assert list(data.names) == names
    expected = np.stack([picture(seed) for seed in range(4)]).astype(int)
    assert np.abs(data.take(np.arange(4)) - expected).max() <= 1
    assert data.validation.tolist() == [3]
    assert [data.classes["label"][v] for v in data.attributes["label"]] == [
        *["cat"] * 2,
        "dog",
        "dog",
    ]
    assert data.manifest["counts"] == {"used": 4, "other": 2, "broken": 1}


def test_npy_files_named_as_sets_are_the_split_with_their_labels(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    images = np.stack([picture(seed) for seed in range(9)])
    for part, some in (("train", slice(0, 6)), ("test", slice(6, 9))):
        save_npy(folder / f"x_{part}.npy", images[some])
        save_npy(folder / f"y_{part}.npy", np.arange(9)[some] % 2)
    data = loaded(folder)
    assert np.array_equal(pixels(data), images)
    assert data.validation_from == 6
    assert values(data, "label") == [str(index % 2) for index in range(9)]


def test_npy_files_with_many_images_each_are_classes_by_their_names(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    sets = {
        name: draw.integers(0, 256, (num, 784), np.uint8) for name, num in (("cat", 9), ("owl", 7))
    }
    for name, rows in sets.items():
        save_npy(tmp_path / "drawn" / f"{name}.npy", rows)
    data = loaded(tmp_path / "drawn")
    expected = np.concatenate([rows.reshape(-1, 28, 28) for rows in sets.values()])
    assert np.array_equal(np.squeeze(pixels(data)), expected)
    assert values(data, "label") == ["cat"] * 9 + ["owl"] * 7
    for part in range(2):
        save_npy(tmp_path / "parts" / f"part_{part}.npy", np.stack([picture(part)] * 3))
    parts = loaded(tmp_path / "parts")
    assert len(parts.names) == 6
    assert not parts.columns


def test_a_thousand_npy_files_are_not_open_at_once(tmp_path: Path) -> None:
    for seed in range(60):
        save_npy(tmp_path / "many" / f"{seed:04}.npy", picture(seed)[..., 0])
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 60
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 20, limits[1]))
    try:
        assert len(pixels(loaded(tmp_path / "many"))) == 60
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
