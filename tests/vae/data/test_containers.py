"""Files that hold many images each come out as the images and values that were written to them."""

from __future__ import annotations

import gc
import gzip
import io
import json
import os
import pickle
import resource
import struct
import sys
import tarfile
import tempfile
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.vae.data.torchvision_layouts import celeba
from vae.config import DataConfig
from vae.data.collection import Collection
from vae.data.dataset import Dataset, open_dataset
from vae.data.source_names import is_there
from vae.data.sources import locate
from vae.data.splits.own_split import split_of_name, split_order
from vae.data.tables.growing_column import GrowingColumn
from vae.errors import ExplainedError, FileError, InputError

RGB = (16, 16, 3)


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, RGB, np.uint8)


def png(seed: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture(seed)).save(file, "PNG")
    return file.getvalue()


def loaded(source: Path) -> Collection:
    return locate(str(source), source.parent).load()


def pixels(collection: Collection) -> list[np.ndarray]:
    return [np.asarray(collection.read(index)) for index in range(len(collection.names))]


def opened(source: Path, tmp_path: Path) -> Dataset:
    return open_dataset(DataConfig(source=str(source), image_size=16), tmp_path / "cache")


def values(collection: Collection, name: str) -> list[object]:
    """The values of a column by what they are called."""
    column = collection.columns[name]
    if not column.classes:
        return column.values.tolist()
    return [column.classes[value] for value in column.values]


def reasons(collection: Collection) -> dict[str, int]:
    return dict(Counter(item.reason for item in collection.skipped))


# ---------------------------------------------------------------------------- splits


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("data/train-00000-of-00002.parquet", "train"),
        ("data/validation-00000-of-00001.parquet", "validation"),
        ("val/0000.parquet", "validation"),
        ("dev.parquet", "validation"),
        ("test.parquet", "test"),
        ("my_test_file.parquet", "test"),
        ("train/test.parquet", "test"),
        ("imagenet-val-000003.tar", "validation"),
        ("TRAIN00.parquet", "train"),
        ("contest/constrained.parquet", ""),
        ("0000.parquet", ""),
    ],
)
def test_a_file_name_tells_its_split_by_whole_words(path: str, split: str) -> None:
    assert split_of_name(path) == split


def test_validation_comes_last_and_test_takes_its_place_only_where_there_is_none() -> None:
    both = split_order(["test", "train", "validation", "", "test"])
    assert both.order.tolist() == [1, 3, 2]
    assert both.validation_from == 2
    assert both.apart.tolist() == [0, 4]
    assert "2 test images are kept apart" in both.warnings[0]
    only_test = split_order(["test", "train", ""])
    assert only_test.order.tolist() == [1, 2, 0]
    assert only_test.validation_from == 2
    assert only_test.apart.tolist() == []
    for no_split in (["train", ""], ["test", "test"], ["validation", "test"], []):
        one_side = split_order(no_split)
        assert one_side.validation_from is None
        assert one_side.order.tolist() == list(range(len(no_split)))


def test_a_growing_column_is_numbers_truths_or_texts() -> None:
    def column(cells: Sequence[object]) -> tuple[list[object], tuple[str, ...]] | None:
        growing = GrowingColumn(len(cells))
        for index, cell in enumerate(cells):
            growing.put(index, cell)
        found = growing.column()
        return found and (found.values.tolist(), found.classes)

    assert column([True, False, None]) == ([1, 0, 2], ("no", "yes", "unknown"))
    assert column(["7\n", 3, ""]) == ([1, 0, 2], ("3", "7", "unknown"))
    assert column([0.5, float("inf")])[0][0] == 0.5  # type: ignore[index]
    assert column(["b", 7, None, "a"]) == ([2, 0, 3, 1], ("7", "a", "b", "unknown"))
    assert column([None, None]) is None
    assert column([f"text {index}" for index in range(300)]) is None


# ---------------------------------------------------------------------------- Parquet


