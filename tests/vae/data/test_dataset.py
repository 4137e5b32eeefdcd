"""A folder of anything becomes the same data set every time, or says in one sentence why not."""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vae.config import DataConfig
from vae.data import import_cache
from vae.data.dataset import Dataset, open_dataset, permutation
from vae.errors import ExplainedError, FileError, InputError
from vae.faces import synthetic

ROOT = Path(__file__).parents[3]
MNIST = ROOT.parent / "shared" / "data" / "mnist"


def opened(source: Path | str, cache: Path, **options: int) -> Dataset:
    return open_dataset(DataConfig(source=str(source), **options), cache)


def everything(data: Dataset) -> np.ndarray:
    return data.take(np.arange(len(data)))


def counts(data: Dataset) -> object:
    return data.manifest["counts"]


def picture(seed: int, size: int = 64) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)
    return Image.fromarray(noise)


def save(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """A folder of 10 different PNGs of 64x64 pixels, 0.png to 9.png."""
    for index in range(10):
        save(picture(index), tmp_path / "faces" / f"{index}.png")
    return tmp_path / "faces"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


# ---------------------------------------------------------------------------- what is imported


def test_a_folder_is_imported_pixel_for_pixel_in_sorted_order(faces: Path, cache: Path) -> None:
    data = opened(faces, cache)
    assert data.name == "faces"
    assert data.image_shape == (3, 64, 64)
    assert list(data.names) == [f"{index}.png" for index in range(10)]
    expected = np.stack([np.asarray(picture(index)) for index in range(10)])
    assert np.array_equal(everything(data), expected)
    assert np.array_equal(data.take(np.array([7, 2, 7])), expected[[7, 2, 7]])
    assert counts(data) == {"used": 10}
    with pytest.raises(IndexError, match="images 0 to 9"):
        data.take(np.array([10]))


def test_what_is_no_image_is_skipped_and_counted_with_its_reason(faces: Path, cache: Path) -> None:
    whole = (faces / "9.png").read_bytes()
    (faces / "html.png").write_bytes(b"<html>404 not found</html>")
    (faces / "zero.jpg").write_bytes(b"")
    (faces / "half.png").write_bytes(whole[: len(whole) // 2])
    (faces / "script.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    picture(50).save(faces / "targa.png", format="TGA")  # Pillow could, but is not asked to
    (faces / "notes.docx").write_bytes(b"PK")
    (faces / ".DS_Store").write_bytes(b"\0")
    (faces / "Thumbs.db").write_bytes(b"\0")
    save(picture(0), faces / "__MACOSX" / "._0.png")
    shutil.copy(faces / "3.png", faces / "three.png")
    picture(4).save(faces / "four.bmp")
    Image.new("1", (7000, 6000)).save(faces / "huge.png")
    Image.new("1", (10001, 10000)).save(faces / "huger.png")
    Image.new("1", (14000, 14000)).save(faces / "hugest.png")
    data = opened(faces, cache)
    assert counts(data) == {
        "used": 10,
        "broken": 5,
        "duplicate": 2,
        "too_large": 3,
        "system": 3,
        "other": 1,
    }
    examples = data.manifest["examples"]
    assert isinstance(examples, dict)
    assert examples["duplicate"] == ["four.bmp: same as 4.png", "three.png: same as 3.png"]
    assert examples["too_large"][0] == "huge.png: 7000x6000 is over 40 megapixels"
    assert [text.split(":")[0] for text in examples["broken"]] == [
        "half.png",
        "html.png",
        "script.png",
        "targa.png",
        "zero.jpg",
    ]
    assert len(everything(data)) == 10


def test_only_grey_images_have_one_channel_and_one_colour_gives_all_three(
    tmp_path: Path, cache: Path
) -> None:
    folder = tmp_path / "grey"
    save(Image.new("L", (16, 16), 50), folder / "l.png")
    save(Image.new("1", (16, 16), 1), folder / "bit.png")
    save(Image.new("I;16", (16, 16), 257 * 9), folder / "deep.png")
    save(Image.new("LA", (16, 16), (100, 255)), folder / "la.png")
    (folder / "broken.png").write_bytes(b"no")
    grey = opened(folder, cache, image_size=16)
    assert grey.image_shape == (1, 16, 16)
    assert everything(grey)[:, 0, 0, 0].tolist() == [255, 9, 50, 100]
    save(Image.new("RGB", (16, 16), (255, 0, 0)), folder / "red.png")
    colour = opened(folder, cache, image_size=16)
    assert colour.image_shape == (3, 16, 16)
    assert everything(colour)[:, 0, 0].tolist()[2:] == [[50] * 3, [100] * 3, [255, 0, 0]]


def test_class_folders_become_the_label(tmp_path: Path, cache: Path) -> None:
    for index, name in enumerate(["dog/a.png", "cat/a.png", "cat/b.png", "dog/deep/c.png"]):
        save(picture(index), tmp_path / "pets" / name)
    data = opened(tmp_path / "pets", cache)
    assert list(data.names) == ["cat/a.png", "cat/b.png", "dog/a.png", "dog/deep/c.png"]
    assert data.classes == {"label": ("cat", "dog")}
    assert data.attributes["label"].dtype == np.int64
    assert data.attributes["label"].tolist() == [0, 0, 1, 1]


def test_a_doubled_folder_and_a_zip_are_the_same_as_the_folder(tmp_path: Path, cache: Path) -> None:
    for index, name in enumerate(["cat/a.png", "cat/b.png", "dog/a.png"]):
        save(picture(index), tmp_path / "pets" / name)
        save(picture(index), tmp_path / "doubled" / "pets" / "pets" / name)
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in sorted((tmp_path / "pets").rglob("*.png"), reverse=True):
            archive.write(path, f"pets/{path.relative_to(tmp_path / 'pets')}")
        archive.writestr("__MACOSX/pets/cat/._a.png", b"\0\5\26\7")
        archive.writestr("pets/.DS_Store", b"\0")
    plain = opened(tmp_path / "pets", cache)
    doubled = opened(tmp_path / "doubled", cache)
    zipped = opened(tmp_path / "pets.zip", cache)
    for other in (doubled, zipped):
        assert other.fingerprint == plain.fingerprint
        assert list(other.names) == list(plain.names)
        assert other.attributes["label"].tolist() == plain.attributes["label"].tolist()
        assert np.array_equal(everything(other), everything(plain))
    assert counts(zipped) == {"used": 3, "system": 2}


def test_a_zip_leads_nowhere_outside_and_a_lying_entry_is_only_broken(
    faces: Path, cache: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        for name in ("../../up.png", "/root.png", "C:\\dir\\win.png", "new\nline.png"):
            index = len(archive.namelist())
            archive.writestr(name, (faces / f"{index}.png").read_bytes())
        archive.writestr("wrong_sum.png", (faces / "9.png").read_bytes())
    content = bytearray((tmp_path / "odd.zip").read_bytes())
    content[content.index(b"wrong_sum.png") + 4000] ^= 1
    (tmp_path / "odd.zip").write_bytes(bytes(content))
    before = sorted(path for path in tmp_path.rglob("*") if "cache" not in path.parts)
    data = opened(tmp_path / "odd.zip", cache)
    assert counts(data) == {"used": 4, "broken": 1}
    assert sorted(data.names) == ["C:/dir/win.png", "new\nline.png", "root.png", "up.png"]
    assert "new\\nline.png" in data.manifest["examples"]["used"]  # type: ignore[index]
    assert sorted(path for path in tmp_path.rglob("*") if "cache" not in path.parts) == before


def test_odd_file_names_are_all_imported(tmp_path: Path, cache: Path) -> None:
    names = ["CON.png", "\u202eevil.png", "e\u0301.png", "\u00e9.png", "smile \U0001f600.png"]
    for index, name in enumerate(names):
        save(picture(index), tmp_path / "odd" / name)
    if sys.platform == "linux":
        save(picture(9), tmp_path / "odd" / "x.png")
        os.rename(tmp_path / "odd" / "x.png", os.fsencode(tmp_path / "odd") + b"/\xff.png")
        names.append("?.png")
    data = opened(tmp_path / "odd", cache)
    assert sorted(data.names) == sorted(names)
    assert opened(tmp_path / "odd", cache).fingerprint == data.fingerprint


# ---------------------------------------------------------------------------- attributes, credit


def write_table(path: Path) -> None:
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image_id", "age", "hair"])
        writer.writerows(
            [f"{index}.png", index + 0.5, ("red", "blue")[index % 2]] for index in range(10)
        )


def test_a_table_inside_or_beside_a_folder_or_zip_gives_attributes(
    faces: Path, cache: Path, tmp_path: Path
) -> None:
    inside, zipped = tmp_path / "inside", tmp_path / "zipped.zip"
    shutil.copytree(faces, inside)
    write_table(inside / "anything.csv")
    shutil.copytree(faces, tmp_path / "alone" / "images")
    write_table(tmp_path / "alone" / "attributes.csv")
    (inside / "CREDITS.txt").write_text("Drawn by hand, CC BY 4.0\n")
    shutil.make_archive(str(tmp_path / "zipped"), "zip", inside)
    for source in (inside, zipped, tmp_path / "alone" / "images"):
        data = opened(source, cache)
        assert data.attributes.keys() == {"age", "hair"}
        assert data.attributes["age"].dtype == np.float32
        assert data.attributes["age"].tolist() == [index + 0.5 for index in range(10)]
        assert data.classes == {"hair": ("blue", "red")}
        assert data.attributes["hair"].tolist() == [1, 0] * 5
    assert opened(zipped, cache).manifest["credit"] == "Drawn by hand, CC BY 4.0"


def test_a_table_named_after_a_neighbour_is_the_neighbours(
    faces: Path, cache: Path, tmp_path: Path
) -> None:
    shutil.copytree(faces, tmp_path / "others")
    write_table(tmp_path / "others.csv")
    assert opened(faces, cache).attributes == {}
    assert opened(tmp_path / "others", cache).attributes.keys() == {"age", "hair"}


def test_attributes_follow_their_images_past_broken_ones_and_into_a_subset(
    faces: Path, cache: Path
) -> None:
    write_table(faces / "table.csv")
    (faces / "2.png").write_bytes(b"broken")
    data = opened(faces, cache, num_images=6)
    ages = data.attributes["age"].tolist()
    assert ages == [int(name.removesuffix(".png")) + 0.5 for name in data.names]


# ---------------------------------------------------------------------------- idx files, arrays


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


# ---------------------------------------------------------------------------- split and order


def test_the_split_is_fixed_by_the_seed_and_loses_no_image(faces: Path, cache: Path) -> None:
    first = opened(faces, cache, seed=1)
    again = opened(faces, cache, seed=1)
    assert np.array_equal(first.validation, again.validation)
    assert sorted([*first.train, *first.validation]) == list(range(10))
    assert len(first.validation) == 1
    seen = {tuple(opened(faces, cache, seed=seed).validation) for seed in range(8)}
    assert len(seen) > 1


def test_one_image_is_both_sides_and_two_are_one_each(tmp_path: Path, cache: Path) -> None:
    save(picture(0), tmp_path / "few" / "a.png")
    one = opened(tmp_path / "few", cache)
    assert (one.train.tolist(), one.validation.tolist()) == ([0], [0])
    save(picture(1), tmp_path / "few" / "b.png")
    two = opened(tmp_path / "few", cache)
    assert sorted([*two.train, *two.validation]) == [0, 1]
    assert len(two.train) == 1


def test_num_images_is_a_random_subset_in_sorted_order(faces: Path, cache: Path) -> None:
    some = [list(opened(faces, cache, num_images=4, seed=seed).names) for seed in range(4)]
    assert all(names == sorted(names) and len(names) == 4 for names in some)
    assert some[0] == list(opened(faces, cache, num_images=4, seed=0).names)
    assert len({tuple(names) for names in some}) > 1
    assert len(opened(faces, cache, num_images=99)) == 10


def test_the_order_of_an_epoch_is_complete_and_depends_on_seed_and_epoch_alone() -> None:
    order = permutation(1000, 3, 7)
    assert order.dtype == np.int64
    assert np.array_equal(np.sort(order), np.arange(1000))
    np.random.seed(0)  # noqa: NPY002 (the global state that must not matter)
    assert np.array_equal(permutation(1000, 3, 7), order)
    others = [permutation(1000, 3, 8), permutation(1000, 4, 7), permutation(1000, 7, 3)]
    assert all(np.mean(order == other) < 0.02 for other in others)
    # These numbers must never change: resumed runs go on in the order they began.
    assert permutation(8, 0, 0).tolist() == [6, 4, 1, 3, 2, 7, 5, 0]


# ---------------------------------------------------------------------------- the cache


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


# ---------------------------------------------------------------------------- nothing there


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.mkdir(), "no usable image in 'x.zip'.*found nothing"),
        (lambda path: None, "There is no data source"),
        (lambda path: path.write_bytes(b"oops"), "x.zip cannot be opened as a zip file"),
        (
            lambda path: (
                path.mkdir(),
                (path / "a.png").write_bytes(b""),
                (path / "b.txt").touch(),
            ),
            r"found 1 broken \(such as a.png: .*\), 1 other \(such as b.txt: empty\)",
        ),
    ],
)
def test_a_source_without_images_is_one_sentence(
    make: Callable[[Path], object], sentence: str, tmp_path: Path, cache: Path
) -> None:
    make(tmp_path / "x.zip")
    with pytest.raises(ExplainedError, match=sentence) as caught:
        opened(tmp_path / "x.zip", cache)
    assert "\n" not in str(caught.value)
    assert not cache.exists() or not any(path.is_dir() for path in cache.iterdir())


# ---------------------------------------------------------------------------- synthetic


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


def test_faces_past_the_memory_limit_are_drawn_each_time(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthetic, "MAX_KEPT_BYTES", 2 * 32 * 32 * 3)
    data = opened("synthetic", cache, num_images=5, image_size=32)
    order = np.array([4, 0, 2, 1])
    assert np.array_equal(data.take(order), synthetic.faces(0, order, 32))


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
