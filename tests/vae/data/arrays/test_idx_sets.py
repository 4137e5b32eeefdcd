"""Files of idx images, in folders and zip files, several sets among them."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.vae.data.containers.samples import (
    loaded,
    pixels,
    reasons,
    values,
    write_files,
    write_zip,
)
from vae.data.source_names import is_there
from vae.data.sources import locate
from vae.errors import InputError


def idx_bytes(array: np.ndarray) -> bytes:
    head = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


def idx_set(stem: str, seed: int, num: int) -> dict[str, bytes]:
    """The two files of a part of `num` images of 16x16, packed."""
    images = np.random.default_rng(seed).integers(0, 256, (num, 16, 16))
    return {
        f"{stem}-images-idx3-ubyte.gz": gzip.compress(idx_bytes(images)),
        f"{stem}-labels-idx1-ubyte.gz": gzip.compress(idx_bytes(np.arange(num) % 10)),
    }


def idx_images(seed: int, num: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (num, 16, 16)).astype(np.uint8)


EMNIST = {
    name: data
    for seed, kind in enumerate(("balanced", "letters", "digits"))
    for part, num in (("train", 5), ("test", 2))
    for name, data in idx_set(f"gzip/emnist-{kind}-{part}", 10 * seed + num, num).items()
}


def test_idx_files_in_a_zip_are_read_there(tmp_path: Path) -> None:
    write_zip(
        tmp_path / "mnist.zip", idx_set("a/train", 1, 5) | idx_set("a/t10k", 2, 3) | {"x": b""}
    )
    data = loaded(tmp_path / "mnist.zip")
    assert np.array_equal(pixels(data), np.concatenate([idx_images(1, 5), idx_images(2, 3)]))
    assert data.validation_from == 5
    assert values(data, "label") == [*"01234", *"012"]


@pytest.mark.parametrize("where", ["raw", "gzip.zip"])
def test_each_of_several_idx_sets_is_named_by_its_own_name(where: str, tmp_path: Path) -> None:
    (write_zip if where.endswith(".zip") else write_files)(tmp_path / where, EMNIST)
    folder = tmp_path / where / "gzip" if where == "raw" else tmp_path / where
    data = loaded(folder / "emnist-letters")
    assert np.array_equal(pixels(data), np.concatenate([idx_images(15, 5), idx_images(12, 2)]))
    assert data.validation_from == 5
    assert "mirrored" in " ".join(data.warnings)
    assert locate(str(folder / "emnist-letters"), tmp_path).name == "emnist-letters"
    assert len(loaded(tmp_path / where / "gzip" / "emnist-digits").names) == 7
    assert is_there(folder / "emnist-letters")
    assert is_there(tmp_path / where / "gzip" / "emnist-digits")
    assert not is_there(tmp_path / "nowhere" / "emnist-letters")
    listed = r"3 sets of idx images: name .*gzip/emnist-balanced, .*gzip/emnist-digits"
    with pytest.raises(InputError, match=listed):
        loaded(tmp_path / where)
    with pytest.raises(InputError, match=r"no set 'emnist-lettres'.*/emnist-letters"):
        loaded(folder / "emnist-lettres")


def test_a_file_of_idx_images_is_its_set_alone_and_changes_with_its_labels(tmp_path: Path) -> None:
    write_files(tmp_path, EMNIST)
    file = tmp_path / "gzip" / "emnist-letters-test-images-idx3-ubyte.gz"
    source = locate(str(file), tmp_path)
    data = source.load()
    assert np.array_equal(pixels(data), idx_images(12, 2))
    assert values(data, "label") == ["0", "1"]
    labels = file.with_name("emnist-letters-test-labels-idx1-ubyte.gz")
    labels.write_bytes(gzip.compress(idx_bytes(np.array([7, 7])), 1))
    changed = locate(str(file), tmp_path)
    assert changed.listing != source.listing
    assert values(changed.load(), "label") == ["7", "7"]


def test_idx_files_that_were_each_unpacked_into_a_folder_are_one_set(tmp_path: Path) -> None:
    files = {
        f"{name.removesuffix('.gz')}/{name.removesuffix('.gz')}": gzip.decompress(data)
        for part, seed in (("train", 1), ("t10k", 2))
        for name, data in idx_set(part, seed, 4).items()
    }
    write_files(tmp_path / "kaggle", files | {"train-images.idx3-ubyte": b""})
    (tmp_path / "kaggle" / "train-images.idx3-ubyte").write_bytes(
        files["train-images-idx3-ubyte/train-images-idx3-ubyte"]
    )
    data = loaded(tmp_path / "kaggle")
    assert np.array_equal(pixels(data), np.concatenate([idx_images(1, 4), idx_images(2, 4)]))
    assert values(data, "label") == [*"0123", *"0123"]


def test_validation_files_of_idx_images_keep_those_of_the_test_apart(tmp_path: Path) -> None:
    parts = idx_set("x-train", 1, 4) | idx_set("x-val", 2, 2) | idx_set("x-test", 3, 3)
    write_files(tmp_path / "x", parts)
    data = loaded(tmp_path / "x")
    assert np.array_equal(pixels(data), np.concatenate([idx_images(1, 4), idx_images(2, 2)]))
    assert data.validation_from == 4
    assert reasons(data) == {"test": 3}