def huggingface(features: Mapping[str, object]) -> dict[bytes, bytes]:
    """What the library of Hugging Face writes into the schema of a file."""
    return {b"huggingface": json.dumps({"info": {"features": features}}).encode()}


FEATURES = {
    "image": {"_type": "Image"},
    "label": {"names": ["cat", "dog"], "_type": "ClassLabel"},
    "size": {"dtype": "float32", "_type": "Value"},
}


def write_parquet(path: Path, seeds: Sequence[int], paths: bool = True, **columns: object) -> None:
    """Images as Hugging Face stores them: a struct of bytes and path, in row groups of 4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [{"bytes": png(seed), "path": f"{seed}.png" if paths else None} for seed in seeds]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(cells, kind), **columns})
    pq.write_table(table.replace_schema_metadata(huggingface(FEATURES)), path, row_group_size=4)


def test_a_folder_of_parquet_parts_is_its_images_with_classes_and_the_split_of_its_names(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "pets"
    for name, seeds in (
        ("data/test-00000-of-00001", range(20, 25)),
        ("data/train-00000-of-00002", range(10)),
        ("data/train-00001-of-00002", range(10, 20)),
    ):
        labels = pa.array([seed % 2 for seed in seeds], pa.int64())
        sizes = pa.array([seed / 10 for seed in seeds], pa.float32())
        write_parquet(folder / f"{name}.parquet", seeds, label=labels, size=sizes)
    (folder / "README.md").write_text("# Pets")
    data = loaded(folder)
    assert list(data.names) == [f"{seed}.png" for seed in range(25)]
    assert all(map(np.array_equal, pixels(data), map(picture, range(25))))
    assert data.validation_from == 20
    assert values(data, "label") == [("cat", "dog")[seed % 2] for seed in range(25)]
    assert values(data, "size") == pytest.approx([seed / 10 for seed in range(25)])
    assert reasons(data) == {"other": 1}
    assert data.warnings == [
        "The test images are used for validation, as there are no others for it."
    ]
    trained = opened(folder, tmp_path)
    assert trained.train.tolist() == list(range(20))
    assert trained.validation.tolist() == list(range(20, 25))
    assert all(map(np.array_equal, trained.take(np.arange(25)), map(picture, range(25))))


def test_with_validation_files_the_test_images_are_kept_apart(tmp_path: Path) -> None:
    for split, seeds in (("train", [1, 2]), ("validation", [3]), ("test", [4, 5])):
        write_parquet(tmp_path / "set" / split / "0000.parquet", seeds, paths=False)
    data = loaded(tmp_path / "set")
    assert list(data.names) == [
        "train/0000.parquet/0",
        "train/0000.parquet/1",
        "validation/0000.parquet/0",
    ]
    assert all(map(np.array_equal, pixels(data), map(picture, [1, 2, 3])))
    assert reasons(data) == {"test": 2}
    assert "2 test images are kept apart" in data.warnings[0]


def test_rows_are_read_in_any_order(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", range(11))
    data = loaded(tmp_path / "a.parquet")
    for index in (10, 0, 5, 4, 9, 9, 1):
        assert np.array_equal(np.asarray(data.read(index)), picture(index))


def test_plain_binary_columns_are_images_where_their_values_are(tmp_path: Path) -> None:
    table = pa.table(
        {
            "checksum": pa.array([b"\0\1", b"\2\3"], pa.binary()),
            "mask": pa.array([png(8), png(9)], pa.large_binary()),
            "img": pa.array([png(1), png(2)], pa.large_binary()),
            "split": ["a", None],
            "seen": [True, None],
            "tags": [["a"], ["b"]],
            "class": pa.array(["x", "y"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "plain.parquet")
    data = loaded(tmp_path / "plain.parquet")
    assert all(map(np.array_equal, pixels(data), map(picture, [1, 2])))
    assert values(data, "split") == ["a", "unknown"]
    assert values(data, "seen") == ["yes", "unknown"]
    assert values(data, "class") == ["x", "y"]
    assert data.columns_left_out == ["checksum", "tags"]
    assert data.warnings == [
        "The images are the column 'img'; those of the column 'mask' are not used."
    ]


def test_labels_that_are_not_known_are_a_class_of_their_own(tmp_path: Path) -> None:
    write_parquet(tmp_path / "s" / "train.parquet", [1, 2], label=pa.array([1, -1]))
    write_parquet(tmp_path / "s" / "test.parquet", [3])
    data = loaded(tmp_path / "s")
    assert values(data, "label") == ["dog", "unknown", "unknown"]


def test_broken_rows_and_files_are_counted_and_the_rest_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    cells = [{"bytes": png(1)}, {"bytes": None}, None, {"bytes": b"no image"}, {"bytes": png(2)}]
    kind = pa.struct([("bytes", pa.binary())])
    pq.write_table(pa.table({"image": pa.array(cells, kind)}), folder / "a.parquet")
    (folder / "b.parquet").write_bytes((folder / "a.parquet").read_bytes()[:300])
    pq.write_table(pa.table({"n": [1]}), folder / "c.parquet")
    data = opened(folder, tmp_path)
    assert data.manifest["counts"] == {"used": 2, "broken": 4, "other": 1}
    examples = data.manifest["examples"]
    assert isinstance(examples, dict)
    assert "0x" not in json.dumps(examples)


def test_parts_that_are_missing_are_told(tmp_path: Path) -> None:
    write_parquet(tmp_path / "set" / "data" / "train-00001-of-00003.parquet", [1])
    assert loaded(tmp_path / "set").warnings == ["Of the 3 parts of data/train only 1 is there."]


def test_an_edited_parquet_file_is_imported_again(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", [1, 2])
    first = opened(tmp_path / "a.parquet", tmp_path).fingerprint
    write_parquet(tmp_path / "a.parquet", [1, 2, 3])
    assert opened(tmp_path / "a.parquet", tmp_path).fingerprint != first


def test_a_large_row_group_is_read_in_little_memory(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    head = png(0)
    cells = [head + noise.bytes(20_000) for _ in range(4000)]  # 80 MB, all in one row group
    table = pa.table({"image": pa.array(cells, pa.binary())})
    pq.write_table(table, tmp_path / "one.parquet", write_batch_size=64)
    del cells, table
    gc.collect()
    assert pq.ParquetFile(tmp_path / "one.parquet").num_row_groups == 1
    data = loaded(tmp_path / "one.parquet")
    before, most = pa.total_allocated_bytes(), 0
    for index in range(len(data.names)):
        data.read(index)
        most = max(most, pa.total_allocated_bytes())
    assert most - before < 30_000_000


def test_a_folder_with_images_and_a_parquet_table_is_a_folder_of_images(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "1.png").write_bytes(png(1))
    pq.write_table(pa.table({"file_name": ["1.png"]}), tmp_path / "set" / "metadata.parquet")
    source = locate(str(tmp_path / "set"), tmp_path)
    assert source.kind == "folder"
    assert list(source.load().names) == ["1.png"]


# ---------------------------------------------------------------------------- tar


def write_tar(path: Path, members: Mapping[str, bytes], mode: str = "w") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def sample(seed: int, key: str | None = None) -> dict[str, bytes]:
    """An image with its class and what is said of it, as WebDataset writes them."""
    key = key or f"{seed:06}"
    said = {"width": seed, "mood": "glad" if seed % 2 else "sad", "face": {"smiles": seed > 2}}
    return {
        f"{key}.png": png(seed),
        f"{key}.cls": str(seed % 3).encode(),
        f"{key}.json": json.dumps({**said, "box": [1, 2]}).encode(),
    }


def test_webdataset_shards_are_their_images_with_class_and_json(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    write_tar(folder / "000001.tar", sample(3) | sample(4))
    write_tar(folder / "000000.tar", sample(0) | sample(1) | sample(2))
    data = loaded(folder)
    assert list(data.names) == [f"{seed:06}.png" for seed in range(5)]
    assert all(map(np.array_equal, pixels(data), map(picture, range(5))))
    assert data.validation_from is None
    assert values(data, "label") == ["0", "1", "2", "0", "1"]
    assert values(data, "width") == ["0", "1", "2", "3", "4"]
    assert values(data, "mood") == ["sad", "glad", "sad", "glad", "sad"]
    assert values(data, "face.smiles") == ["no", "no", "no", "yes", "yes"]
    assert data.columns_left_out == ["box"]
    assert reasons(data) == {}
    trained = opened(folder, tmp_path)
    assert all(map(np.array_equal, trained.take(np.arange(5)), map(picture, range(5))))


def test_shards_named_after_splits_keep_them_though_their_keys_are_the_same(tmp_path: Path) -> None:
    write_tar(tmp_path / "set" / "x-val-0.tar", sample(5, "0"))
    write_tar(tmp_path / "set" / "x-train-0.tar", sample(1, "0") | sample(2, "1"))
    write_tar(tmp_path / "set" / "x-train-1.tar", sample(3, "0"))
    data = loaded(tmp_path / "set")
    assert list(data.names) == [
        "x-train-0/0.png",
        "x-train-0/1.png",
        "x-train-1/0.png",
        "x-val-0/0.png",
    ]
    assert all(map(np.array_equal, pixels(data), map(picture, [1, 2, 3, 5])))
    assert values(data, "label") == ["1", "2", "0", "2"]
    assert data.validation_from == 3


def test_a_tar_of_class_folders_is_labelled_and_split_by_them(tmp_path: Path) -> None:
    members = {
        "pets/train/cat/a.b.1.png": png(1),
        "pets/train/cat/a.b.2.png": png(2),
        "pets/train/dog/1.png": png(3),
        "pets/test/dog/1.png": png(4),
        "pets/.DS_Store": b"\0",
        "pets/notes.docx": b"\0",
        "pets/README.txt": b"Pets.",
        "pets/legs.csv": b"file,legs\ntrain/dog/1.png,3\n",
    }
    write_tar(tmp_path / "pets.tar", members)
    data = loaded(tmp_path / "pets.tar")
    pngs = [name for name in members if name.endswith(".png")]
    assert list(data.names) == [name.removeprefix("pets/") for name in pngs]
    assert all(map(np.array_equal, pixels(data), map(picture, [1, 2, 3, 4])))
    assert values(data, "label") == ["cat", "cat", "dog", "dog"]
    assert data.validation_from == 3
    assert values(data, "legs") == ["unknown", "unknown", "3", "unknown"]
    assert reasons(data) == {"system": 1, "other": 2, "table": 1}


def test_links_in_a_tar_are_counted_and_nothing_is_written_or_read_outside(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(9))
    path = tmp_path / "in" / "odd.tar"
    write_tar(path, {"../../up.png": png(1), "/root.png": png(2)})
    with tarfile.open(path, "a") as archive:
        for name, kind in (("soft.png", tarfile.SYMTYPE), ("hard.png", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, str(secret)
            archive.addfile(info)
        pipe = tarfile.TarInfo("pipe.png")
        pipe.type = tarfile.FIFOTYPE
        archive.addfile(pipe)
    before = sorted(tmp_path.rglob("*"))
    data = loaded(path)
    assert list(data.names) == ["root.png", "up.png"]
    assert all(map(np.array_equal, pixels(data), map(picture, [2, 1])))
    assert reasons(data) == {"linked": 2, "other": 1}
    assert sorted(tmp_path.rglob("*")) == before


def test_of_samples_with_several_images_one_each_is_used(tmp_path: Path) -> None:
    members = {
        f"{n}.{kind}": png(n + 10 * len(kind)) for n in range(4) for kind in ("seg.png", "png")
    }
    write_tar(tmp_path / "masks.tar", members)
    data = loaded(tmp_path / "masks.tar")
    assert list(data.names) == [f"{n}.png" for n in range(4)]
    assert all(map(np.array_equal, pixels(data), map(picture, range(30, 34))))
    assert reasons(data) == {"other": 4}
    assert data.warnings == [
        "The samples hold several images each: those that end in .png are used, not .seg.png."
    ]


def test_a_tar_that_ends_early_gives_what_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "set" / "a.tar"
    write_tar(path, {f"{seed}.png": png(seed) for seed in range(4)})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(png(0)) * 3 + 2600])
    write_tar(tmp_path / "set" / "b.tar", {"9.png": png(9), "9.json": b"{", "9.cls": b"\xff"})
    (tmp_path / "set" / "c.tar").write_bytes(b"no tar file at all" * 100)
    data = opened(tmp_path / "set", tmp_path)
    counts = data.manifest["counts"]
    assert isinstance(counts, dict)
    assert counts["used"] >= 3
    assert "a.tar ends early" in " ".join(loaded(tmp_path / "set").warnings)
    assert sum(counts.values()) == counts["used"] + counts["broken"]


@pytest.mark.parametrize("name", ["faces.tar.gz", "faces.tgz", "faces.tar.bz2"])
def test_a_compressed_tar_is_one_sentence(name: str, tmp_path: Path) -> None:
    write_tar(tmp_path / name, {"1.png": png(1)}, f"w:{'bz2' if name.endswith('bz2') else 'gz'}")
    with pytest.raises(InputError, match=r"is compressed.*unpack it once"):
        locate(str(tmp_path / name), tmp_path)


def test_a_folder_with_only_a_compressed_tar_is_one_sentence(tmp_path: Path) -> None:
    write_tar(tmp_path / "lfw" / "lfw.tgz", {"1.png": png(1)}, "w:gz")
    (tmp_path / "lfw" / "README.txt").write_text("Faces.")
    with pytest.raises(InputError, match=r"lfw holds no images but lfw.tgz, which is compressed"):
        locate(str(tmp_path / "lfw"), tmp_path)


@pytest.mark.parametrize(
    "names",
    [["data_batch_1", "test_batch", "batches.meta", "readme.html"], ["meta", "test", "train"]],
)
def test_pickles_are_not_opened(names: list[str], tmp_path: Path) -> None:
    write_files(tmp_path / "cifar", {name: pickle.dumps({"data": [1]}) for name in names})
    with pytest.raises(InputError, match=r"Python pickles.*torchvision:CIFAR10"):
        locate(str(tmp_path / "cifar"), tmp_path)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("church_train_lmdb/data.mdb", "an LMDB database"),
        ("train-00000-of-00002.tfrecord", "a TFRecord file"),
        ("faces.mat", "a MATLAB file"),
        ("faces.pkl", "a Python pickle"),
        ("faces.7z", "an archive: unpack it"),
        ("faces.mp4", "a video"),
    ],
)
def test_a_kind_of_container_that_is_not_read_is_one_sentence(
    name: str, what: str, tmp_path: Path
) -> None:
    write_files(tmp_path / "set", {name: bytes(range(100)), "readme.txt": b"hello"})
    for source in (tmp_path / "set", tmp_path / "set" / name):
        with pytest.raises(InputError, match=rf"{what}.*(\.parquet|images)"):
            loaded(source)


def test_several_zip_files_in_a_folder_are_one_sentence(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        write_zip(tmp_path / "set" / name, {"1.png": png(1)})
    with pytest.raises(InputError, match=r"2 zip files, such as a\.zip: unpack them, or give one"):
        loaded(tmp_path / "set")


def test_the_shards_of_the_most_files_are_taken(tmp_path: Path) -> None:
    write_tar(tmp_path / "s" / "0.tar", sample(0))
    write_tar(tmp_path / "s" / "1.tar", sample(1))
    write_parquet(tmp_path / "s" / "a.parquet", [2])
    source = locate(str(tmp_path / "s"), tmp_path)
    assert source.kind == "tar"
    assert reasons(source.load()) == {"other": 1}


@pytest.mark.parametrize(
    ("name", "content", "kind", "sentence"),
    [
        ("a.parquet", b"PAR1", FileError, "cannot be read as a Parquet file"),
        ("a.tar", b"x" * 2000, FileError, "cannot be read as a tar file"),
    ],
)
def test_a_container_that_cannot_be_read_is_one_sentence(
    name: str, content: bytes, kind: type[ExplainedError], sentence: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(kind, match=sentence) as caught:
        loaded(tmp_path / name)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_parquet_file_without_images_says_what_it_holds(tmp_path: Path) -> None:
    pq.write_table(pa.table({"age": [1.0], "who": ["me"]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"holds no images.*age \(double\), who \(string\)"):
        loaded(tmp_path / "a.parquet")


# ---------------------------------------------------------------------------- idx


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


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def write_zip(path: Path, files: Mapping[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


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


# ---------------------------------------------------------------------------- npy


def save_npy(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array)


@pytest.mark.parametrize(
    "stored",
    [
        lambda image: image,
        lambda image: image.transpose(2, 0, 1),
        lambda image: image.astype(np.float32) / 255,
    ],
    ids=["HWC", "CHW", "floats"],
)
def test_a_folder_of_npy_files_is_one_image_each(
    stored: Callable[[np.ndarray], np.ndarray], tmp_path: Path
) -> None:
    names = ["train/cat/1", "train/cat/2", "train/dog/3", "test/dog/4"]
    for seed, name in enumerate(names):
        save_npy(tmp_path / "pets" / f"{name}.npy", stored(picture(seed)))
    save_npy(tmp_path / "pets" / "test" / "objects.npy", np.array([{}], dtype=object))
    (tmp_path / "pets" / "broken.npy").write_bytes(b"no array")
    (tmp_path / "pets" / "notes.txt").write_text("hello")
    data = opened(tmp_path / "pets", tmp_path)
    assert list(data.names) == names
    expected = np.stack([picture(seed) for seed in range(4)]).astype(int)
    assert np.abs(data.take(np.arange(4)) - expected).max() <= 1
    assert data.validation.tolist() == [3]
    assert [data.classes["label"][v] for v in data.attributes["label"]] == [
        *["cat"] * 2,
        "dog",
        "dog",
    ]
    assert data.manifest["counts"] == {"used": 4, "other": 2, "broken": 1}


def test_npy_files_named_as_sets_are_the_split_with_their_labels(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    images = np.stack([picture(seed) for seed in range(9)])
    for part, some in (("train", slice(0, 6)), ("test", slice(6, 9))):
        save_npy(folder / f"x_{part}.npy", images[some])
        save_npy(folder / f"y_{part}.npy", np.arange(9)[some] % 2)
    data = loaded(folder)
    assert np.array_equal(pixels(data), images)
    assert data.validation_from == 6
    assert values(data, "label") == [str(index % 2) for index in range(9)]


def test_npy_files_with_many_images_each_are_classes_by_their_names(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    sets = {
        name: draw.integers(0, 256, (num, 784), np.uint8) for name, num in (("cat", 9), ("owl", 7))
    }
    for name, rows in sets.items():
        save_npy(tmp_path / "drawn" / f"{name}.npy", rows)
    data = loaded(tmp_path / "drawn")
    expected = np.concatenate([rows.reshape(-1, 28, 28) for rows in sets.values()])
    assert np.array_equal(np.squeeze(pixels(data)), expected)
    assert values(data, "label") == ["cat"] * 9 + ["owl"] * 7
    for part in range(2):
        save_npy(tmp_path / "parts" / f"part_{part}.npy", np.stack([picture(part)] * 3))
    parts = loaded(tmp_path / "parts")
    assert len(parts.names) == 6
    assert not parts.columns


def test_a_thousand_npy_files_are_not_open_at_once(tmp_path: Path) -> None:
    for seed in range(60):
        save_npy(tmp_path / "many" / f"{seed:04}.npy", picture(seed)[..., 0])
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 60
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 20, limits[1]))
    try:
        assert len(pixels(loaded(tmp_path / "many"))) == 60
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


# ---------------------------------------------------------------------------- HDF5


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


def test_parquet_without_pyarrow_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_parquet(tmp_path / "a.parquet", [1])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"need the package pyarrow \(pip install pyarrow\)"):
        loaded(tmp_path / "a.parquet")


def test_celeba_on_disk_as_its_authors_pack_it_is_a_folder(tmp_path: Path) -> None:
    layout = celeba(tmp_path)
    data = loaded(tmp_path / "celeba")
    numbers = [number for number, _ in [*layout.train, *layout.validation]]
    assert [Path(name).name for name in data.names] == [f"{n + 1:06}.jpg" for n in numbers]
    assert data.validation_from == 4
    assert reasons(data)["test"] == 3
    known = data.columns["Smiling"]
    assert [known.classes[value] for value in known.values] == ["-1", "1"] * 3


# ---------------------------------------------------------------------------- any layout

SPLITS = st.sampled_from(["train", "validation", "test", "part"])
SHARDS = st.lists(
    st.tuples(SPLITS, st.lists(st.booleans(), min_size=1, max_size=7)), min_size=1, max_size=5
)


def write_shard(kind: str, stem: Path, cells: Sequence[bytes], labels: Sequence[int]) -> None:
    """A part with these images, broken ones among them, and their labels."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    if kind == "parquet":
        table = pa.table({"image": pa.array(cells, pa.binary()), "label": pa.array(labels)})
        pq.write_table(table, f"{stem}.parquet", row_group_size=len(cells) // 2 + 1)
    else:
        members = {f"{label}.png": cell for label, cell in zip(labels, cells, strict=True)}
        members |= {f"{label}.cls": str(label).encode() for label in labels}
        write_tar(Path(f"{stem}.tar"), members)


@pytest.mark.parametrize("kind", ["parquet", "tar"])
@given(shards=SHARDS)
@settings(max_examples=30, deadline=None)
def test_each_image_of_any_parts_is_used_once_or_counted_with_its_own_label(
    kind: str, shards: Sequence[tuple[str, Sequence[bool]]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        number = 0
        split_of: dict[int, str] = {}  # of the images that are whole
        num_broken = 0
        for place, (split, are_whole) in enumerate(shards):
            labels = range(number, number + len(are_whole))
            cells = [
                png(label) if is_whole else b"broken"
                for label, is_whole in zip(labels, are_whole, strict=True)
            ]
            # An image that is whole begins each set, so that its columns are seen as images.
            cells[0] = png(number)
            write_shard(kind, Path(folder, "set", f"{split}-{place}"), cells, labels)
            split_of |= {n: split for n, c in zip(labels, cells, strict=True) if c != b"broken"}
            num_broken += sum(cell == b"broken" for cell in cells)
            number += len(are_whole)
        data = loaded(Path(folder, "set"))
        found: dict[int, int] = {}  # image -> index in the collection
        labels_found = values(data, "label")
        for index in range(len(data.names)):
            try:
                image = np.asarray(data.read(index))
            except ValueError:
                num_broken -= 1
                continue
            label = int(float(str(labels_found[index])))
            assert np.array_equal(image, picture(label))
            assert label not in found
            found[label] = index
    apart = {number for number, split in split_of.items() if split == "test"}
    is_apart = bool(reasons(data).get("test"))
    assert found.keys() == split_of.keys() - (apart if is_apart else set())
    assert is_apart or num_broken == 0
    if data.validation_from is not None:
        held_out = {"validation"} if is_apart or "validation" in split_of.values() else {"test"}
        for number, index in found.items():
            assert (split_of[number] in held_out) == (index >= data.validation_from)
