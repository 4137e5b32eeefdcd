"""The files of MNIST and arrays as data sets."""

from __future__ import annotations

import gzip
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.vae.data.samples import ROOT, counts, everything, opened
from vae.errors import InputError

MNIST = ROOT.parent / "shared" / "data" / "mnist"


def write_idx(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    data = head + array.tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


@pytest.fixture
def digits(tmp_path: Path) -> Callable[[str], Path]:
    """Writes 50 + 7 images of 28x28, two of them twins, as idx files with a given ending."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (57, 28, 28), np.uint8)
    images[56] = images[55]
    labels = (np.arange(57) % 10).astype(np.uint8)

    def write(ending: str) -> Path:
        folder = tmp_path / f"digits{ending}"
        for name, part in (("train", slice(0, 50)), ("t10k", slice(50, 57))):
            write_idx(folder / "MNIST" / "raw" / f"{name}-images-idx3-ubyte{ending}", images[part])
            write_idx(folder / "MNIST" / "raw" / f"{name}-labels-idx1-ubyte{ending}", labels[part])
        return folder

    return write


def test_plain_and_packed_idx_files_are_equal_and_t10k_is_the_validation_split(
    digits: Callable[[str], Path], cache: Path
) -> None:
    plain, packed = opened(digits(""), cache), opened(digits(".gz"), cache)
    assert plain.fingerprint == packed.fingerprint
    assert plain.image_shape == (1, 28, 28)
    for data in (plain, packed):
        assert np.array_equal(data.train, np.arange(50))
        assert np.array_equal(data.validation, np.arange(50, 57))
        assert data.attributes["label"].tolist() == [index % 10 for index in range(57)]
        assert data.classes["label"] == tuple("0123456789")
    images = np.random.default_rng(0).integers(0, 256, (57, 28, 28), np.uint8)
    assert np.array_equal(everything(plain)[:56, ..., 0], images[:56])


def test_one_idx_file_can_be_named_and_torchvision_finds_what_lies_on_disk(
    digits: Callable[[str], Path], cache: Path
) -> None:
    folder = digits(".gz")
    train = opened(folder / "MNIST" / "raw" / "train-images-idx3-ubyte.gz", cache)
    assert len(train) == 50
    assert len(train.validation) == 5
    shutil.copytree(folder, cache.parent / "data")
    found = opened("torchvision:MNIST", cache)
    assert found.name == "MNIST"
    assert found.fingerprint == opened(folder, cache).fingerprint


def test_a_torchvision_set_is_imported(cache: Path) -> None:
    pytest.importorskip("torchvision")
    data = opened("torchvision:FakeData", cache, num_images=5)  # 1000 noisy images of 224x224
    assert (data.name, len(data), data.image_shape) == ("FakeData", 5, (3, 64, 64))
    assert counts(data) == {"used": 5}


def test_a_subset_of_idx_files_keeps_the_images_own_sides(
    digits: Callable[[str], Path], cache: Path
) -> None:
    data = opened(digits(""), cache, num_images=40)
    sources_of = np.array([int(name) for name in data.names])
    assert len(sources_of) == 40
    assert np.all(sources_of[data.train] < 50)
    assert np.all(sources_of[data.validation] >= 50)
    assert len(data.validation) > 0


def test_missing_labels_of_an_idx_set_are_refused(
    digits: Callable[[str], Path], cache: Path
) -> None:
    folder = digits("")
    write_idx(folder / "MNIST" / "raw" / "t10k-labels-idx1-ubyte", np.zeros(6, np.uint8))
    with pytest.raises(InputError, match="holds 6 labels for the 7 images"):
        opened(folder, cache)


def test_two_idx_sets_in_one_folder_are_refused_by_name(
    digits: Callable[[str], Path], cache: Path
) -> None:
    folder = digits("")
    shutil.copytree(folder / "MNIST", folder / "Other")
    with pytest.raises(InputError, match=r"2 sets of idx images: name .*MNIST/raw.*Other/raw"):
        opened(folder, cache)


@pytest.mark.skipif(not MNIST.exists(), reason="the MNIST files are not beside the checkout")
def test_mnist_is_seventy_thousand_digits_with_its_own_test_set(cache: Path) -> None:
    data = opened(MNIST, cache)
    assert len(data) == 70_000
    assert np.array_equal(data.train, np.arange(60_000))
    assert np.array_equal(data.validation, np.arange(60_000, 70_000))
    for name, split in (("train", data.train), ("t10k", data.validation)):
        raw = MNIST / "MNIST" / "raw"
        images = gzip.decompress((raw / f"{name}-images-idx3-ubyte.gz").read_bytes())[16:]
        labels = gzip.decompress((raw / f"{name}-labels-idx1-ubyte.gz").read_bytes())[8:]
        assert data.take(split).tobytes() == images
        assert data.attributes["label"][split].astype(np.uint8).tobytes() == labels


def test_sprites_of_zeros_and_ones_are_black_and_white_and_keep_their_factors(
    tmp_path: Path, cache: Path
) -> None:
    images = np.zeros((6, 64, 64), np.uint8)
    images[3:, 10:20] = 1  # twins: an array is kept whole
    values = np.stack([np.arange(6) % 2 + 1.0, np.arange(6) / 10], axis=1)
    np.savez(
        tmp_path / "sprites.npz",
        metadata=np.array({"no": "pickle"}, dtype=object),
        imgs=images,
        latents_values=values,
        latents_names=np.array([b"shape", b"posX"]),
        labels=np.array(list("aabbab")),
    )
    data = opened(tmp_path / "sprites.npz", cache)
    assert data.image_shape == (1, 64, 64)
    assert np.array_equal(everything(data)[..., 0], images * 255)
    assert data.attributes["shape"].tolist() == [0, 1] * 3
    assert data.attributes["posX"] == pytest.approx(np.arange(6) / 10)
    assert data.classes == {"shape": ("1", "2"), "label": ("a", "b")}


@pytest.mark.parametrize("layout", ["NHWC", "NCHW", "NHW"])
@pytest.mark.parametrize("kind", ["uint8", "float32", "int64"])
def test_arrays_of_any_layout_and_kind_are_the_same_images(
    layout: str, kind: str, tmp_path: Path, cache: Path
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    expected = images if layout != "NHW" else images[..., :1]
    stored = {"NHWC": images, "NCHW": images.transpose(0, 3, 1, 2), "NHW": images[..., 0]}[layout]
    np.save(
        tmp_path / "a.npy", stored / np.float32(255) if kind == "float32" else stored.astype(kind)
    )
    data = opened(tmp_path / "a.npy", cache)
    assert data.image_shape == (expected.shape[3], 32, 32)
    assert np.array_equal(everything(data), expected)
