"""Arrays of any range of values become the same images, in little memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.vae.data.arrays.samples import noise
from tests.vae.data.samples import SIZE, everything, imported
from vae.errors import InputError

LEVELS = noise(5, SIZE, SIZE, 3)


LEVELS[0, 0, 0] = (0, 255, 0)


@pytest.mark.parametrize(
    "stored",
    [
        LEVELS / 255,
        (LEVELS / 255).astype(np.float32),
        LEVELS / 127.5 - 1,
        LEVELS.astype(np.float32),
        LEVELS.astype(np.float64),
        LEVELS.astype(np.uint16),
        LEVELS.astype(np.int64),
        LEVELS.astype(np.uint16) * 257,
        LEVELS.astype(np.int16) - 128,
        LEVELS.view(np.uint8).astype(">f4"),
    ],
    ids=[
        *("f64 0..1", "f32 0..1", "-1..1", "f32 0..255", "f64 0..255", "u16 0..255", "i64"),
        *("u16", "i16 less 128", "big endian"),
    ],
)
def test_arrays_of_every_range_are_the_same_images(stored: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", stored)
    assert np.array_equal(everything(imported(tmp_path / "a.npy")), LEVELS)


def test_negative_whole_numbers_of_8_bits_are_levels_less_128(tmp_path: Path) -> None:
    levels = LEVELS.clip(20, 230)
    np.save(tmp_path / "a.npy", (levels.astype(int) - 128).astype(np.int8))
    assert np.array_equal(everything(imported(tmp_path / "a.npy")), levels)


@pytest.mark.parametrize("kind", ["bool", "uint8", "int8", "int32", "uint16", "float32"])
def test_masks_of_0_and_1_are_black_and_white_in_any_kind(kind: str, tmp_path: Path) -> None:
    masks = noise(4, SIZE, SIZE) > 128
    np.save(tmp_path / "a.npy", masks.astype(kind))
    assert np.array_equal(everything(imported(tmp_path / "a.npy"))[..., 0], masks * 255)


def test_one_scale_holds_for_train_and_test_together(tmp_path: Path) -> None:
    train = np.random.default_rng(0).random((4, SIZE, SIZE)) * 100
    np.savez(tmp_path / "a.npz", x_test=train[:2] / 100, x_train=train)
    data = imported(tmp_path / "a.npz")
    assert data.take(data.validation).max() <= 1
    assert np.array_equal(data.take(data.train)[..., 0], np.rint(train))


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_images_with_values_that_are_no_numbers_are_counted_and_the_others_used(
    kind: str, tmp_path: Path
) -> None:
    images = LEVELS[..., 0].astype(kind)
    images[1, :2, :2] = np.nan
    images[3, 0, 0] = np.inf
    np.savez(tmp_path / "a.npz", x=images, y=np.arange(5))
    data = imported(tmp_path / "a.npz")
    assert np.array_equal(everything(data)[..., 0], LEVELS[[0, 2, 4], :, :, 0])
    assert data.attributes["label"].tolist() == [0, 2, 4]
    assert data.manifest["counts"] == {"used": 3, "broken": 2}
    examples = str(data.manifest["examples"])
    assert "4 of its 1,024 values are not finite numbers" in examples
    assert "1 of its 1,024 values is not a finite number" in examples


def test_of_single_arrays_those_with_values_that_are_no_numbers_are_counted(tmp_path: Path) -> None:
    images = LEVELS[..., 0].astype(np.float32)
    images[2, 3, 4] = np.nan
    (tmp_path / "set").mkdir()
    for number, image in enumerate(images):
        np.save(tmp_path / "set" / f"{number}.npy", image)
    data = imported(tmp_path / "set")
    assert np.array_equal(everything(data)[..., 0], LEVELS[[0, 1, 3, 4], :, :, 0])
    assert data.manifest["counts"] == {"used": 4, "broken": 1}


def test_arrays_without_one_whole_image_are_one_sentence(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((3, SIZE, SIZE), np.nan))
    with pytest.raises(InputError, match="not finite") as caught:
        imported(tmp_path / "a.npy")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_larger_than_memory_allows_is_read_block_by_block(
    save: Callable[..., None], tmp_path: Path
) -> None:
    images = np.arange(4000, dtype=np.uint16)[:, None, None, None] % 251
    images = np.ascontiguousarray(np.broadcast_to(images, (4000, 64, 64, 3)).astype(np.uint8))
    save(
        tmp_path / "a.npz", x_test=images[3000:], y_train=np.arange(3000) % 7, x_train=images[:3000]
    )
    del images  # 49 MB
    tracemalloc.start()
    data = imported(tmp_path / "a.npz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4000 * 64 * 64 * 3 / 2, f"{peak:,} bytes"
    assert np.array_equal(data.train, np.arange(3000))
    index = np.array([0, 1, 1717, 2999, 3000, 3999])
    assert data.take(index)[:, 5, 5, 2].tolist() == (index % 251).tolist()
    assert data.classes["label"] == (*"0123456", "unknown")


def test_a_file_larger_than_memory_allows_is_read_image_by_image(tmp_path: Path) -> None:
    stored = np.lib.format.open_memmap(
        tmp_path / "a.npy", "w+", np.float32, (4000, 64, 64)
    )  # 64 MB
    for index in range(4000):
        stored[index] = index / 3999
    del stored
    tracemalloc.start()
    data = imported(tmp_path / "a.npy")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(data) == 4000
    assert peak < 16e6
