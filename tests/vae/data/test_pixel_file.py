"""Images read from a file: the right ones, from many threads, and no more of it in memory."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from vae.config import DataConfig
from vae.data.dataset import open_dataset
from vae.data.pixel_file import PixelFile
from vae.errors import FileError


def file_of(images: np.ndarray, folder: Path) -> Path:
    np.save(folder / "images.npy", images)
    return folder / "images.npy"


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (50, 8, 8, 3), np.uint8)


@pytest.mark.parametrize("has_preadv", [True, False])
def test_images_come_in_the_order_asked_for(
    images: np.ndarray, tmp_path: Path, has_preadv: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_preadv:
        monkeypatch.delattr(os, "preadv", raising=False)
    there = PixelFile(file_of(images, tmp_path))
    assert there.shape == images.shape
    for order in ([3, 49, 0, 3], list(range(50)), []):
        index = np.array(order, np.int64)
        assert np.array_equal(there.take(index), images[index])


@pytest.mark.parametrize("has_preadv", [True, False])
def test_many_threads_read_at_once(
    images: np.ndarray, tmp_path: Path, has_preadv: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_preadv:
        monkeypatch.delattr(os, "preadv", raising=False)
    there = PixelFile(file_of(images, tmp_path))
    wrong: list[int] = []

    def read(seed: int) -> None:
        for _ in range(200):
            order = np.random.default_rng(seed).integers(0, 50, 16)
            if not np.array_equal(there.take(order), images[order]):
                wrong.append(seed)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_file_that_was_cut_is_said(images: np.ndarray, tmp_path: Path) -> None:
    path = file_of(images, tmp_path)
    there = PixelFile(path)
    os.truncate(path, path.stat().st_size - 1)
    assert np.array_equal(there.take(np.array([48])), images[48:49])
    with pytest.raises(FileError, match="ends before its images do"):
        there.take(np.array([49]))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_reading_a_whole_file_does_not_make_it_memory_of_the_process(tmp_path: Path) -> None:
    num = 30_000
    path = tmp_path / "images.npy"
    shape = (num, 64, 64, 3)
    np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    there = PixelFile(path)
    before = resident()
    for start in range(0, num, 256):
        there.take(np.arange(start, min(start + 256, num)))
    assert resident() - before < 0.2 * num * 64 * 64 * 3


def resident() -> int:
    """Bytes of memory that the system counts as this process's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_importing_a_large_array_does_not_make_it_memory_of_the_process(
    tmp_path: Path, cache: Path
) -> None:
    shape = (30_000, 64, 64, 3)
    array = np.lib.format.open_memmap(tmp_path / "faces.npy", "w+", np.uint8, shape)
    array[:, 0, 0, 0] = np.arange(30_000) % 256
    num_bytes = array.nbytes
    del array
    found = [resident()]
    source = DataConfig(source=str(tmp_path / "faces.npy"))
    open_dataset(source, cache, lambda *_: found.append(resident()))
    assert max(found) - found[0] < 0.3 * num_bytes
