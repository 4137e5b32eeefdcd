"""The built-in faces as a data set."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.vae.data.samples import opened
from vae.faces import synthetic


def test_synthetic_faces_are_drawn_when_taken_and_only_once(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    real = synthetic.faces

    def counting(seed: int, indices: np.ndarray, size: int = 64) -> np.ndarray:
        drawn.extend(indices.tolist())
        return real(seed, indices, size)

    monkeypatch.setattr(synthetic, "faces", counting)
    data = opened("synthetic", cache, num_images=50, image_size=32, seed=4)
    assert (len(data), data.image_shape, drawn) == (50, (3, 32, 32), [])
    wanted = np.array([40, 3, 40])
    assert np.array_equal(data.take(wanted), real(4, wanted, 32))
    assert np.array_equal(data.take(np.array([3, 5])), real(4, np.array([3, 5]), 32))
    assert sorted(drawn) == [3, 5, 40]
    assert not cache.exists()


def test_synthetic_attributes_are_the_factors_and_all_images_are_split(cache: Path) -> None:
    data = opened("synthetic", cache)
    assert len(data) == 20_000
    assert len(data.validation) == 2_000
    assert len(np.union1d(data.train, data.validation)) == 20_000
    assert list(data.attributes) == [factor.name for factor in synthetic.FACTORS]
    for name, values in data.attributes.items():
        assert len(values) == 20_000
        assert (values.dtype == np.int64) == (name in data.classes)
    identities = {
        opened("synthetic", cache, **options).fingerprint
        for options in ({}, {"seed": 1}, {"image_size": 32}, {"num_images": 7})
    }
    assert len(identities) == 4


def test_many_threads_that_take_the_same_faces_draw_each_once(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = opened("synthetic", cache, num_images=64, image_size=16)
    real = synthetic.faces
    expected = real(0, np.arange(64), 16)
    drawn: list[int] = []
    wrong: list[int] = []

    def slowly(seed: int, indices: np.ndarray, size: int = 64) -> np.ndarray:
        drawn.extend(indices.tolist())
        time.sleep(0.002)
        return real(seed, indices, size)

    monkeypatch.setattr(synthetic, "faces", slowly)

    def read(seed: int) -> None:
        order = np.random.default_rng(seed).permutation(64)
        for start in range(0, 64, 8):
            part = order[start : start + 8]
            if not np.array_equal(data.take(part), expected[part]):
                wrong.append(seed)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sorted(drawn) == list(range(64))
