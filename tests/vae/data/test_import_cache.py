"""The cache of imported images: whole or not there, read once, made anew when needed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.vae.data.samples import ROOT, everything, opened, picture
from vae.config import DataConfig
from vae.data import import_cache
from vae.data.dataset import open_dataset
from vae.errors import FileError


def test_a_second_open_decodes_nothing(
    faces: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened(faces, cache)

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("an image was opened again")

    monkeypatch.setattr(Image, "open", refuse)
    started = time.perf_counter()
    second = opened(faces, cache)
    assert time.perf_counter() - started < 0.2
    assert second.fingerprint == first.fingerprint
    assert np.array_equal(everything(second), everything(first))
    assert list(second.names) == list(first.names)


def test_an_edited_folder_is_imported_afresh(faces: Path, cache: Path) -> None:
    before = opened(faces, cache)
    picture(99).save(faces / "3.png")
    changed = opened(faces, cache)
    assert changed.fingerprint != before.fingerprint
    assert np.array_equal(changed.take(np.array([3]))[0], np.asarray(picture(99)))
    (faces / "4.png").unlink()
    assert len(opened(faces, cache)) == 9
    assert opened(faces, cache, image_size=32).image_shape == (3, 32, 32)


def test_a_cut_cache_is_imported_again(faces: Path, cache: Path) -> None:
    before = opened(faces, cache)
    expected = everything(before)
    del before
    (images,) = cache.glob("*/images.npy")
    images.write_bytes(images.read_bytes()[:-1])
    assert np.array_equal(everything(opened(faces, cache)), expected)


CHILD = """
import os, signal, sys
from pathlib import Path
from vae.config import DataConfig
from vae.data.dataset import open_dataset
def progress(what, done, total):
    if sys.argv[3] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
data = open_dataset(DataConfig(source=sys.argv[1]), Path(sys.argv[2]), progress)
print(data.fingerprint)
"""


def child(faces: Path, cache: Path, fate: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(faces), str(cache), fate]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_import_leaves_nothing_that_looks_whole(faces: Path, cache: Path) -> None:
    killed = child(faces, cache, "die")
    killed.communicate(timeout=20)
    assert killed.returncode == -signal.SIGKILL
    assert [path.suffix for path in cache.iterdir() if path.is_dir()] == [".part"]
    (faces / "9.png").unlink()  # so that the next import has another key
    assert len(opened(faces, cache)) == 9
    assert [path.suffix for path in cache.iterdir() if path.is_dir()] == [""]


def test_a_failing_import_leaves_nothing(faces: Path, cache: Path) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_dataset(DataConfig(source=str(faces)), cache, interrupt)
    assert [path for path in cache.iterdir() if path.is_dir()] == []
    assert len(opened(faces, cache)) == 10


def test_two_processes_that_import_at_once_agree(faces: Path, cache: Path) -> None:
    both = [child(faces, cache, "live") for _ in range(2)]
    printed = {process.communicate(timeout=20)[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert printed == {opened(faces, cache).fingerprint + "\n"}
    assert len([path for path in cache.iterdir() if path.is_dir()]) == 1


def test_a_full_disk_is_told_before_anything_is_written(
    faces: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(cache.parent)._replace(free=1000)
    monkeypatch.setattr(import_cache.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(
        FileError, match="need 0 MB in the cache, but only 0 MB of the disk are free"
    ):
        opened(faces, cache)


def test_progress_ends_at_the_total_and_is_told_at_most_ten_times_a_second(
    tmp_path: Path, cache: Path
) -> None:
    np.save(tmp_path / "a.npy", np.zeros((5000, 16, 16), np.uint8))
    told: list[tuple[str, int, int]] = []
    started = time.perf_counter()
    open_dataset(
        DataConfig(source=str(tmp_path / "a.npy")), cache, lambda *state: told.append(state)
    )
    for what in ("looking at images", "importing images"):
        numbers = [(done, total) for told_of, done, total in told if told_of == what]
        assert (numbers[0], numbers[-1]) == ((0, 5000), (5000, 5000))
    assert len(told) <= 4 + 10 * (time.perf_counter() - started)


def test_the_manifest_is_plain_json_with_the_source(faces: Path, cache: Path) -> None:
    data = opened(faces, cache)
    assert data.manifest["source"] == str(faces)
    assert data.manifest["image_size"] == 64
    assert json.loads(json.dumps(data.manifest)) == data.manifest
