"""HDF5 files come out as the images and values that were written to them."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.vae.data.containers.samples import (
    loaded,
    opened,
    picture,
    pixels,
    png,
    reasons,
    values,
)
from vae.errors import FileError, InputError


def write_h5(path: Path, arrays: Mapping[str, object], **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, **options)


@pytest.mark.parametrize("layout", ["x_{}", "{}/images", "{}_images"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_data_sets_of_an_hdf5_file_are_the_split_by_their_names(
    layout: str, is_packed: bool, tmp_path: Path
) -> None:
    images = np.stack([picture(seed) for seed in range(9)])
    labels = "y_{}" if layout == "x_{}" else layout.replace("images", "labels")
    options = {"compression": "gzip", "chunks": True} if is_packed else {}
    arrays = {}
    for part, some in (("train", slice(0, 6)), ("test", slice(6, 9))):
        arrays[layout.format(part)] = images[some]
        arrays[labels.format(part)] = np.arange(9)[some].reshape(-1, 1) % 2
    write_h5(tmp_path / "set.h5", arrays, **options)
    data = opened(tmp_path / "set.h5", tmp_path)
    assert np.array_equal(data.take(np.arange(9)), images)
    assert data.validation.tolist() == [6, 7, 8]
    assert data.attributes["label"].tolist() == [index % 2 for index in range(9)]


@pytest.mark.parametrize(
    "stored",
    [
        lambda images: images.transpose(0, 3, 1, 2),
        lambda images: images.astype(np.float32) / 255,
        lambda images: images.reshape(9, -1, 16, 3)[:, :16],
    ],
    ids=["NCHW", "floats", "NHWC"],
)
def test_images_of_an_hdf5_file_are_found_by_their_shape(
    stored: Callable[[np.ndarray], np.ndarray], tmp_path: Path
) -> None:
    images = np.stack([picture(seed) for seed in range(9)])
    names = [b"cat", "d\u00f6g".encode()] * 4 + [b"cat"]
    write_h5(tmp_path / "set.hdf5", {"photos": stored(images), "animal": names, "note": 3})
    data = opened(tmp_path / "set.hdf5", tmp_path)
    assert np.abs(data.take(np.arange(9)).astype(int) - images).max() <= 1
    assert data.classes["animal"] == ("cat", "d\u00f6g")
    assert data.attributes["animal"].tolist() == [0, 1] * 4 + [0]


def test_a_folder_of_hdf5_files_is_one_set_split_by_their_names(tmp_path: Path) -> None:
    images = np.stack([picture(seed) for seed in range(7)])
    for part, some in (("train_0", slice(0, 2)), ("train_1", slice(2, 5)), ("valid", slice(5, 7))):
        write_h5(tmp_path / "pcam" / f"pcam_{part}_x.h5", {"x": images[some]})
        write_h5(tmp_path / "pcam" / f"pcam_{part}_y.h5", {"y": np.arange(7)[some] % 2})
    data = loaded(tmp_path / "pcam")
    assert np.array_equal(pixels(data), images)
    assert data.validation_from == 5
    assert values(data, "label") == [str(index % 2) for index in range(7)]


def test_data_sets_of_one_image_each_are_images(tmp_path: Path) -> None:
    write_h5(tmp_path / "set.h5", {f"{'ab'[n % 2]}/{n}": picture(n)[: 8 + n] for n in range(6)})
    data = loaded(tmp_path / "set.h5")
    assert list(data.names) == [*(f"a/{n}" for n in (0, 2, 4)), *(f"b/{n}" for n in (1, 3, 5))]
    expected = [picture(n)[: 8 + n] for n in (0, 2, 4, 1, 3, 5)]
    assert all(map(np.array_equal, pixels(data), expected))
    assert values(data, "label") == ["a"] * 3 + ["b"] * 3


def test_a_large_hdf5_data_set_is_read_block_by_block(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "large.h5", "w") as file:  # 200 MB that are a few KB on disk
        images = file.create_dataset(
            "x", (4096, 128, 128, 3), np.uint8, chunks=(16, 128, 128, 3), compression="gzip"
        )
        images[7] = 9
    data = loaded(tmp_path / "large.h5")
    tracemalloc.start()
    try:
        sums = [int(np.asarray(data.read(index)).sum()) for index in range(len(data.names))]
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()
    assert sums == [9 * 128 * 128 * 3 * (index == 7) for index in range(4096)]


def test_hdf5_without_h5py_or_without_images_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_h5(tmp_path / "a.h5", {"age": np.arange(3.0)})
    with pytest.raises(InputError, match=r"a.h5 holds no images.*age \[3\]"):
        loaded(tmp_path / "a.h5")
    (tmp_path / "b.h5").write_bytes(b"no such file")
    with pytest.raises(FileError, match=r"b.h5 cannot be read as an HDF5 file"):
        loaded(tmp_path / "b.h5")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match=r"need the package h5py \(pip install h5py\)"):
        loaded(tmp_path / "a.h5")


def test_data_kept_in_other_files_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(2 * 16 * 16))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (2, 16, 16), np.uint8, external=[(str(secret), 0, 512)])
        file["images"] = np.stack([picture(0), picture(1)])
        file["far"] = h5py.ExternalLink(str(secret), "x")
    data = loaded(tmp_path / "a.h5")
    assert len(data.names) == 2
    assert reasons(data) == {"linked": 1}


# ---------------------------------------------------------------------------- encoded images


def write_cells(file: h5py.Group, name: str, files: Sequence[bytes], how: str) -> None:
    if how == "fixed":
        file[name] = np.array(files, dtype=f"S{max(map(len, files))}")
        return
    if how == "text":
        file.create_dataset(name, data=files, dtype=h5py.string_dtype("ascii"))
        return
    cells = file.create_dataset(name, (len(files),), h5py.vlen_dtype(np.uint8))
    for row, data in enumerate(files):
        cells[row] = np.frombuffer(data, np.uint8)


@pytest.mark.parametrize("how", ["fixed", "cells"])
def test_encoded_images_in_the_cells_of_a_data_set_are_read(how: str, tmp_path: Path) -> None:
    files = [png(seed) for seed in range(7)]
    files[3] = files[3][:50]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write_cells(file, "images", files, how)
        file["labels"] = np.arange(7).reshape(7, 1) % 3
        file["name"] = np.array([f"n{row % 2}" for row in range(7)], dtype="S2")
        file["about"] = np.arange(3)
    data = opened(tmp_path / "a.h5", tmp_path)
    seen = [0, 1, 2, 4, 5, 6]
    assert data.manifest["counts"] == {"used": 6, "broken": 1}
    assert np.array_equal(data.take(np.arange(6)), np.stack([picture(seed) for seed in seen]))
    assert [data.classes["label"][cell] for cell in data.attributes["label"]] == [
        str(seed % 3) for seed in seen
    ]
    assert [data.classes["name"][cell] for cell in data.attributes["name"]] == [
        f"n{seed % 2}" for seed in seen
    ]
    assert "Not used: about." in data.manifest["warnings"]  # type: ignore[operator]
    file = loaded(tmp_path / "a.h5").read_file
    assert file is not None
    assert file(5) == files[5]


def test_encoded_images_have_the_split_of_their_data_sets_or_files(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for split, seeds in (("test", range(5, 7)), ("train", range(5))):
            write_cells(file, f"{split}_images", [png(seed) for seed in seeds], "cells")
            file[f"{split}_labels"] = np.array([seed % 2 for seed in seeds])
    data = opened(tmp_path / "a.h5", tmp_path)
    assert np.array_equal(data.take(np.arange(7)), np.stack([picture(seed) for seed in range(7)]))
    assert data.validation.tolist() == [5, 6]
    assert [data.classes["label"][cell] for cell in data.attributes["label"]] == list("0101010")
    (tmp_path / "set").mkdir()
    for split, seeds in (("test", range(5, 7)), ("train", range(5))):
        with h5py.File(tmp_path / "set" / f"{split}.h5", "w") as file:
            write_cells(file, "jpg", [png(seed) for seed in seeds], "fixed")
            file["y"] = np.array([seed % 2 for seed in seeds])
    data = opened(tmp_path / "set", tmp_path)
    assert np.array_equal(data.take(np.arange(7)), np.stack([picture(seed) for seed in range(7)]))
    assert data.validation.tolist() == [5, 6]
    assert [data.classes["label"][cell] for cell in data.attributes["label"]] == list("0101010")


@pytest.mark.parametrize("kind", ["bytes", "numbers", "void"])
def test_data_sets_that_are_an_encoded_image_each_are_images_in_folders(
    kind: str, tmp_path: Path
) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for seed in range(6):
            data = png(seed)
            cell = {
                "bytes": np.bytes_(data),
                "numbers": np.frombuffer(data, np.uint8),
                "void": np.void(data),
            }
            file[f"{'cat' if seed < 3 else 'dog'}/{seed}"] = cell[kind]
    data_set = opened(tmp_path / "a.h5", tmp_path)
    assert list(data_set.names) == [f"{'cat' if n < 3 else 'dog'}/{n}" for n in range(6)]
    expected = np.stack([picture(seed) for seed in range(6)])
    assert np.array_equal(data_set.take(np.arange(6)), expected)
    assert data_set.classes["label"][:2] == ("cat", "dog")


def test_groups_of_images_are_classes(tmp_path: Path) -> None:
    images = np.stack([picture(seed) for seed in range(7)])
    write_h5(tmp_path / "a.h5", {"cat/images": images[:3], "dog/images": images[3:]})
    data = opened(tmp_path / "a.h5", tmp_path)
    assert np.array_equal(data.take(np.arange(7)), images)
    assert [data.classes["label"][n] for n in data.attributes["label"]] == ["cat"] * 3 + ["dog"] * 4
