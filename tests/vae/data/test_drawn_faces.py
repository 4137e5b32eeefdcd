"""More synthetic faces than memory should hold: drawn once, into a file of the cache."""

from __future__ import annotations

import os
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from tests.vae.data.samples import everything, opened
from vae.data import dataset, import_files
from vae.errors import FileError
from vae.faces import synthetic
from vae.faces.synthetic import sample_factors

SIZE = 32


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The faces drawn since, and no memory to keep any in."""
    monkeypatch.setattr(dataset, "MAX_FACES_BYTES", 0)
    found: list[int] = []
    real = synthetic.faces

    def counting(seed: int, indices: np.ndarray, size: int = 64) -> np.ndarray:
        found.extend(indices.tolist())
        return real(seed, indices, size)

    monkeypatch.setattr(synthetic, "faces", counting)
    return found


def file_in(cache: Path) -> Path:
    (file,) = cache.glob("synthetic-*.npy")
    return file


def test_faces_past_the_memory_limit_are_drawn_once_and_then_read(
    cache: Path, drawn: list[int]
) -> None:
    first = opened("synthetic", cache, num_images=9, image_size=SIZE, seed=4)
    order = np.array([4, 0, 2, 4])
    wanted = synthetic.faces(4, np.arange(9), SIZE)
    drawn.clear()
    assert np.array_equal(first.take(order), wanted[order])
    assert sorted(drawn) == [0, 2, 4]
    again = opened("synthetic", cache, num_images=9, image_size=SIZE, seed=4)
    assert np.array_equal(everything(again), wanted)
    assert np.array_equal(everything(first), wanted)
    assert sorted(drawn) == list(range(9))
    assert np.array_equal(np.load(file_in(cache)), wanted)


def test_where_faces_lie_does_not_change_their_fingerprint(cache: Path, drawn: list[int]) -> None:
    on_disk = opened("synthetic", cache, num_images=9, image_size=SIZE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset, "MAX_FACES_BYTES", 2**30)
        in_memory = opened("synthetic", cache, num_images=9, image_size=SIZE)
    assert on_disk.fingerprint == in_memory.fingerprint
    assert np.array_equal(everything(on_disk), everything(in_memory))


def test_a_face_of_which_a_crash_took_a_part_is_drawn_again(cache: Path, drawn: list[int]) -> None:
    wanted = everything(opened("synthetic", cache, num_images=6, image_size=SIZE))
    begin = file_in(cache).stat().st_size - wanted.nbytes
    with open(file_in(cache), "r+b") as file:
        file.seek(begin + 2 * wanted[0].nbytes + wanted[0].nbytes // 2)
        file.write(bytes(wanted[0].nbytes // 2))  # the lower half of the third
    drawn.clear()
    assert np.array_equal(
        everything(opened("synthetic", cache, num_images=6, image_size=SIZE)), wanted
    )
    assert drawn == [2]


@pytest.mark.parametrize("size", [16, 32, 64, 256])
def test_no_face_has_a_black_row(size: int) -> None:
    faces = synthetic.faces(7, np.arange(2_000 if size < 256 else 50), size)
    assert faces.max(axis=(2, 3)).min() > 32


def test_other_faces_lie_in_another_file(cache: Path, drawn: list[int]) -> None:
    for options in ({}, {"seed": 1}, {"num_images": 4}, {"image_size": 16}):
        opened("synthetic", cache, **{"num_images": 3, "image_size": SIZE} | options)
    assert len(list(cache.glob("synthetic-*.npy"))) == 4


@pytest.mark.skipif(not hasattr(os.stat_result, "st_blocks"), reason="needs st_blocks")
def test_a_face_that_nobody_asked_for_takes_no_space(cache: Path, drawn: list[int]) -> None:
    data = opened("synthetic", cache, num_images=2_000, image_size=64)
    data.take(np.array([1_000]))
    assert file_in(cache).stat().st_size > 2_000 * 64 * 64 * 3
    assert file_in(cache).stat().st_blocks * 512 < 2**20


def test_a_disk_without_room_for_all_faces_is_told_at_once(
    cache: Path, drawn: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(cache.parent)._replace(free=10_000_000)
    monkeypatch.setattr(import_files.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(FileError, match="need 12 MB in the cache, but only 10 MB of the disk"):
        opened("synthetic", cache, num_images=1_000, image_size=64)
    assert list(cache.glob("synthetic-*.npy")) == []


def test_a_file_of_faces_that_cannot_be_written_is_said(cache: Path, drawn: list[int]) -> None:
    data = opened("synthetic", cache, num_images=3, image_size=SIZE)
    file_in(cache).unlink()
    with pytest.raises(FileError, match="could not be written"):
        data.take(np.array([0]))


def test_faces_are_opened_without_a_thing_for_each_in_memory(cache: Path, drawn: list[int]) -> None:
    num = 100_000
    tracemalloc.start()
    data = opened("synthetic", cache, num_images=num, image_size=16)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 12 * num  # the split: 8 bytes an image
    assert peak < 48 * num  # made by sorting
    assert (len(data), data.names[17], data.names[-1]) == (num, "17", "99999")
    few = sample_factors(0, np.arange(5))
    assert all(np.array_equal(data.attributes[name][:5], few[name]) for name in data.attributes)
