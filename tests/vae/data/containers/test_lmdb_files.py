"""LMDB databases of image files come out as the images that were put in."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.vae.data.containers.samples import loaded, opened, picture, png, values
from vae.errors import FileError, InputError


def write_lmdb(folder: Path, entries: Mapping[str, bytes]) -> None:
    lmdb = pytest.importorskip("lmdb")
    folder.mkdir(parents=True)
    with lmdb.open(str(folder), map_size=2**24) as database, database.begin(write=True) as writing:
        for key, value in entries.items():
            writing.put(key.encode(), value)


@pytest.mark.parametrize("given", ["bedroom_lmdb", "bedroom_lmdb/data.mdb"])
def test_the_values_that_are_image_files_are_the_images(given: str, tmp_path: Path) -> None:
    entries = {f"{seed:08}": png(seed) for seed in range(6)}
    write_lmdb(tmp_path / "bedroom_lmdb", entries | {"length": b"6", "about": b"Beds."})
    for _ in range(2):  # a process may not open one twice at a time
        collection = loaded(tmp_path / given)
        data = opened(tmp_path / given, tmp_path)
        assert list(data.names) == list(entries)
        expected = np.stack([picture(seed) for seed in range(6)])
        assert np.array_equal(data.take(np.arange(6)), expected)
        assert "Not used: 2 values that are no images." in collection.warnings
        assert collection.read_file is not None
        assert collection.read_file(3) == png(3)


def test_several_databases_are_the_split_by_their_names(tmp_path: Path) -> None:
    write_lmdb(tmp_path / "set" / "church_val_lmdb", {"0": png(4), "1": png(5)})
    write_lmdb(tmp_path / "set" / "church_train_lmdb", {f"{n}": png(n) for n in range(4)})
    data = opened(tmp_path / "set", tmp_path)
    assert np.array_equal(data.take(np.arange(6)), np.stack([picture(seed) for seed in range(6)]))
    assert data.validation.tolist() == [4, 5]
    assert len(set(data.names)) == 6


def test_texts_beside_the_images_are_their_labels(tmp_path: Path) -> None:
    entries = {f"image-{n:09}": png(n) for n in range(4)}
    entries |= {f"label-{n:09}": b"ab"[n % 2 :][:1] for n in range(4)}
    write_lmdb(tmp_path / "words", entries | {"num-samples": b"4"})
    assert values(loaded(tmp_path / "words"), "label") == ["a", "b", "a", "b"]


def test_a_database_without_images_and_one_that_is_none_are_one_sentence(tmp_path: Path) -> None:
    write_lmdb(tmp_path / "caffe", {f"{n}": b"\x08\x01\x10\x1c" for n in range(3)})
    with pytest.raises(InputError, match="found 3 values of another kind"):
        loaded(tmp_path / "caffe")
    (tmp_path / "access.mdb").write_bytes(bytes(9000))
    with pytest.raises(FileError, match=r"access\.mdb cannot be read as an LMDB database"):
        loaded(tmp_path / "access.mdb")


def test_without_lmdb_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "set").mkdir()
    for name in ("data.mdb", "lock.mdb"):
        (tmp_path / "set" / name).write_bytes(bytes(100))
    monkeypatch.setitem(sys.modules, "lmdb", None)
    with pytest.raises(InputError, match=r"need the package lmdb \(pip install lmdb\)"):
        loaded(tmp_path / "set")
